// Published experiments: facts with their sources, as data (src/flow/published/).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "snac/core/json.hpp"

namespace snac::flow {

/// Name and title of each experiment that can be reproduced.
std::vector<std::pair<std::string, std::string>> known_experiments();

/// {"name", "title", "sources": {short: citation}, "cost", "space": {axis: texts as printed}, "budget", "selection": {"bar", "best"},
///  "hardware_sparsity": {"iteration", "pruned"}, "rule4ml_device",
///  "global": [{"part", "model", "hidden", "accuracy" (%), "macs", "average_resource" (%), "clock_cycles", "source"}],
///  "synthesis": [{"part", "model", "latency_ns", "latency_cycles", "interval_ns", "interval_cycles", "dsp", "lut", "ff" (counts and
///  "_percent" of the device), "bram" (as printed), "source"}], "remarks": [texts]}.
/// @throws ConfigError for an unknown name, listing the known ones.
Json published_experiment(const std::string& name);

}  // namespace snac::flow
