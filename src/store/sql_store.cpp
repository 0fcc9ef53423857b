#include "sql_store.hpp"

#include <soci/soci.h>

#include <limits>
#include <stdexcept>

#include "rows.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::store {

using soci::into;
using soci::use;

StudyInfo SqlStore::open_study(const StudyInfo& wanted) {
  checked_name(wanted.name, "name of a study");
  checked_name(wanted.config_hash, "hash of a configuration");
  if (wanted.name.empty()) throw ConfigError("a study has no name", {.where = "study", .found = "''", .expected = "a name", .hint = {}});
  const std::string config = json_text(wanted.config, "configuration of study '" + wanted.name + "'");
  const std::string provenance = json_text(wanted.provenance, "provenance of study '" + wanted.name + "'");
  StudyInfo stored = wanted;
  connection_->write("open study '" + wanted.name + "'", [&] {
    if (const auto found = find_study(wanted.name)) {
      stored = *found;
      return;
    }
    connection_->sql() << "INSERT INTO study (name, config_hash, config, provenance) VALUES (:name, :hash, :config, :provenance)",
        use(wanted.name), use(wanted.config_hash), use(config), use(provenance);
  });
  if (stored.config_hash != wanted.config_hash) {
    const std::string changed = differences(stored.config, wanted.config);
    throw ConfigError(
        "a study exists with another configuration",
        {.where = connection_->place() + ": study '" + wanted.name + "'",
         .found = changed.empty() ? "configuration " + wanted.config_hash.substr(0, 12) + ", which reads the same (data or code changed)"
                                  : changed,
         .expected = "configuration " + stored.config_hash.substr(0, 12) + ", with which the study was started",
         .hint = "choose another study name or output folder, or go back to the stored configuration to resume"});
  }
  return stored;
}

std::optional<StudyInfo> SqlStore::find_study(const std::string& name) const {
  std::optional<StudyInfo> info;
  connection_->read("look for study '" + name + "'", [&] {
    std::string hash, config, provenance;
    connection_->sql() << "SELECT config_hash, config, provenance FROM study WHERE name = :name", use(name), into(hash), into(config),
        into(provenance);
    if (!connection_->sql().got_data()) return;
    const std::string where = connection_->place() + ": study '" + name + "'";
    info = {.name = name,
            .config_hash = hash,
            .config = parse_json(config, where + ": config"),
            .provenance = parse_json(provenance, where + ": provenance")};
  });
  return info;
}

std::vector<std::string> SqlStore::studies() const {
  std::vector<std::string> names;
  connection_->read("list the studies", [&] {
    std::string name;
    soci::statement select = (connection_->sql().prepare << "SELECT name FROM study ORDER BY id", into(name));
    select.execute();
    while (select.fetch()) names.push_back(name);
  });
  return names;
}

long long SqlStore::study_id(const std::string& name) const {
  long long id = 0;
  connection_->sql() << "SELECT id FROM study WHERE name = :name", use(name), into(id);
  if (connection_->sql().got_data()) return id;
  const std::vector<std::string> known = studies();
  throw ConfigError("a study does not exist", {.where = connection_->place(),
                                               .found = "study '" + name + "'",
                                               .expected = "a study of this database",
                                               .hint = known.empty() ? "the database holds no study yet" : suggest(name, known)});
}

long long SqlStore::next_number(long long study) {
  long long number = 0;
  soci::session& sql = connection_->sql();
  sql << "SELECT COALESCE(MIN(number), -1) FROM released_number WHERE study_id = :study", use(study), into(number);
  if (number >= 0) {
    sql << "DELETE FROM released_number WHERE study_id = :study AND number = :number", use(study), use(number);
    return number;
  }
  sql << "SELECT COALESCE(MAX(number) + 1, 0) FROM trial WHERE study_id = :study", use(study), into(number);
  return number;
}

namespace {

void insert_values(soci::session& sql, long long study, long long number, const std::map<std::string, double>& values) {
  std::string figure;
  double value = 0;
  soci::statement insert =
      (sql.prepare << "INSERT INTO trial_value (study_id, number, name, value) VALUES (:study, :number, :name, :value)", use(study),
       use(number), use(figure), use(value));
  for (const auto& [key, measured] : values) {
    figure = key;
    value = measured;
    insert.execute(true);
  }
}

}  // namespace

std::optional<std::int64_t> SqlStore::claim(const std::string& study, const std::vector<std::int32_t>& genome,
                                            const std::string& identity) {
  checked_name(identity, "identity of a candidate");
  std::optional<std::int64_t> claimed;
  connection_->write("claim a trial", [&] {
    const long long id = study_id(study);
    int known = 0;
    connection_->sql() << "SELECT COUNT(*) FROM trial WHERE study_id = :study AND identity = :identity", use(id), use(identity),
        into(known);
    if (known > 0) return;
    const long long number = next_number(id);
    const std::string genes = genome_text(genome);
    connection_->sql() << "INSERT INTO trial (study_id, number, state, genome, identity, attributes, reason)"
                          " VALUES (:study, :number, 'running', :genome, :identity, 'null', '')",
        use(id), use(number), use(genes), use(identity);
    claimed = number;
  });
  return claimed;
}

