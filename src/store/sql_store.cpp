#include "sql_store.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <variant>

#include "optuna.hpp"
#include "rows.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::store {

using soci::into;
using soci::use;

namespace {

/// A cell of a row to insert; nothing = NULL.
using Cell = std::variant<std::monostate, long long, double, std::string>;
using Row = std::vector<Cell>;

/// One statement for many rows: a server may be far away.
void insert_rows(soci::session& sql, const std::string& table, const std::string& columns, const std::vector<Row>& rows) {
  constexpr std::size_t kRows = 500;  // databases bound the number of values in a statement
  for (std::size_t first = 0; first < rows.size(); first += kRows) {
    const std::size_t last = std::min(rows.size(), first + kRows);
    std::string text = "INSERT INTO " + table + " (" + columns + ") VALUES ";
    soci::statement insert(sql);
    int count = 0;
    for (std::size_t r = first; r < last; ++r) {
      for (std::size_t c = 0; c < rows[r].size(); ++c) {
        text += c > 0 ? ", " : r > first ? "), (" : "(";
        std::visit(
            [&]<class T>(const T& value) {
              if constexpr (std::is_same_v<T, std::monostate>) {
                text += "NULL";
              } else {
                text += ":v" + std::to_string(count++);
                insert.exchange(use(value));
              }
            },
            rows[r][c]);
      }
    }
    insert.alloc();
    insert.prepare(text + ")", soci::details::st_one_time_query);
    insert.define_and_bind();
    insert.execute(true);
  }
}

std::string objectives_text(const std::vector<Objective>& objectives) {
  Json list = Json::array();
  for (const Objective& objective : objectives) list.push_back({{"name", objective.name}, {"maximise", objective.maximise}});
  return list.dump();
}

std::vector<Objective> parse_objectives(const std::string& text, const std::string& where) {
  std::vector<Objective> objectives;
  for (const Json& item : parse_json(text, where))
    objectives.push_back({.name = json_get<std::string>(item, "name", where), .maximise = json_get<bool>(item, "maximise", where)});
  return objectives;
}

std::string parameters_text(const std::vector<Parameter>& parameters, const std::string& what) {
  Json list = Json::array();
  for (const Parameter& parameter : parameters) {
    Json conditions = Json::array();
    for (const auto& condition : parameter.conditions)
      conditions.push_back({{"parameter", condition.parameter}, {"allowed", condition.allowed}});
    list.push_back({{"name", parameter.name}, {"choices", parameter.choices}, {"conditions", conditions}});
  }
  return json_text(list, what);
}

std::vector<Parameter> parse_parameters(const std::string& text, const std::string& where) {
  std::vector<Parameter> parameters;
  for (const Json& item : parse_json(text, where)) {
    Parameter parameter{.name = json_get<std::string>(item, "name", where),
                        .choices = json_get<std::vector<Json>>(item, "choices", where),
                        .conditions = {}};
    for (const Json& condition : json_get<Json>(item, "conditions", where)) {
      parameter.conditions.push_back({.parameter = json_get<std::size_t>(condition, "parameter", where),
                                      .allowed = json_get<std::vector<std::int32_t>>(condition, "allowed", where)});
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

constexpr std::size_t kLongestName = 512;  // of Optuna's columns, in characters

}  // namespace

StudyInfo SqlStore::open_study(const StudyInfo& wanted) {
  checked_name(wanted.name, "name of a study");
  checked_name(wanted.config_hash, "hash of a configuration");
  if (wanted.name.empty() || wanted.name.size() > kLongestName) {
    throw ConfigError("a study has no name that can be stored", {.where = "study",
                                                                 .found = std::to_string(wanted.name.size()) + " characters",
                                                                 .expected = "1 to " + std::to_string(kLongestName) + " characters",
                                                                 .hint = {}});
  }
  const std::string config = json_text(wanted.config, "configuration of study '" + wanted.name + "'");
  const std::string provenance = json_text(wanted.provenance, "provenance of study '" + wanted.name + "'");
  std::optional<StudyInfo> found = find_study(wanted.name);
  const bool describes = !wanted.parameters.empty() || !wanted.objectives.empty();
  const auto to_describe = [&] {
    return describes && found->config_hash == wanted.config_hash && found->parameters.empty() && found->objectives.empty();
  };
  if (!found || to_describe()) {
    connection_->run(Access::group, "open study '" + wanted.name + "'", [&] {
      found = read_study(wanted.name);
      if (!found) {
        create_study(wanted, config, provenance);
        found = wanted;
        found->parameters.clear();
        found->objectives.clear();
      }
      if (!to_describe()) return;
      describe(study_id(wanted.name), wanted);
      found->parameters = wanted.parameters;
      found->objectives = wanted.objectives;
    });
  }
  const StudyInfo& stored = *found;
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

void SqlStore::create_study(const StudyInfo& study, const std::string& config, const std::string& provenance) {
  soci::session& sql = connection_->sql();
  int others = 0;
  sql << "SELECT COUNT(*) FROM studies WHERE study_name = :name", use(study.name), into(others);
  if (others > 0) {
    throw ConfigError("a study of this name was made by another program", {.where = connection_->place() + ": study '" + study.name + "'",
                                                                           .found = "a study of Optuna",
                                                                           .expected = "a study of this program, or a free name",
                                                                           .hint = "choose another study name"});
  }
  long long id = 0;
  sql << "INSERT INTO studies (study_name) VALUES (:name) RETURNING study_id", use(study.name), into(id);
  sql << "INSERT INTO snac_study (study_id, config_hash, config, provenance, parameters, objectives)"
         " VALUES (:id, :hash, :config, :provenance, '[]', '[]')",
      use(id), use(study.config_hash), use(config), use(provenance);
}

void SqlStore::describe(long long study, const StudyInfo& info) {
  soci::session& sql = connection_->sql();
  const std::string what = "search space of study '" + info.name + "'";
  for (const Parameter& parameter : info.parameters) checked_name(parameter.name, "name of a parameter");
  const std::string parameters = parameters_text(info.parameters, what), objectives = objectives_text(info.objectives);
  sql << "UPDATE snac_study SET parameters = :parameters, objectives = :objectives WHERE study_id = :study", use(parameters),
      use(objectives), use(study);
  std::vector<Row> directions;
  Json names = Json::array();
  for (const Objective& objective : info.objectives) {
    directions.push_back({study, static_cast<long long>(directions.size()), std::string(objective.maximise ? "MAXIMIZE" : "MINIMIZE")});
    names.push_back(objective.name);
  }
  insert_rows(sql, "study_directions", "study_id, objective, direction", directions);
  if (!names.empty())
    insert_rows(sql, "study_system_attributes", "study_id, key, value_json", {{study, "study:metric_names", names.dump()}});
  // Trials of a study that was stored without: version 1 of the schema.
  std::map<std::string, long long> ids;
  {
    std::string identity;
    long long id = 0;
    soci::statement select =
        (sql.prepare << "SELECT identity, trial_id FROM snac_trial WHERE study_id = :study", use(study), into(identity), into(id));
    select.execute();
    while (select.fetch()) ids[identity] = id;
  }
  for (const Trial& trial : read_trials(study, std::nullopt)) {
    write_params(study, ids.at(trial.identity), trial.genome);
    if (trial.state != TrialState::running) write_results(study, ids.at(trial.identity), trial);
  }
}

std::optional<StudyInfo> SqlStore::read_study(const std::string& name) const {
  std::string hash, config, provenance, parameters, objectives;
  connection_->sql() << "SELECT config_hash, config, provenance, parameters, objectives FROM snac_study JOIN studies USING (study_id)"
                        " WHERE study_name = :name",
      use(name), into(hash), into(config), into(provenance), into(parameters), into(objectives);
  if (!connection_->sql().got_data()) return std::nullopt;
  const std::string where = connection_->place() + ": study '" + name + "'";
  return StudyInfo{.name = name,
                   .config_hash = hash,
                   .config = parse_json(config, where + ": config"),
                   .provenance = parse_json(provenance, where + ": provenance"),
                   .parameters = parse_parameters(parameters, where + ": parameters"),
                   .objectives = parse_objectives(objectives, where + ": objectives")};
}

std::optional<StudyInfo> SqlStore::find_study(const std::string& name) const {
  std::optional<StudyInfo> info;
  connection_->run(Access::read, "look for study '" + name + "'", [&] { info = read_study(name); });
  return info;
}

std::vector<std::string> SqlStore::studies() const {
  std::vector<std::string> names;
  connection_->run(Access::read, "list the studies", [&] {
    names.clear();
    std::string name;
    soci::statement select =
        (connection_->sql().prepare << "SELECT study_name FROM snac_study JOIN studies USING (study_id) ORDER BY study_id", into(name));
    select.execute();
    while (select.fetch()) names.push_back(name);
  });
  return names;
}

long long SqlStore::study_id(const std::string& name, const std::string& clause) const {
  long long id = 0;
  connection_->sql() << "SELECT s.study_id FROM studies s JOIN snac_study n ON n.study_id = s.study_id WHERE s.study_name = :name" + clause,
      use(name), into(id);
  if (connection_->sql().got_data()) return id;
  const std::vector<std::string> known = studies();
  throw ConfigError("a study does not exist", {.where = connection_->place(),
                                               .found = "study '" + name + "'",
                                               .expected = "a study of this database",
                                               .hint = known.empty() ? "the database holds no study yet" : suggest(name, known)});
}

const SqlStore::Description& SqlStore::description(long long study) {
  if (const auto known = descriptions_.find(study); known != descriptions_.end()) return known->second;
  std::string parameters, objectives;
  connection_->sql() << "SELECT parameters, objectives FROM snac_study WHERE study_id = :study", use(study), into(parameters),
      into(objectives);
  const std::string where = connection_->place() + ": study " + std::to_string(study);
  Description found{.parameters = parse_parameters(parameters, where + ": parameters"),
                    .objectives = parse_objectives(objectives, where + ": objectives")};
  static const Description kNone;
  if (found.parameters.empty() && found.objectives.empty()) return kNone;  // may still be described
  return descriptions_[study] = std::move(found);
}

SqlStore::Place SqlStore::next_place(long long study) {
  Place place;
  soci::session& sql = connection_->sql();
  const Dialect& dialect = connection_->dialect();
  // Waiting trials are numbers given back, unless Optuna put them there with parameters to try.
  sql << "SELECT t.trial_id, t.number FROM trials t WHERE t.study_id = :study AND t.state = 'WAITING' AND NOT EXISTS"
         " (SELECT 1 FROM trial_system_attributes a WHERE a.trial_id = t.trial_id) ORDER BY t.number LIMIT 1" +
             dialect.lock_free(),
      use(study), into(place.trial), into(place.number);
  if (sql.got_data()) {
    sql << "UPDATE trials SET state = 'RUNNING', datetime_start = " + dialect.now() + " WHERE trial_id = :trial", use(place.trial);
    return place;
  }
  sql << "INSERT INTO trials (study_id, number, state, datetime_start) VALUES (:study,"
         " (SELECT COALESCE(MAX(number) + 1, 0) FROM trials WHERE study_id = :same), 'RUNNING', " +
             dialect.now() + ") RETURNING trial_id, number",
      use(study), use(study), into(place.trial), into(place.number);
  return place;
}

void SqlStore::write_params(long long study, long long trial_id, const std::vector<std::int32_t>& genome) {
  std::vector<Row> rows;
  for (const OptunaParam& param : optuna_params(description(study).parameters, genome))
    rows.push_back({trial_id, param.name, param.value, param.distribution});
  insert_rows(connection_->sql(), "trial_params", "trial_id, param_name, param_value, distribution_json", rows);
}

void SqlStore::write_results(long long study, long long trial_id, const Trial& trial) {
  soci::session& sql = connection_->sql();
  std::vector<Row> figures, objectives, user, system;
  for (const auto& [name, value] : trial.values) {
    figures.push_back({trial_id, name, value});
    if (std::isfinite(value) && name.size() <= kLongestName) user.push_back({trial_id, name, Json(value).dump()});
  }
  if (!trial.reason.empty()) user.push_back({trial_id, "reason", Json(trial.reason).dump()});
  const auto& wanted = description(study).objectives;
  for (std::size_t i = 0; i < wanted.size() && trial.state == TrialState::complete; ++i) {
    const auto found = trial.values.find(wanted[i].name);
    if (found == trial.values.end())
      throw std::logic_error("trial " + std::to_string(trial.number) + " is complete without objective '" + wanted[i].name + "'");
    const OptunaValue value = optuna_value(found->second);
    objectives.push_back({trial_id, static_cast<long long>(i), value.value ? Cell(*value.value) : Cell(), value.type});
  }
  for (const auto& [key, value] : optuna_system_attributes(trial.attributes)) system.push_back({trial_id, key, value});
  for (const char* table : {"snac_trial_value", "trial_values", "trial_user_attributes", "trial_system_attributes"})
    sql << std::string("DELETE FROM ") + table + " WHERE trial_id = :trial", use(trial_id);
  insert_rows(sql, "snac_trial_value", "trial_id, name, value", figures);
  insert_rows(sql, "trial_values", "trial_id, objective, value, value_type", objectives);
  insert_rows(sql, "trial_user_attributes", "trial_id, key, value_json", user);
  insert_rows(sql, "trial_system_attributes", "trial_id, key, value_json", system);
}

std::optional<std::int64_t> SqlStore::claim(const std::string& study, const std::vector<std::int32_t>& genome,
                                            const std::string& identity) {
  checked_name(identity, "identity of a candidate");
  const std::string genes = genome_text(genome);
  std::optional<std::int64_t> claimed;
  connection_->run(Access::write, "claim a trial", [&] {
    claimed.reset();
    const long long id = study_id(study, connection_->dialect().lock_study());
    int known = 0;
    connection_->sql() << "SELECT COUNT(*) FROM snac_trial WHERE study_id = :study AND identity = :identity", use(id), use(identity),
        into(known);
    if (known > 0) return;
    const Place place = next_place(id);
    connection_->sql() << "INSERT INTO snac_trial (trial_id, study_id, genome, identity, attributes, reason)"
                          " VALUES (:trial, :study, :genome, :identity, 'null', '')",
        use(place.trial), use(id), use(genes), use(identity);
    write_params(id, place.trial, genome);
    claimed = place.number;
  });
  return claimed;
}

void SqlStore::finish(const std::string& study, const Trial& trial) {
  const std::string name = "trial " + std::to_string(trial.number) + " of study '" + study + "'";
  if (trial.state == TrialState::running) throw std::logic_error(name + " cannot be finished as running");
  check_values(trial.values);
  Trial ended = trial;
  ended.reason = readable_text(trial.reason);
  const std::string attributes = json_text(trial.attributes, name), state = state_text(trial.state);
  connection_->run(Access::write, "store " + name, [&] {
    soci::session& sql = connection_->sql();
    const long long id = study_id(study), number = trial.number;
    long long trial_id = 0;
    std::string present, identity;
    sql << "SELECT t.trial_id, t.state, n.identity FROM trials t JOIN snac_trial n ON n.trial_id = t.trial_id"
           " WHERE t.study_id = :study AND t.number = :number" +
               connection_->dialect().lock_trial(),
        use(id), use(number), into(trial_id), into(present), into(identity);
    if (!sql.got_data()) throw std::logic_error(name + " was never claimed, or was released");
    if (present != state_text(TrialState::running)) throw std::logic_error(name + " has ended already: " + present);
    if (!trial.identity.empty() && trial.identity != identity) throw std::logic_error(name + " was claimed for another candidate");
    sql << "UPDATE trials SET state = :state, datetime_complete = " + connection_->dialect().now() + " WHERE trial_id = :trial", use(state),
        use(trial_id);
    sql << "UPDATE snac_trial SET attributes = :attributes, reason = :reason WHERE trial_id = :trial", use(attributes), use(ended.reason),
        use(trial_id);
    write_results(id, trial_id, ended);
  });
}

void SqlStore::amend(const std::string& study, const Trial& trial) {
  const std::string name = "trial " + std::to_string(trial.number) + " of study '" + study + "'";
  check_values(trial.values);
  const std::string attributes = json_text(trial.attributes, name);
  connection_->run(Access::write, "amend " + name, [&] {
    soci::session& sql = connection_->sql();
    const long long id = study_id(study), number = trial.number;
    long long trial_id = 0;
    std::string present;
    Trial amended = trial;
    sql << "SELECT t.trial_id, t.state, n.reason FROM trials t JOIN snac_trial n ON n.trial_id = t.trial_id"
           " WHERE t.study_id = :study AND t.number = :number" +
               connection_->dialect().lock_trial(),
        use(id), use(number), into(trial_id), into(present), into(amended.reason);
    if (!sql.got_data() || present == state_text(TrialState::running)) throw std::logic_error(name + " has not ended");
    amended.state = parse_state(present, connection_->place() + ": " + name);
    sql << "UPDATE snac_trial SET attributes = :attributes WHERE trial_id = :trial", use(attributes), use(trial_id);
    write_results(id, trial_id, amended);
  });
}

bool SqlStore::reserve(const std::string& study) {
  bool taken = false;
  connection_->run(Access::read, "keep study '" + study + "'",
                   [&] { taken = connection_->dialect().reserve(connection_->sql(), study_id(study)); });
  return taken;
}

int SqlStore::release_running(const std::string& study) {
  int count = 0;
  connection_->run(Access::group, "release the running trials of study '" + study + "'", [&] {
    soci::session& sql = connection_->sql();
    const long long id = study_id(study);
    std::vector<long long> running;
    {
      long long trial = 0;
      soci::statement select = (sql.prepare << "SELECT t.trial_id FROM trials t JOIN snac_trial n ON n.trial_id = t.trial_id"
                                               " WHERE t.study_id = :study AND t.state = 'RUNNING'",
                                use(id), into(trial));
      select.execute();
      while (select.fetch()) running.push_back(trial);
    }
    for (const long long trial : running) {
      for (const char* table : {"trial_params", "trial_values", "trial_intermediate_values", "trial_user_attributes",
                                "trial_system_attributes", "trial_heartbeats", "snac_trial_value", "snac_trial"})
        sql << std::string("DELETE FROM ") + table + " WHERE trial_id = :trial", use(trial);
      sql << "UPDATE trials SET state = 'WAITING', datetime_start = NULL WHERE trial_id = :trial", use(trial);
    }
    count = static_cast<int>(running.size());
  });
  return count;
}

std::vector<Trial> SqlStore::read_trials(long long study, std::optional<long long> trial_id) const {
  soci::session& sql = connection_->sql();
  const std::string place = connection_->place() + ": trial ";
  const std::string which = trial_id ? "t.study_id = :study AND t.trial_id = :trial" : "t.study_id = :study";
  std::vector<Trial> trials;
  std::vector<long long> ids;
  const auto read = [&](const std::string& text, auto&&... cells) {
    soci::statement select(sql);
    select.exchange(use(study));
    if (trial_id) select.exchange(use(*trial_id));
    (select.exchange(into(cells)), ...);
    select.alloc();
    select.prepare(text);
    select.define_and_bind();
    select.execute();
    return select;
  };
  long long id = 0;
  {
    long long number = 0;
    std::string state, genome, identity, attributes, reason;
    soci::statement select = read(
        "SELECT t.trial_id, t.number, t.state, n.genome, n.identity, n.attributes, n.reason FROM trials t"
        " JOIN snac_trial n ON n.trial_id = t.trial_id WHERE " +
            which + " ORDER BY t.trial_id",
        id, number, state, genome, identity, attributes, reason);
    while (select.fetch()) {
      const std::string where = place + std::to_string(number);
      ids.push_back(id);
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
  soci::statement select =
      read("SELECT t.trial_id, t.number, v.name, v.value FROM trials t JOIN snac_trial_value v ON v.trial_id = t.trial_id WHERE " + which +
               " ORDER BY t.trial_id",
           id, number, name, value);
  std::size_t k = 0;  // both lists ascend
  while (select.fetch()) {
    while (k < ids.size() && ids[k] < id) ++k;
    if (k == ids.size() || ids[k] != id) {
      throw DataError("a study database is damaged", {.where = place + std::to_string(number),
                                                      .found = "figure '" + name + "' of a trial that is missing",
                                                      .expected = "the trial",
                                                      .hint = "restore a copy of the database"});
    }
    trials[k].values.emplace(name, value);
  }
  // Numbers ascend with the trials, unless another program did not keep to it.
  std::stable_sort(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) { return a.number < b.number; });
  return trials;
}

std::vector<Trial> SqlStore::trials(const std::string& study) const {
  std::vector<Trial> found;
  connection_->run(Access::read, "read the trials of study '" + study + "'", [&] { found = read_trials(study_id(study), std::nullopt); });
  return found;
}

std::optional<Trial> SqlStore::find_trial(const std::string& study, const std::string& identity) const {
  std::vector<Trial> found;
  connection_->run(Access::read, "look for a trial of study '" + study + "'", [&] {
    found.clear();
    const long long id = study_id(study);
    long long trial = 0;
    connection_->sql() << "SELECT trial_id FROM snac_trial WHERE study_id = :study AND identity = :identity", use(id), use(identity),
        into(trial);
    if (connection_->sql().got_data()) found = read_trials(id, trial);
  });
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

void SqlStore::put_record(const std::string& study, const std::string& stage, const std::string& key, const Json& value) {
  checked_name(stage, "name of a stage");
  checked_name(key, "key of a record");
  const std::string text = json_text(value, "record " + stage + ": " + key);
  connection_->run(Access::write, "store record '" + key + "' of stage '" + stage + "'", [&] {
    const long long id = study_id(study);
    connection_->sql() << "INSERT INTO snac_record (study_id, stage, record_key, value) VALUES (:study, :stage, :key, :value)"
                          " ON CONFLICT (study_id, stage, record_key) DO UPDATE SET value = excluded.value",
        use(id), use(stage), use(key), use(text);
  });
}

std::optional<Json> SqlStore::find_record(const std::string& study, const std::string& stage, const std::string& key) const {
  std::optional<Json> value;
  connection_->run(Access::read, "read record '" + key + "' of stage '" + stage + "'", [&] {
    const long long id = study_id(study);
    std::string text;
    connection_->sql() << "SELECT value FROM snac_record WHERE study_id = :study AND stage = :stage AND record_key = :key", use(id),
        use(stage), use(key), into(text);
    value.reset();
    if (connection_->sql().got_data()) value = parse_json(text, connection_->place() + ": record " + stage + ": " + key);
  });
  return value;
}

std::vector<std::pair<std::string, Json>> SqlStore::records(const std::string& study, const std::string& stage) const {
  std::vector<std::pair<std::string, Json>> found;
  connection_->run(Access::read, "read the records of stage '" + stage + "'",
                   [&] {
                     found.clear();
                     const long long id = study_id(study);
                     std::string key, text;
                     soci::statement select =
                         (connection_->sql().prepare
                              << "SELECT record_key, value FROM snac_record WHERE study_id = :study AND stage = :stage ORDER BY record_id",
                          use(id), use(stage), into(key), into(text));
                     select.execute();
                     while (select.fetch())
                       found.emplace_back(key, parse_json(text, connection_->place() + ": record " + stage + ": " + key));
                   });
  return found;
}

std::string SqlStore::put_artefact(const std::string& bytes) {
  if (bytes.size() > kLargestCell) {
    throw DataError("an artefact is too large", {.where = connection_->place(),
                                                 .found = std::to_string(bytes.size()) + " bytes",
                                                 .expected = "at most " + std::to_string(kLargestCell),
                                                 .hint = {}});
  }
  const std::string key = sha256(bytes);
  connection_->run(Access::write, "store an artefact", [&] {
    const Dialect& dialect = connection_->dialect();
    if (dialect.read_content(connection_->sql(), key) != bytes) dialect.write_content(connection_->sql(), key, bytes);
  });
  return key;
}

std::string SqlStore::artefact(const std::string& sha256) const {
  std::optional<std::string> bytes;
  connection_->run(Access::read, "read an artefact", [&] { bytes = connection_->dialect().read_content(connection_->sql(), sha256); });
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

void SqlStore::transaction(const std::function<void()>& body) { connection_->run(Access::group, "store a group of results", body); }

}  // namespace snac::store
