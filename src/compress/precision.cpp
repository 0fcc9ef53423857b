#include "snac/compress/precision.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <string_view>

#include "snac/core/error.hpp"

namespace snac::compress {
namespace {

constexpr int kFewestBits = 2, kMostBits = 16;

bool parse_bits(std::string_view text, int& bits) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  return error == std::errc() && end == text.data() + text.size() && bits >= kFewestBits && bits <= kMostBits;
}

}  // namespace

std::string to_string(const Precision& precision) { return fmt::format("w{}a{}", precision.weight_bits, precision.activation_bits); }

Precision precision_from_string(const std::string& text) {
  Precision precision;
  const std::size_t a = text.find('a');
  bool good = false;
  if (!text.empty() && text[0] == 'w' && a != std::string::npos) {
    good = parse_bits(std::string_view(text).substr(1, a - 1), precision.weight_bits) &&
           parse_bits(std::string_view(text).substr(a + 1), precision.activation_bits);
  } else {
    good = parse_bits(text, precision.weight_bits);
    precision.activation_bits = precision.weight_bits;
  }
  if (!good) {
    throw ConfigError(
        "a precision is not usable",
        {.where = "precision",
         .found = "'" + text + "'",
         .expected = fmt::format("bits for weights and activations, for instance 8 or w6a8, from {} to {}", kFewestBits, kMostBits),
         .hint = "2-bit weights are -1, 0 and 1 times a power of two (ternary); one bit would leave no zero, so nothing could be pruned"});
  }
  return precision;
}

}  // namespace snac::compress