void SqlStore::finish(const std::string& study, const Trial& trial) {
  const std::string name = "trial " + std::to_string(trial.number) + " of study '" + study + "'";
  if (trial.state == TrialState::running) throw std::logic_error(name + " cannot be finished as running");
  check_values(trial.values);
  const std::string attributes = json_text(trial.attributes, name), reason = readable_text(trial.reason), state = state_text(trial.state);
  connection_->write("store " + name, [&] {
    soci::session& sql = connection_->sql();
    const long long id = study_id(study), number = trial.number;
    std::string present, identity;
    sql << "SELECT state, identity FROM trial WHERE study_id = :study AND number = :number", use(id), use(number), into(present),
        into(identity);
    if (!sql.got_data()) throw std::logic_error(name + " was never claimed, or was released");
    if (present != state_text(TrialState::running)) throw std::logic_error(name + " has ended already: " + present);
    if (!trial.identity.empty() && trial.identity != identity) throw std::logic_error(name + " was claimed for another candidate");
    sql << "UPDATE trial SET state = :state, attributes = :attributes, reason = :reason WHERE study_id = :study AND number = :number",
        use(state), use(attributes), use(reason), use(id), use(number);
    insert_values(sql, id, number, trial.values);
  });
}

void SqlStore::amend(const std::string& study, const Trial& trial) {
  const std::string name = "trial " + std::to_string(trial.number) + " of study '" + study + "'";
  check_values(trial.values);
  const std::string attributes = json_text(trial.attributes, name);
  connection_->write("amend " + name, [&] {
    soci::session& sql = connection_->sql();
    const long long id = study_id(study), number = trial.number;
    std::string present;
    sql << "SELECT state FROM trial WHERE study_id = :study AND number = :number", use(id), use(number), into(present);
    if (!sql.got_data() || present == state_text(TrialState::running)) throw std::logic_error(name + " has not ended");
    sql << "UPDATE trial SET attributes = :attributes WHERE study_id = :study AND number = :number", use(attributes), use(id), use(number);
    sql << "DELETE FROM trial_value WHERE study_id = :study AND number = :number", use(id), use(number);
    insert_values(sql, id, number, trial.values);
  });
}

int SqlStore::release_running(const std::string& study) {
  int count = 0;
  connection_->write("release the running trials of study '" + study + "'", [&] {
    soci::session& sql = connection_->sql();
    const long long id = study_id(study);
    sql << "SELECT COUNT(*) FROM trial WHERE study_id = :study AND state = 'running'", use(id), into(count);
    sql << "INSERT INTO released_number (study_id, number) SELECT study_id, number FROM trial WHERE study_id = :study AND state = "
           "'running'",
        use(id);
    sql << "DELETE FROM trial WHERE study_id = :study AND state = 'running'", use(id);
  });
  return count;
}

std::vector<Trial> SqlStore::read_trials(long long study, long long first, long long last) const {
  soci::session& sql = connection_->sql();
  const std::string place = connection_->place() + ": trial ";
  std::vector<Trial> trials;
  {
    long long number = 0;
    std::string state, genome, identity, attributes, reason;
    soci::statement select =
        (sql.prepare << "SELECT number, state, genome, identity, attributes, reason FROM trial"
                        " WHERE study_id = :study AND number BETWEEN :first AND :last ORDER BY number",
         use(study), use(first), use(last), into(number), into(state), into(genome), into(identity), into(attributes), into(reason));
    select.execute();
    while (select.fetch()) {
      const std::string where = place + std::to_string(number);
      trials.push_back({.number = number,
                        .state = parse_state(state, where),
                        .genome = parse_genome(genome, where),
                        .identity = identity,
                        .values = {},
                        .attributes = parse_json(attributes, where + ": attributes"),
                        .reason = reason});
    }
  }
  long long number = 0;
  std::string name;
  double value = 0;
  soci::statement select = (sql.prepare << "SELECT number, name, value FROM trial_value"
                                           " WHERE study_id = :study AND number BETWEEN :first AND :last ORDER BY number, name",
                            use(study), use(first), use(last), into(number), into(name), into(value));
  select.execute();
  auto trial = trials.begin();  // both lists ascend by number
  while (select.fetch()) {
    while (trial != trials.end() && trial->number < number) ++trial;
    if (trial == trials.end() || trial->number != number) {
      throw DataError("a study database is damaged", {.where = place + std::to_string(number),
                                                      .found = "figure '" + name + "' of a trial that is missing",
                                                      .expected = "the trial",
                                                      .hint = "restore a copy of the file"});
    }
    trial->values.emplace(name, value);
  }
  return trials;
}

