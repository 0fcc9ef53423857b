// How Optuna's tables describe what a trial is made of (docs/formats.md, ADR 0023). Internal to the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snac/store/store.hpp"

namespace snac::store {

/// A row of trial_params.
struct OptunaParam {
  std::string name;
  double value = 0;  ///< what Optuna calls the internal representation
  std::string distribution;
  bool operator==(const OptunaParam&) const = default;
};

/// The active parameters of a genome, in order. An IntDistribution or FloatDistribution where the choices are numbers in equal steps
/// upwards, else a CategoricalDistribution. @throws std::logic_error if the genome does not fit.
std::vector<OptunaParam> optuna_params(const std::vector<Parameter>& parameters, const std::vector<std::int32_t>& genome);

/// A row of trial_values: infinities have a type and no value.
struct OptunaValue {
  std::optional<double> value;
  std::string type;
};
OptunaValue optuna_value(double value);

/// Key and value of the rows of trial_system_attributes that the attributes of a trial ask for. Every release of Optuna reads its
/// own name of the generation.
std::vector<std::pair<std::string, std::string>> optuna_system_attributes(const Json& attributes);

}  // namespace snac::store
