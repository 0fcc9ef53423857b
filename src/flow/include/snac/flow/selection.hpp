// Choosing a few candidates from many by the user's budgets, and saying why in one sentence.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "snac/flow/config.hpp"
#include "snac/flow/metrics.hpp"

namespace snac::flow {

struct Selection {
  std::vector<std::size_t> chosen;  ///< indices, best first
  std::string reason;               ///< one sentence
};

/// Indices of the candidates that no other dominates in the given metrics. @throws ConfigError if a metric is unknown, or none of the
/// candidates has it.
std::vector<std::size_t> front_of(std::span<const Values> candidates, const std::vector<std::string>& metrics);

/// best: highest accuracy under the conditions; cheapest: smallest `by` under them; knee: farthest from the chord of the
/// (accuracy, by) front. A `by` of which more is better (sparsity) is maximised. Only members of the (accuracy, by) front under the
/// conditions are chosen, as far as there are enough.
/// @param what   the configuration's section, for messages
/// @param names  of the candidates, for the reason; may be empty
/// @throws Error with ExitCode::no_result if no candidate satisfies the conditions: names the nearest miss of each;
/// ConfigError if `by` or a condition's metric was not measured.
Selection select(std::span<const Values> candidates, const SelectionConfig& config, const std::string& what,
                 const std::vector<std::string>& names = {});

}  // namespace snac::flow
