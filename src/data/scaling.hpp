// Center and scale of one column.
#pragma once

#include <span>
#include <vector>

#include "snac/data/preprocess.hpp"

namespace snac::data {

struct CenterScale {
  double center = 0, scale = 1;
};

/// NumPy's default quantile: at position q * (n - 1) of the sorted values, linear in between. Reorders `values` (not empty).
double quantile(std::span<float> values, double q);

/// Reorders `values` (not empty). Always finite, scale > 0.
CenterScale fit_scaling(Scaling scaling, std::span<float> values);

}  // namespace snac::data
