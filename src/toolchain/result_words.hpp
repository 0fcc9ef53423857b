// Words of result lines: "vectors=10". Private to the tools.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace snac::toolchain {

/// Reads the number after `key`; false if the word is anything else or the number is negative.
template <class Int>
bool read_number(std::string_view word, std::string_view key, Int& value) {
  if (!word.starts_with(key)) return false;
  word.remove_prefix(key.size());
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() && value >= 0;
}

}  // namespace snac::toolchain
