// Order statistics of small samples.
#pragma once

#include <span>
#include <vector>

namespace snac {

/// The value below which a share q of the sample lies, linear between neighbours (R's type 7). @throws std::invalid_argument for an
/// empty sample or q outside [0, 1].
double quantile(std::vector<double> values, double q);

/// Ranks from 0; equal values share the mean of their ranks.
std::vector<double> ranks(std::span<const double> values);

/// Spearman's rank correlation. 1 for samples of fewer than two pairs, 0 if one side has equal values only.
/// @throws std::invalid_argument for samples of two sizes.
double rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace snac
