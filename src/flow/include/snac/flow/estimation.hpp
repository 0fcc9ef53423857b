// Estimates before training: every figure of a network that has no weights yet, by name, and where each comes from.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "snac/cost/device.hpp"
#include "snac/cost/estimate_correction.hpp"
#include "snac/cost/surrogate_rows.hpp"
#include "snac/flow/config.hpp"
#include "snac/flow/metrics.hpp"
#include "snac/space/search_space.hpp"

namespace snac::flow {

/// The target as estimators know it. They know pipelining by levels only: with a clock period, as many adder levels per stage as 12-bit
/// adders fit into it.
cost::HardwareTarget hardware_target(const TargetConfig& target);

/// Figures and, for each, its source: "architecture sample", "architecture surrogate 1a2b3c4d", "rule4ml v1", "formula".
struct EstimatedFigures {
  Values values;
  std::map<std::string, std::string> sources;
};

/// What `target.estimator: auto` means for a study.
struct EstimatorChoice {
  Estimator estimator = Estimator::sample;
  std::string reason;  ///< one sentence; empty if the configuration names the estimator itself
};
/// The surrogate if the configuration names a file of one, or if the target and all these networks lie within the rows that the shipped one
/// was trained on; else, and without networks, the sample. An estimator that is named stands. @throws ConfigError for a target out of
/// range.
EstimatorChoice choose_estimator(const StudyConfig& config, std::span<const space::ArchSpec> networks);
/// Networks that show every choice of every axis: the smallest of the space, and its deepest with one choice changed at a time.
std::vector<space::ArchSpec> extreme_networks(const space::SearchSpace& space);

/// Thread-safe.
class Estimation {
 public:
  /// An automatic estimator must have been chosen: std::invalid_argument.
  /// @throws ConfigError, DataError, IoError for files that the configuration names.
  explicit Estimation(const StudyConfig& config);
  ~Estimation();

  /// Counts (macs, parameters, bops...), resources and latency by target.estimator (with lut_error and ff_error if it knows them), and
  /// rule4ml_* if its files are given. @throws ConfigError for a network the estimator cannot take.
  EstimatedFigures estimate(const space::ArchSpec& arch) const;
  /// The same figures with LUT, FF and cycles as the correction has them; shares and times follow.
  void correct(const space::ArchSpec& arch, const cost::EstimateCorrection& correction, Values& values) const;
  /// Of LUT, FF, DSP, BRAM, latency.
  const std::string& source() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace snac::flow
