#include "snac/fixed/fixed_type.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "rational_model.hpp"
#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"
#include "snac/fixed/caster.hpp"

namespace snac::fixed {
namespace {

constexpr std::array kRoundings{Rounding::trn,     Rounding::trn_zero,    Rounding::rnd,     Rounding::rnd_zero,
                                Rounding::rnd_inf, Rounding::rnd_min_inf, Rounding::rnd_conv};
constexpr std::array kOverflows{Overflow::wrap, Overflow::sat, Overflow::sat_zero, Overflow::sat_sym};
constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min(), kHighest = std::numeric_limits<std::int64_t>::max();

/// Integers of every magnitude with runs of equal bits, where carries and ties live.
std::int64_t random_raw(Rng& rng) {
  std::uint64_t bits = rng.next() >> rng.below(64);
  if (rng.chance(0.5)) bits &= ~std::uint64_t{0} << rng.below(64);
  if (rng.chance(0.25)) bits += rng.below(3) - 1;
  if (rng.chance(0.5)) bits = 0 - bits;
  return static_cast<std::int64_t>(bits);
}

TEST(FixedType, documented_rounding_examples) {
  const struct {
    Rounding rounding;
    std::array<std::int64_t, 4> expected;
  } cases[] = {{Rounding::trn, {2, 3, -3, -4}},      {Rounding::trn_zero, {2, 3, -2, -3}}, {Rounding::rnd, {3, 4, -2, -3}},
               {Rounding::rnd_zero, {2, 3, -2, -3}}, {Rounding::rnd_inf, {3, 4, -3, -4}},  {Rounding::rnd_min_inf, {2, 3, -3, -4}},
               {Rounding::rnd_conv, {2, 4, -2, -4}}};
  for (const auto& [rounding, expected] : cases) {
    const FixedType type{8, 8, true, rounding, Overflow::wrap};
    const std::array<double, 4> values{2.5, 3.5, -2.5, -3.5};
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(cast_real(values[i], type), expected[i]) << to_string(type) << " of " << values[i];
      EXPECT_EQ(cast_raw(static_cast<std::int64_t>(values[i] * 2), 1, type), expected[i]) << to_string(type) << " of " << values[i];
    }
  }
}

TEST(FixedType, documented_overflow_examples) {
  const auto cast = [](std::int64_t raw, bool is_signed, Overflow overflow) {
    return cast_raw(raw, 0, {4, 4, is_signed, Rounding::trn, overflow});
  };
  EXPECT_EQ(cast(9, true, Overflow::wrap), -7);
  EXPECT_EQ(cast(-9, true, Overflow::wrap), 7);
  EXPECT_EQ(cast(-1, false, Overflow::wrap), 15);
  EXPECT_EQ(cast(9, true, Overflow::sat), 7);
  EXPECT_EQ(cast(-9, true, Overflow::sat), -8);
  EXPECT_EQ(cast(-9, false, Overflow::sat), 0);
  EXPECT_EQ(cast(16, false, Overflow::sat), 15);
  EXPECT_EQ(cast(-8, true, Overflow::sat_sym), -7);
  EXPECT_EQ(cast(-9, true, Overflow::sat_sym), -7);
  EXPECT_EQ(cast(16, false, Overflow::sat_sym), 15);
  EXPECT_EQ(cast_raw(-1, 0, {1, 1, true, Rounding::trn, Overflow::sat_sym}), -1);
  EXPECT_EQ(cast(8, true, Overflow::sat_zero), 0);
  EXPECT_EQ(cast(-8, true, Overflow::sat_zero), -8);
}

TEST(FixedType, rounding_comes_before_overflow) {
  EXPECT_EQ(cast_real(7.5, {4, 4, true, Rounding::rnd, Overflow::sat}), 7);
  EXPECT_EQ(cast_real(7.5, {4, 4, true, Rounding::rnd, Overflow::wrap}), -8);
  EXPECT_EQ(cast_real(-0.5, {4, 4, false, Rounding::rnd, Overflow::sat_zero}), 0);
  EXPECT_EQ(cast_real(-0.5, {4, 4, false, Rounding::trn, Overflow::wrap}), 15);
}

TEST(FixedType, ranges) {
  EXPECT_EQ((FixedType{8, 3, true}.min_raw()), -128);
  EXPECT_EQ((FixedType{8, 3, true}.max_raw()), 127);
  EXPECT_EQ((FixedType{8, 3, false}.min_raw()), 0);
  EXPECT_EQ((FixedType{8, 3, false}.max_raw()), 255);
  EXPECT_EQ((FixedType{1, 1, true}.min_raw()), -1);
  EXPECT_EQ((FixedType{1, 1, true}.max_raw()), 0);
  EXPECT_EQ((FixedType{63, 0, false}.max_raw()), kHighest);
  EXPECT_EQ((FixedType{63, 0, true}.min_raw()), kLowest / 2);
  EXPECT_TRUE((FixedType{63, -512, true}.valid()));
  EXPECT_FALSE((FixedType{0, 0, true}.valid()));
  EXPECT_FALSE((FixedType{64, 0, true}.valid()));
  EXPECT_FALSE((FixedType{8, 513, true}.valid()));
}

TEST(FixedType, every_small_cast_agrees_with_the_rational_model) {
  for (const bool is_signed : {true, false}) {
    for (const Rounding rounding : kRoundings) {
      for (const Overflow overflow : kOverflows) {
        for (const int width : {1, 2, 3, 4}) {
          for (const int integer_bits : {-3, 0, 1, 2, 4, 7}) {
            const FixedType type{width, integer_bits, is_signed, rounding, overflow};
            for (const int fraction_bits : {-1, 2, 4}) {
              for (std::int64_t raw = -40; raw <= 40; ++raw) {
                ASSERT_EQ(cast_raw(raw, fraction_bits, type), model_cast(scaled(Rational(raw), -fraction_bits), type))
                    << to_string(type) << " of " << raw << " * 2^" << -fraction_bits;
              }
            }
          }
        }
      }
    }
  }
}

TEST(FixedType, random_and_corner_casts_agree_with_the_rational_model) {
  const std::vector<std::int64_t> corners{kLowest, kLowest + 1,  kLowest / 2,      -2,           -1,      0, 1,
                                          2,       kHighest / 2, kHighest / 2 + 1, kHighest - 1, kHighest};
  Rng rng(11);
  int checked = 0;
  const auto check = [&](std::int64_t raw, int fraction_bits, const FixedType& type) {
    ASSERT_EQ(cast_raw(raw, fraction_bits, type), model_cast(scaled(Rational(raw), -fraction_bits), type))
        << to_string(type) << " of " << raw << " * 2^" << -fraction_bits;
    ++checked;
  };
  for (const bool is_signed : {true, false}) {
    for (const Rounding rounding : kRoundings) {
      for (const Overflow overflow : kOverflows) {
        for (const int width : {1, 2, 7, 8, 16, 31, 32, 33, 48, 62, 63}) {
          for (int i = 0; i < 380; ++i) {
            const FixedType type{width, static_cast<int>(rng.below(160)) - 48, is_signed, rounding, overflow};
            // Most shifts are near the width, where something is rounded and something is left.
            const int fraction_bits = type.fraction_bits() + static_cast<int>(rng.below(141)) - 70;
            const std::int64_t raw = i % 16 == 0 ? corners[rng.below(corners.size())] : random_raw(rng);
            ASSERT_NO_FATAL_FAILURE(check(raw, fraction_bits, type));
          }
        }
      }
    }
  }
  EXPECT_GE(checked, 200000);
}

TEST(FixedType, the_fast_cast_agrees_with_the_plain_one) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  const std::vector<std::int64_t> corners{-kLimit, -kLimit + 1, -2, -1, 0, 1, 2, kLimit - 1, kLimit};
  Rng rng(13);
  for (const bool is_signed : {true, false}) {
    for (const Rounding rounding : kRoundings) {
      for (const Overflow overflow : kOverflows) {
        for (const int width : {1, 2, 8, 13, 32, 62, 63}) {
          for (int drop = -66; drop <= 70; ++drop) {
            const FixedType type{width, static_cast<int>(rng.below(40)) - 9, is_signed, rounding, overflow};
            const int fraction_bits = type.fraction_bits() + drop;
            const Caster cast(fraction_bits, type);
            for (int i = 0; i < 12; ++i) {
              std::int64_t raw = i < 4 ? corners[rng.below(corners.size())] : random_raw(rng) / 2;
              if (i > 8 && drop > 0 && drop < 62) raw = (raw >> drop << drop) + (std::int64_t{1} << (drop - 1));  // a tie
              raw = std::clamp(raw, -kLimit, kLimit);
              ASSERT_EQ(cast(raw), cast_raw(raw, fraction_bits, type)) << to_string(type) << " of " << raw << " * 2^" << -fraction_bits;
            }
          }
        }
      }
    }
  }
}

