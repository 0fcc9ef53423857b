#include "hls_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "snac/core/error.hpp"

namespace snac::codegen {
namespace {

using fixed::FixedType;

constexpr int kMaxCarrier = 64;  ///< bits: the test bench reads values as 64-bit words

std::string place(std::size_t index, const fixed::Node& node) { return fmt::format("node {} '{}'", index, node.name.substr(0, 80)); }

/// The narrowest carrier of all elements, each with all integers of its width.
Carrier carrier_of(const fixed::TensorType& tensor, const std::string& where) {
  const bool is_signed = std::any_of(tensor.types.begin(), tensor.types.end(), [](const FixedType& t) { return t.is_signed; });
  int fraction = std::numeric_limits<int>::min(), integer = fraction;
  for (const FixedType& type : tensor.types) {
    fraction = std::max(fraction, type.fraction_bits());
    integer = std::max(integer, type.integer_bits + (is_signed && !type.is_signed ? 1 : 0));
  }
  if (integer + fraction > kMaxCarrier) {
    throw DataError("elements of one value are too far apart for an HLS array",
                    {.where = where,
                     .found = fmt::format("types that need {} integer and {} fraction bits together", integer, fraction),
                     .expected = fmt::format("at most {} bits", kMaxCarrier),
                     .hint = {}});
  }
  return {.width = integer + fraction, .integer_bits = integer, .is_signed = is_signed};
}

HlsValue plan_value(const fixed::TensorType& tensor, std::string name, const std::string& where) {
  HlsValue value{
      .tensor = &tensor, .name = std::move(name), .carrier = carrier_of(tensor, where), .shifts = {}, .casts = {}, .cast_of = {}};
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    const FixedType& type = tensor.type(i);
    value.shifts.push_back(value.carrier.fraction_bits() - type.fraction_bits());
    const auto found = std::find(value.casts.begin(), value.casts.end(), type);
    value.cast_of.push_back(static_cast<std::size_t>(found - value.casts.begin()));
    if (found == value.casts.end()) value.casts.push_back(type);
  }
  return value;
}

template <class Integer>
Carrier narrowest_of(const std::vector<Integer>& values, int fraction_bits) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return narrowest(*low, *high, fraction_bits);
}

HlsDense plan_dense(const fixed::DenseOp& op, const fixed::TensorType& input, const HlsParams& params, const std::string& where) {
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = std::numeric_limits<std::int64_t>::min();
  for (const fixed::AccumulatorRange& range : fixed::accumulator_ranges(op, input, where)) {
    low = std::min(low, range.low);
    high = std::max(high, range.high);
  }
  // A sum starts at the bias, which lies in the range; a product alone may not, but sums wrap, so their end is right.
  return {.weight = narrowest_of(op.weights, op.weight_fraction_bits),
          .bias = narrowest_of(op.bias, op.bias_fraction_bits),
          .accumulator = narrowest(low, high, op.bias_fraction_bits),
          .reuse_factor =
              params.strategy == HlsStrategy::resource ? nearest_legal_reuse_factor(params.reuse_factor, op.inputs, op.outputs) : 1};
}

/// The carrier with so many integer bits that a cast into `type` drops no more bits than it has: the vendor's headers want that.
Carrier roomy(Carrier carrier, const FixedType& type) {
  constexpr int kRoom = 100;  // our own headers go to 127 and need none
  const int width = std::max(carrier.width, std::min(carrier.fraction_bits() - type.fraction_bits() + 1, kRoom));
  return {.width = width, .integer_bits = carrier.integer_bits + width - carrier.width, .is_signed = carrier.is_signed};
}

HlsSoftmax plan_softmax(const fixed::SoftmaxOp& op, const HlsValue& x) {
  const std::int64_t highest = *std::max_element(op.exponential.begin(), op.exponential.end());
  const Carrier gap{.width = x.carrier.width + 1, .integer_bits = x.carrier.integer_bits + 1, .is_signed = true};
  HlsSoftmax types{.gap = roomy(gap, op.difference),
                   .exponential = narrowest(0, highest, op.exponential_fraction_bits),
                   .total = roomy(narrowest(0, highest * static_cast<std::int64_t>(x.size()), op.exponential_fraction_bits), op.sum),
                   .inverse = narrowest_of(op.inverse, op.inverse_fraction_bits),
                   .product = {}};
  types.product = {.width = types.exponential.width + types.inverse.width,
                   .integer_bits = types.exponential.integer_bits + types.inverse.integer_bits,
                   .is_signed = false};
  return types;
}

