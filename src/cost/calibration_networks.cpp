#include "snac/cost/calibration_networks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "snac/core/rng.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::cost {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

int between(Rng& rng, int low, int high) { return low + static_cast<int>(rng.below(static_cast<std::uint64_t>(high - low + 1))); }

enum class Activation { relu, linear, tanh, sigmoid };

std::string_view name_of(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return "relu";
    case Activation::linear:
      return "linear";
    case Activation::tanh:
      return "tanh";
    case Activation::sigmoid:
      return "sigmoid";
  }
  return "";
}

struct Recipe {
  std::vector<int> widths;
  int weight_bits = 8, activation_bits = 8;
  double sparsity = 0.5;
  Activation activation = Activation::relu;
  Rounding rounding = Rounding::rnd;
  Overflow overflow = Overflow::sat;
  fixed::OutputKind output = fixed::OutputKind::logits;
  int probability_bits = 8;  ///< softmax
};

Recipe draw(Rng& rng, bool large) {
  Recipe recipe;
  if (large) {
    recipe.widths = {24, between(rng, 40, 64), 32, 16, 5};
  } else {
    constexpr std::array kWidths{4, 6, 8, 12, 16, 24};
    const int layers = between(rng, 1, 4);
    for (int k = 0; k < layers; ++k) recipe.widths.push_back(kWidths[rng.below(kWidths.size())]);
    recipe.widths.push_back(between(rng, 2, 8));
  }
  recipe.weight_bits = large ? between(rng, 5, 8) : between(rng, 3, 10);
  recipe.activation_bits = large ? between(rng, 5, 8) : between(rng, 3, 10);
  constexpr std::array kSparsities{0.0, 0.25, 0.5, 0.65, 0.8};
  recipe.sparsity = large ? 0.5 + 0.1 * between(rng, 0, 2) : kSparsities[rng.below(kSparsities.size())];
  constexpr std::array kActivations{Activation::relu,   Activation::relu, Activation::relu,
                                    Activation::linear, Activation::tanh, Activation::sigmoid};
  recipe.activation = large ? Activation::relu : kActivations[rng.below(kActivations.size())];
  constexpr std::array kRoundings{Rounding::trn,      Rounding::rnd,         Rounding::rnd,
                                  Rounding::rnd_conv, Rounding::rnd_min_inf, Rounding::rnd_inf};
  recipe.rounding = large ? Rounding::rnd : kRoundings[rng.below(kRoundings.size())];
  constexpr std::array kOverflows{Overflow::sat, Overflow::sat, Overflow::wrap, Overflow::sat_sym};
  recipe.overflow = large ? Overflow::sat : kOverflows[rng.below(kOverflows.size())];
  using enum fixed::OutputKind;
  constexpr std::array kOutputs{logits, logits, logits, argmax, argmax, softmax};
  recipe.output = kOutputs[rng.below(large ? kOutputs.size() - 1 : kOutputs.size())];
  recipe.probability_bits = between(rng, 4, 10);
  return recipe;
}

/// Gaussian weights of about +-3 deviations, the smallest share zero, as magnitude pruning leaves them.
std::vector<std::int32_t> draw_weights(Rng& rng, std::size_t count, int bits, double sparsity) {
  const auto limit = static_cast<double>((1 << (bits - 1)) - 1);
  std::vector<double> values(count);
  for (double& value : values) value = rng.normal() * limit / 3;
  std::vector<double> magnitudes;
  for (const double value : values) magnitudes.push_back(std::abs(value));
  std::sort(magnitudes.begin(), magnitudes.end());
  const auto pruned = static_cast<std::size_t>(sparsity * static_cast<double>(count));
  const double threshold = pruned == 0 ? 0 : magnitudes[pruned - 1];
  std::vector<std::int32_t> weights;
  for (const double value : values) {
    const double rounded = std::floor(std::clamp(value, -limit, limit) + 0.5);
    weights.push_back(pruned > 0 && std::abs(value) <= threshold ? 0 : static_cast<std::int32_t>(rounded));
  }
  return weights;
}

std::vector<std::int64_t> function_table(Activation activation, const FixedType& input, const FixedType& output) {
  std::vector<std::int64_t> table;
  for (std::int64_t raw = input.min_raw(); raw <= input.max_raw(); ++raw) {
    const double x = fixed::to_real(raw, input);
    table.push_back(fixed::cast_real(activation == Activation::tanh ? std::tanh(x) : 1 / (1 + std::exp(-x)), output));
  }
  return table;
}

fixed::TensorType vector_of(int size, const FixedType& type) { return {{{"feature", size}}, {type}}; }

