#include "hls_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "snac/core/error.hpp"
#include "verilog_text.hpp"

namespace snac::codegen {
namespace {

/// Keywords and alternative tokens of C++17 that Verilog does not know, and names of the project's own.
constexpr std::string_view kReserved =
    " "
    "alignas alignof and_eq asm auto bitand bitor bool catch char char16_t char32_t char8_t compl concept consteval constexpr constinit "
    "const_cast continue co_await co_return co_yield decltype delete double dynamic_cast explicit export false float friend goto inline "
    "int long mutable namespace new noexcept not_eq nullptr operator or_eq private public register reinterpret_cast requires short "
    "sizeof static_assert static_cast switch template thread_local throw true try typeid typename unsigned using volatile wchar_t "
    "xor_eq main snac snac_ap std hls nnet ap_fixed ap_ufixed ap_int ap_uint types layers snac_kernels input_t input_vector_t "
    "result_t result_vector_t input output testbench linux unix ";

/// Numbers with more fraction or integer bits than this are no normal doubles.
constexpr int kMaxExponent = 900;

int bits_of(std::int64_t value) {  // of |value| or, for a negative one, without the sign bit
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value < 0 ? ~value : value)));
}

std::string double_text(std::int64_t raw, int fraction_bits) {
  std::string text = fmt::format("{}", std::ldexp(static_cast<double>(raw), -fraction_bits));  // shortest that reads back the same
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string type_text(const Carrier& carrier) {
  return fmt::format("ap_{}fixed<{}, {}>", carrier.is_signed ? "" : "u", carrier.width, carrier.integer_bits);
}

std::string type_text(const fixed::FixedType& type) {
  return fmt::format("ap_{}fixed<{}, {}, AP_{}, AP_{}>", type.is_signed ? "" : "u", type.width, type.integer_bits,
                     fixed::to_string(type.rounding), fixed::to_string(type.overflow));
}

Carrier narrowest(std::int64_t low, std::int64_t high, int fraction_bits) {
  const bool is_signed = low < 0;
  const int width = std::max(1, std::max(bits_of(low), bits_of(high)) + (is_signed ? 1 : 0));
  return {.width = width, .integer_bits = width - fraction_bits, .is_signed = is_signed};
}

std::string value_text(std::int64_t raw, int fraction_bits, const std::string& type, const std::string& where) {
  if (std::abs(fraction_bits) > kMaxExponent && raw != 0) {
    throw DataError("a number cannot be written to an HLS project", {.where = where,
                                                                     .found = fmt::format("{} fraction bits", fraction_bits),
                                                                     .expected = fmt::format("-{0} to {0}", kMaxExponent),
                                                                     .hint = {}});
  }
  if (raw == 0) return "0.0";
  constexpr int kMantissa = 53;
  if (bits_of(raw) <= kMantissa) return double_text(raw, fraction_bits);
  const std::int64_t high = raw >> 32, low = raw - (high << 32);
  return fmt::format("{0}({0}({1}) + {0}({2}))", type, double_text(high, fraction_bits - 32), double_text(low, fraction_bits));
}

std::string as_safe_comment(std::string_view text) {
  std::string result = as_comment(text);
  std::replace(result.begin(), result.end(), '?', '.');  // "??/" is a backslash to a strict C++14 compiler
  return result;
}

void check_top_name(std::string_view name) {
  check_identifier(name, "top function");
  const bool reserved = kReserved.find(fmt::format(" {} ", name)) != std::string_view::npos;
  const auto starts = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (reserved || starts("_") || starts("layer") || starts("AP_") || name.find("__") != std::string_view::npos) {
    throw ConfigError("not a name for a top function", {.where = "top function",
                                                        .found = fmt::format("'{}'", name),
                                                        .expected = "a name that neither C++ nor the project uses itself",
                                                        .hint = "for instance snac_hls"});
  }
}

}  // namespace snac::codegen
