#include "snac/fixed/fixed_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "snac/core/error.hpp"

namespace snac::fixed {
namespace {

__extension__ using Wide = __int128;  // the one type that holds a 64-bit integer shifted by up to 63

template <class Mode>
struct Named {
  std::string_view name;
  Mode mode;
};
constexpr std::array<Named<Rounding>, 7> kRoundings{{{"TRN", Rounding::trn},
                                                     {"TRN_ZERO", Rounding::trn_zero},
                                                     {"RND", Rounding::rnd},
                                                     {"RND_ZERO", Rounding::rnd_zero},
                                                     {"RND_INF", Rounding::rnd_inf},
                                                     {"RND_MIN_INF", Rounding::rnd_min_inf},
                                                     {"RND_CONV", Rounding::rnd_conv}}};
constexpr std::array<Named<Overflow>, 4> kOverflows{
    {{"WRAP", Overflow::wrap}, {"SAT", Overflow::sat}, {"SAT_ZERO", Overflow::sat_zero}, {"SAT_SYM", Overflow::sat_sym}}};

constexpr const char* kForm = "fixed<W,I>, ufixed<W,I> or fixed<W,I,ROUNDING,OVERFLOW>, for instance ufixed<8,2,RND,SAT>";

template <class Table, class Mode>
std::string name_of(const Table& table, Mode mode) {
  for (const auto& entry : table) {
    if (entry.mode == mode) return std::string(entry.name);
  }
  return "?";
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string quoted(std::string_view text) { return fmt::format("'{}{}'", text.substr(0, 80), text.size() > 80 ? "..." : ""); }

/// Reads one type; knows the whole text for its messages.
class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  FixedType parse() const {
    std::string_view rest = trim(text_);
    const std::size_t open = rest.find('<');
    if (open == std::string_view::npos || !rest.ends_with('>')) fail(quoted(rest), kForm);
    const std::string base = lower(trim(rest.substr(0, open)));
    FixedType type;
    if (base == "fixed" || base == "ap_fixed") {
      type.is_signed = true;
    } else if (base == "ufixed" || base == "ap_ufixed") {
      type.is_signed = false;
    } else {
      fail("the name " + quoted(base), kForm, suggest(base, {"fixed", "ufixed", "ap_fixed", "ap_ufixed"}));
    }
    const std::vector<std::string_view> parts = split(rest.substr(open + 1, rest.size() - open - 2));
    if (parts.size() < 2 || parts.size() > 5)
      fail(fmt::format("{} value{} between < and >", parts.size(), parts.size() == 1 ? "" : "s"), kForm);
    type.width = integer(parts[0], "total bits W", 1, kMaxWidth);
    type.integer_bits = integer(parts[1], "integer bits I", -kMaxIntegerBits, kMaxIntegerBits);
    if (parts.size() > 2) type.rounding = mode(parts[2], kRoundings, "rounding mode");
    if (parts.size() > 3) type.overflow = mode(parts[3], kOverflows, "overflow mode");
    if (parts.size() > 4) integer(parts[4], "saturation bits N", 0, 0);
    return type;
  }

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& expected, const std::string& hint = {}) const {
    throw ConfigError("a fixed-point type cannot be read",
                      {.where = "type " + quoted(text_), .found = found, .expected = expected, .hint = hint});
  }

  static std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0;;) {
      const std::size_t comma = list.find(',', begin);
      parts.push_back(trim(list.substr(begin, comma == std::string_view::npos ? comma : comma - begin)));
      if (comma == std::string_view::npos) return parts;
      begin = comma + 1;
    }
  }

  int integer(std::string_view part, const char* what, int min, int max) const {
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < min || value > max) {
      fail(fmt::format("{} = {}", what, quoted(part)),
           min == max ? fmt::format("{} = {}", what, min) : fmt::format("{} from {} to {}", what, min, max));
    }
    return value;
  }

  template <class Mode, std::size_t kSize>
  Mode mode(std::string_view part, const std::array<Named<Mode>, kSize>& table, const char* what) const {
    const std::string found = lower(part);
    const std::string_view bare = std::string_view(found).substr(found.starts_with("ap_") ? 3 : 0);
    std::vector<std::string> known;
    for (const auto& entry : table) {
      if (lower(entry.name) == bare) return entry.mode;
      known.emplace_back(entry.name);
    }
    fail(fmt::format("{} {}", what, quoted(part)), fmt::format("{}", fmt::join(known, ", ")), suggest(bare, known));
  }

  const std::string& text_;
};