fixed::FixedNet build(Rng& rng, const Recipe& recipe) {
  fixed::FixedNet net;
  const int input_bits = between(rng, std::max(3, recipe.activation_bits - 2), recipe.activation_bits + 4);
  net.input = vector_of(recipe.widths[0], {input_bits, 4, true});
  for (std::size_t k = 0; k + 1 < recipe.widths.size(); ++k) {
    const bool last = k + 2 == recipe.widths.size();
    const int before = static_cast<int>(net.nodes.size());
    const FixedType& input = net.value(before).types.front();
    fixed::DenseOp op;
    op.inputs = recipe.widths[k];
    op.outputs = recipe.widths[k + 1];
    op.weights =
        draw_weights(rng, static_cast<std::size_t>(op.inputs) * static_cast<std::size_t>(op.outputs), recipe.weight_bits, recipe.sparsity);
    // Weights of a third of 1/sqrt(inputs) at three deviations keep sums as large as inputs.
    op.weight_fraction_bits = recipe.weight_bits - 1 + static_cast<int>(std::lround(std::log2(std::sqrt(op.inputs) * 0.5)));
    op.bias_fraction_bits = input.fraction_bits() + op.weight_fraction_bits;
    for (int o = 0; o < op.outputs; ++o) {
      op.bias.push_back(rng.chance(0.1) ? 0
                                        : static_cast<std::int64_t>(std::llround(std::ldexp(rng.normal() * 0.5, op.bias_fraction_bits))));
    }
    const int outputs = op.outputs;
    const std::string name = fmt::format("dense_{}", k);
    const int bits = recipe.activation_bits;
    if (last) {
      const FixedType logits{bits + 4, 6, true, recipe.rounding, recipe.overflow};
      net.nodes.push_back({name, std::move(op), {before}, vector_of(outputs, logits)});
    } else if (recipe.activation == Activation::relu) {
      const FixedType exact{60, 60 - op.bias_fraction_bits, true};
      net.nodes.push_back({name, std::move(op), {before}, vector_of(outputs, exact)});
      net.nodes.push_back({fmt::format("relu_{}", k),
                           fixed::ReluOp{},
                           {before + 1},
                           vector_of(outputs, {bits, 3, false, recipe.rounding, recipe.overflow})});
    } else if (recipe.activation == Activation::linear) {
      net.nodes.push_back({name, std::move(op), {before}, vector_of(outputs, {bits, 4, true, recipe.rounding, recipe.overflow})});
    } else {
      const FixedType table_in{std::min(bits, 9), recipe.activation == Activation::tanh ? 3 : 4, true, recipe.rounding, Overflow::sat};
      const FixedType table_out = recipe.activation == Activation::tanh ? FixedType{bits, 1, true, Rounding::rnd, Overflow::sat}
                                                                        : FixedType{bits, 0, false, Rounding::rnd, Overflow::sat};
      net.nodes.push_back({name, std::move(op), {before}, vector_of(outputs, table_in)});
      net.nodes.push_back({fmt::format("table_{}", k),
                           fixed::TableOp{std::string(name_of(recipe.activation)), function_table(recipe.activation, table_in, table_out)},
                           {before + 1},
                           vector_of(outputs, table_out)});
    }
  }
  return fixed::with_output(std::move(net), recipe.output, recipe.probability_bits);
}

}  // namespace

std::vector<CalibrationNetwork> calibration_networks(std::uint64_t seed, int count, int large) {
  std::vector<CalibrationNetwork> networks;
  for (int k = 0; k < count + large; ++k) {
    const bool is_large = k >= count;
    Rng rng = Rng::stream(seed, is_large ? "large calibration network" : "calibration network",
                          static_cast<std::uint64_t>(is_large ? k - count : k));
    const Recipe recipe = draw(rng, is_large);
    CalibrationNetwork network;
    network.held_out = is_large || k % 3 == 2;
    network.adders_per_stage = is_large ? 2 : between(rng, 1, 5);
    network.net = build(rng, recipe);
    network.name =
        fmt::format("{:03} {} w{}a{} {} {} {} p{:.2f} {} s{}", k, fmt::join(recipe.widths, "-"), recipe.weight_bits, recipe.activation_bits,
                    name_of(recipe.activation), fixed::to_string(recipe.rounding), fixed::to_string(recipe.overflow), recipe.sparsity,
                    fixed::to_string(recipe.output), network.adders_per_stage);
    networks.push_back(std::move(network));
  }
  return networks;
}

}  // namespace snac::cost
