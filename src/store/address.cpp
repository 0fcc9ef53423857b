#include "address.hpp"

#include <filesystem>
#include <regex>

#include "postgresql.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/store/store.hpp"

namespace snac::store {

std::optional<Url> parse_url(const std::string& address) {
  static const std::regex form("([A-Za-z][A-Za-z0-9]*)(\\+[A-Za-z0-9_]+)?://([^]*)");
  std::smatch match;
  if (!std::regex_match(address, match, form)) return std::nullopt;
  return Url{.scheme = match[1] == "postgres" ? "postgresql" : match[1].str(), .rest = match[3]};
}

bool is_server(const std::string& address) {
  const auto url = parse_url(address);
  return url && url->scheme == "postgresql";
}

std::string sqlite_path(const std::string& address) {
  const auto url = parse_url(address);
  if (!url) return address;
  // Three slashes before a relative path, four before an absolute one.
  if (url->scheme == "sqlite" && url->rest.size() > 1 && url->rest.front() == '/') return url->rest.substr(1);
  throw ConfigError("an address of a database cannot be read",
                    {.where = shown_address(address),
                     .found = url->scheme == "sqlite" ? "no path" : "'" + url->scheme + "'",
                     .expected = "postgresql://user@host:port/database, sqlite:///relative/path, sqlite:////absolute/path or a path",
                     .hint = suggest(url->scheme, {"postgresql", "sqlite"})});
}

std::string shown_address(const std::string& address) {
  const auto url = parse_url(address);
  if (!url || url->scheme == "sqlite") return address;
  std::string rest = url->rest;
  const std::size_t path = rest.find('/');
  // A password may hold '@': the last one before the path ends it. One that holds '/' must be written %2F.
  const std::size_t at = rest.substr(0, path).rfind('@');
  const std::size_t colon = rest.find(':');
  if (at != std::string::npos && colon < at) rest.replace(colon, at - colon, ":***");
  static const std::regex parameter("([?&](?:ssl)?password=)[^&]*");
  return url->scheme + "://" + std::regex_replace(rest, parameter, "$1***");
}

namespace {

constexpr FileFormat kNote{.magic = "snac.storage", .version = 1, .oldest_readable = 1};
constexpr const char* kNoteFile = "storage.json";

}  // namespace

void note_storage(const std::string& folder, const std::string& address) {
  const std::filesystem::path file = std::filesystem::path(folder) / kNoteFile;
  std::error_code code;
  if (address.empty()) {
    std::filesystem::remove(file, code);
    return;
  }
  // A path counts from where the program stands, which may be elsewhere next time.
  static const std::regex hidden(":\\*\\*\\*(?=@)");
  const std::string storage = is_server(address) ? std::regex_replace(shown_address(address), hidden, "")
                                                 : std::filesystem::absolute(sqlite_path(address)).string();
  const std::string text = with_header(kNote, {{"storage", storage}}).dump(2) + "\n";
  if (!std::filesystem::exists(file, code) || read_file(file) != text) write_file_atomically(file, text);
}

std::string storage_at(const std::string& run) {
  std::error_code code;
  if (parse_url(run) || !std::filesystem::is_directory(run, code)) return run;
  const std::filesystem::path note = std::filesystem::path(run) / kNoteFile;
  if (!std::filesystem::exists(note, code)) return (std::filesystem::path(run) / kDatabaseFile).string();
  const Json json = parse_json(read_file(note), note.string());
  check_header(json, kNote, note.string());
  return json_get<std::string>(json, "storage", note.string());
}

std::unique_ptr<Store> open(const std::string& address, const OpenOptions& options) {
  return is_server(address) ? open_postgresql(address, options) : open_sqlite(sqlite_path(address), options.busy_seconds);
}

}  // namespace snac::store
