#include "snac/cost/operations.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

void require_bits(const char* name, double bits) {
  if (!std::isfinite(bits) || bits <= 0) {
    throw ConfigError("operations cannot be counted",
                      {.where = name, .found = fmt::format("{}", bits), .expected = "a number of bits > 0", .hint = {}});
  }
}

void require_sparsity(double sparsity) {
  if (sparsity >= 0 && sparsity <= 1) return;
  throw ConfigError(
      "operations cannot be counted",
      {.where = "sparsity", .found = fmt::format("{}", sparsity), .expected = "a share of zero weights in [0, 1]", .hint = {}});
}

/// Sums `count(in, out)` over the dense layers, once for each position a layer is applied at.
template <class Count>
double sum_over_layers(const space::ArchSpec& spec, const Count& count) {
  const std::vector<space::Shape> shapes = space::value_shapes(spec);
  double total = 0;
  for (std::size_t k = 0; k < spec.nodes.size(); ++k) {
    const space::Shape& input = shapes[static_cast<std::size_t>(spec.nodes[k].inputs.front())];
    double positions = 1;
    for (std::size_t axis = 0; axis + 1 < input.size(); ++axis) positions *= input[axis].size;
    total += positions * count(input.back().size, std::get<space::DenseLayer>(spec.nodes[k].layer).units);
  }
  return total;
}

}  // namespace

double bops_nac_mlp(const space::ArchSpec& spec, double bits) {
  require_bits("bits", bits);
  return sum_over_layers(spec,
                         [&](double in, double out) { return in * out * bits * bits + in * out * 2 * bits + out * std::log2(in) * bits; });
}

double bops_nac(const space::ArchSpec& spec, double weight_bits, double activation_bits, double sparsity) {
  require_bits("weight_bits", weight_bits);
  require_bits("activation_bits", activation_bits);
  require_sparsity(sparsity);
  return sum_over_layers(spec, [&](double in, double out) {
    return out * in * ((1 - sparsity) * weight_bits * activation_bits + weight_bits + activation_bits + std::log2(in));
  });
}

double bops_nac_block(const space::ArchSpec& spec, double bits) {
  require_bits("bits", bits);
  return sum_over_layers(spec, [&](double in, double out) { return in * out * bits * bits; });
}

double bops_nac_effective(const space::ArchSpec& spec, double bits, double sparsity) {
  require_bits("bits", bits);
  require_sparsity(sparsity);
  return bops_nac_mlp(spec, 32) * (bits / 32) * (bits / 32) * (1 - sparsity);
}

double effective_bit_operations(const fixed::FixedNet& net) {
  const auto bits_of = [](std::int64_t value) -> double {  // from the highest to the lowest set bit of the magnitude
    const auto magnitude = static_cast<std::uint64_t>(std::abs(value));
    return magnitude == 0 ? 0 : static_cast<int>(std::bit_width(magnitude)) - std::countr_zero(magnitude);
  };
  double total = 0;
  for (const fixed::Node& node : net.nodes) {
    const auto* dense = std::get_if<fixed::DenseOp>(&node.op);
    if (dense == nullptr) continue;
    const fixed::TensorType& input = net.value(node.inputs.front());
    const auto columns = static_cast<std::size_t>(dense->inputs);
    for (std::size_t k = 0; k < dense->weights.size(); ++k) {
      const fixed::FixedType& type = input.type(k % columns);
      total += static_cast<double>(type.width - (type.is_signed ? 1 : 0)) * static_cast<double>(bits_of(dense->weights[k]));
    }
    for (const std::int64_t bias : dense->bias) total += static_cast<double>(bits_of(bias));
  }
  return total;
}

const std::vector<NamedCount>& operation_counts() {
  static const std::vector<NamedCount> counts{
      {"macs", "multiply-accumulates per inference (what the papers' jet tables call BOPs)",
       [](const space::ArchSpec& spec, const CountTarget&) { return static_cast<double>(space::macs(spec)); }},
      {"bops", "bit operations at the target's precision and sparsity: out*in*((1-s) bw ba + bw + ba + log2 in) (NAC)",
       [](const space::ArchSpec& spec, const CountTarget& t) { return bops_nac(spec, t.weight_bits, t.activation_bits, t.sparsity); }},
      {"bops_nac_mlp", "bit operations at 32 bits: in*out*b^2 + in*out*2b + out*log2(in)*b (nac-opt, MLP search)",
       [](const space::ArchSpec& spec, const CountTarget&) { return bops_nac_mlp(spec); }},
      {"bops_nac_block", "bit operations at 32 bits: in*out*b^2 (nac-opt, block search)",
       [](const space::ArchSpec& spec, const CountTarget&) { return bops_nac_block(spec); }},
      {"bops_nac_effective", "bops_nac_mlp * (weight bits / 32)^2 * (1 - sparsity) (nac-opt, local search)",
       [](const space::ArchSpec& spec, const CountTarget& t) { return bops_nac_effective(spec, t.weight_bits, t.sparsity); }},
  };
  return counts;
}

}  // namespace snac::cost
