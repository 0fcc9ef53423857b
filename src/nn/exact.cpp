// Exact inference in integers. Semantics (docs of fixed::FixedNet): a dense layer sums exactly and casts once, rounding
// half up and saturating; tanh and sigmoid look their table up at the cast sum.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "inference.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/nn/forward.hpp"

namespace snac::nn {
namespace {

constexpr std::int64_t kSumLimit = std::int64_t{1} << 62;

struct ExactLayer {
  std::size_t inputs = 0, outputs = 0;
  std::vector<std::int64_t> weights;  ///< (O, I), already shifted onto the accumulator's grid
  std::vector<std::int64_t> bias;
  bool relu = false;
  int fraction_bits = 0;  ///< of the accumulator
  Grids grids;            ///< the cast after the sum: output, or the table's input
  std::vector<std::int64_t> table;
};

/// Half up, then saturation, in integers. |sum| < 2^62.
std::int64_t cast(std::int64_t sum, int shift, const Grid& grid) {
  std::int64_t raw = sum;
  if (shift > 62) {
    raw = 0;  // |sum| < 2^62 <= half a step
  } else if (shift > 0) {
    raw = (sum + (std::int64_t{1} << (shift - 1))) >> shift;  // below 2^63: 2^62 + 2^61
  } else if (shift < 0 && sum != 0) {
    const int bits = 64 - std::countl_zero(static_cast<std::uint64_t>(std::abs(sum)));
    if (bits - shift > 62) return sum > 0 ? grid.max_raw : grid.min_raw;
    raw = sum * (std::int64_t{1} << -shift);
  }
  return std::clamp(raw, grid.min_raw, grid.max_raw);
}

std::vector<ExactLayer> exact_layers(const Mlp& mlp, const NetQuantizer& quantizer) {
  std::vector<ExactLayer> layers;
  Grids input = quantizer.input;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerQuantizer& grids = quantizer.layers[l];
    ExactLayer layer;
    layer.inputs = static_cast<std::size_t>(mlp.layers[l].inputs);
    layer.outputs = static_cast<std::size_t>(mlp.layers[l].outputs);
    layer.relu = mlp.layers[l].activation == space::Activation::relu;
    std::vector<int> alignments;  // one per input
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      alignments.push_back(grids.bias_fraction_bits - (input[i].fraction_bits + grids.weight.fraction_bits));
      if (alignments.back() > 38) throw std::invalid_argument(fmt::format("exact inference: layer {}: the bias grid is too fine", l + 1));
    }
    const auto weights = mlp.weights(l);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const std::int64_t raw = quantize_raw(grids.weight, static_cast<double>(weights[k]));
      layer.weights.push_back(raw * (std::int64_t{1} << alignments[k % layer.inputs]));
    }
    for (const float bias : mlp.biases(l)) layer.bias.push_back(quantize_bias_raw(static_cast<double>(bias), grids.bias_fraction_bits));
    // |weight| < 2^61 and |input| < 2^23: the bound itself may exceed 64 bits, so it is summed in a double.
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      double bound = std::fabs(static_cast<double>(layer.bias[o]));
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        const auto largest = static_cast<double>(std::max(std::abs(input[i].min_raw), std::abs(input[i].max_raw)));
        bound += std::fabs(static_cast<double>(layer.weights[o * layer.inputs + i])) * largest;
      }
      if (bound >= 0.99 * static_cast<double>(kSumLimit)) {
        throw std::invalid_argument(fmt::format("exact inference: layer {}: a sum could exceed 62 bits", l + 1));
      }
    }
    layer.grids = grids.pre_activation ? Grids(*grids.pre_activation) : grids.output;
    layer.fraction_bits = grids.bias_fraction_bits;
    if (grids.pre_activation) layer.table = activation_table(mlp.layers[l].function(), *grids.pre_activation, grids.output[0]);
    layers.push_back(std::move(layer));
    input = grids.output;
  }
  return layers;
}

void run_row(const std::vector<ExactLayer>& layers, std::vector<std::int64_t>& x, std::vector<std::int64_t>& y) {
  for (const ExactLayer& layer : layers) {
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      const std::int64_t* weights = layer.weights.data() + o * layer.inputs;
      std::int64_t sum = layer.bias[o];
      for (std::size_t i = 0; i < layer.inputs; ++i) sum += weights[i] * x[i];
      if (layer.relu) sum = std::max<std::int64_t>(sum, 0);
      const Grid& grid = layer.grids[o];
      const std::int64_t raw = cast(sum, layer.fraction_bits - grid.fraction_bits, grid);
      y[o] = layer.table.empty() ? raw : layer.table[static_cast<std::size_t>(raw - grid.min_raw)];
    }
    x.swap(y);
  }
}

}  // namespace

std::vector<std::int64_t> predict_exact(const Mlp& mlp, const NetQuantizer& quantizer, const data::Dataset& data,
                                        std::span<const std::uint32_t> rows, int threads) {
  require_fits(quantizer, mlp);
  require_fits(mlp, data, rows);
  const std::vector<ExactLayer> layers = exact_layers(mlp, quantizer);
  std::size_t widest = layers.front().inputs;
  for (const ExactLayer& layer : layers) widest = std::max(widest, layer.outputs);
  const std::size_t outputs = layers.back().outputs;
  std::vector<std::int64_t> logits(rows.size() * outputs);
  constexpr std::size_t kBlock = 256;
  parallel_for((rows.size() + kBlock - 1) / kBlock, threads, [&](std::size_t block, int) {
    std::vector<std::int64_t> x(widest), y(widest);
    for (std::size_t r = block * kBlock; r < std::min(rows.size(), (block + 1) * kBlock); ++r) {
      const std::span<const float> features = data.row(rows[r]);
      for (std::size_t i = 0; i < features.size(); ++i) x[i] = quantize_raw(quantizer.input[i], static_cast<double>(features[i]));
      run_row(layers, x, y);
      std::copy_n(x.begin(), outputs, logits.begin() + static_cast<std::ptrdiff_t>(r * outputs));
    }
  });
  return logits;
}

}  // namespace snac::nn
