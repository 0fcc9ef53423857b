// JSON as the project uses it: ordered keys (files diff well) and readers that explain.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace snac {

using Json = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 200;

/// Parses text. @throws DataError naming `where`, the position and what the parser met; also beyond kMaxJsonDepth levels.
Json parse_json(std::string_view text, const std::string& where);

/// A file format of ours: every file opens with its magic and version, and names the oldest reader that may read it.
struct FileFormat {
  std::string_view magic;  ///< for instance "snac.fixed_net"
  int version;             ///< what this program writes
  int oldest_readable;     ///< smallest version this program reads
};

/// Puts "format" and "version" in front of the body.
Json with_header(const FileFormat& format, Json body);

/// Checks the header. @returns the version found. @throws DataError naming file, found and expected.
int check_header(const Json& file, const FileFormat& format, const std::string& where);

/// The member `key` of `object` converted to T. @throws DataError "where: key: expected a number, found ..."
template <class T>
T json_get(const Json& object, const char* key, const std::string& where);

}  // namespace snac

#include "snac/core/detail/json_get.hpp"
