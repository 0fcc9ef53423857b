#include "snac/compress/pruning.hpp"

#include <algorithm>
#include <cmath>

namespace snac::compress {
namespace {

std::size_t weight_count(const nn::LayerLayout& layer) {
  return static_cast<std::size_t>(layer.inputs) * static_cast<std::size_t>(layer.outputs);
}

void append_alive(const nn::LayerLayout& layer, const Mask& mask, std::vector<std::size_t>& alive) {
  for (std::size_t k = layer.weight; k < layer.weight + weight_count(layer); ++k) {
    if (mask[k] != 0) alive.push_back(k);
  }
}

void prune_among(const nn::Mlp& mlp, Mask& mask, std::vector<std::size_t> alive, std::size_t count) {
  std::stable_sort(alive.begin(), alive.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(mlp.parameters[a]) < std::abs(mlp.parameters[b]); });
  for (std::size_t i = 0; i < count; ++i) mask[alive[i]] = 0;
}

}  // namespace

Mask full_mask(const nn::Mlp& mlp) { return Mask(mlp.parameters.size(), 1); }

void prune_smallest(const nn::Mlp& mlp, Mask& mask, double fraction, PruningScope scope) {
  std::vector<std::size_t> candidates;
  std::size_t kept = 0;  // the largest weight of each layer is never a candidate
  for (const auto& layer : mlp.layers) {
    std::vector<std::size_t> alive;
    append_alive(layer, mask, alive);
    if (alive.empty()) continue;
    if (scope == PruningScope::layer) {
      const auto share = std::llround(fraction * static_cast<double>(alive.size()));
      prune_among(mlp, mask, std::move(alive), std::min(static_cast<std::size_t>(share), alive.size() - 1));
      continue;
    }
    alive.erase(std::max_element(alive.begin(), alive.end(),
                                 [&](std::size_t a, std::size_t b) { return std::abs(mlp.parameters[a]) < std::abs(mlp.parameters[b]); }));
    ++kept;
    candidates.insert(candidates.end(), alive.begin(), alive.end());
  }
  const auto share = std::llround(fraction * static_cast<double>(candidates.size() + kept));
  const std::size_t count = std::min(static_cast<std::size_t>(share), candidates.size());
  prune_among(mlp, mask, std::move(candidates), count);
}

double sparsity(const nn::Mlp& mlp, const Mask& mask) {
  std::size_t pruned = 0, total = 0;
  for (const auto& layer : mlp.layers) {
    const std::size_t count = weight_count(layer);
    total += count;
    pruned += static_cast<std::size_t>(std::count(mask.begin() + static_cast<std::ptrdiff_t>(layer.weight),
                                                  mask.begin() + static_cast<std::ptrdiff_t>(layer.weight + count), std::uint8_t{0}));
  }
  return total == 0 ? 0 : static_cast<double>(pruned) / static_cast<double>(total);
}

void apply_mask(nn::Mlp& mlp, const Mask& mask) {
  for (std::size_t k = 0; k < mask.size(); ++k) {
    if (mask[k] == 0) mlp.parameters[k] = 0;
  }
}

}  // namespace snac::compress
