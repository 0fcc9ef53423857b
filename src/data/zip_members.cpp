#include "snac/data/zip_members.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <memory>

#include "snac/core/error.hpp"

namespace snac::data {
namespace {

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

[[noreturn]] void fail(const std::string& where, const std::string& found, const std::string& expected) {
  throw DataError("a zip archive is damaged or of an unknown kind",
                  {.where = where, .found = found, .expected = expected, .hint = "fetch or write the file again"});
}

std::string read_member(zip_t* archive, const std::string& name, std::size_t max_bytes, const std::string& where) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat(archive, name.c_str(), 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE)) fail(where, "no such member", "it in the archive");
  if (stat.size > max_bytes) fail(where, fmt::format("{} bytes", stat.size), fmt::format("at most {}", max_bytes));
  const std::unique_ptr<zip_file_t, CloseMember> member(zip_fopen(archive, name.c_str(), 0));
  if (!member) fail(where, zip_strerror(archive), "a readable member");
  // The declared size may lie: memory grows with what is there.
  std::string bytes;
  char block[65536];
  for (;;) {
    const zip_int64_t got = zip_fread(member.get(), block, sizeof(block));
    if (got < 0) fail(where, zip_file_strerror(member.get()), "intact data");
    if (got == 0) break;
    bytes.append(block, static_cast<std::size_t>(got));
    if (bytes.size() > max_bytes) fail(where, "more bytes than declared", fmt::format("at most {}", max_bytes));
  }
  if (bytes.size() != stat.size) fail(where, fmt::format("{} bytes", bytes.size()), fmt::format("{}, as declared", stat.size));
  return bytes;
}

}  // namespace

std::map<std::string, std::string> read_zip_members(const std::string& path, const std::vector<std::string>& names, std::size_t max_bytes) {
  int code = 0;
  const std::unique_ptr<zip_t, CloseArchive> archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail(path, reason, "a complete zip archive");
  }
  std::map<std::string, std::string> members;
  for (const std::string& name : names) members[name] = read_member(archive.get(), name, max_bytes, path + ": " + name);
  return members;
}

}  // namespace snac::data
