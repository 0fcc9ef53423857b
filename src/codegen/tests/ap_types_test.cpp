// Our ap_fixed headers against fixed::cast_raw, mode by mode. They are compiled here as they stand in generated projects.
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>
#include <vector>

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#include "snac/core/rng.hpp"
#include "snac/fixed/fixed_type.hpp"

namespace snac::codegen {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

constexpr Rounding meaning(ap_q_mode mode) {
  switch (mode) {
    case AP_RND:
      return Rounding::rnd;
    case AP_RND_ZERO:
      return Rounding::rnd_zero;
    case AP_RND_MIN_INF:
      return Rounding::rnd_min_inf;
    case AP_RND_INF:
      return Rounding::rnd_inf;
    case AP_RND_CONV:
      return Rounding::rnd_conv;
    case AP_TRN:
      return Rounding::trn;
    case AP_TRN_ZERO:
      return Rounding::trn_zero;
  }
  return Rounding::trn;
}
constexpr Overflow meaning(ap_o_mode mode) {
  switch (mode) {
    case AP_SAT:
      return Overflow::sat;
    case AP_SAT_ZERO:
      return Overflow::sat_zero;
    case AP_SAT_SYM:
      return Overflow::sat_sym;
    case AP_WRAP:
      return Overflow::wrap;
  }
  return Overflow::wrap;
}

template <int W, int I, bool S, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP>
using Number = std::conditional_t<S, ap_fixed<W, I, Q, O>, ap_ufixed<W, I, Q, O>>;

template <int W, int I, bool S>
Number<W, I, S> number(std::int64_t raw) {
  Number<W, I, S> x;
  x.range() = ap_int<64>(raw);
  return x;
}

/// One mode of one target type, over the given raw integers of the source type.
template <int W2, int I2, bool S2, int W, int I, bool S, ap_q_mode Q, ap_o_mode O>
void check_mode(const std::vector<std::int64_t>& raws) {
  const FixedType target{W, I, S, meaning(Q), meaning(O)};
  for (const std::int64_t raw : raws) {
    const Number<W, I, S, Q, O> y(number<W2, I2, S2>(raw));
    ASSERT_EQ(static_cast<std::int64_t>(y.raw()), fixed::cast_raw(raw, W2 - I2, target))
        << raw << " * 2^-" << W2 - I2 << " to " << fixed::to_string(target);
  }
}

constexpr int kQs = 7, kOs = 4;

template <int W2, int I2, bool S2, int W, int I, bool S, int... modes>
void check_modes(const std::vector<std::int64_t>& raws, std::integer_sequence<int, modes...>) {
  (check_mode<W2, I2, S2, W, I, S, static_cast<ap_q_mode>(modes % kQs), static_cast<ap_o_mode>(modes / kQs)>(raws), ...);
}

/// All 28 modes into a signed and an unsigned type.
template <int W2, int I2, bool S2, int W, int I>
void check_all(const std::vector<std::int64_t>& raws) {
  constexpr auto kModes = std::make_integer_sequence<int, kQs * kOs>();
  check_modes<W2, I2, S2, W, I, true>(raws, kModes);
  check_modes<W2, I2, S2, W, I, false>(raws, kModes);
}

std::vector<std::int64_t> all_of(int width, bool is_signed) {
  const FixedType type{width, width, is_signed};
  std::vector<std::int64_t> raws;
  for (std::int64_t raw = type.min_raw(); raw <= type.max_raw(); ++raw) raws.push_back(raw);
  return raws;
}

std::vector<std::int64_t> some_of(int width, bool is_signed) {
  const FixedType type{width, width, is_signed};
  std::vector<std::int64_t> raws{type.min_raw(), type.min_raw() + 1, 0, 1, type.max_raw() - 1, type.max_raw()};
  Rng rng(7);
  for (int k = 0; k < 300; ++k) {
    const std::int64_t raw = type.min_raw() + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(type.max_raw()) + 1));
    raws.push_back(raw);
    raws.push_back(raw & ~((std::int64_t{1} << rng.below(static_cast<std::uint64_t>(width))) - 1));  // ties are rare otherwise
  }
  return raws;
}

TEST(ApTypes, every_mode_casts_every_small_number_like_cast_raw) {
  check_all<8, 3, true, 5, 2>(all_of(8, true));
  check_all<8, 3, false, 5, 2>(all_of(8, false));
  check_all<8, 3, true, 1, 1>(all_of(8, true));
  check_all<8, 3, true, 4, 7>(all_of(8, true));     // integer bits beyond the width
  check_all<8, 3, false, 4, -1>(all_of(8, false));  // no integer bits at all
  check_all<6, 3, true, 12, 5>(all_of(6, true));    // nothing is lost
}

TEST(ApTypes, every_mode_casts_wide_numbers_like_cast_raw) {
  check_all<63, 30, true, 40, 12>(some_of(63, true));
  check_all<63, 30, false, 63, 20>(some_of(63, false));
  check_all<30, 10, true, 62, 3>(some_of(30, true));
}

