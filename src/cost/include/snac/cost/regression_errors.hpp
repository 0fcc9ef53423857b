// How far predictions are from what was measured.
#pragma once

#include <optional>
#include <span>

namespace snac::cost {

struct RegressionErrors {
  int rows = 0;
  std::optional<double> r2 = {};  ///< 1 - sum (y-p)^2 / sum (y-mean)^2; empty if all y are equal
  double smape = 0;               ///< percent: 200/n sum |y-p| / (|y|+|p|+1), as in the wa-hls4ml benchmark
  double rmse = 0;                ///< root of the mean squared error
};

/// @param truth, predicted same length, finite, at least one. @throws std::invalid_argument otherwise.
RegressionErrors regression_errors(std::span<const double> truth, std::span<const double> predicted);

}  // namespace snac::cost
