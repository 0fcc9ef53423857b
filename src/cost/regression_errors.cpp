#include "snac/cost/regression_errors.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace snac::cost {

RegressionErrors regression_errors(std::span<const double> truth, std::span<const double> predicted) {
  if (truth.empty() || truth.size() != predicted.size()) throw std::invalid_argument("regression_errors: lengths differ or are 0");
  const double n = static_cast<double>(truth.size());
  double mean = 0;
  for (const double y : truth) mean += y / n;
  double squares = 0, spread = 0, relative = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double y = truth[i], p = predicted[i];
    if (!std::isfinite(y) || !std::isfinite(p)) throw std::invalid_argument("regression_errors: not a finite number");
    squares += (y - p) * (y - p);
    spread += (y - mean) * (y - mean);
    relative += std::abs(y - p) / (std::abs(y) + std::abs(p) + 1);
  }
  RegressionErrors errors{.rows = static_cast<int>(truth.size()), .smape = 200 / n * relative, .rmse = std::sqrt(squares / n)};
  const bool all_equal = std::all_of(truth.begin(), truth.end(), [&](double y) { return y == truth[0]; });
  if (!all_equal) errors.r2 = 1 - squares / spread;
  return errors;
}

}  // namespace snac::cost
