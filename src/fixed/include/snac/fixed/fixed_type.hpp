// Fixed-point types with the semantics of Vitis ap_fixed / ap_ufixed (AMD UG1399, "Arbitrary precision fixed-point types").
// value = raw * 2^-(width - integer_bits). Rounding first, then overflow.
#pragma once

#include <cstdint>
#include <string>

namespace snac::fixed {

/// What happens to bits below the grid. Results for 2.5, 3.5, -2.5, -3.5 with no fraction bits left:
enum class Rounding {
  trn,          ///< floor:                        2,  3, -3, -4
  trn_zero,     ///< toward zero:                  2,  3, -2, -3
  rnd,          ///< half up:                      3,  4, -2, -3
  rnd_zero,     ///< nearest, half toward zero:    2,  3, -2, -3
  rnd_inf,      ///< nearest, half away from zero: 3,  4, -3, -4
  rnd_min_inf,  ///< nearest, half down:           2,  3, -3, -4
  rnd_conv      ///< nearest, half to even:        2,  4, -2, -4
};
/// What happens to values outside the range.
enum class Overflow {
  wrap,     ///< keep the low bits (two's complement)
  sat,      ///< nearest end of the range; a negative value into an unsigned type gives 0
  sat_zero, ///< 0
  sat_sym   ///< as sat, but a signed type's lowest value is -highest
};

struct FixedType {
  int width = 8;         ///< W, 1..63
  int integer_bits = 8;  ///< I, including the sign bit of a signed type; may be < 0 or > W
  bool is_signed = true;
  Rounding rounding = Rounding::trn;
  Overflow overflow = Overflow::wrap;
  bool operator==(const FixedType&) const = default;

  int fraction_bits() const noexcept { return width - integer_bits; }
  std::int64_t min_raw() const noexcept;  ///< sat_sym does not narrow this: it is what the bits can hold
  std::int64_t max_raw() const noexcept;
};

/// "fixed<12,4>", "ufixed<8,2,RND,SAT>"; the modes may be left out (TRN, WRAP) and are case-insensitive; also accepts the ap_ prefix.
std::string to_string(const FixedType& type);
/// @throws ConfigError saying what was found and showing the form.
FixedType fixed_type_from_string(const std::string& text);

/// The integer that holds raw * 2^-fraction_bits after rounding and overflow into `type`.
/// `raw` may be any 64-bit integer; shifts beyond 63 bits are handled.
std::int64_t cast_raw(std::int64_t raw, int fraction_bits, const FixedType& type);

/// The integer of a real number. NaN -> 0, infinities saturate or wrap to 0. Exact for |value * 2^f| < 2^62.
std::int64_t cast_real(double value, const FixedType& type);
double to_real(std::int64_t raw, const FixedType& type);

}  // namespace snac::fixed
