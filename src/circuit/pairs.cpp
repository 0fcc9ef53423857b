// Builders of nodes over two variable values: the larger one, and the product.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "exact.hpp"
#include "snac/circuit/circuit.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {

Id Circuit::maximum(Id a, Id b) {
  if (a == b) return a;
  // A sign cannot be factored out of a maximum, a common scale can. Shifts are wires: look below them.
  const auto operand_of = [this](Id id) {
    Term t = term(id);
    if (t.negative) t = {value({t.node, 0, true}), t.power, false};
    return t;
  };
  Term x = operand_of(a), y = operand_of(b);
  const auto is_zero = [this](Term t) { return node(t.node).range == Range{}; };
  if (is_zero(x)) return relu(b);
  if (is_zero(y)) return relu(a);
  const bool constant_x = node(x.node).kind == Kind::constant, constant_y = node(y.node).kind == Kind::constant;
  if (constant_x || (!constant_y && std::pair(y.node, y.power) < std::pair(x.node, x.power))) std::swap(x, y);
  const int power = constant_x || constant_y ? x.power : std::min(x.power, y.power);
  if (node(y.node).kind == Kind::constant) {
    y = {value({y.node, y.power - power, false})};  // a constant carries its own scale
  } else {
    y.power -= power;
  }
  x.power -= power;

  const int fraction_x = node(x.node).fraction_bits - x.power, fraction_y = node(y.node).fraction_bits - y.power;
  const int fraction = std::max(fraction_x, fraction_y);
  const int shift_x = fraction - fraction_x, shift_y = fraction - fraction_y;
  const Range rx = node(x.node).range, ry = node(y.node).range;
  const Wide low_x = shifted_left(rx.low, shift_x), high_x = shifted_left(rx.high, shift_x);
  const Wide low_y = shifted_left(ry.low, shift_y), high_y = shifted_left(ry.high, shift_y);
  const auto scaled = [&](Term t) { return value({t.node, t.power + power, false}); };
  if (low_x >= high_y) return scaled(x);
  if (low_y >= high_x) return scaled(y);
  checked_range(std::min(low_x, low_y), std::max(high_x, high_y), group_name());  // both are compared at this width
  if (std::max(shift_x, shift_y) > kMaxWireWidth) {
    throw DataError("the operands of a maximum lie too far apart", {.where = group_name(),
                                                                    .found = fmt::format("a shift by {} bits", std::max(shift_x, shift_y)),
                                                                    .expected = fmt::format("at most {}", kMaxWireWidth),
                                                                    .hint = "values of more similar grids"});
  }
  const Id larger = intern({.kind = Kind::maximum,
                            .args = {x.node, y.node},
                            .shift_a = static_cast<std::uint8_t>(shift_x),
                            .shift_b = static_cast<std::uint8_t>(shift_y),
                            .fraction_bits = fraction,
                            .range = checked_range(std::max(low_x, low_y), std::max(high_x, high_y), group_name())});
  return value({larger, power, false});
}

Id Circuit::multiply(Id a, Id b) {
  Term x = term(a), y = term(b);
  if (node(x.node).kind == Kind::constant) std::swap(x, y);
  const Range rx = node(x.node).range, ry = node(y.node).range;
  if (node(y.node).kind == Kind::constant) {
    Term total{constant(0, 0)};
    const int scale = y.power - node(y.node).fraction_bits + x.power;
    for (const SignedDigit& digit : canonical_signed_digits(ry.low)) {
      total = sum(total, {x.node, scale + digit.power, digit.negative != (x.negative != y.negative)});
    }
    return value(total);
  }
  if (y.node < x.node) std::swap(x, y);
  std::array<Wide, 4> corners{Wide{rx.low} * ry.low, Wide{rx.low} * ry.high, Wide{rx.high} * ry.low, Wide{rx.high} * ry.high};
  if (x.node == y.node) {
    corners[1] = corners[2] = corners[0];
    if (rx.low < 0 && rx.high > 0) corners[1] = 0;
  }
  const auto [low, high] = std::minmax_element(corners.begin(), corners.end());
  const int fraction = node(x.node).fraction_bits + node(y.node).fraction_bits;
  const Id product = intern(
      {.kind = Kind::multiply, .args = {x.node, y.node}, .fraction_bits = fraction, .range = checked_range(*low, *high, group_name())});
  return value({product, x.power + y.power, x.negative != y.negative});
}

}  // namespace snac::circuit
