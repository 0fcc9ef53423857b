// What a search learns about its own estimates: candidates whose hardware was counted after all correct the estimates of the others.
#pragma once

#include <array>
#include <vector>

#include "snac/space/arch_spec.hpp"

namespace snac::cost {

struct CorrectedFigures {
  double lut = 0, ff = 0, clock_cycles = 0;
};

/// Bayesian linear regression of log(truth / estimate), for each figure, on a constant, the network's size and depth, and its shares of
/// layers with tables and with batch normalisation. Before the first observation it changes nothing; a few move the constant, many the
/// rest: prior deviations are 0.3 for the constant and 0.1 for the other weights, 0.08 for what is left unexplained.
class EstimateCorrection {
 public:
  void observe(const space::ArchSpec& spec, const CorrectedFigures& estimate, const CorrectedFigures& truth);
  /// Cycles are rounded, at least 1.
  CorrectedFigures correct(const space::ArchSpec& spec, const CorrectedFigures& estimate) const;
  int observations() const noexcept { return observations_; }

 private:
  static constexpr std::size_t kFeatures = 5, kFigures = 3;
  using Vector = std::array<double, kFeatures>;
  static Vector features(const space::ArchSpec& spec, double lut);
  void solve();

  std::array<Vector, kFeatures> gram_{};
  std::array<Vector, kFigures> moments_{}, weights_{};
  int observations_ = 0;
};

}  // namespace snac::cost
