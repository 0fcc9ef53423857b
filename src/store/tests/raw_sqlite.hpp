// A second look at a database file, past the code under test. The header does without sqlite3.h, which SOCI's headers wrap
// into a namespace of their own.
#pragma once

#include <string>
#include <vector>

struct sqlite3;

namespace snac::store {

class RawSqlite {
 public:
  explicit RawSqlite(const std::string& path);
  ~RawSqlite();
  RawSqlite(const RawSqlite&) = delete;
  RawSqlite& operator=(const RawSqlite&) = delete;

  /// Runs statements; an error fails the test. @returns the first column of all rows.
  std::vector<std::string> run(const std::string& statements);
  /// The only value of the only row.
  std::string value(const std::string& statement);

 private:
  ::sqlite3* database_ = nullptr;
};

}  // namespace snac::store
