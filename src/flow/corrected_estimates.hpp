// Learning while searching: some candidates of every generation are compressed shortly and counted as circuits; what came out corrects
// the estimates of all.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "snac/cost/estimate_correction.hpp"
#include "snac/flow/metrics.hpp"
#include "snac/flow/study.hpp"

namespace snac::flow {

class CorrectedEstimates {
 public:
  explicit CorrectedEstimates(Study& study);

  bool enabled() const noexcept { return per_generation_ > 0; }
  /// A trial that has ended, in order of evaluation; failed ones are ignored.
  void add(const store::Trial& trial);
  /// Counts the circuits of up to search.recalibrate trials that are on the front of the corrected estimates and have none yet, oldest
  /// first; records them in the study, or takes them from there. @throws Interrupted
  void measure(const std::vector<Metric>& objectives);
  /// A trial as the correction now sees it. @throws std::out_of_range for one that was not added.
  store::Trial corrected(const std::string& identity) const;
  /// Writes the corrected figures into the study.
  void store() const;

 private:
  struct Known {
    store::Trial trial;  ///< as it was evaluated
    space::ArchSpec arch;
    bool measured = false;
  };
  Json count_circuit(const Known& known) const;

  Study& study_;
  std::vector<Condition> constraints_;
  int per_generation_;
  std::vector<std::string> order_;
  std::map<std::string, Known> known_;
  cost::EstimateCorrection correction_;
};

/// Where the study keeps the circuits that were counted to correct its estimates: identity -> {"trial", "network", "estimate", "truth"}.
/// One name serves: a study refuses another target or search, and more trials continue it.
inline constexpr const char* kCorrectionStage = "search_circuits";

}  // namespace snac::flow
