#include "migrations.hpp"

#include "snac/core/error.hpp"

namespace snac::store {

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
  };
  return migrations;
}

int schema_version(soci::session& sql, const std::string& place) {
  int tables = 0;
  sql << "SELECT COUNT(*) FROM sqlite_master", soci::into(tables);
  if (tables == 0) return 0;
  int rows = 0, version = 0;
  sql << "SELECT COUNT(*), COALESCE(MAX(version), 0) FROM snac_schema", soci::into(rows), soci::into(version);
  if (rows != 1 || version < 1) {
    throw DataError("a study database is damaged", {.where = place + ": table snac_schema",
                                                    .found = std::to_string(rows) + " rows, version " + std::to_string(version),
                                                    .expected = "one row with a version >= 1",
                                                    .hint = "restore a copy of the file"});
  }
  return version;
}

void migrate(soci::session& sql, const std::vector<Migration>& migrations, const std::string& place) {
  const int present = schema_version(sql, place);
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

}  // namespace snac::store
