// Inference of an Mlp, with or without fake quantisation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snac/data/dataset.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

/// Logits (rows.size(), outputs) row-major of the given rows of a data set; batch norm uses running statistics, no dropout.
/// Single precision, fast. `quantizer` may be null. With a quantizer all values lie on their grids and the result is that of
/// predict_exact() as long as every sum stays below 2^24 steps of its accumulator's grid; above, a sum may be rounded and a
/// result differ by a step, rarely. A feature that is NaN gives NaN here, 0 in predict_exact().
/// All functions of this header: @throws DataError if the data set has other features or classes than the network,
/// std::invalid_argument for a row index outside the data set or grids that require_fits() refuses.
std::vector<float> predict(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows,
                           const NetQuantizer* quantizer = nullptr);

/// The quantised network at inference in integers, hence exact, on any machine and for any number of threads. This is the
/// engine that FixedNet must match on every bit. @returns raw integers of the logits' grids, (rows.size(), outputs).
/// @throws std::invalid_argument if batch norm is not folded or a sum could exceed 62 bits for some input.
std::vector<std::int64_t> predict_exact(const Mlp& mlp, const NetQuantizer& quantizer, const data::Dataset& data,
                                        std::span<const std::uint32_t> rows, int threads = 1);

/// Mean softmax cross-entropy and the share of rows whose largest logit (first maximum) is the label. Zeros for no rows.
struct Score {
  double loss = 0;
  double accuracy = 0;
};
Score evaluate(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows, const NetQuantizer* quantizer = nullptr);

/// Largest and smallest value each layer's pre-activation (after batch norm) and output takes on the rows, for calibration
/// (float network). Zeros for no rows.
struct LayerRange {
  float pre_min = 0, pre_max = 0, out_min = 0, out_max = 0;
  double pre_high_quantile = 0;  ///< the 99.9 % quantile of |pre-activation| over all units and rows, at most 0.1 % too high
};
std::vector<LayerRange> observe_ranges(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows);

}  // namespace snac::nn
