// Inference of an Mlp, with or without fake quantisation.
#pragma once

#include <span>
#include <vector>

#include "snac/data/dataset.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

/// Logits (rows.size(), outputs) row-major of the given rows of a data set; batch norm uses running statistics, no dropout.
/// Single precision, fast. `quantizer` may be null.
std::vector<float> predict(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows,
                           const NetQuantizer* quantizer = nullptr);

/// The quantised network at inference in exact arithmetic: double precision, in which every product and sum of the
/// quantised values is an integer multiple of the grid below 2^53, hence exact. This is the engine that FixedNet must
/// match on every bit. @returns raw integers of the logits' grid, (rows.size(), outputs).
/// @throws std::invalid_argument if batch norm is not folded or an accumulator could exceed 2^53.
std::vector<std::int64_t> predict_exact(const Mlp& mlp, const NetQuantizer& quantizer, const data::Dataset& data,
                                        std::span<const std::uint32_t> rows);

/// Mean softmax cross-entropy and the share of rows whose largest logit (first maximum) is the label.
struct Score {
  double loss = 0;
  double accuracy = 0;
};
Score evaluate(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows, const NetQuantizer* quantizer = nullptr);

/// Largest and smallest value each layer's pre-activation and output takes on the rows, for calibration (float network).
struct LayerRange {
  float pre_min = 0, pre_max = 0, out_min = 0, out_max = 0;
  double pre_high_quantile = 0;  ///< the 99.9 % quantile of |pre-activation| over all units and rows
};
std::vector<LayerRange> observe_ranges(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows);

}  // namespace snac::nn
