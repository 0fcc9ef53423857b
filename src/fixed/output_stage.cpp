#include "snac/fixed/output_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <set>

#include "snac/core/error.hpp"

namespace snac::fixed {
namespace {

constexpr int kMaxSumWidth = 14;

/// A name that no node has yet.
std::string free_name(const FixedNet& net, const std::string& wanted) {
  std::set<std::string> taken;
  for (const Node& node : net.nodes) taken.insert(node.name);
  std::string name = wanted;
  for (int k = 2; taken.contains(name); ++k) name = fmt::format("{}_{}", wanted, k);
  return name;
}

std::int64_t scaled(double value, int fraction_bits) { return std::llround(std::ldexp(value, fraction_bits)); }

}  // namespace

std::string to_string(OutputKind kind) {
  switch (kind) {
    case OutputKind::logits:
      return "logits";
    case OutputKind::argmax:
      return "argmax";
    case OutputKind::softmax:
      return "softmax";
  }
  return "";
}

OutputKind output_kind_from_string(const std::string& text, const std::string& where) {
  for (const OutputKind kind : {OutputKind::logits, OutputKind::argmax, OutputKind::softmax}) {
    if (text == to_string(kind)) return kind;
  }
  throw ConfigError("unknown output", {.where = where,
                                       .found = "'" + text + "'",
                                       .expected = "logits, argmax or softmax",
                                       .hint = suggest(text, {"logits", "argmax", "softmax"})});
}

SoftmaxOp softmax_op(const TensorType& logits, int probability_bits) {
  if (probability_bits < kMinProbabilityBits || probability_bits > kMaxProbabilityBits) {
    throw ConfigError("probabilities of that many bits are not supported",
                      {.where = "probability_bits",
                       .found = std::to_string(probability_bits),
                       .expected = fmt::format("{} to {}", kMinProbabilityBits, kMaxProbabilityBits),
                       .hint = {}});
  }
  SoftmaxOp op;
  const int exponential_bits = probability_bits + 2;
  const double reach = (exponential_bits + 1) * std::numbers::ln2;  // exp(-reach) rounds to 0 or 1 unit
  const int reach_bits = std::bit_width(static_cast<unsigned>(std::ceil(reach)) - 1);
  int finest = logits.type(0).fraction_bits();
  for (const FixedType& type : logits.types) finest = std::max(finest, type.fraction_bits());
  const int difference_fraction = std::clamp(finest, 1 - reach_bits, probability_bits - 1);
  op.difference = {reach_bits + difference_fraction, reach_bits, false, Rounding::rnd, Overflow::sat};
  op.exponential_fraction_bits = exponential_bits;
  for (std::int64_t d = 0; d < (std::int64_t{1} << op.difference.width); ++d) {
    op.exponential.push_back(scaled(std::exp(-to_real(d, op.difference)), exponential_bits));
  }
  const int sum_bits = static_cast<int>(std::bit_width(logits.size()));
  const int sum_fraction = std::max(1, std::min(probability_bits + 1, kMaxSumWidth - sum_bits));
  op.sum = {sum_bits + sum_fraction, sum_bits, false, Rounding::rnd, Overflow::sat};
  op.inverse_fraction_bits = probability_bits + 2;
  for (std::int64_t s = 0; s < (std::int64_t{1} << std::min(op.sum.width, kMaxTableWidth)); ++s) {
    op.inverse.push_back(scaled(1 / std::max(1.0, to_real(s, op.sum)), op.inverse_fraction_bits));
  }
  return op;
}

OutputKind output_kind(const FixedNet& net) {
  if (net.gives_index()) return OutputKind::argmax;
  const bool softmax = !net.nodes.empty() && std::holds_alternative<SoftmaxOp>(net.nodes.back().op);
  return softmax ? OutputKind::softmax : OutputKind::logits;
}

FixedNet logits_net(FixedNet net) {
  if (output_kind(net) != OutputKind::logits) net.nodes.pop_back();
  return net;
}

FixedNet with_output(FixedNet net, OutputKind kind, int probability_bits) {
  net = logits_net(std::move(net));
  const TensorType logits = net.output();
  const int source = static_cast<int>(net.nodes.size());
  switch (kind) {
    case OutputKind::logits:
      break;
    case OutputKind::argmax: {
      const int width = std::max(1, static_cast<int>(std::bit_width(logits.size() - 1)));
      net.nodes.push_back({free_name(net, "argmax"), ArgmaxOp{}, {source}, {{{"class", 1}}, {FixedType{width, width, false}}}});
      break;
    }
    case OutputKind::softmax: {
      const FixedType type{probability_bits, 0, false, Rounding::rnd, Overflow::sat};
      net.nodes.push_back({free_name(net, "softmax"), softmax_op(logits, probability_bits), {source}, {logits.shape, {type}}});
      break;
    }
  }
  net.validate();
  return net;
}

}  // namespace snac::fixed
