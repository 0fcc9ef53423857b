#include "snac/core/json.hpp"

#include <algorithm>

#include "snac/core/error.hpp"

namespace snac {

namespace {

/// Brackets outside texts, at their deepest: parsing does not recurse, but copying and printing the result would.
int nesting_depth(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  if (const int depth = nesting_depth(text); depth > kMaxJsonDepth) {
    throw DataError(
        "a JSON text is too deeply nested",
        {.where = where, .found = std::to_string(depth) + " levels", .expected = "at most " + std::to_string(kMaxJsonDepth), .hint = {}});
  }
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw DataError("a JSON text is damaged", {.where = where, .found = error.what(), .expected = "JSON", .hint = {}});
  }
}

Json with_header(const FileFormat& format, Json body) {
  Json file;
  file["format"] = format.magic;
  file["version"] = format.version;
  for (auto& [key, value] : body.items()) file[key] = std::move(value);
  return file;
}

int check_header(const Json& file, const FileFormat& format, const std::string& where) {
  const auto magic = json_get<std::string>(file, "format", where);
  if (magic != format.magic) {
    throw DataError("a file has another format", {.where = where,
                                                  .found = "format '" + magic.substr(0, 80) + "'",
                                                  .expected = "format '" + std::string(format.magic) + "'",
                                                  .hint = {}});
  }
  const int version = json_get<int>(file, "version", where);
  if (version < format.oldest_readable || version > format.version) {
    throw DataError("a file has a version that this program does not read",
                    {.where = where,
                     .found = "version " + std::to_string(version),
                     .expected = "version " + std::to_string(format.oldest_readable) + " to " + std::to_string(format.version),
                     .hint = version > format.version ? "use a newer snac" : "write the file again with this snac"});
  }
  return version;
}

}  // namespace snac
