#include "backends.hpp"

namespace snac::store {

std::vector<Backend> all_backends() {
  return {{.name = "sqlite",
           .prepare = [](const std::filesystem::path&) { return std::string(); },
           .open = [](const std::filesystem::path& folder) { return open_sqlite((folder / "study.db").string()); }}};
}

}  // namespace snac::store