TEST(FixedType, shifts_of_any_size_are_exact) {
  for (const int fraction_bits : {-1000000, -600, -64, -63, 62, 63, 64, 65, 66, 67, 128, 600, 1000000}) {
    for (const std::int64_t raw : {kLowest, std::int64_t{-3}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, kHighest}) {
      for (const Rounding rounding : kRoundings) {
        for (const Overflow overflow : kOverflows) {
          for (const FixedType& type : {FixedType{8, 8, true, rounding, overflow}, FixedType{63, 63, false, rounding, overflow}}) {
            const int model_bits =
                std::min(std::max(fraction_bits, -2000), 2000);  // the model's numbers stay small; nothing changes beyond
            EXPECT_EQ(cast_raw(raw, fraction_bits, type), model_cast(scaled(Rational(raw), -model_bits), type))
                << to_string(type) << " of " << raw << " * 2^" << -fraction_bits;
          }
        }
      }
    }
  }
  EXPECT_EQ(cast_raw(1, std::numeric_limits<int>::min(), {8, 512, true, Rounding::trn, Overflow::sat}), 127);
  EXPECT_EQ(cast_raw(-1, std::numeric_limits<int>::max(), {8, -512, true, Rounding::trn, Overflow::sat}), -1);
}

TEST(FixedType, real_casts_agree_with_the_rational_model) {
  const std::vector<double> corners{0.0, -0.0, 0.5, -0.5, 1.5, 5e-324, -5e-324, 2.2250738585072014e-308, 1e300, -1e300, 9007199254740993.0,
                                    0.1, -0.3};
  Rng rng(12);
  for (const bool is_signed : {true, false}) {
    for (const Rounding rounding : kRoundings) {
      for (const Overflow overflow : kOverflows) {
        for (int i = 0; i < 600; ++i) {
          const FixedType type{static_cast<int>(rng.below(63)) + 1, static_cast<int>(rng.below(80)) - 20, is_signed, rounding, overflow};
          double value = rng.normal() * std::ldexp(1.0, static_cast<int>(rng.below(100)) - 50);
          if (rng.chance(0.4)) value = std::ldexp(std::round(rng.normal() * 40) + 0.5, -type.fraction_bits());  // a tie
          if (rng.chance(0.1)) value = corners[rng.below(corners.size())];
          ASSERT_EQ(cast_real(value, type), model_cast(exact(value), type)) << to_string(type) << " of " << value;
        }
      }
    }
  }
}

