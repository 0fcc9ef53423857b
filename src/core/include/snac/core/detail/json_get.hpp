// Implementation of json_get (json.hpp).
#pragma once

#include "snac/core/error.hpp"
#include "snac/core/json.hpp"

namespace snac {

template <class T>
T json_get(const Json& object, const char* key, const std::string& where) {
  if (!object.is_object() || !object.contains(key)) {
    throw DataError(
        "a member is missing",
        {.where = where, .found = "no '" + std::string(key) + "'", .expected = "a member '" + std::string(key) + "'", .hint = {}});
  }
  const Json& member = object.at(key);
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    // The library converts silently between numbers; a file with 3.7 or 1e30 for a count is damaged.
    bool fits = member.is_number_integer();
    if (fits && member.is_number_unsigned())
      fits = std::in_range<T>(member.template get<std::uint64_t>());
    else if (fits)
      fits = std::in_range<T>(member.template get<std::int64_t>());
    if (!fits) {
      throw DataError("a member has the wrong type or range",
                      {.where = where + ": " + key, .found = member.dump().substr(0, 80), .expected = "an integer in range", .hint = {}});
    }
  }
  try {
    return member.template get<T>();
  } catch (const nlohmann::json::exception& error) {
    throw DataError("a member has the wrong type",
                    {.where = where + ": " + key, .found = member.dump().substr(0, 80), .expected = error.what(), .hint = {}});
  }
}

}  // namespace snac
