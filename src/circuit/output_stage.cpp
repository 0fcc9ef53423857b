#include "output_stage.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "exact.hpp"

namespace snac::circuit {
namespace {

using fixed::FixedType;

/// Balanced: neighbours first.
template <class Combine>
Id tree(std::vector<Id> values, Combine&& combine) {
  while (values.size() > 1) {
    std::vector<Id> next;
    for (std::size_t i = 0; i + 1 < values.size(); i += 2) next.push_back(combine(values[i], values[i + 1]));
    if (values.size() % 2 == 1) next.push_back(values.back());
    values = std::move(next);
  }
  return values.front();
}

int finest_fraction(const Circuit& circuit, std::span<const Id> values) {
  int finest = std::numeric_limits<int>::min();
  for (const Id id : values) {
    const Node& node = circuit.node(id);
    if (node.range != Range{}) finest = std::max(finest, node.fraction_bits);  // zero is on every grid
  }
  return finest == std::numeric_limits<int>::min() ? 0 : finest;
}

/// A value that is never negative, though its range may say so: the sign bit is dropped.
Id never_negative(Circuit& circuit, Id value) {
  const Node node = circuit.node(value);
  if (node.range.low >= 0) return value;
  const int width = std::max(1, Range{0, node.range.high}.width());
  return circuit.cast(value, {width, width - node.fraction_bits, false});
}

}  // namespace

Id argmax(Circuit& circuit, std::span<const Id> values) {
  const int bits = static_cast<int>(std::bit_width(values.size() - 1));
  if (bits == 0) return circuit.constant(0, 0);
  const std::int64_t all = (std::int64_t{1} << bits) - 1;
  const int fraction = finest_fraction(circuit, values) + bits;
  std::vector<Id> keys;
  for (std::size_t i = 0; i < values.size(); ++i) {
    keys.push_back(circuit.add(values[i], 0, circuit.constant(all - static_cast<std::int64_t>(i), fraction), 0, false));
  }
  const Id largest = tree(std::move(keys), [&](Id a, Id b) { return circuit.maximum(a, b); });
  const Id tag = circuit.cast(largest, {bits, bits - fraction, false});  // wraps: the low bits
  return circuit.add(circuit.constant(all, 0), 0, tag, fraction, true);
}

std::vector<Id> softmax(Circuit& circuit, const fixed::SoftmaxOp& op, std::span<const Id> values, const fixed::TensorType& output) {
  const Id largest = tree({values.begin(), values.end()}, [&](Id a, Id b) { return circuit.maximum(a, b); });
  std::vector<Id> exponentials;
  for (const Id value : values) {
    const Id difference = never_negative(circuit, circuit.add(largest, 0, value, 0, true));
    exponentials.push_back(
        look_up(circuit, circuit.cast(difference, op.difference), op.difference, op.exponential, op.exponential_fraction_bits));
  }
  const Id sum = tree(exponentials, [&](Id a, Id b) { return circuit.add(a, 0, b, 0, false); });
  const Id inverse = look_up(circuit, circuit.cast(sum, op.sum), op.sum, op.inverse, op.inverse_fraction_bits);
  std::vector<Id> results;
  for (std::size_t i = 0; i < exponentials.size(); ++i) {
    results.push_back(circuit.cast(circuit.multiply(exponentials[i], inverse), output.type(i)));
  }
  return results;
}

Id look_up(Circuit& circuit, Id index, const FixedType& type, std::span<const std::int64_t> table, int fraction_bits) {
  const Node& x = circuit.node(index);
  const std::int64_t step_bits = std::int64_t{type.fraction_bits()} - x.fraction_bits;
  Table reachable{x.range.low, {}};
  for (std::int64_t raw = x.range.low; raw <= x.range.high; ++raw) {
    const Wide entry = shifted_left(raw, step_bits) - type.min_raw();
    reachable.entries.push_back(table[static_cast<std::size_t>(entry)]);
  }
  return circuit.lookup(index, reachable, fraction_bits);
}

}  // namespace snac::circuit
