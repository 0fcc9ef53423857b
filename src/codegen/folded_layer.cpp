#include "folded_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "snac/codegen/verilog.hpp"
#include "verilog_text.hpp"

namespace snac::codegen {
namespace {

using circuit::FoldedInput;
using circuit::FoldedLayer;
using circuit::FoldedMultiplier;
using circuit::FoldedUnit;
using circuit::Range;

constexpr const char* kMultiplier = R"(// p is the low bits of a * b, one clock later; the product's range is known to fit.
{1}module {0} #(
  parameter A = 8,
  parameter B = 8,
  parameter P = 16
) (
  input wire clk,
  input wire signed [A-1:0] a,
  input wire signed [B-1:0] b,
  output reg [P-1:0] p
);
  /* verilator lint_off WIDTH */
  /* verilator lint_off UNUSED */
  wire signed [A+B-1:0] product = a * b;
  always @(posedge clk) p <= product[P-1:0];
  /* verilator lint_on UNUSED */
  /* verilator lint_on WIDTH */
endmodule
)";

int counter_width(int values) { return std::bit_width(static_cast<unsigned>(values - 1)); }

/// Bits as a signed operand: unsigned ranges get a zero in front.
int signed_width(const Range& range) { return range.width() + (range.is_signed() ? 0 : 1); }

