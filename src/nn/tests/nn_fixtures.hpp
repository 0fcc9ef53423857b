// Data sets, networks and grids that several tests of nn use.
#pragma once

#include <cmath>
#include <numeric>
#include <vector>

#include "snac/core/rng.hpp"
#include "snac/data/dataset.hpp"
#include "snac/nn/kernels.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

/// Forces an instruction set for the life of a test.
class IsaGuard {
 public:
  explicit IsaGuard(Isa isa) { set_kernel_isa(isa); }
  ~IsaGuard() { set_kernel_isa(Isa::automatic); }
  IsaGuard(const IsaGuard&) = delete;
  IsaGuard& operator=(const IsaGuard&) = delete;
};

inline std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::reference, Isa::portable, Isa::avx2, Isa::avx512}) {
    if (kernels_for(isa) != nullptr) isas.push_back(isa);
  }
  return isas;
}

inline std::vector<std::uint32_t> all_rows(const data::Dataset& data) {
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

/// Normal features, uniform labels: nothing to learn, everything to compute.
inline data::Dataset noise(std::size_t rows, int features, int classes, std::uint64_t seed = 1) {
  Rng rng(seed);
  data::Dataset data;
  data.num_features = features;
  data.num_classes = classes;
  for (std::size_t i = 0; i < rows * static_cast<std::size_t>(features); ++i) data.features.push_back(static_cast<float>(rng.normal()));
  for (std::size_t i = 0; i < rows; ++i) data.labels.push_back(static_cast<std::uint8_t>(rng.below(static_cast<std::uint64_t>(classes))));
  return data;
}

/// Two classes as in XOR: the sign of the product of two features that stay away from 0, next to two useless ones.
inline data::Dataset xor_like(std::size_t rows, std::uint64_t seed = 1) {
  Rng rng(seed);
  data::Dataset data;
  data.num_features = 4;
  data.num_classes = 2;
  for (std::size_t i = 0; i < rows; ++i) {
    const bool a = rng.chance(0.5), b = rng.chance(0.5);
    const double x = rng.uniform(0.25, 1.5) * (a ? 1 : -1), y = rng.uniform(0.25, 1.5) * (b ? 1 : -1);
    for (const double value : {x, y, rng.normal() * 0.3, rng.normal() * 0.3}) data.features.push_back(static_cast<float>(value));
    data.labels.push_back(a != b ? 1 : 0);
  }
  return data;
}

inline Mlp random_mlp(const space::ArchSpec& spec, std::uint64_t seed = 1) {
  Rng rng(seed);
  Mlp mlp = make_mlp(spec, rng);
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& layer = mlp.layers[l];
    for (float& bias : mlp.biases(l)) bias = static_cast<float>(0.2 * rng.normal());
    if (!layer.batch_norm) continue;
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
      mlp.parameters[layer.gamma + o] = static_cast<float>(rng.uniform(0.5, 1.5));
      mlp.parameters[layer.beta + o] = static_cast<float>(0.3 * rng.normal());
      mlp.statistics[layer.running_mean + o] = static_cast<float>(0.3 * rng.normal());
      mlp.statistics[layer.running_variance + o] = static_cast<float>(rng.uniform(0.2, 2));
    }
  }
  return mlp;
}

/// A chain whose layers have the given widths and activations.
inline space::ArchSpec chain(int inputs, const std::vector<space::DenseLayer>& layers) {
  space::ArchSpec spec;
  spec.input = {{"feature", inputs}};
  for (std::size_t l = 0; l < layers.size(); ++l) spec.nodes.push_back({layers[l], {static_cast<int>(l)}});
  return spec;
}

/// Eight-bit grids as the product uses them: weights [-2,2), inputs <10,4>, ReLU ufixed<8,2>, tables over [-4,4).
inline NetQuantizer eight_bit_grids(const Mlp& mlp) {
  NetQuantizer quantizer;
  quantizer.input = Grid{.fraction_bits = 6, .min_raw = -512, .max_raw = 511};
  int input_fraction = 6;
  for (const LayerLayout& layer : mlp.layers) {
    LayerQuantizer grids;
    grids.weight = {.fraction_bits = 6, .min_raw = -127, .max_raw = 127};
    grids.bias_fraction_bits = input_fraction + 6;
    switch (layer.activation) {
      case space::Activation::relu:
        grids.output = Grid{.fraction_bits = 6, .min_raw = 0, .max_raw = 255};
        break;
      case space::Activation::linear:
        grids.output = Grid{.fraction_bits = 4, .min_raw = -128, .max_raw = 127};
        break;
      case space::Activation::tanh:
        grids.pre_activation = Grid{.fraction_bits = 5, .min_raw = -128, .max_raw = 127};
        grids.output = Grid{.fraction_bits = 7, .min_raw = -128, .max_raw = 127};
        break;
      case space::Activation::sigmoid:
        grids.pre_activation = Grid{.fraction_bits = 5, .min_raw = -128, .max_raw = 127};
        grids.output = Grid{.fraction_bits = 8, .min_raw = 0, .max_raw = 255};
        break;
      case space::Activation::leaky_relu:
        grids.pre_activation = Grid{.fraction_bits = 5, .min_raw = -128, .max_raw = 127};
        grids.output = Grid{.fraction_bits = 6, .min_raw = -128, .max_raw = 127};
        break;
    }
    input_fraction = grids.output[0].fraction_bits;
    quantizer.layers.push_back(grids);
  }
  return quantizer;
}

}  // namespace snac::nn
