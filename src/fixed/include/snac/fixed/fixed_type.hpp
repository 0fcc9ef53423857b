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
  wrap,      ///< keep the low bits (two's complement)
  sat,       ///< nearest end of the range; a negative value into an unsigned type gives 0
  sat_zero,  ///< 0
  sat_sym    ///< as sat, but a signed type's lowest value is -highest (a single signed bit keeps -1, as in Vitis)
};

inline constexpr int kMaxWidth = 63;
inline constexpr int kMaxIntegerBits = 512;  ///< |I| at most: every value is then a normal double

struct FixedType {
  int width = 8;         ///< W, 1..kMaxWidth
  int integer_bits = 8;  ///< I, including the sign bit of a signed type; may be < 0 or > W
  bool is_signed = true;
  Rounding rounding = Rounding::trn;
  Overflow overflow = Overflow::wrap;
  bool operator==(const FixedType&) const = default;

  int fraction_bits() const noexcept { return width - integer_bits; }
  /// Width and integer bits lie in their ranges; the functions below expect that.
  bool valid() const noexcept;
  std::int64_t min_raw() const noexcept;  ///< sat_sym does not narrow this: it is what the bits can hold
  std::int64_t max_raw() const noexcept;
  std::int64_t lowest_raw() const noexcept;  ///< the lowest integer a cast gives: min_raw() but for a signed sat_sym type
};

/// "RND_CONV", "SAT": the names of Vitis without the AP_ in front.
std::string to_string(Rounding rounding);
std::string to_string(Overflow overflow);

/// "fixed<12,4>", "ufixed<8,2,RND,SAT>"; modes that are the default (TRN, WRAP) are left out at the end.
std::string to_string(const FixedType& type);
/// Reads that form; also with spaces, in any case, with ap_ and AP_ in front, as ap_ufixed<8, 2, AP_RND, AP_SAT, 0>.
/// @throws ConfigError saying what was found and showing the form.
FixedType fixed_type_from_string(const std::string& text);

/// The integer that holds raw * 2^-fraction_bits after rounding and overflow into `type`.
/// Exact for any 64-bit integer and any number of fraction bits, negative ones included.
std::int64_t cast_raw(std::int64_t raw, int fraction_bits, const FixedType& type);

/// The integer of a real number. Exact for every finite number: a double is an integer times a power of two.
/// NaN gives 0. Infinities give what a huge value of that sign gives: an end of the range, or 0 for wrap and sat_zero.
std::int64_t cast_real(double value, const FixedType& type);
/// Exact for |raw| <= 2^53, else the nearest double.
double to_real(std::int64_t raw, const FixedType& type);

}  // namespace snac::fixed
