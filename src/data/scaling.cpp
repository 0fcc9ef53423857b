#include "scaling.hpp"

#include <algorithm>
#include <cmath>

namespace snac::data {
namespace {

double mean_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

double deviation_of(std::span<const float> values, double mean) {
  double squares = 0;
  for (const float value : values) {
    const double distance = static_cast<double>(value) - mean;
    squares += distance * distance;
  }
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double spread_or_one(double spread) { return spread > 0 ? spread : 1; }

}  // namespace

double quantile(std::span<float> values, double q) {
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), nth, values.end());
  const auto low = static_cast<double>(*nth);
  if (below + 1 == values.size()) return low;
  const auto high = static_cast<double>(*std::min_element(nth + 1, values.end()));
  const double weight = position - static_cast<double>(below);
  return weight < 0.5 ? low + (high - low) * weight : high - (high - low) * (1 - weight);  // NumPy's order of operations
}

CenterScale fit_scaling(Scaling scaling, std::span<float> values) {
  switch (scaling) {
    case Scaling::robust:
    case Scaling::robust_fast: {
      const double spread = quantile(values, 0.95) - quantile(values, 0.05);
      return {scaling == Scaling::robust ? quantile(values, 0.5) : 0, spread_or_one(spread)};
    }
    case Scaling::standard: {
      const auto [least, largest] = std::minmax_element(values.begin(), values.end());
      if (*least == *largest) return {static_cast<double>(*least), 1};  // the sum below may be off by a rounding
      const double mean = mean_of(values);
      return {mean, spread_or_one(deviation_of(values, mean))};
    }
    case Scaling::minmax: {
      const auto [least, largest] = std::minmax_element(values.begin(), values.end());
      return {static_cast<double>(*least), spread_or_one(static_cast<double>(*largest) - static_cast<double>(*least))};
    }
    case Scaling::none:
      return {};
  }
  return {};
}

}  // namespace snac::data