std::vector<Trial> SqlStore::trials(const std::string& study) const {
  std::vector<Trial> found;
  connection_->read("read the trials of study '" + study + "'",
                    [&] { found = read_trials(study_id(study), 0, std::numeric_limits<long long>::max()); });
  return found;
}

std::optional<Trial> SqlStore::find_trial(const std::string& study, const std::string& identity) const {
  std::vector<Trial> found;
  connection_->read("look for a trial of study '" + study + "'", [&] {
    const long long id = study_id(study);
    long long number = 0;
    connection_->sql() << "SELECT number FROM trial WHERE study_id = :study AND identity = :identity", use(id), use(identity), into(number);
    if (connection_->sql().got_data()) found = read_trials(id, number, number);
  });
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

void SqlStore::put_record(const std::string& study, const std::string& stage, const std::string& key, const Json& value) {
  checked_name(stage, "name of a stage");
  checked_name(key, "key of a record");
  const std::string text = json_text(value, "record " + stage + ": " + key);
  connection_->write("store record '" + key + "' of stage '" + stage + "'", [&] {
    const long long id = study_id(study);
    connection_->sql() << "INSERT INTO record (study_id, stage, record_key, value) VALUES (:study, :stage, :key, :value)"
                          " ON CONFLICT (study_id, stage, record_key) DO UPDATE SET value = excluded.value",
        use(id), use(stage), use(key), use(text);
  });
}

std::optional<Json> SqlStore::find_record(const std::string& study, const std::string& stage, const std::string& key) const {
  std::optional<Json> value;
  connection_->read("read record '" + key + "' of stage '" + stage + "'", [&] {
    const long long id = study_id(study);
    std::string text;
    connection_->sql() << "SELECT value FROM record WHERE study_id = :study AND stage = :stage AND record_key = :key", use(id), use(stage),
        use(key), into(text);
    if (connection_->sql().got_data()) value = parse_json(text, connection_->place() + ": record " + stage + ": " + key);
  });
  return value;
}

std::vector<std::pair<std::string, Json>> SqlStore::records(const std::string& study, const std::string& stage) const {
  std::vector<std::pair<std::string, Json>> found;
  connection_->read("read the records of stage '" + stage + "'", [&] {
    const long long id = study_id(study);
    std::string key, text;
    soci::statement select =
        (connection_->sql().prepare << "SELECT record_key, value FROM record WHERE study_id = :study AND stage = :stage ORDER BY id",
         use(id), use(stage), into(key), into(text));
    select.execute();
    while (select.fetch()) found.emplace_back(key, parse_json(text, connection_->place() + ": record " + stage + ": " + key));
  });
  return found;
}

std::optional<std::string> SqlStore::content_of(const std::string& sha256) const {
  soci::blob content(connection_->sql());
  connection_->sql() << "SELECT content FROM artefact WHERE sha256 = :sha256", use(sha256), into(content);
  if (!connection_->sql().got_data()) return std::nullopt;
  std::string bytes(content.get_len(), '\0');
  if (!bytes.empty()) content.read(0, bytes.data(), bytes.size());
  return bytes;
}

std::string SqlStore::put_artefact(const std::string& bytes) {
  if (bytes.size() > kLargestCell) {
    throw DataError("an artefact is too large", {.where = connection_->place(),
                                                 .found = std::to_string(bytes.size()) + " bytes",
                                                 .expected = "at most " + std::to_string(kLargestCell),
                                                 .hint = {}});
  }
  const std::string key = sha256(bytes);
  connection_->write("store an artefact", [&] {
    soci::session& sql = connection_->sql();
    const auto present = content_of(key);
    if (present == bytes) return;
    if (present) sql << "DELETE FROM artefact WHERE sha256 = :sha256", use(key);  // damaged
    if (bytes.empty()) {                                                          // SOCI binds an empty blob as NULL
      sql << "INSERT INTO artefact (sha256) VALUES (:sha256)", use(key);
      return;
    }
    soci::blob content(sql);
    content.write(0, bytes.data(), bytes.size());
    sql << "INSERT INTO artefact (sha256, content) VALUES (:sha256, :content)", use(key), use(content);
  });
  return key;
}

std::string SqlStore::artefact(const std::string& sha256) const {
  std::optional<std::string> bytes;
  connection_->read("read an artefact", [&] { bytes = content_of(sha256); });
  if (!bytes) {
    throw DataError("an artefact is missing", {.where = connection_->place(),
                                               .found = "no artefact " + sha256.substr(0, 64),
                                               .expected = {},
                                               .hint = "run the stage that makes it again"});
  }
  const std::string found = snac::sha256(*bytes);
  if (found != sha256) {
    throw DataError("an artefact is damaged", {.where = connection_->place() + ": artefact " + sha256,
                                               .found = "content with SHA-256 " + found,
                                               .expected = sha256,
                                               .hint = "restore a copy of the database, or run the stage that makes it again"});
  }
  return *bytes;
}

void SqlStore::transaction(const std::function<void()>& body) { connection_->write("store a group of results", body); }

}  // namespace snac::store
