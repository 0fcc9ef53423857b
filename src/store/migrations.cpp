#include "migrations.hpp"

#include <algorithm>
#include <array>

#include "snac/core/error.hpp"

namespace snac::store {
namespace {

using Statements = std::vector<std::string>;

/// What the two databases write differently.
struct Types {
  std::string id, time, direction, state, value_type, intermediate_type;
};

/// As Optuna 3.1 to 5 creates them (its schema 12, revision v3.2.0.a); tables that it has made stand as they are.
Statements optuna_schema(const Types& type) {
  const auto attributes = [&](const std::string& table, const std::string& owner, const std::string& owners) {
    return "CREATE TABLE IF NOT EXISTS " + table + "s (" + table + "_id " + type.id + ", " + owner + " INTEGER REFERENCES " + owners +
           " (" + owner + "), key VARCHAR(512), value_json TEXT, UNIQUE (" + owner + ", key))";
  };
  return {
      "CREATE TABLE IF NOT EXISTS studies (study_id " + type.id + ", study_name VARCHAR(512) NOT NULL)",
      "CREATE UNIQUE INDEX IF NOT EXISTS ix_studies_study_name ON studies (study_name)",
      "CREATE TABLE IF NOT EXISTS version_info (version_info_id INTEGER NOT NULL PRIMARY KEY CHECK (version_info_id = 1), schema_version "
      "INTEGER, library_version VARCHAR(256))",
      // Left empty: releases of Optuna want revisions of their own there, and the first that opens the database enters it.
      "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
      "CREATE TABLE IF NOT EXISTS study_directions (study_direction_id " + type.id + ", direction " + type.direction +
          " NOT NULL, study_id INTEGER NOT NULL REFERENCES studies (study_id), objective INTEGER NOT NULL, UNIQUE (study_id, objective))",
      attributes("study_user_attribute", "study_id", "studies"),
      attributes("study_system_attribute", "study_id", "studies"),
      "CREATE TABLE IF NOT EXISTS trials (trial_id " + type.id +
          ", number INTEGER, study_id INTEGER REFERENCES studies (study_id), state " + type.state + " NOT NULL, datetime_start " +
          type.time + ", datetime_complete " + type.time + ")",
      "CREATE INDEX IF NOT EXISTS ix_trials_study_id ON trials (study_id)",
      attributes("trial_user_attribute", "trial_id", "trials"),
      attributes("trial_system_attribute", "trial_id", "trials"),
      "CREATE TABLE IF NOT EXISTS trial_params (param_id " + type.id +
          ", trial_id INTEGER REFERENCES trials (trial_id), param_name VARCHAR(512), param_value FLOAT, distribution_json TEXT, "
          "UNIQUE (trial_id, param_name))",
      "CREATE TABLE IF NOT EXISTS trial_values (trial_value_id " + type.id +
          ", trial_id INTEGER NOT NULL REFERENCES trials (trial_id), objective INTEGER NOT NULL, value FLOAT, value_type " +
          type.value_type + " NOT NULL, UNIQUE (trial_id, objective))",
      "CREATE TABLE IF NOT EXISTS trial_intermediate_values (trial_intermediate_value_id " + type.id +
          ", trial_id INTEGER NOT NULL REFERENCES trials (trial_id), step INTEGER NOT NULL, intermediate_value FLOAT, "
          "intermediate_value_type " +
          type.intermediate_type + " NOT NULL, UNIQUE (trial_id, step))",
      "CREATE TABLE IF NOT EXISTS trial_heartbeats (trial_heartbeat_id " + type.id +
          ", trial_id INTEGER NOT NULL UNIQUE REFERENCES trials (trial_id), heartbeat " + type.time +
          " NOT NULL DEFAULT CURRENT_TIMESTAMP)",
      "INSERT INTO version_info (version_info_id, schema_version, library_version) VALUES (1, 12, 'snac') ON CONFLICT DO NOTHING",
      "CREATE INDEX snac_trials_number ON trials (study_id, number)",
      "CREATE INDEX snac_trials_waiting ON trials (study_id, number) WHERE state = 'WAITING'",
  };
}

/// Ours, beside them. `untyped` is the column of figures, `content` the columns of artefacts.
Statements own_schema(const std::string& id, const std::string& untyped, const std::string& content) {
  return {
      "CREATE TABLE snac_study ("
      "  study_id INTEGER PRIMARY KEY REFERENCES studies (study_id) ON DELETE CASCADE,"
      "  config_hash TEXT NOT NULL,"
      "  config TEXT NOT NULL,"
      "  provenance TEXT NOT NULL,"
      "  parameters TEXT NOT NULL,"
      "  objectives TEXT NOT NULL)",
      "CREATE TABLE snac_trial ("
      "  trial_id INTEGER PRIMARY KEY REFERENCES trials (trial_id) ON DELETE CASCADE,"
      "  study_id INTEGER NOT NULL REFERENCES studies (study_id) ON DELETE CASCADE,"
      "  identity TEXT NOT NULL,"
      "  genome TEXT NOT NULL,"
      "  attributes TEXT NOT NULL,"
      "  reason TEXT NOT NULL,"
      "  UNIQUE (study_id, identity))",
      "CREATE TABLE snac_trial_value ("
      "  trial_id INTEGER NOT NULL REFERENCES trials (trial_id) ON DELETE CASCADE,"
      "  name TEXT NOT NULL,"
      "  value " +
          untyped +
          ","
          "  PRIMARY KEY (trial_id, name))",
      "CREATE TABLE snac_record ("
      "  record_id " +
          id +
          ","
          "  study_id INTEGER NOT NULL REFERENCES studies (study_id) ON DELETE CASCADE,"
          "  stage TEXT NOT NULL,"
          "  record_key TEXT NOT NULL,"
          "  value TEXT NOT NULL,"
          "  UNIQUE (study_id, stage, record_key))",
      "CREATE TABLE snac_artefact (" + content + ")",
  };
}

Statements joined(std::initializer_list<Statements> parts) {
  Statements all;
  for (const Statements& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// No type: in a column declared REAL SQLite keeps whole numbers as integers and loses the sign of -0.0.
constexpr const char* kSqliteFigure = "NOT NULL CHECK (typeof(value) = 'real')";

Statements sqlite_version_2() {
  const Types types{.id = "INTEGER NOT NULL PRIMARY KEY",
                    .time = "DATETIME",
                    .direction = "VARCHAR(8)",
                    .state = "VARCHAR(8)",
                    .value_type = "VARCHAR(7)",
                    .intermediate_type = "VARCHAR(7)"};
  // Optuna numbers trials by their order: released numbers become trials that wait. Parameters and objectives follow when
  // the study is opened with its space; version 1 did not have them, nor times.
  const Statements moves{
      "INSERT INTO studies (study_id, study_name) SELECT id, name FROM study ORDER BY id",
      "INSERT INTO snac_study SELECT id, config_hash, config, provenance, '[]', '[]' FROM study",
      "INSERT INTO trials (study_id, number, state) SELECT * FROM ("
      "  SELECT study_id, number, CASE state WHEN 'complete' THEN 'COMPLETE' WHEN 'failed' THEN 'FAIL' ELSE 'RUNNING' END FROM trial"
      "  UNION ALL SELECT study_id, number, 'WAITING' FROM released_number) ORDER BY study_id, number",
      "INSERT INTO snac_trial SELECT t.trial_id, t.study_id, o.identity, o.genome, o.attributes, o.reason"
      "  FROM trial o JOIN trials t ON t.study_id = o.study_id AND t.number = o.number",
      "INSERT INTO snac_trial_value SELECT t.trial_id, v.name, v.value"
      "  FROM trial_value v JOIN trials t ON t.study_id = v.study_id AND t.number = v.number",
      "INSERT INTO snac_record SELECT id, study_id, stage, record_key, value FROM record ORDER BY id",
      "INSERT INTO snac_artefact SELECT sha256, content FROM artefact",
      "DROP TABLE trial_value",
      "DROP TABLE released_number",
      "DROP TABLE trial",
      "DROP TABLE record",
      "DROP TABLE artefact",
      "DROP TABLE study",
  };
  // Optuna does not turn foreign keys on, and SQLite gives numbers of deleted rows out again.
  const Statements triggers{
      "CREATE TRIGGER snac_study_deleted AFTER DELETE ON studies BEGIN"
      "  DELETE FROM snac_study WHERE study_id = OLD.study_id;"
      "  DELETE FROM snac_record WHERE study_id = OLD.study_id; END",
      "CREATE TRIGGER snac_trial_deleted AFTER DELETE ON trials BEGIN"
      "  DELETE FROM snac_trial WHERE trial_id = OLD.trial_id;"
      "  DELETE FROM snac_trial_value WHERE trial_id = OLD.trial_id; END",
  };
  Statements own = own_schema("INTEGER PRIMARY KEY", kSqliteFigure, "sha256 TEXT PRIMARY KEY, content BLOB NOT NULL DEFAULT x''");
  own[2] += " WITHOUT ROWID";
  return joined({optuna_schema(types), own, moves, triggers});
}

Statements postgresql_version_2() {
  const Types types{.id = "SERIAL PRIMARY KEY",
                    .time = "TIMESTAMP WITHOUT TIME ZONE",
                    .direction = "studydirection",
                    .state = "trialstate",
                    .value_type = "trialvaluetype",
                    .intermediate_type = "trialintermediatevaluetype"};
  const auto enumeration = [](const std::string& name, const std::string& values) {
    return "DO $$ BEGIN IF to_regtype('" + name + "') IS NULL THEN CREATE TYPE " + name + " AS ENUM (" + values + "); END IF; END $$";
  };
  const Statements enumerations{
      enumeration("studydirection", "'NOT_SET', 'MINIMIZE', 'MAXIMIZE'"),
      enumeration("trialstate", "'RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING'"),
      enumeration("trialvaluetype", "'FINITE', 'INF_POS', 'INF_NEG'"),
      enumeration("trialintermediatevaluetype", "'FINITE', 'INF_POS', 'INF_NEG', 'NAN'"),
  };
  const Statements own = own_schema("SERIAL PRIMARY KEY", "DOUBLE PRECISION NOT NULL",
                                    "sha256 TEXT NOT NULL, part INTEGER NOT NULL, content BYTEA NOT NULL, PRIMARY KEY (sha256, part)");
  return joined({enumerations, optuna_schema(types), own});
}

}  // namespace

const std::vector<Migration>& sqlite_migrations() {
  static const std::vector<Migration> migrations{
      {1,
       {
           "CREATE TABLE study ("
           "  id INTEGER PRIMARY KEY,"
           "  name TEXT NOT NULL UNIQUE,"
           "  config_hash TEXT NOT NULL,"
           "  config TEXT NOT NULL,"
           "  provenance TEXT NOT NULL)",
           "CREATE TABLE trial ("
           "  study_id INTEGER NOT NULL REFERENCES study(id),"
           "  number INTEGER NOT NULL CHECK (number >= 0),"
           "  state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'failed')),"
           "  genome TEXT NOT NULL,"
           "  identity TEXT NOT NULL,"
           "  attributes TEXT NOT NULL,"
           "  reason TEXT NOT NULL,"
           "  PRIMARY KEY (study_id, number),"
           "  UNIQUE (study_id, identity)) WITHOUT ROWID",
           // No type: in a column declared REAL SQLite keeps whole numbers as integers and loses the sign of -0.0.
           "CREATE TABLE trial_value ("
           "  study_id INTEGER NOT NULL,"
           "  number INTEGER NOT NULL,"
           "  name TEXT NOT NULL,"
           "  value NOT NULL CHECK (typeof(value) = 'real'),"
           "  PRIMARY KEY (study_id, number, name),"
           "  FOREIGN KEY (study_id, number) REFERENCES trial(study_id, number) ON DELETE CASCADE) WITHOUT ROWID",
           "CREATE TABLE released_number ("
           "  study_id INTEGER NOT NULL REFERENCES study(id),"
           "  number INTEGER NOT NULL,"
           "  PRIMARY KEY (study_id, number)) WITHOUT ROWID",
           "CREATE TABLE record ("
           "  id INTEGER PRIMARY KEY,"
           "  study_id INTEGER NOT NULL REFERENCES study(id),"
           "  stage TEXT NOT NULL,"
           "  record_key TEXT NOT NULL,"
           "  value TEXT NOT NULL,"
           "  UNIQUE (study_id, stage, record_key))",
           "CREATE TABLE artefact ("
           "  sha256 TEXT PRIMARY KEY,"
           "  content BLOB NOT NULL DEFAULT x'')",
       }},
      {2, sqlite_version_2()},
  };
  return migrations;
}

const std::vector<Migration>& postgresql_migrations() {
  static const std::vector<Migration> migrations{{2, postgresql_version_2()}};
  return migrations;
}

const std::vector<std::string>& optuna_tables() {
  static const std::vector<std::string> tables{
      "studies",      "study_directions",          "study_user_attributes",   "study_system_attributes",
      "trials",       "trial_user_attributes",     "trial_system_attributes", "trial_params",
      "trial_values", "trial_intermediate_values", "trial_heartbeats",        "version_info"};
  return tables;
}

int schema_version(soci::session& sql, bool has_table, const std::string& place) {
  if (!has_table) return 0;
  int rows = 0, version = 0;
  sql << "SELECT COUNT(*), COALESCE(MAX(version), 0) FROM snac_schema", soci::into(rows), soci::into(version);
  if (rows != 1 || version < 1) {
    throw DataError("a study database is damaged", {.where = place + ": table snac_schema",
                                                    .found = std::to_string(rows) + " rows, version " + std::to_string(version),
                                                    .expected = "one row with a version >= 1",
                                                    .hint = "restore a copy of the database"});
  }
  return version;
}

void migrate(soci::session& sql, int present, const std::vector<Migration>& migrations, const std::string& place) {
  if (present > migrations.back().version) {
    throw DataError("a study database was made by a newer version",
                    {.where = place,
                     .found = "schema version " + std::to_string(present),
                     .expected = "schema version up to " + std::to_string(migrations.back().version),
                     .hint = "use a newer snac, or another output folder"});
  }
  if (present == 0) {
    sql << "CREATE TABLE snac_schema (version INTEGER NOT NULL)";
    sql << "INSERT INTO snac_schema (version) VALUES (0)";
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= present) continue;
    for (const std::string& statement : migration.statements) sql << statement;
    sql << "UPDATE snac_schema SET version = :version", soci::use(migration.version);
  }
}

void check_optuna(int schema_version, const std::string& stamp, const std::string& place) {
  constexpr std::array<const char*, 3> kKnown{"", "v3.0.0.d", "v3.2.0.a"};
  if (schema_version == 12 && std::find(kKnown.begin(), kKnown.end(), stamp) != kKnown.end()) return;
  throw DataError("a database of Optuna has another version of its tables",
                  {.where = place,
                   .found = "schema " + std::to_string(schema_version) + ", revision '" + stamp + "'",
                   .expected = "those of Optuna 3.1 to 5: schema 12, revision v3.0.0.d or v3.2.0.a",
                   .hint = "'optuna storage upgrade' brings an older one up to date; or choose another database"});
}

}  // namespace snac::store
