// Local search by learned precision: one training per selected network yields a front of models; each is finished by a descent on the
// cost of its circuit.
#pragma once

#include <vector>

#include "snac/flow/local_search.hpp"

namespace snac::flow {

/// Instead of bits, in names and records.
inline constexpr const char* kLearned = "learned";

/// Runs what is missing: a training goes on from its last cycle, finished models stay. Models in order of trial, dearest first.
std::vector<CompressedModel> learned_search(Study& study, const std::vector<TrialResult>& selected);

}  // namespace snac::flow