TEST(ApTypes, every_mode_casts_far_away_grids_like_cast_raw) {
  check_all<8, -200, true, 6, 3>(all_of(8, true));  // everything is below half a step
  check_all<8, 200, true, 6, 3>(all_of(8, true));   // everything but zero overflows
  check_all<8, -60, true, 6, 3>(all_of(8, true));
  check_all<8, 70, false, 6, 3>(all_of(8, false));
}

TEST(ApTypes, real_numbers_become_the_integers_of_cast_real) {
  Rng rng(3);
  using T = ap_fixed<9, 4, AP_RND_CONV, AP_SAT>;
  using U = ap_ufixed<9, -2, AP_TRN_ZERO, AP_WRAP>;
  for (int k = 0; k < 2000; ++k) {
    const double value = k < 64 ? (k - 32) / 64.0 : rng.normal() * 10;
    EXPECT_EQ(T(value).raw(), fixed::cast_real(value, {9, 4, true, Rounding::rnd_conv, Overflow::sat})) << value;
    EXPECT_EQ(U(value).raw(), fixed::cast_real(value, {9, -2, false, Rounding::trn_zero, Overflow::wrap})) << value;
    EXPECT_EQ(T(k - 1000).raw(), fixed::cast_raw(k - 1000, 0, {9, 4, true, Rounding::rnd_conv, Overflow::sat}));
  }
}

template <class T, int W, int I, bool S>
constexpr bool kIs = std::is_same_v<T, ap_fixed_base<W, I, S, AP_TRN, AP_WRAP, 0>>;

TEST(ApTypes, results_of_arithmetic_have_the_widths_of_the_standard) {
  const ap_fixed<6, 1> s;
  const ap_ufixed<6, 2> u;
  static_assert(kIs<decltype(u * s), 12, 3, true>);
  static_assert(kIs<decltype(u * u), 12, 4, false>);
  static_assert(kIs<decltype(s + s), 7, 2, true>);
  static_assert(kIs<decltype(u + u), 7, 3, false>);
  static_assert(kIs<decltype(s + u), 9, 4, true>);  // the unsigned one needs a sign first
  static_assert(kIs<decltype(u - u), 7, 3, true>);
  static_assert(kIs<decltype(-u), 7, 3, true>);
  const ap_int<5> a;
  const ap_uint<7> b;
  static_assert(decltype(a * b)::width == 12 && decltype(a + b)::width == 9 && decltype(b - b)::width == 8);
}

TEST(ApTypes, arithmetic_is_exact) {
  Rng rng(11);
  for (int k = 0; k < 2000; ++k) {
    const auto a = static_cast<std::int64_t>(rng.below(4096)) - 2048;
    const auto b = static_cast<std::int64_t>(rng.below(1024));
    const auto x = number<12, 5, true>(a);   // 7 fraction bits
    const auto y = number<10, 1, false>(b);  // 9 fraction bits
    EXPECT_EQ((x * y).raw(), a * b);
    EXPECT_EQ((x + y).raw(), a * 4 + b);
    EXPECT_EQ((x - y).raw(), a * 4 - b);
    EXPECT_EQ((-x).raw(), -a);
    EXPECT_EQ(x < y, a * 4 < b);
    EXPECT_EQ(x >= y, a * 4 >= b);
    EXPECT_EQ(x == y, a * 4 == b);
    Number<12, 5, true> sum = x;
    sum += y;  // floors to 7 fraction bits, wraps
    EXPECT_EQ(sum.raw(), fixed::cast_raw(a * 4 + b, 9, {12, 5, true}));
    EXPECT_EQ((ap_int<12>(a) - ap_uint<10>(b)).to_int64(), a - b);
  }
  const auto wide = number<63, 63, true>(-(std::int64_t{1} << 62));
  EXPECT_EQ(static_cast<std::int64_t>((wide * wide).raw() >> 120), 16);
}

TEST(ApTypes, range_reads_and_sets_all_bits) {
  ap_fixed<8, 3, AP_RND, AP_SAT_SYM> x;
  x.range() = ap_uint<8>(0x80);
  EXPECT_EQ(x.raw(), -128);  // bits as they are, no saturation
  const ap_uint<8> bits = x.range();
  EXPECT_EQ(bits.to_uint64(), 0x80U);
  EXPECT_EQ(ap_int<8>(bits).to_int64(), -128);
  EXPECT_EQ(ap_uint<3>(13).to_int(), 5);
}

TEST(ApTypes, streams_are_queues_that_refuse_to_read_when_empty) {
  hls::stream<int> stream("words");
  stream.write(1);
  stream << 2;
  int second = 0;
  EXPECT_EQ(stream.read(), 1);
  stream >> second;
  EXPECT_EQ(second, 2);
  EXPECT_TRUE(stream.empty());
  EXPECT_THROW(stream.read(), std::runtime_error);
}

}  // namespace
}  // namespace snac::codegen
