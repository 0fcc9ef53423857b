// A PostgreSQL server of the tests' own: in a temporary folder, on a socket there, as a user without rights.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "snac/core/files.hpp"

namespace snac::store {

class PostgresqlServer {
 public:
  PostgresqlServer();
  ~PostgresqlServer();
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  /// Why there is no server; empty = it runs.
  const std::string& reason() const noexcept { return reason_; }
  void start();
  /// Ends it as fast as `pg_ctl stop -m fast` does: connections are cut.
  void stop();
  /// The address of a database; created if it does not exist.
  std::string database(const std::string& name);
  std::string address(const std::string& name, const std::string& user = "snac") const;
  /// The only value of the only row, past the code under test.
  std::string value(const std::string& database, const std::string& statement) const;

 private:
  int run(const std::string& program, const std::vector<std::string>& arguments) const;
  [[noreturn]] void execute(const std::string& program, const std::vector<std::string>& arguments) const;

  TemporaryDirectory folder_{"snac_pg"};
  std::string programs_, reason_;
  pid_t server_ = -1, owner_;
};

/// One for all tests of the program, started when first asked for.
PostgresqlServer& postgresql_server();

}  // namespace snac::store
