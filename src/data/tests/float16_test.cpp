#include "../float16.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "../element.hpp"
#include "snac/core/rng.hpp"

namespace snac::data {
namespace {

/// The definition in IEEE 754, table 3.5, in double precision.
double half_by_definition(std::uint16_t half) {
  const int exponent = (half >> 10) & 31, mantissa = half & 1023;
  const double sign = half & 0x8000 ? -1 : 1;
  if (exponent == 31) return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  return exponent == 0 ? sign * std::ldexp(mantissa, -24) : sign * std::ldexp(1024 + mantissa, exponent - 25);
}

/// The nearest half by search among all finite ones, ties to the even pattern.
std::uint16_t half_by_search(float value) {
  const double x = std::abs(static_cast<double>(value));
  std::uint16_t low = 0, high = 0x7c00;  // half_by_definition(low) <= x < half_by_definition(high)
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (half_by_definition(middle) <= x ? low : high) = middle;
  }
  const double above = high == 0x7c00 ? 65536.0 : half_by_definition(high);
  const double to_low = x - half_by_definition(low), to_high = above - x;
  const bool up = to_high < to_low || (to_high == to_low && (low & 1));
  return static_cast<std::uint16_t>((up ? high : low) | (std::signbit(value) ? 0x8000 : 0));
}

TEST(Float16, every_pattern_decodes_by_the_definition_and_encodes_back) {
  for (unsigned pattern = 0; pattern < 65536; ++pattern) {
    const auto half = static_cast<std::uint16_t>(pattern);
    const float value = half_to_float(half);
    const double expected = half_by_definition(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value))));
      continue;
    }
    ASSERT_EQ(static_cast<double>(value), expected) << pattern;
    ASSERT_EQ(std::signbit(value), pattern >= 32768) << pattern;
    ASSERT_EQ(float_to_half(value), half) << pattern;
  }
}

TEST(Float16, encoding_gives_the_nearest_value_with_ties_to_even) {
  Rng rng(5);
  std::vector<float> values;
  for (unsigned pattern = 0; pattern < 0x7c00; ++pattern) {  // the middle between neighbours, and one step beside it
    const double low = half_by_definition(static_cast<std::uint16_t>(pattern));
    const double high = pattern == 0x7bff ? 65536.0 : half_by_definition(static_cast<std::uint16_t>(pattern + 1));
    const auto middle = static_cast<float>((low + high) / 2);
    for (const float x : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)}) values.push_back(x);
  }
  for (int i = 0; i < 20000; ++i)
    values.push_back(static_cast<float>(rng.normal() * std::ldexp(1.0, static_cast<int>(rng.below(44)) - 27)));
  for (const float x : values) {
    ASSERT_EQ(float_to_half(x), half_by_search(x)) << x;
    ASSERT_EQ(float_to_half(-x), half_by_search(-x)) << x;
  }
}

TEST(Float16, rounding_up_to_a_power_of_two_does_not_halve_the_value) {
  // HDF5 1.10 turns 1.9999 into 1 here.
  EXPECT_EQ(half_to_float(float_to_half(1.9999f)), 2.0f);
  EXPECT_EQ(half_to_float(float_to_half(1023.9f)), 1024.0f);
  EXPECT_EQ(half_to_float(float_to_half(-0.24999f)), -0.25f);
  EXPECT_EQ(half_to_float(float_to_half(6.1033e-5f)), 6.103515625e-5f);  // the largest subnormals round to the smallest normal
}

TEST(Float16, ends_of_the_range) {
  EXPECT_EQ(float_to_half(65504.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65519.996f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_EQ(float_to_half(std::ldexp(1.0f, -25)), 0);  // a tie between 0 and the smallest subnormal: 0 is even
  EXPECT_EQ(float_to_half(std::nextafter(std::ldexp(1.0f, -25), 1.0f)), 1);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Element, both_byte_orders_decode_to_the_same_numbers) {
  const std::array<std::byte, 4> little{std::byte{0x00}, std::byte{0x3c}, std::byte{0x01}, std::byte{0x80}};  // 1.0, -2^-24
  const std::array<std::byte, 4> big{std::byte{0x3c}, std::byte{0x00}, std::byte{0x80}, std::byte{0x01}};
  std::array<float, 2> a{}, b{};
  decode({Element::float16, false}, little.data(), a);
  decode({Element::float16, true}, big.data(), b);
  EXPECT_EQ(a, (std::array<float, 2>{1.0f, -std::ldexp(1.0f, -24)}));
  EXPECT_EQ(a, b);
  std::array<double, 1> number{};
  decode({Element::int32, true}, big.data(), number);
  EXPECT_EQ(number[0], 0x3c008001);
}

TEST(Element, doubles_beyond_float_become_infinite_without_undefined_casts) {
  const std::array<double, 3> values{1e300, -1e39, 3e38};
  std::array<float, 3> out{};
  decode({Element::float64, false}, reinterpret_cast<const std::byte*>(values.data()), out);
  EXPECT_EQ(out[0], std::numeric_limits<float>::infinity());
  EXPECT_EQ(out[1], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(out[2], 3e38f);
}

}  // namespace
}  // namespace snac::data
