#include "snac/cost/estimate_correction.hpp"

#include <algorithm>
#include <cmath>

namespace snac::cost {
namespace {

constexpr double kConstantPrior = 0.3, kWeightPrior = 0.1, kNoise = 0.08;

std::array<double, 3> figures(const CorrectedFigures& f) { return {f.lut, f.ff, f.clock_cycles}; }

}  // namespace

EstimateCorrection::Vector EstimateCorrection::features(const space::ArchSpec& spec, double lut) {
  const std::vector<space::DenseLayer> chain = space::dense_chain(spec);
  double tables = 0, norms = 0;
  for (const space::DenseLayer& layer : chain) {
    tables += layer.activation != space::Activation::linear && layer.activation != space::Activation::relu ? 1 : 0;
    norms += layer.batch_norm ? 1 : 0;
  }
  const auto layers = static_cast<double>(chain.size());
  return {1, std::log10(std::max(lut, 1.0) / 10'000), (layers - 5) / 4, tables / layers, norms / layers};
}

void EstimateCorrection::observe(const space::ArchSpec& spec, const CorrectedFigures& estimate, const CorrectedFigures& truth) {
  const Vector x = features(spec, estimate.lut);
  const auto from = figures(estimate), to = figures(truth);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    for (std::size_t j = 0; j < kFeatures; ++j) gram_[i][j] += x[i] * x[j];
    for (std::size_t f = 0; f < kFigures; ++f)
      moments_[f][i] += from[f] > 0 && to[f] > 0 ? x[i] * std::clamp(std::log(to[f] / from[f]), -1.0, 1.0) : 0;
  }
  ++observations_;
  solve();
}

void EstimateCorrection::solve() {
  // (X^T X + noise^2 / prior^2) w = X^T y, by elimination: the matrix is positive definite.
  for (std::size_t f = 0; f < kFigures; ++f) {
    auto a = gram_;
    Vector b = moments_[f];
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const double prior = i == 0 ? kConstantPrior : kWeightPrior;
      a[i][i] += kNoise * kNoise / (prior * prior);
    }
    for (std::size_t i = 0; i < kFeatures; ++i) {
      for (std::size_t r = i + 1; r < kFeatures; ++r) {
        const double factor = a[r][i] / a[i][i];
        for (std::size_t c = i; c < kFeatures; ++c) a[r][c] -= factor * a[i][c];
        b[r] -= factor * b[i];
      }
    }
    for (std::size_t i = kFeatures; i-- > 0;) {
      double sum = b[i];
      for (std::size_t c = i + 1; c < kFeatures; ++c) sum -= a[i][c] * weights_[f][c];
      weights_[f][i] = sum / a[i][i];
    }
  }
}

CorrectedFigures EstimateCorrection::correct(const space::ArchSpec& spec, const CorrectedFigures& estimate) const {
  if (observations_ == 0) return estimate;
  const Vector x = features(spec, estimate.lut);
  const auto factor = [&](std::size_t f) {
    double log = 0;
    for (std::size_t i = 0; i < kFeatures; ++i) log += weights_[f][i] * x[i];
    return std::exp(std::clamp(log, -1.0, 1.0));
  };
  return {.lut = estimate.lut * factor(0),
          .ff = estimate.ff * factor(1),
          .clock_cycles = std::max(1.0, std::round(estimate.clock_cycles * factor(2)))};
}

}  // namespace snac::cost
