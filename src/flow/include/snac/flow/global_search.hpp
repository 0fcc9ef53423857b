// Global search: NSGA-II over the space; every candidate is trained, and estimated or measured as a circuit. Resumable: known candidates
// are read from the store, in the same order.
#pragma once

#include <string>
#include <vector>

#include "snac/flow/metrics.hpp"
#include "snac/flow/study.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::flow {

/// One finished trial. `order` counts evaluations from 0 in the order the sampler asked for them: the same at any thread
/// count and after any number of interruptions.
struct TrialResult {
  int order = 0;
  std::string identity;
  bool failed = false;   ///< no figures: training failed, or was stopped early
  bool stopped = false;  ///< hopeless after some epochs (early termination); counts as failed
  int epochs = 0;        ///< trained, over all folds; 0 if unknown
  std::string reason;
  space::ArchSpec arch;
  Json choices;
  Values values;
  std::string resource_source;  ///< of the hardware figures
  std::string weights;          ///< artefact of the trained Mlp (first split)
  std::string fixed_net;        ///< artefact of the shortly compressed network with hardware: circuit (first split); else empty
};

/// A trial as the store keeps it. @throws DataError if its attributes are damaged.
TrialResult trial_result(const store::Trial& trial);

/// Runs what is missing and returns all trials in order.
std::vector<TrialResult> global_search(Study& study);

/// The float baseline of the configuration, trained once on the first split; scored on the test set.
struct Baseline {
  space::ArchSpec arch;
  double validation_accuracy = 0, test_accuracy = 0;
};
/// Under which name the store keeps it.
std::string baseline_stage(const StudyConfig& config);
/// Nothing if the configuration names none.
std::optional<Baseline> train_baseline(Study& study);

/// A network as an artefact of the store, and back.
std::string weight_bytes(const nn::Mlp& mlp);
nn::Mlp load_weights(const Study& study, const std::string& artefact);

/// Names of the study's objectives, in order.
std::vector<std::string> objective_names(const StudyConfig& config);

}  // namespace snac::flow
