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

void prune_among(const nn::Mlp& mlp, Mask& mask, std::vector<std::size_t> alive, double fraction) {
  const auto count = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(alive.size())));
  std::stable_sort(alive.begin(), alive.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(mlp.parameters[a]) < std::abs(mlp.parameters[b]); });
  for (std::size_t i = 0; i < count; ++i) mask[alive[i]] = 0;
}

}  // namespace

Mask full_mask(const nn::Mlp& mlp) { return Mask(mlp.parameters.size(), 1); }

void prune_smallest(const nn::Mlp& mlp, Mask& mask, double fraction, PruningScope scope) {
  if (scope == PruningScope::layer) {
    for (const auto& layer : mlp.layers) {
      std::vector<std::size_t> alive;
      append_alive(layer, mask, alive);
      prune_among(mlp, mask, std::move(alive), fraction);
    }
    return;
  }
  std::vector<std::size_t> alive;
  std::size_t kept = 0;  // the largest weight of each layer is never a candidate
  for (const auto& layer : mlp.layers) {
    std::vector<std::size_t> own;
    append_alive(layer, mask, own);
    if (own.empty()) continue;
    const auto largest = std::max_element(
        own.begin(), own.end(), [&](std::size_t a, std::size_t b) { return std::abs(mlp.parameters[a]) < std::abs(mlp.parameters[b]); });
    own.erase(largest);
    ++kept;
    alive.insert(alive.end(), own.begin(), own.end());
  }
  const double share =
      alive.empty() ? 0 : std::min(1.0, fraction * static_cast<double>(alive.size() + kept) / static_cast<double>(alive.size()));
  prune_among(mlp, mask, std::move(alive), share);
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
