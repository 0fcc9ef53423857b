#include "raw_sqlite.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace snac::store {

RawSqlite::RawSqlite(const std::string& path) { EXPECT_EQ(sqlite3_open(path.c_str(), &database_), SQLITE_OK); }

RawSqlite::~RawSqlite() { sqlite3_close(database_); }

std::vector<std::string> RawSqlite::run(const std::string& statements) {
  std::vector<std::string> values;
  char* message = nullptr;
  const int code = sqlite3_exec(
      database_, statements.c_str(),
      [](void* out, int, char** columns, char**) {
        static_cast<std::vector<std::string>*>(out)->emplace_back(columns[0] ? columns[0] : "NULL");
        return 0;
      },
      &values, &message);
  EXPECT_EQ(code, SQLITE_OK) << statements << ": " << (message ? message : "");
  sqlite3_free(message);
  return values;
}

std::string RawSqlite::value(const std::string& statement) {
  const auto values = run(statement);
  return values.size() == 1 ? values[0] : std::to_string(values.size()) + " rows";
}

}  // namespace snac::store