[[noreturn]] void refuse(const char* what, std::string found, std::string expected, std::string hint = {}) {
  throw ConfigError("an HLS project cannot be written as asked",
                    {.where = what, .found = std::move(found), .expected = std::move(expected), .hint = std::move(hint)});
}

void check(const HlsParams& params) {
  check_top_name(params.top);
  const auto is_part_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (params.part.empty() || params.part.front() == '-' || !std::all_of(params.part.begin(), params.part.end(), is_part_character)) {
    refuse("part", "'" + params.part + "'", "the vendor's name of a part: letters, digits, '-'", "for instance xcvu13p-flga2577-2-e");
  }
  if (!(params.clock_ns > 0 && params.clock_ns <= 1e6)) {
    refuse("clock", fmt::format("{} ns", params.clock_ns), "a period above 0, at most 1000000 ns");
  }
  if (!(params.clock_uncertainty_percent >= 0 && params.clock_uncertainty_percent < 100)) {
    refuse("clock uncertainty", fmt::format("{} %", params.clock_uncertainty_percent), "0 to 99 % of the period");
  }
  if (params.reuse_factor < 1) refuse("reuse factor", std::to_string(params.reuse_factor), "at least 1");
  if (params.strategy == HlsStrategy::latency && params.reuse_factor != 1) {
    refuse("reuse factor", fmt::format("{} with the latency strategy", params.reuse_factor), "1", "or the resource strategy");
  }
}

bool has_kernel(const fixed::Node& node) {
  return node.inputs.size() == 1 && (std::holds_alternative<fixed::DenseOp>(node.op) || std::holds_alternative<fixed::CastOp>(node.op) ||
                                     std::holds_alternative<fixed::ReluOp>(node.op) || std::holds_alternative<fixed::TableOp>(node.op) ||
                                     std::holds_alternative<fixed::ArgmaxOp>(node.op) || std::holds_alternative<fixed::SoftmaxOp>(node.op));
}

/// Per value: it reaches the output. Works backwards, as nodes read earlier values only.
std::vector<bool> live_values(const fixed::FixedNet& net) {
  std::vector<bool> live(net.nodes.size() + 1, false);
  live.back() = true;
  for (std::size_t k = net.nodes.size(); k-- > 0;) {
    for (const int source : net.nodes[k].inputs)
      live[static_cast<std::size_t>(source)] = live[static_cast<std::size_t>(source)] || live[k + 1];
  }
  return live;
}

}  // namespace

HlsPlan plan_hls(const fixed::FixedNet& net, const HlsParams& params) {
  check(params);
  net.validate();
  HlsPlan plan{.net = &net, .params = params, .values = {}, .nodes = {}};

  const std::vector<bool> live = live_values(net);
  for (std::size_t k = 0; k < net.nodes.size(); ++k) {
    if (!live[k + 1] || has_kernel(net.nodes[k])) continue;
    throw DataError("a network cannot be written as an HLS project",
                    {.where = place(k, net.nodes[k]),
                     .found = "a kind of node that has no HLS kernel yet",
                     .expected = "dense, cast, relu, table, argmax or softmax",
                     .hint = "leave HLS out for this network; the Verilog covers every kind"});
  }

  plan.values.push_back(plan_value(net.input, "input", "input"));
  for (std::size_t k = 0; k < net.nodes.size(); ++k) {
    const fixed::Node& node = net.nodes[k];
    plan.values.push_back(live[k + 1] ? plan_value(node.output, fmt::format("layer{}", k + 1), place(k, node)) : HlsValue{});
    if (!live[k + 1]) continue;
    HlsNode planned{.node = &node, .source = node.inputs.front(), .value = static_cast<int>(k) + 1, .dense = {}, .softmax = {}};
    if (const auto* dense = std::get_if<fixed::DenseOp>(&node.op)) {
      planned.dense = plan_dense(*dense, net.value(planned.source), params, place(k, node));
    }
    if (const auto* softmax = std::get_if<fixed::SoftmaxOp>(&node.op)) {
      planned.softmax = plan_softmax(*softmax, plan.values[static_cast<std::size_t>(planned.source)]);
    }
    ++plan.values[static_cast<std::size_t>(planned.source)].readers;
    plan.nodes.push_back(planned);
  }
  return plan;
}

}  // namespace snac::codegen
