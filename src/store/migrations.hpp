// The schema as numbered steps: a database of any earlier version is brought up to date when it is opened.
// A released step is never edited; a change is a new step. Internal to the module.
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

namespace snac::store {

struct Migration {
  int version;  ///< 1, 2, 3...
  std::vector<std::string> statements;
};

const std::vector<Migration>& sqlite_migrations();
/// From version 2, the first that PostgreSQL had.
const std::vector<Migration>& postgresql_migrations();

/// The tables of Optuna that ours stand beside.
const std::vector<std::string>& optuna_tables();

/// @param has_table  whether table snac_schema exists
/// 0 = no tables of ours. @throws DataError if the table of versions is damaged.
int schema_version(soci::session& sql, bool has_table, const std::string& place);

/// Runs the steps above the version `present`, in a transaction that writes.
/// @throws DataError if the database is newer than the last step.
void migrate(soci::session& sql, int present, const std::vector<Migration>& migrations, const std::string& place);

/// @throws DataError if the tables that Optuna made are of another version than ours: nothing can be put beside them.
/// @param stamp  what stands in alembic_version; empty = nothing
void check_optuna(int schema_version, const std::string& stamp, const std::string& place);

}  // namespace snac::store
