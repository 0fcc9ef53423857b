// Members of archives: found, bounded, and damaged ones refused.
#include "snac/data/zip_members.hpp"

#include "snac/core/rng.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

TEST(ZipMembers, are_read_stored_and_deflated) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "a.zip";
  const std::string text(5000, 'x');
  for (const bool deflate : {false, true}) {
    write_zip(path, {{"config.json", "{}"}, {"weights", text}}, deflate);
    const auto members = read_zip_members(path.string(), {"weights", "config.json"}, 5000);
    EXPECT_EQ(members.at("config.json"), "{}");
    EXPECT_EQ(members.at("weights"), text);
    EXPECT_THROW(read_zip_members(path.string(), {"weights"}, 4999), DataError) << "larger than is wanted";
    EXPECT_THROW(read_zip_members(path.string(), {"other"}, 5000), DataError);
  }
}

TEST(ZipMembers, damaged_archives_are_errors) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "a.zip";
  write_zip(path, {{"weights", std::string(300, 'x') + std::string(300, 'y')}}, true);
  const std::string bytes = read_file(path);
  EXPECT_THROW(read_zip_members((folder.path() / "none.zip").string(), {"weights"}, 1000), DataError);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write_bytes(path, bytes.substr(0, size));
    EXPECT_THROW(read_zip_members(path.string(), {"weights"}, 1000), DataError) << size;
  }
  Rng rng(1);
  for (int run = 0; run < 500; ++run) {
    std::string damaged = bytes;
    damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    write_bytes(path, damaged);
    try {
      read_zip_members(path.string(), {"weights"}, 1000);
    } catch (const DataError&) {
    }
  }
}

}  // namespace
}  // namespace snac::data
