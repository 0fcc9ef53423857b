#include "backends.hpp"
#include "postgresql_server.hpp"

namespace snac::store {

namespace {

std::string name_of(const std::filesystem::path& folder) { return "test_" + sha256(folder.string()).substr(0, 16); }

}  // namespace

std::vector<Backend> all_backends() {
  return {
      {.name = "postgresql",
       .prepare =
           [](const std::filesystem::path& folder) {
             PostgresqlServer& server = postgresql_server();
             if (server.reason().empty()) server.database(name_of(folder));
             return server.reason();
           },
       .open = [](const std::filesystem::path& folder) { return open(postgresql_server().address(name_of(folder)), {.patience_s = 30}); }}};
}

}  // namespace snac::store
