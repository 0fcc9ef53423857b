// The pieces of HLS C++ text: types, exact literals, comments, names. Private to the HLS printers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "snac/fixed/fixed_type.hpp"

namespace snac::codegen {

/// A fixed-point type that only carries values: bits are never dropped when it is assigned.
/// Wider than a fixed::FixedType may be, hence of its own.
struct Carrier {
  int width = 1;
  int integer_bits = 1;  ///< including the sign
  bool is_signed = true;
  int fraction_bits() const noexcept { return width - integer_bits; }
  bool operator==(const Carrier&) const = default;
};

/// "ap_fixed<8, 2>".
std::string type_text(const Carrier& carrier);
/// "ap_ufixed<8, 2, AP_RND, AP_SAT>": the type with its modes, for casts.
std::string type_text(const fixed::FixedType& type);

/// The narrowest carrier of all integers low .. high on a grid of `fraction_bits`; unsigned if low >= 0.
Carrier narrowest(std::int64_t low, std::int64_t high, int fraction_bits);

/// raw * 2^-fraction_bits as a C++ expression whose value is exact: a double, or the sum of two for more than 53 bits, converted to
/// `type` (the name of a type that holds it).
/// @throws DataError naming `where` if the value is outside the normal doubles.
std::string value_text(std::int64_t raw, int fraction_bits, const std::string& type, const std::string& where);

/// Any text as part of one comment line in C++, Tcl and shell alike.
std::string as_safe_comment(std::string_view text);

/// A name for the function to synthesise: an identifier in C++ and Verilog that the project does not use itself.
/// @throws ConfigError.
void check_top_name(std::string_view name);

}  // namespace snac::codegen
