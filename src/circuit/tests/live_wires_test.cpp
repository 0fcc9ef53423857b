// The bits that a wire leaves out do not matter: to nobody, whatever they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "random_net.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/fixed/caster.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::circuit {
namespace {

using circuit::Node;
using testing::between;
using testing::FixedNet;
using testing::FixedType;
using testing::Overflow;
using testing::random_inputs;
using testing::random_net;
using testing::Rounding;
using testing::vector_of;

std::uint64_t ones(int count) { return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1; }

/// The value that a reader of the wire sees if all bits that the wire leaves out are random.
std::int64_t with_noise(std::int64_t value, const Node& node, const LiveWire& wire, Rng& rng) {
  const int width = node.range.width(), seen = wire.end() == width ? width : std::min(width + 4, kMaxWireWidth);
  const std::uint64_t live = ones(wire.end()) & ~ones(wire.first);
  std::uint64_t bits = (static_cast<std::uint64_t>(value) & live) | (rng.next() & ones(seen) & ~live);
  if (node.range.is_signed() && (bits >> (seen - 1) & 1) != 0) bits |= ~ones(seen);
  return static_cast<std::int64_t>(bits);
}

std::int64_t evaluate(const Circuit& circuit, const Node& node, const std::vector<std::int64_t>& values) {
  const auto arg = [&](std::size_t k) { return static_cast<std::uint64_t>(values[static_cast<std::size_t>(node.args[k])]); };
  const auto number = [&](std::size_t k) { return static_cast<std::int64_t>(arg(k) << (k == 0 ? node.shift_a : node.shift_b)); };
  switch (node.kind) {
    case Kind::input:
      return 0;  // given
    case Kind::constant:
      return node.range.low;
    case Kind::add:
      return static_cast<std::int64_t>(node.subtract ? (arg(0) << node.shift_a) - (arg(1) << node.shift_b)
                                                     : (arg(0) << node.shift_a) + (arg(1) << node.shift_b));
    case Kind::negate:
      return static_cast<std::int64_t>(~arg(0) + 1);
    case Kind::shift:
      return number(0);
    case Kind::cast:
      return fixed::Caster(circuit.node(node.args[0]).fraction_bits, node.type)(number(0));
    case Kind::relu:
      return std::max<std::int64_t>(number(0), 0);
    case Kind::lookup: {
      const Table& table = circuit.tables()[static_cast<std::size_t>(node.index)];
      return table.entries[static_cast<std::size_t>(number(0) - table.low)];
    }
    case Kind::maximum:
      return std::max(number(0), number(1));
    case Kind::multiply:
      return static_cast<std::int64_t>(arg(0) * arg(1));
  }
  return 0;
}

/// One row of the outputs' raw values on the bus.
std::vector<std::int64_t> run_with_noise(const Circuit& circuit, const std::vector<LiveWire>& wires, const std::int64_t* inputs, Rng& rng) {
  std::vector<std::int64_t> values(circuit.size(), 0);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Node& node = circuit.nodes()[i];
    values[i] = node.kind == Kind::input ? inputs[node.index] : evaluate(circuit, node, values);
    if (node.kind != Kind::constant && wires[i].count > 0) values[i] = with_noise(values[i], node, wires[i], rng);
  }
  std::vector<std::int64_t> outputs;
  for (const Port& port : circuit.outputs()) {
    const int left = port.type.fraction_bits() - circuit.node(port.node).fraction_bits;
    const std::int64_t value = values[static_cast<std::size_t>(port.node)];
    outputs.push_back(value == 0 ? 0 : value * (std::int64_t{1} << left));
  }
  return outputs;
}

/// Bits that the wires leave out, or -1 if they mattered.
int expect_exact(const Circuit& circuit, const std::vector<std::int64_t>& inputs, Rng& rng) {
  const std::vector<LiveWire> wires = live_wires(circuit);
  const auto expected = simulate(circuit, inputs);
  const std::size_t width = circuit.inputs().size(), outputs = circuit.outputs().size();
  for (std::size_t row = 0; row * width < inputs.size(); ++row) {
    const auto got = run_with_noise(circuit, wires, inputs.data() + row * width, rng);
    const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(row * outputs);
    if (!std::equal(got.begin(), got.end(), begin)) return -1;
  }
  int left_out = 0;
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Node& node = circuit.nodes()[i];
    EXPECT_GE(wires[i].first, 0);
    EXPECT_LE(wires[i].end(), node.range.width());
    if (node.kind != Kind::constant) left_out += node.range.width() - wires[i].count;
  }
  return left_out;
}

