// What rule4ml's predictors see of a network: sums over the layers as a Keras model lists them.
#pragma once

#include <string>
#include <vector>

#include "snac/cost/rule4ml.hpp"

namespace snac::cost {

/// Names of all known features, in the order of rule4ml_features.
const std::vector<std::string>& rule4ml_feature_names();

/// @param linear_entries a dense layer without an activation is followed by an entry for 'linear', as release 0.1 lists it
/// @throws ConfigError as Rule4ml::predict.
std::vector<double> rule4ml_features(const space::ArchSpec& network, const Rule4mlSetup& setup, bool linear_entries);

}  // namespace snac::cost
