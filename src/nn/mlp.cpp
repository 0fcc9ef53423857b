#include "snac/nn/mlp.hpp"

#include <fmt/format.h>

#include <cmath>

#include "snac/core/error.hpp"

namespace snac::nn {
namespace {

std::size_t take(std::size_t& next, std::size_t count) {
  const std::size_t offset = next;
  next += count;
  return offset;
}

MlpSizes lay_out(const space::ArchSpec& spec, std::vector<LayerLayout>& layers) {
  spec.validate();
  MlpSizes sizes;
  int inputs = space::num_inputs(spec);
  for (const space::DenseLayer& dense : space::dense_chain(spec)) {
    LayerLayout layer{.inputs = inputs,
                      .outputs = dense.units,
                      .activation = dense.activation,
                      .negative_slope = dense.negative_slope,
                      .batch_norm = dense.batch_norm,
                      .dropout = dense.dropout};
    const auto outputs = static_cast<std::size_t>(dense.units);
    layer.weight = take(sizes.parameters, static_cast<std::size_t>(inputs) * outputs);
    layer.bias = take(sizes.parameters, outputs);
    if (dense.batch_norm) {
      layer.gamma = take(sizes.parameters, outputs);
      layer.beta = take(sizes.parameters, outputs);
      layer.running_mean = take(sizes.statistics, outputs);
      layer.running_variance = take(sizes.statistics, outputs);
    }
    if (sizes.parameters > kMaxParameters) {
      throw ConfigError("the network is too large", {.where = fmt::format("layer {}", layers.size() + 1),
                                                     .found = fmt::format("more than {} parameters", kMaxParameters),
                                                     .expected = fmt::format("at most {} parameters", kMaxParameters),
                                                     .hint = "use narrower layers"});
    }
    layers.push_back(layer);
    inputs = dense.units;
  }
  return sizes;
}

}  // namespace

Mlp make_empty_mlp(const space::ArchSpec& spec) {
  Mlp mlp;
  const MlpSizes sizes = lay_out(spec, mlp.layers);
  mlp.spec = spec;
  mlp.parameters.assign(sizes.parameters, 0.0F);
  mlp.statistics.assign(sizes.statistics, 0.0F);
  for (const LayerLayout& layer : mlp.layers) {
    if (!layer.batch_norm) continue;
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
      mlp.parameters[layer.gamma + o] = 1.0F;
      mlp.statistics[layer.running_variance + o] = 1.0F;
    }
  }
  return mlp;
}

MlpSizes mlp_sizes(const space::ArchSpec& spec) {
  std::vector<LayerLayout> layers;
  return lay_out(spec, layers);
}

Mlp make_mlp(const space::ArchSpec& spec, Rng& rng) {
  Mlp mlp = make_empty_mlp(spec);
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& layer = mlp.layers[l];
    // He et al. 2015; else Glorot and Bengio 2010
    const bool he = layer.activation == space::Activation::relu || layer.activation == space::Activation::leaky_relu;
    const double limit = std::sqrt(6.0 / (he ? layer.inputs : layer.inputs + layer.outputs));
    for (float& weight : mlp.weights(l)) weight = static_cast<float>(rng.uniform(-limit, limit));
  }
  return mlp;
}

Mlp fold_batch_norm(const Mlp& mlp) {
  space::ArchSpec spec = mlp.spec;
  for (space::ArchNode& node : spec.nodes) std::get<space::DenseLayer>(node.layer).batch_norm = false;
  Mlp folded = make_empty_mlp(spec);
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& layer = mlp.layers[l];
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const std::span<const float> weights = mlp.weights(l), biases = mlp.biases(l);
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
      double scale = 1, mean = 0, beta = 0;
      if (layer.batch_norm) {
        const double variance = mlp.statistics[layer.running_variance + o];
        scale = static_cast<double>(mlp.parameters[layer.gamma + o]) / std::sqrt(variance + kBatchNormEpsilon);
        mean = mlp.statistics[layer.running_mean + o];
        beta = mlp.parameters[layer.beta + o];
      }
      for (std::size_t i = 0; i < inputs; ++i) {
        folded.weights(l)[o * inputs + i] = static_cast<float>(static_cast<double>(weights[o * inputs + i]) * scale);
      }
      folded.biases(l)[o] = static_cast<float>((static_cast<double>(biases[o]) - mean) * scale + beta);
    }
  }
  return folded;
}

}  // namespace snac::nn
