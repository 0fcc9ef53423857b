// Casts: rounding and overflow as the fewest simple nodes.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "exact.hpp"
#include "snac/circuit/circuit.hpp"

namespace snac::circuit {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

/// The type of a node that cannot overflow: the same for every declared type that acts alike, so that equal casts are one node.
FixedType exact_type(const Range& range, int fraction_bits, Rounding rounding) {
  const int width = std::max(range.width(), 1);
  return {width, width - fraction_bits, range.is_signed(), rounding, Overflow::wrap};
}

}  // namespace

Rounding rounding_of_non_negative(Rounding rounding) noexcept {
  switch (rounding) {
    case Rounding::trn:
    case Rounding::trn_zero:
      return Rounding::trn;
    case Rounding::rnd:
    case Rounding::rnd_inf:
      return Rounding::rnd;
    case Rounding::rnd_min_inf:
    case Rounding::rnd_zero:
      return Rounding::rnd_min_inf;
    case Rounding::rnd_conv:
      break;
  }
  return Rounding::rnd_conv;
}

Id Circuit::cast(Id a, const FixedType& type) {
  if (type.width < 1 || type.width > 63) throw std::invalid_argument(fmt::format("circuit: a cast to {} bits", type.width));
  Node n = node(a);
  if (n.kind == Kind::constant) return constant(fixed::cast_raw(n.range.low, n.fraction_bits, type), type.fraction_bits());
  if (n.kind == Kind::shift) {  // a cast commutes with a scale that moves the type as well
    const Id inner = n.args[0];
    const int power = node(inner).fraction_bits - n.fraction_bits;
    FixedType moved = type;
    moved.integer_bits -= power;
    return shift(cast(inner, moved), power);
  }
  const bool clips_negative = !type.is_signed && type.overflow != Overflow::wrap;
  if (clips_negative && n.kind == Kind::relu) {
    a = n.args[0];
    n = node(a);
  }
  FixedType target = type;
  if (clips_negative || n.range.low >= 0) target.rounding = rounding_of_non_negative(target.rounding);
  if (n.fraction_bits <= target.fraction_bits()) target.rounding = Rounding::trn;
  if (target.rounding == Rounding::trn) return truncate_and_overflow(a, target);
  // The rounded value may come back under a scale, so it goes through cast() again.
  const Id rounded = round(a, target);
  target.rounding = Rounding::trn;
  return cast(rounded, target);
}

/// Drops at least one bit, with a mode other than TRN; cannot overflow.
Id Circuit::round(Id a, const FixedType& type) {
  const Node n = node(a);
  const FixedType widest{63, 63 - type.fraction_bits(), true, type.rounding, Overflow::sat};  // rounding is monotone: the ends suffice
  const Range range{fixed::cast_raw(n.range.low, n.fraction_bits, widest), fixed::cast_raw(n.range.high, n.fraction_bits, widest)};
  if (range.low == range.high) return constant(range.low, type.fraction_bits());
  if (type.rounding == Rounding::rnd || type.rounding == Rounding::rnd_min_inf) {
    // Half of the last kept bit is 2^-(fraction + 1). Half down is half up of a value one unit smaller.
    Id half = constant(1, type.fraction_bits() + 1);
    if (type.rounding == Rounding::rnd_min_inf) half = add(half, 0, constant(1, n.fraction_bits), 0, true);
    return truncate(add(a, 0, half, 0, false), type.fraction_bits());
  }
  return unary(Kind::cast, a, type.fraction_bits(), range, exact_type(range, type.fraction_bits(), type.rounding));
}

/// Floor to a coarser grid: dropping wires.
Id Circuit::truncate(Id a, int fraction_bits) {
  const Node n = node(a);
  if (n.kind == Kind::shift) {
    const Id inner = n.args[0];
    const int power = node(inner).fraction_bits - n.fraction_bits;
    return shift(truncate(inner, fraction_bits + power), power);
  }
  if (n.fraction_bits <= fraction_bits) return a;
  const std::int64_t drop = std::int64_t{n.fraction_bits} - fraction_bits;
  if (n.kind == Kind::constant) return constant(shifted_right(n.range.low, drop), fraction_bits);
  const Range range{shifted_right(n.range.low, drop), shifted_right(n.range.high, drop)};
  return unary(Kind::cast, a, fraction_bits, range, exact_type(range, fraction_bits, Rounding::trn));
}

Id Circuit::truncate_and_overflow(Id a, const FixedType& type) {
  const Node n = node(a);
  const int fraction = type.fraction_bits();
  const std::int64_t drop = std::int64_t{n.fraction_bits} - fraction;
  const Wide low = drop > 0 ? Wide{shifted_right(n.range.low, drop)} : shifted_left(n.range.low, -drop);
  const Wide high = drop > 0 ? Wide{shifted_right(n.range.high, drop)} : shifted_left(n.range.high, -drop);
  const std::int64_t lowest = type.lowest_raw(), highest = type.max_raw();
  if (low >= lowest && high <= highest) return truncate(a, fraction);

  if (drop < 0) {
    // Low bits that are always zero stay so when wrapping, and when saturating if no odd end of the range is reached: narrow
    // the type instead of carrying them.
    const bool even_end = type.overflow == Overflow::sat && type.is_signed && high <= highest && type.width > -drop;
    if (type.overflow == Overflow::wrap || type.overflow == Overflow::sat_zero || even_end) {
      FixedType kept = type;
      kept.width += static_cast<int>(std::max<std::int64_t>(drop, -64));
      return kept.width < 1 ? constant(0, 0) : truncate_and_overflow(a, kept);
    }
  }
  if (type.overflow == Overflow::wrap) {
    const Range ends{fixed::cast_raw(n.range.low, n.fraction_bits, type), fixed::cast_raw(n.range.high, n.fraction_bits, type)};
    const bool one_period = Wide{ends.high} - ends.low == high - low;
    return unary(Kind::cast, a, fraction, one_period ? ends : checked_range(type.min_raw(), type.max_raw(), group_name()), type);
  }
  if (!type.is_signed && high <= highest) return relu(truncate(a, fraction));
  FixedType clip = type;
  if (clip.overflow == Overflow::sat_sym && !clip.is_signed) clip.overflow = Overflow::sat;
  Range range;
  if (clip.overflow == Overflow::sat_zero) {
    if (low <= highest && high >= lowest) {
      range = {static_cast<std::int64_t>(std::min<Wide>(0, std::max<Wide>(low, lowest))),
               static_cast<std::int64_t>(std::max<Wide>(0, std::min<Wide>(high, highest)))};
    }
  } else {
    range.low = fixed::cast_raw(n.range.low, n.fraction_bits, clip);
    range.high = fixed::cast_raw(n.range.high, n.fraction_bits, clip);
  }
  return unary(Kind::cast, a, fraction, checked_range(range.low, range.high, group_name()), clip);
}

}  // namespace snac::circuit