TEST(LiveWires, what_is_left_out_does_not_matter_in_random_networks) {
  int left_out = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng = Rng::stream(seed, "live wires");
    const FixedNet net = random_net(rng, 5);
    const int bits = expect_exact(lower(net), random_inputs(rng, net.input, 20), rng);
    ASSERT_GE(bits, 0) << "seed " << seed;
    left_out += bits;
  }
  EXPECT_GT(left_out, 1000);
}

/// Sums, differences, maxima and products of one another, cut at both ends by casts of the mode.
TEST(LiveWires, what_is_left_out_does_not_matter_in_any_rounding_and_overflow_mode) {
  for (int mode = 0; mode < 28; ++mode) {
    int left_out = 0;
    for (std::uint64_t trial = 0; trial < 20; ++trial) {
      Rng rng = Rng::stream(trial * 28 + static_cast<std::uint64_t>(mode), "live modes");
      Circuit circuit;
      std::vector<Id> values;
      for (int k = 0; k < 4; ++k) values.push_back(circuit.input({between(rng, 1, 8), between(rng, -2, 8), rng.chance(0.5)}));
      for (int k = 0; k < 25; ++k) {
        const Id a = values[rng.below(values.size())], b = values[rng.below(values.size())];
        const std::uint64_t kind = rng.below(8);
        Id value = kind == 0   ? circuit.maximum(a, b)
                   : kind == 1 ? circuit.multiply(a, b)
                   : kind == 2 ? circuit.relu(a)
                   : kind == 3 ? circuit.negate(a)
                               : circuit.add(a, between(rng, -3, 3), b, between(rng, -3, 3), rng.chance(0.5));
        const Node& node = circuit.node(value);
        if (node.range.width() == 0 || node.range.width() > 24) continue;
        if (rng.chance(0.5)) {
          const int width = between(rng, 1, node.range.width()), fraction = node.fraction_bits - between(rng, 0, 4);
          value = circuit.cast(
              value, {width, width - fraction, rng.chance(0.5), static_cast<Rounding>(mode % 7), static_cast<Overflow>(mode / 7)});
        }
        values.push_back(value);
      }
      for (std::size_t k = values.size() - 3; k < values.size(); ++k) {
        const Node& node = circuit.node(values[k]);
        const int width = std::max(1, between(rng, node.range.width() / 2, node.range.width()));
        const FixedType type{width, width - node.fraction_bits + between(rng, 0, 3), rng.chance(0.5), Rounding::trn, Overflow::wrap};
        circuit.output(circuit.cast(values[k], type), type);
      }
      circuit.remove_dead_nodes();
      std::vector<FixedType> types;
      for (const Port& port : circuit.inputs()) types.push_back(port.type);
      const int bits = expect_exact(circuit, random_inputs(rng, vector_of(4, types), 40), rng);
      ASSERT_GE(bits, 0) << "mode " << mode << ", trial " << trial;
      left_out += bits;
    }
    EXPECT_GT(left_out, 40) << "mode " << mode;
  }
}

TEST(LiveWires, are_those_of_a_hand_made_circuit) {
  Circuit c;
  const Id a = c.input({8, 8, true}), b = c.input({8, 8, true}), d = c.input({4, 4, false});
  const Id sum = c.add(a, 0, b, 0, false);                                      // 9 bits; the carry needs the low ones
  const Id cut = c.cast(sum, {4, 7, true, Rounding::trn, Overflow::wrap});      // bits 3 .. 6
  const Id join = c.add(a, 4, d, 0, false);                                     // bits of d below those of a
  const Id upper = c.cast(join, {6, 12, true, Rounding::trn, Overflow::wrap});  // bits 6 .. 11
  const Id product = c.multiply(b, d), low = c.cast(product, {5, 5, false, Rounding::trn, Overflow::wrap});
  c.output(cut, {4, 7, true});
  c.output(upper, {6, 12, true});
  c.output(low, {5, 5, false});
  const auto wires = live_wires(c);
  const auto of = [&](Id id) { return wires[static_cast<std::size_t>(id)]; };
  EXPECT_EQ(of(cut), (LiveWire{0, 4}));
  EXPECT_EQ(of(sum), (LiveWire{3, 4}));
  EXPECT_EQ(of(join), (LiveWire{6, 6}));
  EXPECT_EQ(of(product), (LiveWire{0, 5}));
  EXPECT_EQ(of(a), (LiveWire{0, 8}));
  EXPECT_EQ(of(b), (LiveWire{0, 7})) << "the sum is read up to bit 6";
  EXPECT_EQ(of(d), (LiveWire{0, 4}));
}

}  // namespace
}  // namespace snac::circuit
