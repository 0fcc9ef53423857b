#include "verilog_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

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

std::string result(const Node& node, const NodeContext& context, const std::string& expression) {
  if (context.declared) return fmt::format("  assign {} = {};\n", context.wire, expression);
  return define(context.wire, node.range.width(), expression);
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

/// Only the bits where both operands live go through an adder. Below the higher operand's lowest bit the other one passes
/// through, unless it is subtracted: then the borrow has to be computed from its lowest bit on.
std::string add_text(const Node& node, const NodeContext& context) {
  const auto& [a, b] = context.operands;
  const int width = node.range.width();
  const int low = std::min({static_cast<int>(node.shift_a), static_cast<int>(node.shift_b), width});
  int split = low;  // lowest bit of the adder
  std::string tail;
  if (node.shift_a < node.shift_b) {
    split = std::min<int>(node.shift_b, width);
    if (split > low) tail = bits(a, low - node.shift_a, split - low);
  } else if (node.shift_b < node.shift_a && !node.subtract) {
    split = std::min<int>(node.shift_a, width);
    if (split > low) tail = bits(b, low - node.shift_b, split - low);
  }
  std::string text;
  int parts = 0;
  const auto part = [&](const std::string& piece) { text += (parts++ > 0 ? ", " : "") + piece; };
  if (split < width) {
    const int count = width - split;
    const auto left = [&] { return bits(a, split - node.shift_a, count); };
    const auto right = [&] { return bits(b, split - node.shift_b, count); };
    if (known_zero(b, split - node.shift_b, count)) {
      part(left());
    } else if (known_zero(a, split - node.shift_a, count) && !node.subtract) {
      part(right());
    } else {
      part(fmt::format("{} {} {}", left(), node.subtract ? '-' : '+', right()));
    }
  }
  if (!tail.empty()) part(tail);
  if (low > 0) part(literal(0, low));
  std::string line = result(node, context, parts > 1 ? "{" + text + "}" : text);
  line.pop_back();
  return line + sum_comment(node, context);
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
  const Operand sum{context.wire + "_rounded", range, x.use};
  if (!sum.is_constant()) {
    text += define(context.wire + "_up", 1, condition);
    const int width = range.width();
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
  const int width = node.range.width();
  const std::string kept = y.get(0, width);
  const bool over = y.high > type.max_raw(), under = y.low < type.lowest_raw();
  if (type.overflow == Overflow::wrap || (!over && !under)) return text + result(node, context, kept);

  // Bits from `magnitude` up to the sign all repeat the sign if the value fits.
  const std::int64_t magnitude = type.is_signed ? type.width - 1 : type.width;
  const std::int64_t top = y.width() - (y.operand.range.is_signed() ? 1 : 0);  // below the sign bit
  std::string choice;
  const auto choose = [&](const std::string& suffix, const std::string& condition, std::int64_t value) {
    text += define(context.wire + suffix, 1, condition);
    choice += fmt::format("{}{} ? {} : ", context.wire, suffix, literal(value, width));
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
  return text + result(node, context, choice + kept);
}

std::string relu_text(const Node& node, const NodeContext& context) {
  const Operand& a = context.operands[0];
  const int width = node.range.width();
  if (!a.range.is_signed()) return result(node, context, bits(a, 0, width));
  return result(node, context, fmt::format("{} ? {} : {}", bits(a, a.range.width() - 1, 1), literal(0, width), bits(a, 0, width)));
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
  const int kept = node.range.width();
  return text + result(node, context,
                       fmt::format("{}_less ? {} : {}", context.wire, bits(b, -std::int64_t{node.shift_b}, kept),
                                   bits(a, -std::int64_t{node.shift_a}, kept)));
}

/// The attribute keeps Vivado from a DSP block, as the counts say; Quartus knows `multstyle`.
std::string multiply_text(const Node& node, const NodeContext& context) {
  const auto& [a, b] = context.operands;
  const bool is_signed = a.range.is_signed() || b.range.is_signed();
  const int width = width_of(a, 0, is_signed) + width_of(b, 0, is_signed);
  const std::string product = context.wire + "_product";
  std::string text = "  (* use_dsp = \"no\", multstyle = \"logic\" *)\n";
  text += define(product, width, as_number(a, 0, width, is_signed) + " * " + as_number(b, 0, width, is_signed));
  if (BitUse* use = a.use) {
    use->declare_part(product, width);
    use->mark_all(product, node.range.width());
  }
  return text + result(node, context, width == node.range.width() ? product : fmt::format("{}[{}:0]", product, node.range.width() - 1));
}

std::string lookup_text(const Node& node, const NodeContext& context) {
  std::string text = context.declared ? "" : fmt::format("  wire {} {};\n", vector_range(node.range.width()), context.wire);
  const Operand& a = context.operands[0];
  return text + fmt::format("  {0} {1}_table (.x({2}), .y({1}));\n", context.table_module, context.wire, bits(a, 0, a.range.width()));
}

}  // namespace

std::string node_text(const Node& node, const NodeContext& context) {
  if (node.range.width() == 0) throw std::logic_error("verilog: a node without bits");
  switch (node.kind) {
    case Kind::add:
      return add_text(node, context);
    case Kind::negate: {
      const int width = node.range.width();
      return result(node, context, fmt::format("{} - {}", literal(0, width), bits(context.operands[0], 0, width)));
    }
    case Kind::shift:
      return result(node, context, bits(context.operands[0], 0, node.range.width()));
    case Kind::cast:
      return cast_text(node, context);
    case Kind::relu:
      return relu_text(node, context);
    case Kind::lookup:
      return lookup_text(node, context);
    case Kind::maximum:
      return maximum_text(node, context);
    case Kind::multiply:
      return multiply_text(node, context);
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
