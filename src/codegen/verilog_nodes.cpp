#include "verilog_nodes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "snac/fixed/fixed_type.hpp"

namespace snac::codegen {
namespace {

using circuit::Kind;
using circuit::Node;
using circuit::Range;
using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

__extension__ using Wide = __int128;

std::string define(const std::string& wire, int width, const std::string& expression) {
  return fmt::format("  wire {} {} = {};\n", vector_range(width), wire, expression);
}

/// The live bits of the node.
std::string result(const NodeContext& context, const std::string& expression) {
  if (context.declared) return fmt::format("  assign {} = {};\n", context.wire, expression);
  return define(context.wire, context.live.count, expression);
}

/// Logic that makes the bits from `first` on at once, though the live ones begin later: a wire for all of them in front of `lines`, of
/// which those are kept.
std::string kept_of(const NodeContext& context, const char* suffix, int first, const std::string& expression, std::string& lines) {
  const int count = context.live.end() - first;
  const Operand whole{context.wire + suffix, {0, 0}, context.operands[0].use, circuit::LiveWire{first, count}};
  lines += define(whole.wire, count, expression);
  if (whole.use) whole.use->declare_part(whole.wire, count);
  return held_bits(whole, context.live.first, context.live.end() - 1);
}

/// "n3 - (n4 << 2)", for the reader.
std::string sum_comment(const Node& node, const NodeContext& context) {
  const auto term = [&](std::size_t k, int shift) {
    const Operand& operand = context.operands[k];
    const std::string name = operand.is_constant() ? std::to_string(operand.range.low) : operand.wire;
    return shift == 0 ? name : fmt::format("({} << {})", name, shift);
  };
  return fmt::format("  // {} {} {}\n", term(0, node.shift_a), node.subtract ? "-" : "+", term(1, node.shift_b));
}

/// Only the bits where both operands live go through an adder; those below pass through, see circuit::split_of.
std::string add_text(const Node& node, const NodeContext& context) {
  const int from = context.live.first, end = context.live.end(), split = context.split.split;
  const auto operand_bits = [&](int k, int first, int last) {  // last: one behind
    const int shift = k == 0 ? node.shift_a : node.shift_b;
    return bits(context.operands[static_cast<std::size_t>(k)], first - shift, last - first);
  };
  std::string lines;
  std::vector<std::string> parts;  // highest first
  if (split < end) {
    const std::string sum = fmt::format("{} {} {}", operand_bits(0, split, end), node.subtract ? '-' : '+', operand_bits(1, split, end));
    parts.push_back(from > split ? kept_of(context, "_sum", split, sum, lines) : sum);
  }
  for (int last = std::min(split, end); last > from;) {  // runs of bits from one operand
    const int k = context.split.through(last - 1);
    int first = last - 1;
    while (first > from && context.split.through(first - 1) == k) --first;
    parts.push_back(operand_bits(k, first, last));
    last = first;
  }
  std::string line = result(context, parts.size() > 1 ? fmt::format("{{{}}}", fmt::join(parts, ", ")) : parts.front());
  line.pop_back();
  return lines + line + sum_comment(node, context);
}

std::string negate_text(const NodeContext& context) {
  const int end = context.live.end();
  std::string lines;
  const std::string negative = fmt::format("{} - {}", literal(0, end), bits(context.operands[0], 0, end));
  const std::string kept = context.live.first > 0 ? kept_of(context, "_negative", 0, negative, lines) : negative;
  return lines + result(context, kept);
}

/// The condition that any of the bits is one; empty if there are none.
std::string any(const Operand& operand, std::int64_t low, std::int64_t count) {
  const std::int64_t first = std::max<std::int64_t>(low, 0);  // below are zeros
  count -= first - low;
  return count <= 0 ? "" : "(|" + bits(operand, first, static_cast<int>(count)) + ")";
}

Wide floor_shifted(std::int64_t value, std::int64_t drop) {
  if (drop >= 0) return value >> std::min<std::int64_t>(drop, 63);
  return Wide{value} * (Wide{1} << std::min<std::int64_t>(-drop, 63));
}

/// A value seen on another grid: bit k of it is bit k + offset of the operand.
struct View {
  Operand operand;
  std::int64_t offset = 0;
  Wide low = 0, high = 0;  ///< range on the new grid

