#include "snac/cost/operations.hpp"

#include <fmt/format.h>

#include <cmath>

#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

void require_bits(const char* name, double bits) {
  if (!std::isfinite(bits) || bits <= 0) {
    throw ConfigError("operations cannot be counted",
                      {.where = name, .found = fmt::format("{}", bits), .expected = "a number of bits > 0", .hint = {}});
  }
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
  if (!(sparsity >= 0 && sparsity <= 1)) {
    throw ConfigError(
        "operations cannot be counted",
        {.where = "sparsity", .found = fmt::format("{}", sparsity), .expected = "a share of zero weights in [0, 1]", .hint = {}});
  }
  return sum_over_layers(spec, [&](double in, double out) {
    return out * in * ((1 - sparsity) * weight_bits * activation_bits + weight_bits + activation_bits + std::log2(in));
  });
}

}  // namespace snac::cost
