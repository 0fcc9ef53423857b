#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "snac/circuit/folded.hpp"
#include "snac/circuit/logic_cost.hpp"

// Checked against Yosys 0.23 (synth_xilinx -family xcup -nowidelut, DSP slices and block RAM on) on the Verilog of nine networks with
// random 8-bit weights, 40 % of them zero, reuse factors 2 to 400, 440 to 7,600 LUTs: LUT -5 % to +8 %, mean absolute error 3.9 %; FF
// -3 % to +2 %; DSP and BRAM18 exact. Yosys leaves product registers and accumulators outside the DSP48E2; a vendor's tool puts them in,
// so that a device needs about 17 + 20 FF and 20 LUT fewer per DSP multiplier that has an accumulator of its own.
namespace snac::circuit {
namespace {

/// One LUT6 is a 4:1 multiplexer: a tree of them over n inputs has (n - 1) / 3. Wide F7/F8 multiplexers are not counted on.
double multiplexer_luts(int inputs) { return inputs < 2 ? 0 : std::ceil((inputs - 1) / 3.0); }

/// One output bit of a table: 64 entries in a LUT6, joined by 4:1 multiplexers.
double table_luts(int entries) {
  const double luts = std::ceil(entries / 64.0);
  return luts + multiplexer_luts(static_cast<int>(luts));
}

int signed_width(const Range& range) { return range.width() + (range.is_signed() ? 0 : 1); }

/// A signed a x b multiplier of LUTs, b the narrower: b - 1 rows of adders of a bits, partial products included.
/// Yosys 0.23 (xcup, -nodsp) on 18 widths from 4x4 to 16x16: 2.05 LUT per bit and row, mean error 8 %, at most 13 %. (Vendor tools need
/// about half of that: they put the partial products into the carry chains' LUTs.) Few cycles leave constant and equal weight bits, which
/// synthesis uses: 0.5, 0.75, 0.9 and 0.97 of that at 2, 4, 8 and 16 cycles, on five networks with 8-bit weights.
double multiplier_luts(int a, int b, int cycles) {
  if (a < b) std::swap(a, b);
  if (b == 1) return a;
  return 2.05 * a * (b - 1) * (1 - 1.0 / std::max(2, cycles));
}

/// Yosys makes no DSP slice of a one-bit operand or a product of less than 9 bits (synth_xilinx: DSP_B_MINWIDTH, DSP_Y_MINWIDTH).
bool fits_a_dsp(int weight_width, const Range& product) { return weight_width >= 2 && product.width() >= 9; }

/// A DSP48E2 multiplies 27 x 18 bits (UG579); wider operands are split.
double multiplier_dsps(int a, int b) {
  if (a < b) std::swap(a, b);
  return std::ceil(a / 27.0) * std::ceil(b / 18.0);
}

/// A RAMB18 holds 512 x 36, 1024 x 18, 2048 x 9 ... bits (UG573).
double block_rams(std::int64_t width, int depth) {
  if (depth <= 512) return std::ceil(static_cast<double>(width) / 36);
  int bits = 18, rows = 1024;
  while (rows < depth && bits > 1) {
    rows *= 2;
    bits = bits > 2 ? bits / 2 : 1;
  }
  return std::ceil(static_cast<double>(width) / bits) * std::ceil(static_cast<double>(depth) / rows);
}

/// Weight ROMs in LUTs. Synthesis keeps one table and one register for all bits, of any weights of the layer, that read the same in
/// every cycle. With few cycles there are few such columns: 14 at most for 4 cycles, whatever the number of weights.
std::int64_t distinct_columns(const FoldedLayer& layer) {
  std::set<std::string> columns;
  for (const FoldedUnit& unit : layer.units) {
    for (const FoldedMultiplier& multiplier : unit.multipliers) {
      for (int bit = 0; bit < multiplier.weight.width(); ++bit) {
        std::string column;
        for (const std::int32_t weight : multiplier.weights) column += (weight >> bit) & 1 ? '1' : '0';
        const bool constant = column.find(column.front() == '1' ? '0' : '1') == std::string::npos;
        if (!constant) columns.insert(std::move(column));
      }
    }
  }
  return std::ssize(columns);
}

/// Low bits of a sum that nobody reads, as all its readers are casts that truncate them: no register waits with them.
int unread_low_bits(const Circuit& circuit, Id id) {
  int unread = circuit.node(id).range.width();
  for (const Node& node : circuit.nodes()) {
    if (node.args[0] != id && node.args[1] != id) continue;
    const bool truncates = node.kind == Kind::cast && node.type.rounding == fixed::Rounding::trn;
    unread = std::min(unread, truncates ? std::max(0, circuit.node(id).fraction_bits - node.type.fraction_bits()) : 0);
  }
  return unread;
}

/// Tables of the biases of a unit with several sums: bits that differ between them. Up to 8 sums the accumulator's LUTs have room for the
/// three bits that choose.
double bias_luts(const FoldedUnit& unit) {
  if (unit.bias.size() <= 8) return 0;
  double luts = 0;
  for (int bit = 0; bit < unit.accumulator.width(); ++bit) {
    bool differs = false;
    for (const std::int64_t bias : unit.bias) differs = differs || ((bias ^ unit.bias.front()) >> bit & 1) != 0;
    if (differs) luts += table_luts(static_cast<int>(unit.bias.size()));
  }
  return luts;
}

/// The array without the circuit behind it.
FoldedCost array_cost(const FoldedLayer& layer, Multiplier kind) {
  FoldedCost cost;
  const int cycles = layer.cycles();
  std::vector<Range> operand(static_cast<std::size_t>(layer.slots));
  std::vector<int> choices(operand.size(), 0);
  for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
    const FoldedInput& input = layer.inputs[k];
    cost.ff += input.range.width();
    Range& range = operand[k / static_cast<std::size_t>(layer.steps)];
    range.low = std::min(range.low, input.range.low * (std::int64_t{1} << input.left));
    range.high = std::max(range.high, input.range.high * (std::int64_t{1} << input.left));
    ++choices[k / static_cast<std::size_t>(layer.steps)];
  }
  for (std::size_t s = 0; s < operand.size(); ++s) {
    cost.ff += operand[s].width();
    cost.lut += operand[s].width() * multiplexer_luts(choices[s]);
  }
  std::int64_t weight_bits = 0;
  for (const FoldedUnit& unit : layer.units) {
    for (const FoldedMultiplier& multiplier : unit.multipliers) {
      const int a = signed_width(operand[static_cast<std::size_t>(multiplier.slot)]), b = signed_width(multiplier.weight);
      weight_bits += multiplier.weight.width();
      cost.ff += multiplier.product.width();
      if (kind == Multiplier::dsp && fits_a_dsp(b, multiplier.product))
        cost.dsp += multiplier_dsps(a, b);
      else
        cost.lut += multiplier_luts(a, b, cycles);
    }
    // Adders: one LUT per bit of the result, as in logic_cost.cpp; the accumulator's choice between bias and old value shares its LUT.
    for (std::size_t level = 1; level < unit.sums.size(); ++level) {
      const bool registered = layer.registered_after(static_cast<int>(level));
      for (std::size_t j = 0; j < unit.sums[level].size(); ++j) {
        const int width = unit.sums[level][j].width();
        if (2 * j + 1 < unit.sums[level - 1].size()) cost.lut += width;
        if (registered) cost.ff += width;
      }
    }
    cost.lut += unit.accumulator.width();
    cost.ff += unit.accumulator.width();
  }
  if (layer.groups > 1) {
    for (const Port& port : layer.after.inputs()) cost.ff += port.type.width - unread_low_bits(layer.after, port.node);  // finished sums
    cost.lut += layer.groups;  // their write enables
    for (const FoldedUnit& unit : layer.units) cost.lut += bias_luts(unit);
  }
  if (layer.block_rom) {
    cost.bram18 += block_rams(weight_bits, cycles);
  } else if (cycles > 1) {
    const auto columns = static_cast<double>(distinct_columns(layer));
    cost.lut += columns * table_luts(cycles);
    cost.ff += columns;
  }
  // Counters and the delayed control bits: a few LUTs and flip-flops per layer.
  const double counter_bits = std::ceil(std::log2(std::max(1, cycles)));
  const double lead = 2 + layer.tree_registers();
  cost.lut += 2 * counter_bits + 4;
  cost.ff += counter_bits * (layer.groups > 1 ? 2 : 1) + 1 + 2 * (lead + 1);
  return cost;
}

void add(FoldedCost& total, const FoldedCost& part) {
  total.lut += part.lut;
  total.ff += part.ff;
  total.dsp += part.dsp;
  total.bram18 += part.bram18;
}

/// logic_cost counts two output bits of a ReLU or saturation per LUT6, as devices have them. Yosys gives each bit a LUT of its own, and
/// here, where they are a large part, the estimate follows the tool that it is compared with.
FoldedCost circuit_cost(const Circuit& circuit, const Schedule& schedule) {
  const LogicCost logic = logic_cost(circuit, schedule);
  FoldedCost cost{.lut = logic.lut, .ff = logic.ff};
  for (const Node& node : circuit.nodes()) {
    const bool saturates =
        node.kind == Kind::cast && node.type.rounding == fixed::Rounding::trn && node.type.overflow != fixed::Overflow::wrap;
    if (node.kind == Kind::relu || saturates) cost.lut += 0.5 * node.range.width();
  }
  return cost;
}

}  // namespace

FoldedCost folded_cost(const FoldedDesign& design, std::vector<FoldedCost>* per_layer) {
  FoldedCost total;
  if (design.front) add(total, circuit_cost(*design.front, design.front_schedule));
  if (per_layer) per_layer->clear();
  for (const FoldedLayer& layer : design.layers) {
    FoldedCost cost = array_cost(layer, design.params.multiplier);
    add(cost, circuit_cost(layer.after, layer.after_schedule));
    add(total, cost);
    if (per_layer) per_layer->push_back(cost);
  }
  const double pause_bits = std::ceil(std::log2(design.initiation_interval));
  total.lut += 2 * pause_bits;
  total.ff += pause_bits;
  return total;
}

}  // namespace snac::circuit