class LayerPrinter {
 public:
  LayerPrinter(const FoldedLayer& layer, const std::string& multiplier)
      : layer_(layer), multiplier_(multiplier), operands_(static_cast<std::size_t>(layer.slots)), cycles_(layer.cycles()) {
    for (const FoldedUnit& unit : layer.units) {
      for (const FoldedMultiplier& m : unit.multipliers) operands_[static_cast<std::size_t>(m.slot)].used = true;
    }
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      const FoldedInput& input = layer.inputs[k];
      Range& range = operands_[k / static_cast<std::size_t>(layer.steps)].range;
      range.low = std::min(range.low, input.range.low * (std::int64_t{1} << input.left));
      range.high = std::max(range.high, input.range.high * (std::int64_t{1} << input.left));
    }
  }

  std::string text(const std::string& module) const {
    std::int64_t in_bits = 0;
    for (const int width : layer_.input_widths) in_bits += width;
    std::string text = fmt::format(
        "// {}: {} of {} inputs and {} outputs take part, {} multipliers\n"
        "// {} cycles of work per vector, sums {} cycles after the input\n"
        "module {} (\n  input wire clk,\n  input wire rst,\n  input wire in_valid,\n  input wire {} in_data,\n"
        "  output wire out_valid,\n  output wire {} out_data\n);\n",
        as_comment(layer_.name), layer_.inputs.size(), layer_.num_inputs, layer_.rows.size(), layer_.num_multipliers(), cycles_,
        layer_.sum_latency(), module, vector_range(static_cast<int>(in_bits)),
        vector_range(static_cast<int>(bus_width(layer_.after.inputs()))));
    text += held_inputs() + control() + operands() + weights();
    for (std::size_t u = 0; u < layer_.units.size(); ++u) text += unit(u);
    return text + finished() + "endmodule\n";
  }

 private:
  struct SlotOperand {
    bool used = false;
    Range range;  ///< over the slot's inputs and 0
  };

  bool has_step() const { return layer_.steps > 1; }
  bool has_group() const { return layer_.groups > 1; }
  bool has_cycle() const { return cycles_ > 1; }
  /// Cycles from the step's counter to the accumulation of its products.
  int lead() const { return 2 + layer_.tree_registers(); }
  /// A counter's name in the cycle `late` after its step.
  static std::string late(const std::string& name, int cycles) { return cycles == 0 ? name : fmt::format("{}_{}", name, cycles); }

  std::string held_inputs() const {
    std::string declarations, lines;
    std::int64_t offset = 0;
    auto next = layer_.inputs.begin();
    for (int i = 0; i < layer_.num_inputs; ++i) {
      if (next != layer_.inputs.end() && next->element == i) {
        if (operands_[static_cast<std::size_t>(next - layer_.inputs.begin()) / static_cast<std::size_t>(layer_.steps)].used) {
          const int width = std::max(1, next->range.width());
          declarations += fmt::format("  reg {} x{};\n", vector_range(width), i);
          lines += fmt::format("      x{} <= in_data[{} +: {}];\n", i, offset, width);
        }
        ++next;
      }
      offset += layer_.input_widths[static_cast<std::size_t>(i)];
    }
    if (lines.empty()) return "";
    return "\n  // The input vector, held while the layer works on it.\n" + declarations +
           "  always @(posedge clk)\n    if (in_valid) begin\n" + lines + "    end\n";
  }

  std::string counter(const std::string& name, int values, const std::string& advance) const {
    const int width = counter_width(values);
    const std::string zero = literal(0, width);
    return fmt::format("  reg {0} {1};\n  always @(posedge clk) {1} <= (in_valid || !busy || {2}) ? {3} : {4};\n", vector_range(width),
                       name, last(), zero, advance);
  }

  /// True in the last cycle of work, if there is more than one.
  std::string last() const { return fmt::format("cycle == {}", literal(cycles_ - 1, counter_width(cycles_))); }

  /// `signal` delayed by 1 .. count cycles, named signal_1 ...
  static std::string delays(const std::string& signal, const std::string& range, int count, bool reset) {
    std::string declarations, lines;
    for (int k = 1; k <= count; ++k) {
      declarations += fmt::format("  reg {}{};\n", range, late(signal, k));
      lines += fmt::format("    {} <= {}{};\n", late(signal, k), reset ? "!rst && " : "", late(signal, k - 1));
    }
    return count == 0 ? "" : declarations + "  always @(posedge clk) begin\n" + lines + "  end\n";
  }

  std::string control() const {
    std::string text = "\n  // Counters, and what the pipeline behind them needs to know, one register per stage.\n  reg busy;\n";
    if (has_cycle()) {
      const int width = counter_width(cycles_);
      text += counter("cycle", cycles_, fmt::format("cycle + {}", literal(1, width)));
    }
    text += has_cycle() ? fmt::format("  always @(posedge clk) busy <= !rst && (in_valid || (busy && !({})));\n", last())
                        : "  always @(posedge clk) busy <= !rst && in_valid;\n";
    if (has_group() && has_step()) {
      const int step_width = counter_width(layer_.steps), group_width = counter_width(layer_.groups);
      const std::string end = fmt::format("step == {}", literal(layer_.steps - 1, step_width));
      text += counter("step", layer_.steps, fmt::format("{} ? {} : step + {}", end, literal(0, step_width), literal(1, step_width)));
      text += counter("group", layer_.groups, fmt::format("{} ? group + {} : group", end, literal(1, group_width)));
    } else if (has_group()) {
      text += fmt::format("  wire {} group = cycle;\n", vector_range(counter_width(layer_.groups)));
    }
    if (has_step()) {
      text += fmt::format("  wire first = {} == {};\n", step_name(), literal(0, counter_width(layer_.steps)));
      text += delays("first", "", lead(), false);
    }
    if (has_group()) text += delays("group", vector_range(counter_width(layer_.groups)) + " ", lead() + 1, false);
    text += has_cycle() ? fmt::format("  wire done = busy && {};\n", last()) : "  wire done = busy;\n";
    return text + delays("done", "", lead() + 1 + (has_group() ? 1 : 0), true);
  }

  std::string step_name() const { return has_group() ? "step" : "cycle"; }

  /// Input first + (the low bit + 1 bits of the step). A tree of 2:1 multiplexers: synthesis packs two levels into a LUT6, where a case
  /// statement is decoded first (Yosys 0.23, 16 inputs: 5 LUTs per bit against 11).
  std::string choice(std::size_t first, std::size_t count, int bit, int width, const std::string& indent) const {
    if (count == 1) {
      const FoldedInput& x = layer_.inputs[first];
      return bits({fmt::format("x{}", x.element), x.range}, -x.left, width);
    }
    const std::size_t half = std::size_t{1} << bit;
    if (count <= half) return choice(first, count, bit - 1, width, indent);
    const std::string low = choice(first, half, bit - 1, width, indent + "  ");
    const std::string high = choice(first + half, count - half, bit - 1, width, indent + "  ");
    const std::string separator = count > 4 ? "\n" + indent : " ";
    const auto operand = [](const std::string& text, std::size_t n) { return n > 1 ? "(" + text + ")" : text; };
    return fmt::format("{}[{}]{}? {}{}: {}", step_name(), bit, separator, operand(high, count - half), separator, operand(low, half));
  }

  std::string operands() const {
    std::string text;
    for (std::size_t s = 0; s < operands_.size(); ++s) {
      if (!operands_[s].used) continue;
      const int width = operands_[s].range.width();
      const std::size_t begin = s * static_cast<std::size_t>(layer_.steps);
      const std::size_t end = std::min(begin + static_cast<std::size_t>(layer_.steps), layer_.inputs.size());
      text += fmt::format("  reg {} a{};\n  always @(posedge clk)\n", vector_range(width), s);
      text += fmt::format("    a{} <= {};\n", s, choice(begin, end - begin, counter_width(layer_.steps) - 1, width, "      "));
    }
    return text.empty() ? text : "\n  // The input of each slot.\n" + text;
  }

  /// The unit's weights of one cycle as one word, the first multiplier lowest.
  static std::string word(const FoldedUnit& unit, int cycle) {
    std::vector<std::string> parts;
    for (const FoldedMultiplier& m : unit.multipliers)
      parts.push_back(literal(m.weights[static_cast<std::size_t>(cycle)], m.weight.width()));
    std::reverse(parts.begin(), parts.end());
    return fmt::format("{}", fmt::join(parts, ", "));
  }
  static int word_width(const FoldedUnit& unit) {
    int width = 0;
    for (const FoldedMultiplier& m : unit.multipliers) width += m.weight.width();
    return width;
  }

  std::string weights() const {
    if (layer_.num_multipliers() == 0) return "";
    if (layer_.block_rom) return block_rom();
    std::string text = "\n  // The weights of each unit, its first multiplier lowest.\n";
    for (std::size_t u = 0; u < layer_.units.size(); ++u) {
      const FoldedUnit& unit = layer_.units[u];
      if (unit.multipliers.empty()) continue;
      const std::string range = vector_range(word_width(unit));
      if (!has_cycle()) {
        text += fmt::format("  wire {} w{} = {{{}}};\n", range, u, word(unit, 0));
        continue;
      }
      text += fmt::format("  reg {} w{};\n  always @(posedge clk)\n    case (cycle)\n", range, u);
      for (int cycle = 0; cycle < cycles_; ++cycle) {
        const std::string label = cycle + 1 == cycles_ ? "default" : literal(cycle, counter_width(cycles_));
        text += fmt::format("      {}: w{} <= {{{}}};\n", label, u, word(unit, cycle));
      }
      text += "    endcase\n";
    }
    return text;
  }

  std::string block_rom() const {
    int total = 0;
    std::string names;
    for (std::size_t u = 0; u < layer_.units.size(); ++u) {
      const FoldedUnit& unit = layer_.units[u];
      if (unit.multipliers.empty()) continue;
      names += fmt::format("  wire {} w{} = weight[{} +: {}];\n", vector_range(word_width(unit)), u, total, word_width(unit));
      total += word_width(unit);
    }
    std::string text = fmt::format(
        "\n  // The weights of all units, the first unit lowest.\n  (* rom_style = \"block\" *) reg {0} weights [0:{1}];\n"
        "  reg {0} weight;\n  always @(posedge clk) weight <= weights[cycle];\n{2}  initial begin\n",
        vector_range(total), cycles_ - 1, names);
    for (int cycle = 0; cycle < cycles_; ++cycle) {
      std::vector<std::string> words;
      for (const FoldedUnit& unit : layer_.units) {
        if (!unit.multipliers.empty()) words.push_back(word(unit, cycle));
      }
      std::reverse(words.begin(), words.end());
      text += fmt::format("    weights[{}] = {{{}}};\n", cycle, fmt::join(words, ", "));
    }
    return text + "  end\n";
  }

  static std::string sum_name(const FoldedUnit& unit, std::size_t u, std::size_t level, std::size_t j) {
    return level == 0 ? fmt::format("p{}_{}", u, unit.multipliers[j].slot) : fmt::format("s{}_{}_{}", u, level, j);
  }
  Operand sum_operand(const FoldedUnit& unit, std::size_t u, std::size_t level, std::size_t j) const {
    return {sum_name(unit, u, level, j), unit.sums[level][j]};
  }

  std::string unit(std::size_t u) const {
    const FoldedUnit& unit = layer_.units[u];
    std::vector<std::string> rows;
    for (const int row : unit.rows) {
      if (row >= 0) rows.push_back(fmt::format("{}", layer_.rows[static_cast<std::size_t>(row)]));
    }
    std::string text = fmt::format("\n  // Unit {}: output{} {}\n", u, rows.size() > 1 ? "s" : "", fmt::join(rows, ", "));
    int offset = 0;
    for (const FoldedMultiplier& m : unit.multipliers) {
      const Operand a{fmt::format("a{}", m.slot), operands_[static_cast<std::size_t>(m.slot)].range};
      // Selected from the word by hand: an unsigned weight needs a zero in front.
      const int width = m.weight.width(), total = word_width(unit);
      const std::string weight = total == width ? fmt::format("w{}", u)
                                 : width == 1   ? fmt::format("w{}[{}]", u, offset)
                                                : fmt::format("w{}[{}:{}]", u, offset + width - 1, offset);
      text += fmt::format("  wire {} p{}_{};\n", vector_range(m.product.width()), u, m.slot);
      text += fmt::format("  {} #(.A({}), .B({}), .P({})) m{}_{} (.clk(clk), .a({}), .b({}), .p(p{}_{}));\n", multiplier_,
                          signed_width(a.range), signed_width(m.weight), m.product.width(), u, m.slot, bits(a, 0, signed_width(a.range)),
                          m.weight.is_signed() ? weight : fmt::format("{{1'd0, {}}}", weight), u, m.slot);
      offset += width;
    }
    return text + tree(unit, u) + accumulator(unit, u);
  }

  std::string tree(const FoldedUnit& unit, std::size_t u) const {
    std::string text;
    for (std::size_t level = 1; level < unit.sums.size(); ++level) {
      for (std::size_t j = 0; j < unit.sums[level].size(); ++j) {
        const int width = unit.sums[level][j].width();
        std::string value = bits(sum_operand(unit, u, level - 1, 2 * j), 0, width);
        if (2 * j + 1 < unit.sums[level - 1].size()) value += " + " + bits(sum_operand(unit, u, level - 1, 2 * j + 1), 0, width);
        const std::string name = sum_name(unit, u, level, j);
        text += layer_.registered_after(static_cast<int>(level))
                    ? fmt::format("  reg {0} {1};\n  always @(posedge clk) {1} <= {2};\n", vector_range(width), name, value)
                    : fmt::format("  wire {} {} = {};\n", vector_range(width), name, value);
      }
    }
    return text;
  }

  /// The new product stands first: carry chains take their generate input from it, and the choice behind it fits into the same LUT.
  std::string accumulator(const FoldedUnit& unit, std::size_t u) const {
    const int width = unit.accumulator.width();
    const std::size_t level = unit.sums.size() - 1;
    const Operand sum = unit.sums[level].empty() ? Operand{{}, {}} : sum_operand(unit, u, level, 0);
    std::string text, bias = literal(unit.bias.front(), width);
    if (has_group()) {
      bias = fmt::format("bias{}", u);
      text += fmt::format("  reg {} bias{};\n  always @*\n    case ({})\n", vector_range(width), u, late("group", lead()));
      for (std::size_t g = 0; g < unit.bias.size(); ++g) {
        const std::string label =
            g + 1 == unit.bias.size() ? "default" : literal(static_cast<std::int64_t>(g), counter_width(layer_.groups));
        text += fmt::format("      {}: bias{} = {};\n", label, u, literal(unit.bias[g], width));
      }
      text += "    endcase\n";
    }
    const std::string start = has_step() ? fmt::format("({} ? {} : acc{})", late("first", lead()), bias, u) : bias;
    return text + fmt::format("  reg {0} acc{1};\n  always @(posedge clk) acc{1} <= {2} + {3};\n", vector_range(width), u,
                              bits(sum, -layer_.product_left, width), start);
  }

  std::string finished() const {
    std::string text = "\n";
    std::vector<std::string> elements(layer_.rows.size());
    for (std::size_t u = 0; u < layer_.units.size(); ++u) {
      const FoldedUnit& unit = layer_.units[u];
      const Operand sum{fmt::format("acc{}", u), unit.accumulator};
      for (std::size_t g = 0; g < unit.rows.size(); ++g) {
        if (unit.rows[g] < 0) continue;
        const auto row = static_cast<std::size_t>(unit.rows[g]);
        const int width = layer_.after.inputs()[row].type.width;
        if (!has_group()) {
          elements[row] = bits(sum, 0, width);
          continue;
        }
        if (text == "\n") text += "\n  // Finished sums wait for those of the later groups.\n";
        elements[row] = fmt::format("y{}", layer_.rows[row]);
        text += fmt::format("  reg {0} {1};\n  always @(posedge clk) if ({2} == {3}) {1} <= {4};\n", vector_range(width), elements[row],
                            late("group", lead() + 1), literal(static_cast<std::int64_t>(g), counter_width(layer_.groups)),
                            bits(sum, 0, width));
      }
    }
    std::reverse(elements.begin(), elements.end());
    return text + fmt::format("  assign out_valid = {};\n  assign out_data = {{\n    {}\n  }};\n",
                              late("done", lead() + 1 + (has_group() ? 1 : 0)), fmt::join(elements, ",\n    "));
  }

  const FoldedLayer& layer_;
  const std::string& multiplier_;
  std::vector<SlotOperand> operands_;
  int cycles_;
};

}  // namespace

std::string layer_text(const FoldedLayer& layer, const std::string& module, const std::string& multiplier) {
  return LayerPrinter(layer, multiplier).text(module);
}

std::string multiplier_text(const std::string& module, circuit::Multiplier kind) {
  return fmt::format(fmt::runtime(kMultiplier), module,
                     kind == circuit::Multiplier::dsp ? "(* use_dsp = \"yes\" *)\n" : "(* use_dsp = \"no\" *)\n");
}

}  // namespace snac::codegen