/// value * 2^-shift to an integer; shift in [1, 66], |value| <= 2^64.
Wide round_right(Wide value, int shift, Rounding rounding) {
  const Wide floor = value >> shift;
  const Wide rest = value - (floor << shift);
  const Wide half = Wide{1} << (shift - 1);
  const bool above = rest > half, tie = rest == half;
  bool up = false;
  switch (rounding) {
    case Rounding::trn:
      break;
    case Rounding::trn_zero:
      up = value < 0 && rest != 0;
      break;
    case Rounding::rnd:
      up = above || tie;
      break;
    case Rounding::rnd_zero:
      up = above || (tie && value < 0);
      break;
    case Rounding::rnd_inf:
      up = above || (tie && value > 0);
      break;
    case Rounding::rnd_min_inf:
      up = above;
      break;
    case Rounding::rnd_conv:
      up = above || (tie && (floor & 1) != 0);
      break;
  }
  return floor + (up ? 1 : 0);
}

std::int64_t wrap(Wide value, const FixedType& type) {
  const std::uint64_t modulus = std::uint64_t{1} << type.width;  // width <= 63
  const std::uint64_t bits = static_cast<std::uint64_t>(value) & (modulus - 1);
  const bool negative = type.is_signed && (bits & (modulus >> 1)) != 0;
  return static_cast<std::int64_t>(negative ? bits - modulus : bits);
}

std::int64_t fit(Wide value, const FixedType& type) {
  const std::int64_t min = type.lowest_raw(), max = type.max_raw();
  if (value >= min && value <= max) return static_cast<std::int64_t>(value);
  switch (type.overflow) {
    case Overflow::wrap:
      return wrap(value, type);
    case Overflow::sat_zero:
      return 0;
    case Overflow::sat:
    case Overflow::sat_sym:
      break;
  }
  return value < 0 ? min : max;
}

}  // namespace

bool FixedType::valid() const noexcept {
  return width >= 1 && width <= kMaxWidth && integer_bits >= -kMaxIntegerBits && integer_bits <= kMaxIntegerBits;
}

std::int64_t FixedType::min_raw() const noexcept { return is_signed ? -(std::int64_t{1} << (width - 1)) : 0; }

std::int64_t FixedType::max_raw() const noexcept {
  const std::uint64_t count = std::uint64_t{1} << (is_signed ? width - 1 : width);  // the highest value plus one
  return static_cast<std::int64_t>(count - 1);
}

std::int64_t FixedType::lowest_raw() const noexcept { return overflow == Overflow::sat_sym && is_signed ? min_raw() | 1 : min_raw(); }

std::string to_string(Rounding rounding) { return name_of(kRoundings, rounding); }
std::string to_string(Overflow overflow) { return name_of(kOverflows, overflow); }

std::string to_string(const FixedType& type) {
  std::string text = fmt::format("{}fixed<{},{}", type.is_signed ? "" : "u", type.width, type.integer_bits);
  const bool default_overflow = type.overflow == Overflow::wrap;
  if (type.rounding != Rounding::trn || !default_overflow) text += fmt::format(",{}", to_string(type.rounding));
  if (!default_overflow) text += fmt::format(",{}", to_string(type.overflow));
  return text + ">";
}

FixedType fixed_type_from_string(const std::string& text) { return Parser(text).parse(); }

std::int64_t cast_raw(std::int64_t raw, int fraction_bits, const FixedType& type) {
  // Beyond 66 to the right every value is a nonzero fraction below 1/2 and beyond 63 to the left every value leaves
  // the range with zero low bits, so longer shifts change nothing.
  const std::int64_t drop = std::clamp<std::int64_t>(std::int64_t{fraction_bits} - type.fraction_bits(), -63, 66);
  const Wide value = raw;
  if (drop <= 0) return fit(value << static_cast<int>(-drop), type);
  return fit(round_right(value, static_cast<int>(drop), type.rounding), type);
}

std::int64_t cast_real(double value, const FixedType& type) {
  if (std::isnan(value)) return 0;
  if (std::isinf(value)) return cast_raw(value < 0 ? -1 : 1, -2 * kMaxIntegerBits, type);
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);  // value = mantissa * 2^exponent, |mantissa| < 1
  return cast_raw(static_cast<std::int64_t>(std::ldexp(mantissa, 53)), 53 - exponent, type);
}

double to_real(std::int64_t raw, const FixedType& type) { return std::ldexp(static_cast<double>(raw), -type.fraction_bits()); }

}  // namespace snac::fixed
