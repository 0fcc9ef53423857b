#include "layer_sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "snac/core/rng.hpp"

namespace snac::cost {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;
using space::Activation;

// The network is scaled as He et al. 2015 initialise it: sums before the activation have a standard deviation of sqrt(2).
// Integer bits hold about four deviations; only the distance between grids matters to the circuit, not their absolute place.
constexpr double kSumDeviation = 1.4142135623730951;
constexpr int kReluIntegerBits = 3, kLinearIntegerBits = 4;
constexpr std::int64_t kMaxDrawnForGrid = 1 << 20;        ///< the largest of more is hardly larger
constexpr int kTanhInputBits = 3, kSigmoidInputBits = 4;  // +-4 and +-8: beyond, the functions are flat to 8 bits
constexpr int kLeakyInputBits = 4;                        // +-8 holds four deviations
constexpr double kLeakySlope = 0.125;

FixedType quantiser(int width, int integer_bits, bool is_signed) { return {width, integer_bits, is_signed, Rounding::rnd, Overflow::sat}; }

FixedType activation_type(Activation activation, int bits) {
  switch (activation) {
    case Activation::linear:
      return quantiser(bits, kLinearIntegerBits, true);
    case Activation::relu:
      return quantiser(bits, kReluIntegerBits, false);
    case Activation::tanh:
      return quantiser(bits, 1, true);
    case Activation::sigmoid:
      return quantiser(bits, 0, false);
    case Activation::leaky_relu:
      return quantiser(bits, kReluIntegerBits + 1, true);
  }
  return quantiser(bits, kLinearIntegerBits, true);
}

/// Integer bits of the input of the activation's table; none if the activation is a cast.
std::optional<int> table_input(Activation activation) {
  if (activation == Activation::tanh) return kTanhInputBits;
  if (activation == Activation::sigmoid) return kSigmoidInputBits;
  if (activation == Activation::leaky_relu) return kLeakyInputBits;
  return std::nullopt;
}

/// Of the activations with a table.
double function_of(Activation activation, double x) {
  if (activation == Activation::tanh) return std::tanh(x);
  if (activation == Activation::sigmoid) return 1 / (1 + std::exp(-x));
  return x > 0 ? x : kLeakySlope * x;
}

/// Mean square of a layer's inputs. The network's input is taken to use a quarter of its range as +-2 deviations.
double input_power(const LayerShape& layer, const TargetPrecision& target) {
  if (layer.first) return std::ldexp(1.0, 2 * (target.input.integer_bits - (target.input.is_signed ? 4 : 3)));
  switch (layer.before) {
    case Activation::linear:
      return kSumDeviation * kSumDeviation;
    case Activation::relu:
      return kSumDeviation * kSumDeviation / 2;
    case Activation::tanh:
      return 0.48;  // E[tanh(x)^2] for x of deviation sqrt(2)
    case Activation::sigmoid:
      return 0.32;  // E[sigmoid(x)^2]
    case Activation::leaky_relu:
      return kSumDeviation * kSumDeviation * (1 + kLeakySlope * kLeakySlope) / 2;
  }
  return 1;
}

std::vector<double> pruned_gaussian(std::size_t count, double deviation, double sparsity, Rng& rng) {
  std::vector<double> weights(count);
  for (double& weight : weights) weight = deviation * rng.normal();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto pruned = static_cast<std::ptrdiff_t>(sparsity * static_cast<double>(count));
  const auto smaller = [&](std::size_t a, std::size_t b) {
    return std::pair(std::abs(weights[a]), a) < std::pair(std::abs(weights[b]), b);
  };
  std::nth_element(order.begin(), order.begin() + pruned, order.end(), smaller);
  for (auto it = order.begin(); it != order.begin() + pruned; ++it) weights[*it] = 0;
  return weights;
}

/// Fraction bits of the power-of-two grid on which the largest weight just fits into symmetric signed integers.
int weight_fraction(double largest, int bits) {
  if (largest == 0) return 0;
  const double limit = std::ldexp(1.0, bits - 1) - 1;
  int fraction = bits - std::ilogb(largest);
  while (std::ldexp(largest, fraction) > limit) --fraction;
  return fraction;
}

std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::floor(value + 0.5)); }

