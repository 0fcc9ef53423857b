#include "snac/compress/pruning.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace snac::compress {
namespace {

nn::Mlp network() {
  Rng rng(5);
  return nn::make_mlp(space::mlp(20, {30}, 10), rng);
}

TEST(Pruning, published_ladder_of_sparsities) {
  // 20 % of the survivors per round: 1 - 0.8^i.
  const nn::Mlp mlp = network();
  Mask mask = full_mask(mlp);
  for (int round = 1; round <= 10; ++round) {
    prune_smallest(mlp, mask, 0.2, PruningScope::layer);
    EXPECT_NEAR(sparsity(mlp, mask), 1 - std::pow(0.8, round), 0.005) << round;
  }
}

TEST(Pruning, smallest_weights_go_first_and_biases_stay) {
  nn::Mlp mlp = network();
  Mask mask = full_mask(mlp);
  prune_smallest(mlp, mask, 0.5, PruningScope::layer);
  for (std::size_t i = 0; i < mlp.layers.size(); ++i) {
    float largest_pruned = 0, smallest_kept = 1e9F;
    const auto weights = mlp.weights(i);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (mask[mlp.layers[i].weight + k] == 0)
        largest_pruned = std::max(largest_pruned, std::abs(weights[k]));
      else
        smallest_kept = std::min(smallest_kept, std::abs(weights[k]));
    }
    EXPECT_LE(largest_pruned, smallest_kept);
    for (int o = 0; o < mlp.layers[i].outputs; ++o) EXPECT_EQ(mask[mlp.layers[i].bias + static_cast<std::size_t>(o)], 1);
  }
  apply_mask(mlp, mask);
  std::size_t zeros = 0;
  for (std::size_t k = 0; k < mask.size(); ++k) {
    if (mask[k] == 0) {
      EXPECT_EQ(mlp.parameters[k], 0.0F);
      ++zeros;
    }
  }
  EXPECT_EQ(zeros, 450U);
}

TEST(Pruning, global_scope_compares_layers_and_empties_none) {
  nn::Mlp mlp = network();
  for (float& w : mlp.weights(0)) w *= 1e-3F;
  Mask mask = full_mask(mlp);
  prune_smallest(mlp, mask, 0.9, PruningScope::global);
  EXPECT_NEAR(sparsity(mlp, mask), 0.9, 0.01);
  std::size_t kept_first = 0;
  for (std::size_t k = 0; k < mlp.weights(0).size(); ++k) kept_first += mask[mlp.layers[0].weight + k];
  EXPECT_EQ(kept_first, 1U);
}

TEST(Pruning, no_layer_loses_its_last_weight) {
  for (const auto scope : {PruningScope::layer, PruningScope::global}) {
    const nn::Mlp mlp = network();
    Mask mask = full_mask(mlp);
    for (int round = 0; round < 5; ++round) prune_smallest(mlp, mask, 0.999, scope);
    for (std::size_t i = 0; i < mlp.layers.size(); ++i) {
      const auto weights = mlp.weights(i);
      std::size_t kept = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) {
        if (mask[mlp.layers[i].weight + k] == 0) continue;
        ++kept;
        EXPECT_EQ(std::abs(weights[k]),
                  std::abs(*std::max_element(weights.begin(), weights.end(), [](float a, float b) { return std::abs(a) < std::abs(b); })));
      }
      EXPECT_EQ(kept, 1U);
    }
  }
}

}  // namespace
}  // namespace snac::compress