TEST(FixedType, numbers_that_are_not_finite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Rounding rounding : kRoundings) {
    EXPECT_EQ(cast_real(std::nan(""), {8, 4, true, rounding, Overflow::sat}), 0);
    EXPECT_EQ(cast_real(infinity, {8, 4, true, rounding, Overflow::sat}), 127);
    EXPECT_EQ(cast_real(-infinity, {8, 4, true, rounding, Overflow::sat}), -128);
    EXPECT_EQ(cast_real(-infinity, {8, 4, true, rounding, Overflow::sat_sym}), -127);
    EXPECT_EQ(cast_real(-infinity, {8, 4, false, rounding, Overflow::sat}), 0);
    EXPECT_EQ(cast_real(infinity, {8, 4, true, rounding, Overflow::wrap}), 0);
    EXPECT_EQ(cast_real(-infinity, {8, 512, false, rounding, Overflow::sat_zero}), 0);
  }
}

TEST(FixedType, every_value_of_a_type_goes_to_a_real_number_and_back) {
  for (const bool is_signed : {true, false}) {
    for (const int integer_bits : {-512, -3, 0, 4, 8, 20, 512}) {
      const FixedType type{8, integer_bits, is_signed, Rounding::trn, Overflow::wrap};
      for (std::int64_t raw = type.min_raw(); raw <= type.max_raw(); ++raw) {
        EXPECT_EQ(cast_real(to_real(raw, type), type), raw);
        EXPECT_EQ(cast_raw(raw, type.fraction_bits(), type), raw);
      }
    }
  }
  EXPECT_EQ(to_real(-40, (FixedType{8, 4, true})), -2.5);
}