  std::string get(std::int64_t from, int count) const { return bits(operand, from + offset, count); }
  bool may_be_negative() const { return low < 0; }
  /// The sign bit of a value that may be negative.
  std::string sign() const { return bits(operand, operand.range.width() - 1, 1); }
  /// Bits up to and including the sign bit, on the new grid; at least 1.
  std::int64_t width() const { return std::max<std::int64_t>(operand.range.width() - offset, 1); }
};

/// The condition under which the floor must be raised by one; see fixed::Rounding. Empty for TRN.
std::string increment(Rounding mode, const View& floor) {
  const std::int64_t drop = floor.offset;
  const Operand& x = floor.operand;
  // The dropped bits: half, and the rest below it. Above x's wire they repeat its sign, so the wire's own bits tell.
  // Asked for only where needed: what is asked for counts as read.
  const auto half = [&] { return bits(x, drop - 1, 1); };
  const auto rest = [&] { return any(x, 0, std::min<std::int64_t>(drop - 1, x.range.width())); };
  const auto sign = [&] { return x.range.is_signed() ? floor.sign() : std::string(); };
  const auto half_and = [&](const std::string& first, const std::string& second) {
    if (!first.empty() && !second.empty()) return fmt::format("{} & ({} | {})", half(), first, second);
    const std::string& only = first.empty() ? second : first;
    return only.empty() ? only : half() + " & " + only;
  };
  switch (mode) {
    case Rounding::trn:
      return "";
    case Rounding::trn_zero:  // negative and not on the grid
      return !x.range.is_signed() ? "" : fmt::format("{} & {}", sign(), any(x, 0, std::min<std::int64_t>(drop, x.range.width())));
    case Rounding::rnd:
      return half();
    case Rounding::rnd_zero:
      return half_and(sign(), rest());
    case Rounding::rnd_inf:
      return !x.range.is_signed() ? half() : half_and("~" + sign(), rest());
    case Rounding::rnd_min_inf:
      return half_and("", rest());
    case Rounding::rnd_conv:
      return half_and(floor.get(0, 1), rest());
  }
  return "";
}

/// Rounding: emits the incremented value if the mode needs one.
View rounded(const Node& node, const NodeContext& context, std::string& text) {
  const Operand& x = context.operands[0];
  View view{x, std::int64_t{context.fraction_bits[0]} - node.type.fraction_bits(), 0, 0};
  view.low = floor_shifted(x.range.low, view.offset);
  view.high = floor_shifted(x.range.high, view.offset);
  const std::string condition = view.offset > 0 ? increment(node.type.rounding, view) : "";
  if (condition.empty()) return view;

  // Rounding is monotone, and dropping bits cannot overflow 63 of them.
  const FixedType widest{63, 63 - node.type.fraction_bits(), true, node.type.rounding, Overflow::wrap};
  const Range range{fixed::cast_raw(x.range.low, context.fraction_bits[0], widest),
                    fixed::cast_raw(x.range.high, context.fraction_bits[0], widest)};
  Operand sum{context.wire + "_rounded", range, x.use};
  if (!sum.is_constant()) {
    text += define(context.wire + "_up", 1, condition);
    // A decision on overflow looks at the upper bits as well.
    const bool fits = range.low >= node.type.lowest_raw() && range.high <= node.type.max_raw();
    const int width = fits || node.type.overflow == Overflow::wrap ? std::min(range.width(), context.live.end()) : range.width();
    sum.live = circuit::LiveWire{0, width};
    const std::string up = width == 1 ? context.wire + "_up" : fmt::format("{{{}, {}_up}}", literal(0, width - 1), context.wire);
    text += define(sum.wire, width, fmt::format("{} + {}", view.get(0, width), up));
    if (x.use) x.use->declare_part(sum.wire, width);
  }
  return {sum, 0, range.low, range.high};
}

std::string cast_text(const Node& node, const NodeContext& context) {
  std::string text;
  const FixedType& type = node.type;
  const View y = rounded(node, context, text);
  const int from = context.live.first, width = context.live.count;
  const std::string kept = y.get(from, width);
  const bool over = y.high > type.max_raw(), under = y.low < type.lowest_raw();
  if (type.overflow == Overflow::wrap || (!over && !under)) return text + result(context, kept);

  // Bits from `magnitude` up to the sign all repeat the sign if the value fits.
  const std::int64_t magnitude = type.is_signed ? type.width - 1 : type.width;
  const std::int64_t top = y.width() - (y.operand.range.is_signed() ? 1 : 0);  // below the sign bit
  std::string choice;
  const auto choose = [&](const std::string& suffix, const std::string& condition, std::int64_t value) {
    text += define(context.wire + suffix, 1, condition);
    choice += fmt::format("{}{} ? {} : ", context.wire, suffix, literal(value >> from, width));
  };
  if (over) {
    const std::string large = any(y.operand, magnitude + y.offset, top - magnitude);
    if (large.empty()) throw std::logic_error("verilog: a value above its type without bits there");
    choose("_over", y.may_be_negative() ? fmt::format("~{} & {}", y.sign(), large) : large,
           type.overflow == Overflow::sat_zero ? 0 : type.max_raw());
  }
  if (under) {
    std::string condition = y.sign();
    if (type.is_signed) {
      const std::int64_t upper = top - magnitude;
      std::string deep;
      if (upper > 0) {  // a bit that does not repeat the sign; on a finer grid the zeros below the operand are such bits
        deep = magnitude + y.offset < 0 ? "1'd1" : "(~&" + y.get(magnitude, static_cast<int>(upper)) + ")";
      }
      if (type.overflow == Overflow::sat_sym) {  // the lowest code is out of range too
        const std::string lowest = magnitude > 0 ? "(~|" + y.get(0, static_cast<int>(magnitude)) + ")" : "1'd1";
        deep = deep.empty() ? lowest : fmt::format("({} | {})", deep, lowest);
      }
      if (deep.empty()) throw std::logic_error("verilog: a value below its type without bits there");
      condition += " & " + deep;
    }
    choose("_under", condition, type.overflow == Overflow::sat_zero ? 0 : type.lowest_raw());
  }
  return text + result(context, choice + kept);
}

std::string relu_text(const NodeContext& context) {
  const Operand& a = context.operands[0];
  const auto [first, count] = context.live;
  if (!a.range.is_signed()) return result(context, bits(a, first, count));
  return result(context, fmt::format("{} ? {} : {}", bits(a, a.range.width() - 1, 1), literal(0, count), bits(a, first, count)));
}

/// An operand's value shifted left, `count` bits wide and marked with the sign that the comparison or product needs.
std::string as_number(const Operand& operand, int shift, int count, bool is_signed) {
  const std::string text = bits(operand, -shift, count);
  return is_signed ? "$signed(" + text + ")" : text;
}

int width_of(const Operand& operand, int shift, bool is_signed) {
  const int width = operand.is_constant() ? Range{operand.range.low, operand.range.low}.width() : operand.range.width();
  return width + shift + (is_signed && !operand.range.is_signed() ? 1 : 0);
}

std::string maximum_text(const Node& node, const NodeContext& context) {
  const auto& [a, b] = context.operands;
  const bool is_signed = a.range.is_signed() || b.range.is_signed();
  const int width = std::max(width_of(a, node.shift_a, is_signed), width_of(b, node.shift_b, is_signed));
  const std::string text = define(context.wire + "_less", 1,
                                  as_number(a, node.shift_a, width, is_signed) + " < " + as_number(b, node.shift_b, width, is_signed));
  const auto [first, count] = context.live;
  return text + result(context, fmt::format("{}_less ? {} : {}", context.wire, bits(b, first - node.shift_b, count),
                                            bits(a, first - node.shift_a, count)));
}

/// The attribute keeps Vivado from a DSP block, as the counts say; Quartus knows `multstyle`. The low bits of a product depend on as
/// many low bits of its operands only.
std::string multiply_text(const NodeContext& context) {
  const auto& [a, b] = context.operands;
  const bool is_signed = a.range.is_signed() || b.range.is_signed();
  const int width = context.live.end();
  std::string text = "  (* use_dsp = \"no\", multstyle = \"logic\" *)\n";
  const std::string kept =
      kept_of(context, "_product", 0, as_number(a, 0, width, is_signed) + " * " + as_number(b, 0, width, is_signed), text);
  return text + result(context, kept);
}

std::string lookup_text(const Node& node, const NodeContext& context) {
  const Operand& a = context.operands[0];
  const int width = node.range.width();
  const auto instance = [&](const std::string& y) {
    return fmt::format("  {} {}_table (.x({}), .y({}));\n", context.table_module, context.wire, bits(a, 0, a.range.width()), y);
  };
  if (context.live.count == width) {
    return (context.declared ? "" : fmt::format("  wire {} {};\n", vector_range(width), context.wire)) + instance(context.wire);
  }
  const Operand entry{context.wire + "_entry", node.range, a.use};
  if (entry.use) entry.use->declare_part(entry.wire, width);
  return fmt::format("  wire {} {};\n", vector_range(width), entry.wire) + instance(entry.wire) +
         result(context, held_bits(entry, context.live.first, context.live.end() - 1));
}

}  // namespace

std::string node_text(const Node& node, const NodeContext& context) {
  if (context.live.count == 0) throw std::logic_error("verilog: a node without bits");
  switch (node.kind) {
    case Kind::add:
      return add_text(node, context);
    case Kind::negate:
      return negate_text(context);
    case Kind::shift:
      return result(context, bits(context.operands[0], context.live.first, context.live.count));
    case Kind::cast:
      return cast_text(node, context);
    case Kind::relu:
      return relu_text(context);
    case Kind::lookup:
      return lookup_text(node, context);
    case Kind::maximum:
      return maximum_text(node, context);
    case Kind::multiply:
      return multiply_text(context);
    case Kind::input:
    case Kind::constant:
      break;
  }
  throw std::logic_error("verilog: a node without logic");
}

std::string table_text(const circuit::Table& table, const std::string& module) {
  if (table.entries.size() < 2) throw std::invalid_argument("verilog: a table without entries");
  const Range inputs{table.low, table.low + static_cast<std::int64_t>(table.entries.size()) - 1};
  const auto [low, high] = std::minmax_element(table.entries.begin(), table.entries.end());
  const int in = inputs.width(), out = Range{*low, *high}.width();
  std::string text =
      fmt::format("module {} (\n  input wire {} x,\n  output reg {} y\n);\n  // raw {} .. {} -> raw {} .. {}\n  always @*\n    case (x)\n",
                  module, vector_range(in), vector_range(out), inputs.low, inputs.high, *low, *high);
  for (std::size_t k = 0; k < table.entries.size(); ++k) {
    text += fmt::format("      {}: y = {};\n", literal(inputs.low + static_cast<std::int64_t>(k), in), literal(table.entries[k], out));
  }
  // Inputs outside the argument's range never come.
  if (in >= 63 || table.entries.size() < (std::size_t{1} << in)) text += fmt::format("      default: y = {{{}{{1'bx}}}};\n", out);
  return text + "    endcase\nendmodule\n";
}

}  // namespace snac::codegen
