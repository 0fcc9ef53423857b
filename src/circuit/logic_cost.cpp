#include "snac/circuit/logic_cost.hpp"

#include <algorithm>

#include "levels.hpp"

// Checked against Yosys 0.23 (synth_xilinx -family xcup -nodsp -nowidelut, every $add/$sub kept an adder) on the pipelined
// Verilog of five random 8-bit, half-pruned networks (8-8-4, 16-16-5, 16-32-16-5, 32-5, 4-40-5; 1,400 to 13,700 LUTs):
// LUT -1 % to +3 %. Flip-flops here are those that the Verilog states; Yosys keeps 0.6 to 10 % fewer, as it merges
// registers of equal bits (low bits that pass through an adder unchanged).
namespace snac::circuit {
namespace {

/// A constant operand is absorbed by the carry chain up to inverters: about 0.33 LUT per bit of a bias adder, fitted on 70
/// random layers against Yosys (reference/yosys.md, "Counting and estimating").
constexpr double kConstantAdderLutPerBit = 0.33;

struct NodeCost {
  double lut = 0;
  std::int64_t adders = 0, adder_bits = 0;
};

/// Bits from the coarser operand's lowest bit to the larger operand's highest: the finer operand's tail passes through and the
/// growth bit is the carry. da4ml's `cost_add`; LUT = 1.02 x this in Yosys, 1.035 x post-route (reference/yosys.md).
/// With mixed signs the unsigned operand needs a sign bit as well. A sum's adder is never wider than the result: operands that depend on
/// each other may be wider than their sum.
std::int64_t adder_width(const Circuit& circuit, const Node& node) {
  const Range &a = circuit.node(node.args[0]).range, &b = circuit.node(node.args[1]).range;
  const int signed_bit = a.is_signed() || b.is_signed() ? 1 : 0;
  const int msb_a = node.shift_a + a.width() - (a.is_signed() ? 1 : 0);
  const int msb_b = node.shift_b + b.width() - (b.is_signed() ? 1 : 0);
  const int lowest = std::max(node.shift_a, node.shift_b);
  const int highest = std::max(msb_a, msb_b) + signed_bit;
  return std::max(1, (node.kind == Kind::add ? std::min(highest, node.range.width()) : highest) - lowest);
}

NodeCost cost_of_add(const Circuit& circuit, Id id) {
  if (is_concatenation(circuit, id)) return {};
  const Node& node = circuit.node(id);
  const std::int64_t bits = adder_width(circuit, node);
  const bool has_constant = circuit.node(node.args[0]).kind == Kind::constant || circuit.node(node.args[1]).kind == Kind::constant;
  return {has_constant ? kConstantAdderLutPerBit * static_cast<double>(bits) : static_cast<double>(bits), 1, bits};
}

/// Truncation and wrapping are wires. Rounding: an increment (priced as a constant adder) and the test of the dropped bits.
/// Saturation: width / 2 as da4ml's ReLU and clip (two outputs per LUT6) and the test of the upper bits, 6 per LUT.
double cost_of_cast(const Circuit& circuit, const Node& node) {
  const Node& arg = circuit.node(node.args[0]);
  const int dropped = std::max(0, arg.fraction_bits - node.type.fraction_bits());
  if (node.type.rounding != fixed::Rounding::trn) return kConstantAdderLutPerBit * node.range.width() + (dropped + 5) / 6;
  if (node.type.overflow == fixed::Overflow::wrap) return 0;
  const int upper = std::max(1, arg.range.width() - dropped - node.type.width + 1);
  return 0.5 * node.range.width() + (upper + 5) / 6;
}

/// One LUT6 holds 64 entries of one output bit; larger tables take entries / 64 of them, joined by the free F7/F8 multiplexers
/// up to 256 entries and by a third more LUTs above (a LUT6 is a 4:1 multiplexer). Two outputs share a LUT6 up to 32 entries
/// (da4ml: 2^max(b_in - 5, 0) * ceil(b_out / 2)). No minimisation is assumed: an upper bound, smooth functions need less.
double cost_of_lookup(const Circuit& circuit, const Node& node) {
  const double entries = static_cast<double>(circuit.tables()[static_cast<std::size_t>(node.index)].entries.size());
  const double outputs = node.range.width();
  if (entries <= 32) return std::max(1.0, outputs / 2);
  const double luts = std::max(1.0, entries / 64);
  return outputs * (luts > 4 ? luts * 4 / 3 : luts);
}

/// A carry chain that compares, then a choice: one LUT per bit each. Yosys 0.23 on single maxima of 4 to 16 bits: 1.00 to 1.12 x this.
/// Constant bits are compared as well: see map_bits for what is left of an argmax.
double cost_of_maximum(const Circuit& circuit, const Node& node, const LiveWire& live) {
  return static_cast<double>(adder_width(circuit, node)) + live.count;
}

/// n rows of m partial products (n the narrower operand): each row beyond the second goes through full adders of two LUTs per bit, the
/// last two through a carry chain. Yosys 0.23 without DSPs, 4x4 to 12x12 bits: 0.67 to 1.11 x this (signed ones 0.83 to 1.11 x).
double cost_of_multiply(const Circuit& circuit, const Node& node) {
  const auto [n, m] = std::minmax({circuit.node(node.args[0]).range.width(), circuit.node(node.args[1]).range.width()});
  return 2.0 * std::max(0, n - 2) * m + n + m;
}

NodeCost cost_of(const Circuit& circuit, Id id, const LiveWire& live) {
  const Node& node = circuit.node(id);
  switch (node.kind) {
    case Kind::input:
    case Kind::constant:
    case Kind::shift:
      return {};
    case Kind::add:
      return cost_of_add(circuit, id);
    case Kind::negate:  // inverters and a carry chain over the result
      return {.lut = static_cast<double>(node.range.width())};
    case Kind::cast:
      return {.lut = cost_of_cast(circuit, node)};
    case Kind::relu:  // an AND with the sign per bit, two bits per LUT6 (da4ml: width / 2)
      return {.lut = 0.5 * node.range.width()};
    case Kind::lookup:
      return {.lut = cost_of_lookup(circuit, node)};
    case Kind::maximum:
      return {.lut = cost_of_maximum(circuit, node, live)};
    case Kind::multiply:
      return {.lut = cost_of_multiply(circuit, node)};
  }
  return {};
}

}  // namespace

LogicCost logic_cost(const Circuit& circuit, const Schedule& schedule, std::vector<LogicCost>* per_group) {
  std::vector<LogicCost> groups(circuit.group_names().size());
  std::vector<int> depth_in_group(circuit.size(), 0);
  const std::vector<LiveWire> live = live_wires(circuit);
  const std::vector<std::int64_t> registers = register_bits(circuit, schedule);
  LevelTracker levels(circuit);
  LogicCost total;
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Id id = static_cast<Id>(i);
    const Node& node = circuit.node(id);
    LogicCost& group = groups[static_cast<std::size_t>(node.group)];
    const NodeCost cost = cost_of(circuit, id, live[i]);
    group.lut += cost.lut;
    group.adders += cost.adders;
    group.adder_bits += cost.adder_bits;
    group.ff += static_cast<double>(registers[i]);
    for (std::size_t k = 0; k < static_cast<std::size_t>(node.num_args()); ++k) {
      if (circuit.node(node.args[k]).group == node.group) {
        depth_in_group[i] = std::max(depth_in_group[i], depth_in_group[static_cast<std::size_t>(node.args[k])]);
      }
    }
    depth_in_group[i] += logic_levels(circuit, id);
    group.adder_depth = std::max(group.adder_depth, depth_in_group[i]);
    total.adder_depth = std::max(total.adder_depth, levels(id));
  }
  groups.back().ff += schedule.latency;  // the valid bits, counted with the last group
  for (const LogicCost& group : groups) {
    total.lut += group.lut;
    total.ff += group.ff;
    total.adders += group.adders;
    total.adder_bits += group.adder_bits;
  }
  if (per_group) *per_group = std::move(groups);
  return total;
}

}  // namespace snac::circuit
