// The semantics of fixed-point casts on rational numbers of any size, written from their definitions in words.
// It shares no step with the implementation that it judges.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdint>

#include "snac/fixed/fixed_type.hpp"

namespace snac::fixed {

using Big = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

inline Big power_of_two(int exponent) { return Big(1) << exponent; }

inline Rational scaled(const Rational& value, int exponent) {
  return exponent >= 0 ? Rational(value * Rational(power_of_two(exponent))) : Rational(value / Rational(power_of_two(-exponent)));
}

inline Big floor_of(const Rational& value) {
  const Big n = numerator(value), d = denominator(value);
  Big quotient = n / d;  // toward zero
  if (n < 0 && quotient * d != n) quotient -= 1;
  return quotient;
}

inline Big model_round(const Rational& value, Rounding rounding) {
  const Big low = floor_of(value);
  if (Rational(low) == value) return low;
  const Big high = low + 1;
  if (rounding == Rounding::trn) return low;
  if (rounding == Rounding::trn_zero) return value < 0 ? high : low;
  const Rational to_low = value - Rational(low), to_high = Rational(high) - value;
  if (to_low < to_high) return low;
  if (to_high < to_low) return high;
  const bool low_is_nearer_zero = abs(low) < abs(high);
  switch (rounding) {
    case Rounding::rnd:
      return high;
    case Rounding::rnd_min_inf:
      return low;
    case Rounding::rnd_zero:
      return low_is_nearer_zero ? low : high;
    case Rounding::rnd_inf:
      return low_is_nearer_zero ? high : low;
    case Rounding::rnd_conv:
      return low % 2 == 0 ? low : high;
    case Rounding::trn:
    case Rounding::trn_zero:
      break;
  }
  return low;
}

inline Big model_fit(const Big& value, const FixedType& type) {
  const Big count = power_of_two(type.width);
  const Big max = type.is_signed ? Big(count / 2 - 1) : Big(count - 1);
  Big min = type.is_signed ? Big(-(count / 2)) : Big(0);
  if (type.overflow == Overflow::sat_sym && type.is_signed && type.width > 1) min = -max;  // ap_fixed sets the lowest bit of min
  if (value >= min && value <= max) return value;
  if (type.overflow == Overflow::sat_zero) return 0;
  if (type.overflow != Overflow::wrap) return value < min ? min : max;
  Big low_bits = value % count;  // sign of the dividend
  if (low_bits < 0) low_bits += count;
  return low_bits > max ? Big(low_bits - count) : low_bits;
}

inline std::int64_t model_cast(const Rational& value, const FixedType& type) {
  const Rational on_grid = scaled(value, type.fraction_bits());
  return static_cast<std::int64_t>(model_fit(model_round(on_grid, type.rounding), type));
}

inline Rational exact(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return scaled(Rational(Big(static_cast<std::int64_t>(mantissa * 9007199254740992.0))), exponent - 53);
}

}  // namespace snac::fixed
