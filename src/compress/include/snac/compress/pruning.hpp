// Magnitude pruning: masks over the flat parameter buffer of an Mlp. Only kernels are pruned, never biases.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/nn/mlp.hpp"

namespace snac::compress {

/// One per parameter; 0 = pruned.
using Mask = std::vector<std::uint8_t>;

enum class PruningScope {
  layer,  ///< the smallest share of every layer
  global  ///< the smallest share of all layers together
};

Mask full_mask(const nn::Mlp& mlp);

/// Prunes `fraction` in [0, 1) of the weights that are still alive, smallest magnitude first (Han et al. 2015);
/// ties go by position. No layer loses its last weight: the network's output would be constant. After i rounds the sparsity is 1 - (1 -
/// fraction)^i, up to rounding per layer.
void prune_smallest(const nn::Mlp& mlp, Mask& mask, double fraction, PruningScope scope);

/// Share of pruned weights among all kernels.
double sparsity(const nn::Mlp& mlp, const Mask& mask);

/// Sets pruned parameters to zero.
void apply_mask(nn::Mlp& mlp, const Mask& mask);

}  // namespace snac::compress
