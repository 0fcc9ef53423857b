// Early termination of hopeless trials in the global search: what search/rungs.hpp means for networks. Costs are the hardware
// objectives, known before training; scores are the trained ones (accuracy, loss) after a few epochs of the first fold and
// after each fold. Trials are compared with those of earlier generations, so the outcome does not depend on threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "snac/flow/config.hpp"
#include "snac/flow/metrics.hpp"
#include "snac/nn/forward.hpp"
#include "snac/search/rungs.hpp"

namespace snac::flow {

/// Validation scores of one candidate: by fold, then by epoch. The last fold may be unfinished.
using Curves = std::vector<std::vector<nn::Score>>;
Json curves_json(const Curves& curves);
/// @throws DataError naming `where`.
Curves curves_from_json(const Json& json, const std::string& where);

/// Why and where a trial was stopped.
struct EarlyStop {
  std::size_t rung = 0;
  int fold = 0, epochs = 0;  ///< stopped after so many epochs of this fold; folds count from 0
  std::string reason;
};

class EarlyTermination {
 public:
  /// @param folds trainings per candidate, >= 1
  EarlyTermination(const StudyConfig& config, std::size_t folds);

  bool enabled() const { return rungs_.has_value(); }
  /// Asked after each epoch. `estimates`: the hardware figures of the candidate.
  std::optional<EarlyStop> after_epoch(const Values& estimates, const Curves& curves) const;
  /// Asked after each fold, with its whole curve.
  std::optional<EarlyStop> after_fold(const Values& estimates, const Curves& curves) const;
  /// Makes an ended trial known to later judgements. `stopped_rung`: where it was stopped, if it was. Between generations only.
  void record(const Values& estimates, const Curves& curves, const std::optional<std::size_t>& stopped_rung);

 private:
  /// A place in a candidate's trainings where it is judged.
  struct Place {
    std::size_t fold = 0;
    int epochs = 0;  ///< of this fold; 0 = its end
  };
  search::RungEntry entry(const Place& place, const Values& estimates, const Curves& curves) const;
  std::optional<EarlyStop> judge(std::size_t rung, const Values& estimates, const Curves& curves) const;

  std::size_t folds_;
  int epochs_;
  bool best_epoch_counts_;  ///< a training's score is that of its best epoch so far (restore_best), else of its last
  double margin_;
  std::vector<Place> places_;
  std::vector<Metric> costs_, scores_;
  std::vector<Condition> budgets_;  ///< constraints on hardware figures
  std::optional<search::Rungs> rungs_;
};

/// @throws ConfigError if the rule cannot act on this study: no trained objective, or no place to stop at.
void check_early_termination(const StudyConfig& config);

}  // namespace snac::flow
