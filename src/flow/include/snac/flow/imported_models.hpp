// A study of models made elsewhere: they take the place of a search's trials.
#pragma once

#include <string>
#include <vector>

#include "snac/flow/global_search.hpp"

namespace snac::flow {

/// The network as a classifier of so many classes that gives logits: a last sigmoid is taken off; one output that tells two classes apart
/// becomes two, of which the first is always 0. @throws ConfigError naming `where` if features or classes do not fit.
nn::Mlp as_classifier(const nn::Mlp& mlp, int features, int classes, const std::string& where);

/// One trial per file of the configuration's `models`, in their order: scored on the validation rows, estimated like a searched
/// network, nothing trained. Does only what the store does not hold yet.
/// @throws DataError, ConfigError naming the file.
std::vector<TrialResult> imported_trials(Study& study);

}  // namespace snac::flow
