#include "grid.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace snac::exchange {

int fraction_bits_of(std::span<const double> values) {
  int finest = std::numeric_limits<int>::min();
  for (const double value : values) {
    if (value == 0) continue;
    int exponent = 0;
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(std::abs(std::frexp(value, &exponent)), 53));
    finest = std::max(finest, 53 - exponent - std::countr_zero(mantissa));
  }
  return finest;
}

bool power_of_two(double value, int& fraction_bits) {
  if (!(value > 0) || !std::isfinite(value)) return false;
  int exponent = 0;
  if (std::frexp(value, &exponent) != 0.5) return false;
  fraction_bits = 1 - exponent;
  return true;
}

bool to_integer(double value, int fraction_bits, std::int64_t& raw) {
  const double scaled = std::ldexp(value, fraction_bits);
  if (!(std::abs(scaled) < 0x1p62) || scaled != std::floor(scaled)) return false;
  raw = static_cast<std::int64_t>(scaled);
  return true;
}

int signed_width(std::span<const std::int64_t> values) {
  int width = 2;
  for (const std::int64_t v : values) {
    const auto magnitude = static_cast<std::uint64_t>(v < 0 ? ~v : v);
    width = std::max(width, static_cast<int>(std::bit_width(magnitude)) + 1);
  }
  return width;
}

}  // namespace snac::exchange
