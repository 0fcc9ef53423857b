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

/// 0 = an empty database. @throws DataError if the table of versions is damaged.
int schema_version(soci::session& sql, const std::string& place);

/// Runs the steps above the present version. Call it inside a transaction that writes.
/// @throws DataError if the database is newer than the last step.
void migrate(soci::session& sql, const std::vector<Migration>& migrations, const std::string& place);

}  // namespace snac::store
