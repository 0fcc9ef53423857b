#include "adder_graph.hpp"

#include <algorithm>
#include <cmath>

namespace snac::circuit {
namespace {

int bits_of(double non_negative) { return non_negative < 1 ? 0 : std::ilogb(non_negative) + 1; }

/// Do b's bits only fill the space below a's lowest one?
bool joins_below(const Wire& a, int power_a, const Wire& b, int power_b) { return !b.is_signed && b.msb + power_b <= a.lsb + power_a; }

/// All terms and partial sums are multiples of the lowest bit: below 2^52 of them, doubles hold each one.
bool is_exact(double largest, int lsb) {
  constexpr int kExactBits = 52;
  return largest < std::ldexp(1.0, kExactBits + lsb);
}

}  // namespace

void Wire::finish() {
  is_signed = low < 0;
  const double top = std::max({high, -low - std::ldexp(1.0, lsb), 0.0});
  msb = lsb + bits_of(std::ldexp(top, -lsb));
}

Wire sum_of(const Wire& a, int power_a, bool negative_a, const Wire& b, int power_b, bool negative_b) {
  const auto low = [](const Wire& w, int power, bool negative) { return std::ldexp(negative ? -w.high : w.low, power); };
  const auto high = [](const Wire& w, int power, bool negative) { return std::ldexp(negative ? -w.low : w.high, power); };
  Wire sum{.low = low(a, power_a, negative_a) + low(b, power_b, negative_b),
           .high = high(a, power_a, negative_a) + high(b, power_b, negative_b),
           .lsb = std::min(a.lsb + power_a, b.lsb + power_b),
           .level = std::max(a.level, b.level) + 1,
           .constant = a.constant && b.constant};
  sum.finish();
  return sum;
}

std::int64_t adder_cost(const Wire& a, int power_a, bool negative_a, const Wire& b, int power_b, bool negative_b) {
  if (!negative_a && !negative_b && (joins_below(a, power_a, b, power_b) || joins_below(b, power_b, a, power_a))) return 0;
  const int lsb = std::max(a.lsb + power_a, b.lsb + power_b), msb = std::max(a.msb + power_a, b.msb + power_b);
  const int bits = std::max(1, msb - lsb + (a.is_signed || b.is_signed ? 1 : 0));
  return bits * (a.constant || b.constant ? kCostPerConstantBit : kCostPerBit);
}

AdderGraph::AdderGraph(std::vector<Wire> leaves) : wires_(std::move(leaves)), num_leaves_(wires_.size()) {
  for (std::size_t v = 0; v < num_leaves_; ++v) {
    Wire& leaf = wires_[v];
    leaf.exact = is_exact(std::max(std::abs(leaf.low), std::abs(leaf.high)), leaf.lsb);
    form_.push_back(products_.size());
    products_.push_back({static_cast<std::int32_t>(v), 1});
  }
  form_.push_back(products_.size());
}

void AdderGraph::append_form(const Ref& a, const Ref& b, Wire& sum) {
  struct Side {
    std::size_t at, end;
    double factor;
  };
  const auto side = [&](const Ref& ref) {
    const auto v = static_cast<std::size_t>(ref.value);
    return Side{form_[v], form_[v + 1], std::ldexp(ref.negative ? -1.0 : 1.0, ref.power)};
  };
  Side x = side(a), y = side(b);
  double low = 0, high = 0, largest = 0;
  const auto append = [&](std::int32_t leaf, double factor) {
    products_.push_back({leaf, factor});
    const Wire& wire = wires_[static_cast<std::size_t>(leaf)];
    const double first = factor * wire.low, second = factor * wire.high;
    low += std::min(first, second);
    high += std::max(first, second);
    largest += std::max(std::abs(first), std::abs(second));
  };
  while (x.at < x.end || y.at < y.end) {
    const std::int32_t leaf_x = x.at < x.end ? products_[x.at].leaf : static_cast<std::int32_t>(num_leaves_);
    const std::int32_t leaf_y = y.at < y.end ? products_[y.at].leaf : static_cast<std::int32_t>(num_leaves_);
    double factor = 0;
    if (leaf_x <= leaf_y) factor += x.factor * products_[x.at++].factor;
    if (leaf_y <= leaf_x) factor += y.factor * products_[y.at++].factor;
    if (factor != 0) append(std::min(leaf_x, leaf_y), factor);
  }
  form_.push_back(products_.size());
  sum.exact =
      wires_[static_cast<std::size_t>(a.value)].exact && wires_[static_cast<std::size_t>(b.value)].exact && is_exact(largest, sum.lsb);
  if (!sum.exact) return;
  sum.low = low;
  sum.high = high;
  sum.finish();
}

Ref AdderGraph::sum(Ref a, Ref b) {
  if (std::pair(b.value, b.power) < std::pair(a.value, a.power)) std::swap(a, b);
  if (a.value == b.value) {
    if (a.power == b.power) return a.negative == b.negative ? Ref{a.value, a.power + 1, a.negative} : Ref{kZero};
    if (b.power == a.power + 1 && a.negative != b.negative) return {a.value, a.power, b.negative};
  }
  const Ref outer{0, std::min(a.power, b.power), a.negative};
  a.power -= outer.power;
  b.power -= outer.power;
  b.negative = b.negative != a.negative;
  a.negative = false;
  const auto word = [](std::int32_t x) { return static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)); };
  std::uint64_t hash = (word(a.value) << 32 ^ word(b.value)) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ hash >> 29 ^ word(a.power) << 1 ^ word(b.power) << 20 ^ (b.negative ? 1U : 0U)) * 0xbf58476d1ce4e5b9ULL;
  std::vector<std::int32_t>& same_hash = known_[hash];
  for (const std::int32_t value : same_hash) {
    const Adder& adder = adders_[static_cast<std::size_t>(value) - num_leaves_];
    if (adder.a == a && adder.b == b) return {value, outer.power, outer.negative};
  }
  const auto value = static_cast<std::int32_t>(wires_.size());
  same_hash.push_back(value);
  const Wire wa = wire(a.value), wb = wire(b.value);
  Wire sum = sum_of(wa, a.power, a.negative, wb, b.power, b.negative);
  append_form(a, b, sum);
  // The linear form may tell that upper bits of the operands do not matter.
  const int result_bits = sum.msb + (sum.is_signed ? 1 : 0) - std::max(wa.lsb + a.power, wb.lsb + b.power);
  cost_ += std::min(adder_cost(wa, a.power, a.negative, wb, b.power, b.negative), std::max(0, result_bits) * kCostPerBit);
  wires_.push_back(sum);
  adders_.push_back({a, b});
  return {value, outer.power, outer.negative};
}

}  // namespace snac::circuit
