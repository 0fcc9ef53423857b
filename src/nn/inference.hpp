// A network packed for inference: batch norm folded, parameters on their grids if a quantizer is given.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "packed_net.hpp"
#include "snac/data/dataset.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

class Inference {
 public:
  static constexpr int kRows = 128;  ///< rows per block: the block's activations stay in the L1 cache

  /// @throws std::invalid_argument as require_fits().
  Inference(const Mlp& mlp, const NetQuantizer* quantizer);

  /// Sees (layer, true after the activation, values (rows, Op)).
  using Observer = std::function<void(std::size_t layer, bool activated, const float* values)>;
  /// Logits (rows.size(), Op) of at most kRows rows; valid until the next call.
  const float* run(const data::Dataset& data, std::span<const std::uint32_t> rows, const Observer& observe = {});
  int padded_outputs() const { return layout_.layers.back().padded_outputs; }
  const Kernels& kernels() const { return *kernels_; }

 private:
  const Kernels* kernels_;
  std::vector<ActivationFunction> activations_;
  PackedLayout layout_;
  AlignedBuffer parameters_, first_, second_;
  std::optional<GridRounding> input_;           ///< with a quantizer
  std::vector<QuantizedActivation> quantized_;  ///< empty without a quantizer
};

/// @throws DataError if the data set has another number of features or classes than the network, or labels beyond;
///         std::invalid_argument if a row index lies outside the data set.
void require_fits(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows);

}  // namespace snac::nn
