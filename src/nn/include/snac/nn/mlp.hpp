// Mlp: a chain of dense layers with all parameters in one flat buffer (one optimiser loop, one checkpoint).
// Glossary: B batch, I inputs of a layer, O outputs of a layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/core/rng.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::nn {

/// Where one layer's tensors lie in the flat buffers.
/// An activation with its parameter.
struct ActivationFunction {
  space::Activation kind = space::Activation::linear;
  double negative_slope = space::kLeakySlope;  ///< of leaky_relu

  ActivationFunction() = default;
  ActivationFunction(space::Activation activation, double slope = space::kLeakySlope) : kind(activation), negative_slope(slope) {}
};

struct LayerLayout {
  int inputs = 0, outputs = 0;
  space::Activation activation = space::Activation::linear;
  double negative_slope = space::kLeakySlope;  ///< of leaky_relu
  bool batch_norm = false;
  double dropout = 0;
  std::size_t weight = 0;                              ///< offset of W (O, I) row-major
  std::size_t bias = 0;                                ///< offset of b (O)
  std::size_t gamma = 0, beta = 0;                     ///< offsets of (O) each, if batch_norm
  std::size_t running_mean = 0, running_variance = 0;  ///< offsets into Mlp::statistics, (O) each, if batch_norm

  ActivationFunction function() const { return {activation, negative_slope}; }
};

struct Mlp {
  space::ArchSpec spec;
  std::vector<LayerLayout> layers;
  std::vector<float> parameters;  ///< all trainable values
  std::vector<float> statistics;  ///< batch-norm running mean and variance; not trained

  std::span<float> weights(std::size_t layer) {
    const auto& l = layers[layer];
    return {parameters.data() + l.weight, static_cast<std::size_t>(l.inputs) * static_cast<std::size_t>(l.outputs)};
  }
  std::span<const float> weights(std::size_t layer) const { return const_cast<Mlp*>(this)->weights(layer); }
  std::span<float> biases(std::size_t layer) {
    return {parameters.data() + layers[layer].bias, static_cast<std::size_t>(layers[layer].outputs)};
  }
  std::span<const float> biases(std::size_t layer) const { return const_cast<Mlp*>(this)->biases(layer); }
};

/// Epsilon of batch normalisation (Keras' default) and the share of the old running statistics kept per batch.
inline constexpr double kBatchNormEpsilon = 1e-3;
inline constexpr double kBatchNormMomentum = 0.99;

inline constexpr std::size_t kMaxParameters = std::size_t{1} << 28;  ///< 1 GiB of floats: far beyond what fits an FPGA

/// Lengths of the flat buffers of a spec. @throws ConfigError if it is not usable, not a chain of dense layers, or larger
/// than kMaxParameters.
struct MlpSizes {
  std::size_t parameters = 0, statistics = 0;
};
MlpSizes mlp_sizes(const space::ArchSpec& spec);

/// All weights and biases zero; gamma 1, beta 0, running mean 0, running variance 1. @throws ConfigError as mlp_sizes().
Mlp make_empty_mlp(const space::ArchSpec& spec);

/// Fresh weights: Glorot uniform for tanh, sigmoid and linear layers, He uniform for ReLU and LeakyReLU; zero biases; gamma 1, beta 0.
/// @throws ConfigError as mlp_sizes().
Mlp make_mlp(const space::ArchSpec& spec, Rng& rng);

/// Batch normalisation folded into the dense layer before it: W' = W * gamma/sqrt(var+eps), b' = (b-mean)*gamma/sqrt(var+eps)+beta.
/// The result has no batch_norm in its spec and computes the same inference function.
Mlp fold_batch_norm(const Mlp& mlp);

/// Binary model file: magic "SNACMLP\0", version, JSON spec, raw little-endian floats, checksum.
std::vector<std::byte> serialize(const Mlp& mlp);
/// @throws DataError for a damaged or foreign buffer.
Mlp deserialize_mlp(std::span<const std::byte> bytes, const std::string& where);

}  // namespace snac::nn