fixed::TensorType vector_type(int size, const FixedType& type) { return {{{"feature", size}}, {type}}; }

}  // namespace

FixedType input_type(const LayerShape& layer, const TargetPrecision& target) {
  return layer.first ? target.input : activation_type(layer.before, target.activation_bits);
}

void append_sampled_layer(fixed::FixedNet& net, const LayerShape& layer, const TargetPrecision& target, int rows) {
  const std::string what = fmt::format("{}x{} {} {}", layer.inputs, layer.outputs, space::to_string(layer.activation),
                                       layer.first ? "first" : space::to_string(layer.before));
  Rng rng = Rng::stream(0, "layer sample " + what);
  const double deviation = kSumDeviation / std::sqrt(layer.inputs * input_power(layer, target));
  const std::vector<double> weights =
      pruned_gaussian(static_cast<std::size_t>(layer.inputs) * static_cast<std::size_t>(rows), deviation, target.sparsity, rng);

  const int last_value = static_cast<int>(net.nodes.size());
  fixed::DenseOp dense;
  dense.inputs = layer.inputs;
  dense.outputs = rows;
  double largest = 0;
  for (const double weight : weights) largest = std::max(largest, std::abs(weight));
  // The grid is that of the whole layer: the rows left out may hold a larger weight.
  const std::int64_t left_out = static_cast<std::int64_t>(layer.outputs - rows) * layer.inputs;
  for (std::int64_t k = 0; k < std::min(left_out, kMaxDrawnForGrid); ++k) largest = std::max(largest, std::abs(deviation * rng.normal()));
  dense.weight_fraction_bits = weight_fraction(largest, target.weight_bits);
  dense.bias_fraction_bits = input_type(layer, target).fraction_bits() + dense.weight_fraction_bits;
  const double limit = std::ldexp(1.0, target.weight_bits - 1) - 1;
  for (const double weight : weights) {
    const double scaled = std::clamp(std::ldexp(weight, dense.weight_fraction_bits), -limit, limit);
    dense.weights.push_back(static_cast<std::int32_t>(rounded(scaled)));
  }
  Rng bias_rng = Rng::stream(0, "layer sample bias " + what);
  for (int o = 0; o < rows; ++o) {
    dense.bias.push_back(rounded(std::ldexp(0.1 * kSumDeviation * bias_rng.normal(), dense.bias_fraction_bits)));
  }

  const std::optional<int> table_input_bits = table_input(layer.activation);
  FixedType sum_type = activation_type(layer.activation, target.activation_bits);
  if (table_input_bits) sum_type = quantiser(target.activation_bits, *table_input_bits, true);
  if (layer.last && !table_input_bits && layer.activation == Activation::linear) {  // logits keep their exact sums
    constexpr int kExactWidth = 62;
    sum_type = {kExactWidth, kExactWidth - dense.bias_fraction_bits, true, Rounding::trn, Overflow::wrap};
  }
  net.nodes.push_back({fmt::format("dense_{}", last_value), std::move(dense), {last_value}, vector_type(rows, sum_type)});
  if (!table_input_bits) return;
  const FixedType output = activation_type(layer.activation, target.activation_bits);
  fixed::TableOp op{space::to_string(layer.activation), {}};
  for (std::int64_t raw = sum_type.min_raw(); raw <= sum_type.max_raw(); ++raw) {
    const double x = fixed::to_real(raw, sum_type);
    op.table.push_back(fixed::cast_real(function_of(layer.activation, x), output));
  }
  net.nodes.push_back({fmt::format("{}_{}", op.function, last_value + 1), std::move(op), {last_value + 1}, vector_type(rows, output)});
}

}  // namespace snac::cost
