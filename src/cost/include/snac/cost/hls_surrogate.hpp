// A surrogate of an HLS flow, fitted to reports of that flow: one small model per figure,
//   ln(y+1) = ln(sum_j c_j count_j) + a + sum_k w_k (x_k - mean_k) / sd_k,
// where a count is for instance that of the non-zero weights, no c_j is negative and x are conditions such as the clock. The weights
// w are shrunk towards none (ridge), so that few reports give "a coefficient per non-zero weight" with cautious corrections. Counts
// (one of them, or a sum of all that the reports state), conditions and strength of the ridge are chosen by the error on networks left
// out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/cost/hls_reports.hpp"
#include "snac/cost/regression_errors.hpp"

namespace snac::cost {

struct HlsCount {
  std::string name;  ///< "nonzeros"
  double coefficient = 1;
};

struct HlsTerm {
  std::string condition;
  double mean = 0, sd = 1, weight = 0;
};

/// What was seen of the counts' sum ("counts") or of a condition while fitting (conditions as in HlsTerm).
struct HlsRange {
  std::string name;
  double low = 0, high = 0;
};

/// Errors on networks that were left out while everything was chosen and fitted.
struct HlsTargetCard {
  int networks = 0;
  RegressionErrors left_out;  ///< the model
  RegressionErrors baseline;  ///< one coefficient per non-zero weight (per weight, if zeros are unknown); cycles, II: one value
  std::string baseline_base;  ///< "nonzeros", "macs" or "one"
  double baseline_value = 0;  ///< the coefficient, fitted to all rows
  RegressionErrors on_fit;    ///< the model on the rows it was fitted to
};

struct HlsTargetModel {
  HlsTarget target = HlsTarget::lut;
  std::vector<HlsCount> counts;
  double intercept = 0;
  double ridge = 0;  ///< strength of the shrinking, in rows that show no effect
  std::vector<HlsTerm> terms;
  double log_sd = 0;             ///< of ln((p+1)/(y+1)) on networks left out
  std::vector<HlsRange> ranges;  ///< of the counts' sum and all conditions that the reports state
  HlsTargetCard card;
};

struct HlsEstimate {
  double value = 0;
  double low = 0, high = 0;          ///< nine of ten lie between, if the design is like those of the reports
  std::vector<std::string> outside;  ///< what is not like them: "clock_ns 2 (3.33 to 5)"; each widens the range
};

struct HlsSurrogate {
  HlsStage stage = HlsStage::c_synthesis;
  HlsLevel level = HlsLevel::layer;
  std::vector<HlsTargetModel> models;  ///< figures that the reports have enough of
  struct Source {
    std::string file, sha256;
    int samples = 0;
  };
  std::vector<Source> sources;
  std::vector<std::string> notes;

  const HlsTargetModel* find(HlsTarget target) const;
  /// One figure of a design. A model of layers adds up the layers (for II: the largest).
  /// Empty if the surrogate has no model of the figure.
  /// @throws ConfigError if the design does not state what the model needs.
  std::optional<HlsEstimate> estimate(const HlsDesign& design, HlsTarget target) const;
};

struct HlsFitParams {
  std::optional<HlsStage> stage = {};  ///< needed if the reports have both
  std::optional<HlsLevel> level = {};  ///< needed if the reports have both
};

inline constexpr int kFewestHlsNetworks = 3, kFewestHlsRows = 8;

/// Fits every figure that has kFewestHlsRows rows of kFewestHlsNetworks networks; notes say which have not. Each network is left out in
/// turn (beyond 20 networks: in ten groups), the choice being made anew without it. Same samples, same model.
/// @throws ConfigError if the reports hold two stages or levels and none is chosen; DataError if no figure has enough.
HlsSurrogate fit_hls_surrogate(std::span<const HlsSample> samples, const HlsFitParams& params = {});

/// Errors on other reports, per figure; figures without a model or without truth are left out.
struct HlsEvaluation {
  HlsTarget target = HlsTarget::lut;
  RegressionErrors errors;
  double covered = 0;  ///< share of rows between low and high
  int outside = 0;     ///< rows not like those fitted to
  int unusable = 0;    ///< rows that do not state what the model needs
};
std::vector<HlsEvaluation> evaluate_hls_surrogate(const HlsSurrogate& surrogate, std::span<const HlsSample> samples);

inline constexpr FileFormat kHlsSurrogateFormat{"snac.hls_surrogate", 1, 1};
Json to_json(const HlsSurrogate& surrogate);
/// @throws DataError for another format or version, an unknown base or condition, or a number out of range.
HlsSurrogate hls_surrogate_from_json(const Json& json, const std::string& where);
/// @throws DataError, IoError.
HlsSurrogate load_hls_surrogate(const std::string& path);

}  // namespace snac::cost
