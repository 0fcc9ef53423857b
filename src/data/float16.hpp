// IEEE 754 binary16 <-> binary32 by bit arithmetic: the same on every compiler, and right where HDF5's own
// conversion is wrong (it halves values whose rounding carries into the next power of two).
#pragma once

#include <bit>
#include <cstdint>

namespace snac::data {

/// Exact. NaN stays NaN.
constexpr float half_to_float(std::uint16_t half) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  std::uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  if (mantissa == 0) return std::bit_cast<float>(sign);
  const int shift = std::countl_zero(mantissa) - 21;  // brings the leading one of a subnormal to bit 10
  mantissa = (mantissa << shift) & 0x3ffu;
  return std::bit_cast<float>(sign | (static_cast<std::uint32_t>(113 - shift) << 23) | (mantissa << 13));
}

/// Round to nearest, ties to even; |x| >= 65520 gives infinity.
constexpr std::uint16_t float_to_half(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint32_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65520 and above
  std::uint32_t result = 0, rest = 0, half_way = 0;
  if (magnitude >= 0x38800000u) {  // normal in binary16 (>= 2^-14)
    result = (magnitude - 0x38000000u) >> 13;
    rest = magnitude & 0x1fffu;
    half_way = 0x1000u;
  } else if (magnitude >= 0x33000000u) {                        // 2^-25 and above may round to a subnormal
    const int shift = 126 - static_cast<int>(magnitude >> 23);  // the result counts multiples of 2^-24
    const std::uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
    result = significand >> shift;
    rest = significand & ((1u << shift) - 1);
    half_way = 1u << (shift - 1);
  }
  // A carry runs from the mantissa into the exponent by itself: that is the next power of two.
  if (rest > half_way || (rest == half_way && half_way != 0 && (result & 1u))) ++result;
  return static_cast<std::uint16_t>(sign | result);
}

}  // namespace snac::data