TEST(FixedType, text_round_trip_of_every_mode) {
  for (const bool is_signed : {true, false}) {
    for (const Rounding rounding : kRoundings) {
      for (const Overflow overflow : kOverflows) {
        const FixedType type{12, -4, is_signed, rounding, overflow};
        EXPECT_EQ(fixed_type_from_string(to_string(type)), type) << to_string(type);
      }
    }
  }
  EXPECT_EQ(to_string({12, 4, true}), "fixed<12,4>");
  EXPECT_EQ(to_string({8, 2, false, Rounding::rnd}), "ufixed<8,2,RND>");
  EXPECT_EQ(to_string({8, 2, false, Rounding::trn, Overflow::sat}), "ufixed<8,2,TRN,SAT>");
}

TEST(FixedType, spaces_case_and_vitis_prefixes_are_read) {
  const FixedType type{8, 2, false, Rounding::rnd, Overflow::sat};
  for (const char* text :
       {"ufixed<8,2,RND,SAT>", "ap_ufixed<8,2,AP_RND,AP_SAT>", "  ap_ufixed < 8 , 2 , ap_rnd , Ap_Sat , 0 > ", "UFixed<8,2,rnd,sat>"}) {
    EXPECT_EQ(fixed_type_from_string(text), type) << text;
  }
  EXPECT_EQ(fixed_type_from_string("fixed<12,4>"), (FixedType{12, 4, true, Rounding::trn, Overflow::wrap}));
  EXPECT_EQ(fixed_type_from_string("fixed<4,-3>"), (FixedType{4, -3, true}));
}

TEST(FixedType, wrong_texts_are_explained) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {{"", "fixed<W,I>"},
               {"fixed", "fixed<W,I>"},
               {"fixed<8,2", "fixed<W,I>"},
               {"fixed<8,2>x", "fixed<W,I>"},
               {"fixd<8,2>", "did you mean 'fixed'?"},
               {"float<8,2>", "ufixed"},
               {"fixed<0,0>", "total bits W from 1 to 63"},
               {"fixed<64,2>", "total bits W = '64'"},
               {"fixed<-8,2>", "total bits W from 1 to 63"},
               {"fixed<8,513>", "integer bits I from -512 to 512"},
               {"fixed<8,2.5>", "integer bits I = '2.5'"},
               {"fixed<8,>", "integer bits I = ''"},
               {"fixed<8>", "1 value between"},
               {"fixed<8,2,RND,SAT,0,0>", "6 values between"},
               {"fixed<99999999999999999999,2>", "total bits W"},
               {"fixed<8,2,RND_COMV>", "did you mean 'RND_CONV'?"},
               {"fixed<8,2,ROUND,SAT>", "did you mean 'RND'?"},
               {"fixed<8,2,RND,SATURATE>", "WRAP, SAT, SAT_ZERO, SAT_SYM"},
               {"fixed<8,2,RND,AP_SAT_SYMM>", "did you mean 'SAT_SYM'?"},
               {"fixed<8,2,RND,SAT,1>", "saturation bits N = 0"}};
  for (const auto& [text, says] : cases) {
    try {
      fixed_type_from_string(text);
      FAIL() << "expected a ConfigError for " << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << text << " gives: " << error.what();
    }
  }
  EXPECT_THROW(fixed_type_from_string(std::string(100000, '<')), ConfigError);
  EXPECT_THROW(fixed_type_from_string("fixed<8,2" + std::string(100000, ',') + ">"), ConfigError);
}

}  // namespace
}  // namespace snac::fixed
