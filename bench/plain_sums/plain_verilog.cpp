#include "plain_verilog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <variant>

#include "snac/core/error.hpp"

namespace snac::bench {
namespace {

using fixed::FixedType;

int width_of(std::int64_t low, std::int64_t high) {
  int width = 1;
  while (low < -(std::int64_t{1} << (width - 1)) || high >= (std::int64_t{1} << (width - 1))) ++width;
  return width;
}

std::string literal(std::int64_t value) {
  const int width = width_of(-std::abs(value), std::abs(value));
  return fmt::format("{}{}'sd{}", value < 0 ? "-" : "", width, std::abs(value));
}

[[noreturn]] void cannot_write(const fixed::Node& node, const std::string& what) {
  throw DataError("this network cannot be written as plain sums",
                  {.where = node.name, .found = what, .expected = "dense and ReLU; TRN or RND; WRAP or SAT", .hint = {}});
}

class Writer {
 public:
  Writer(const fixed::FixedNet& net, std::string top) : net_(net), top_(std::move(top)) {}

  std::string run() {
    body_ += fmt::format("  wire [{}:0] v0;\n  assign v0 = in_data;\n", bus(net_.input) - 1);
    for (std::size_t k = 0; k < net_.nodes.size(); ++k) {
      const fixed::Node& node = net_.nodes[k];
      if (node.inputs != std::vector<int>{static_cast<int>(k)}) cannot_write(node, "not a chain");
      if (const auto* dense = std::get_if<fixed::DenseOp>(&node.op)) {
        write_dense(*dense, node, k);
      } else if (std::holds_alternative<fixed::ReluOp>(node.op)) {
        for (std::size_t i = 0; i < node.output.size(); ++i) {
          const FixedType& from = net_.value(static_cast<int>(k)).type(i);
          const std::string x = fmt::format("s{}_{}", k + 1, i);
          body_ += fmt::format("  wire signed [{}:0] {} = {};\n", from.width, x, element(k, i));
          cast(x, from.width + 1, from.fraction_bits(), true, node, k, i);
        }
      } else {
        cannot_write(node, "another kind of node");
      }
      close_value(node.output, k + 1);
    }
    const int stages = plain_latency(net_);
    return fmt::format(
        "/* verilator lint_off WIDTH */\n"  // the usual style: widths follow from the context
        "module {} (input clk, input rst, input in_valid, input [{}:0] in_data, output out_valid, output [{}:0] out_data);\n"
        "  reg [{}:0] valid;\n  always @(posedge clk) valid <= rst ? 0 : {{valid, in_valid}};\n{}"
        "  assign out_valid = valid[{}];\n  assign out_data = v{};\nendmodule\n",
        top_, bus(net_.input) - 1, bus(net_.output()) - 1, stages - 1, body_, stages - 1, net_.nodes.size());
  }

 private:
  static int bus(const fixed::TensorType& type) {
    int width = 0;
    for (std::size_t i = 0; i < type.size(); ++i) width += type.type(i).width;
    return width;
  }

  /// Element i of value k as a signed expression.
  std::string element(std::size_t k, std::size_t i) const {
    const fixed::TensorType& type = net_.value(static_cast<int>(k));
    int offset = 0;
    for (std::size_t j = 0; j < i; ++j) offset += type.type(j).width;
    const std::string bits = fmt::format("v{}[{}:{}]", k, offset + type.type(i).width - 1, offset);
    return type.type(i).is_signed ? fmt::format("$signed({})", bits) : fmt::format("$signed({{1'b0, {}}})", bits);
  }

  void write_dense(const fixed::DenseOp& op, const fixed::Node& node, std::size_t k) {
    const fixed::TensorType& input = net_.value(static_cast<int>(k));
    const auto ranges = fixed::accumulator_ranges(op, input, node.name);
    for (std::size_t o = 0; o < ranges.size(); ++o) {
      std::string sum = literal(op.bias[o]);
      for (std::size_t i = 0; i < input.size(); ++i) {
        const std::int64_t weight = op.weights[o * input.size() + i];
        if (weight == 0) continue;
        const std::int64_t scale = std::int64_t{1} << (op.bias_fraction_bits - op.weight_fraction_bits - input.type(i).fraction_bits());
        const std::string product = fmt::format("p{}_{}_{}", k + 1, o, i);
        const std::int64_t a = input.type(i).min_raw() * weight * scale, b = input.type(i).max_raw() * weight * scale;
        body_ += fmt::format("  wire signed [{}:0] {} = {} * {};\n", width_of(std::min(a, b), std::max(a, b)) - 1, product, element(k, i),
                             literal(weight * scale));
        sum += " + " + product;
      }
      const std::string s = fmt::format("s{}_{}", k + 1, o);
      const int width = width_of(ranges[o].low, ranges[o].high);
      body_ += fmt::format("  wire signed [{}:0] {} = {};\n", width - 1, s, sum);
      cast(s, width, op.bias_fraction_bits, false, node, k, o);
    }
  }

  /// c<k+1>_<i>: x (signed, `width` bits) into element i's type.
  void cast(const std::string& x, int width, int fraction, bool relu, const fixed::Node& node, std::size_t k, std::size_t i) {
    const FixedType& type = node.output.type(i);
    const bool rounds = type.rounding == fixed::Rounding::rnd;
    if ((!rounds && type.rounding != fixed::Rounding::trn) ||
        (type.overflow != fixed::Overflow::wrap && type.overflow != fixed::Overflow::sat)) {
      cannot_write(node, to_string(type));
    }
    const int dropped = fraction - type.fraction_bits();
    std::string value = relu ? fmt::format("({0} < 0 ? {1}'sd0 : {0})", x, width) : x;
    if (dropped > 0)
      value = rounds ? fmt::format("({} + {}) >>> {}", value, literal(std::int64_t{1} << (dropped - 1)), dropped)
                     : fmt::format("{} >>> {}", value, dropped);
    if (dropped < 0) value = fmt::format("{} <<< {}", value, -dropped);
    const std::string r = fmt::format("r{}_{}", k + 1, i), c = fmt::format("c{}_{}", k + 1, i);
    body_ += fmt::format("  wire signed [{}:0] {} = {};\n", width + std::max(0, -dropped), r, value);
    std::string kept = fmt::format("{}[{}:0]", r, type.width - 1);
    if (width + 1 + std::max(0, -dropped) < type.width) kept = r;
    if (type.overflow == fixed::Overflow::sat) {
      kept = fmt::format("{0} > {1} ? {1} : {0} < {2} ? {2} : {0}", r, literal(type.max_raw()), literal(type.min_raw()));
    }
    body_ += fmt::format("  wire [{}:0] {} = {};\n", type.width - 1, c, kept);
  }

  void close_value(const fixed::TensorType& type, std::size_t k) {
    std::string all;
    for (std::size_t i = type.size(); i-- > 0;) all += fmt::format("{}c{}_{}", all.empty() ? "" : ", ", k, i);
    body_ += fmt::format("  reg [{}:0] v{};\n  always @(posedge clk) v{} <= {{{}}};\n", bus(type) - 1, k, k, all);
  }

  const fixed::FixedNet& net_;
  std::string top_, body_;
};

}  // namespace

std::string plain_verilog(const fixed::FixedNet& net, const std::string& top) { return Writer(net, top).run(); }

int plain_latency(const fixed::FixedNet& net) { return static_cast<int>(net.nodes.size()); }

}  // namespace snac::bench
