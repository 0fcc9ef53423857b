// A published experiment run again: which studies it is made of, running them, and one document of ours beside the published figures.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "snac/flow/config.hpp"
#include "snac/flow/study.hpp"

namespace snac::flow {

struct ReproductionParams {
  std::string experiment = "paper";
  std::string config = "configs/jets_paper.yaml";  ///< data, target, space and full budget
  std::vector<std::string> overrides = {};         ///< "a.b=c", for all parts
  double scale = 1;                                ///< in (0, 1]: share of the full budget, see scale_budget()
  int seeds = 1;                                   ///< 1 to 100; seeds are those of the configuration and the next ones
  int threads = -1;                                ///< below 0: as configured
  std::string output = {};                         ///< "" = runs/reproduce_<experiment>, with "-<scale>" below the full budget
  void validate() const;                           ///< @throws ConfigError naming option, value, allowed range
  std::string output_folder() const;
};

/// One study of the experiment.
struct ReproductionPart {
  std::string key;     ///< baseline, accuracy, nac, snac_pack, circuit
  std::string name;    ///< in tables
  std::string title;   ///< what guides its search
  StudyConfig config;  ///< complete; config.output is the part's folder, config.file the study.yaml in it
};

/// The parts in the order of work: seed by seed, the baseline first. With the predictors of rule4ml (target.rule4ml.folder) the search by
/// resources is guided by them, as the published one was. Nothing is written.
/// @throws ConfigError for a configuration the experiment cannot use, or an override of a key that the experiment sets itself.
std::vector<ReproductionPart> plan_reproduction(const ReproductionParams& params);

/// The budget of a configuration, shrunk: trials by the scale (at least 8; a generation is a fifth of them), pruning rounds (at least 3),
/// epochs per round, warm-up and baseline epochs by its square root. Epochs of the searches, folds and data stay. Scale 1 changes nothing.
void scale_budget(StudyConfig& config, double scale);

/// Runs what is missing of all parts, each an ordinary study in a folder of its own with its configuration (study.yaml), and returns the
/// document: {"experiment", "study" (title), "scale", "seeds", "published", "budget": [{what, published, full, used}], "differences":
/// [texts], "tables": [{id, title, header, rows, notes}], "metrics": {resource, cycles}, "data", "seconds", "seconds_full_estimate",
/// "parts": [{part, name, title, seed, study, folder, objectives, trials {columns}, selected, select_reason, models, hardware, seconds}]}.
/// `part_done` is called with each part's study before it is closed.
/// @throws ConfigError, DataError, ToolError (before any work if a tool is missing), IoError, Interrupted, Error with ExitCode::no_result.
Json reproduce(const ReproductionParams& params, const std::function<void(const Study&)>& part_done = {});

/// The document's tables, budget, differences and remarks for a terminal.
std::string reproduction_text(const Json& document);

}  // namespace snac::flow
