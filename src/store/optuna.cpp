#include "optuna.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace snac::store {
namespace {

bool numbers_upwards_in_equal_steps(const std::vector<Json>& choices, bool whole) {
  constexpr double kTolerance = 1e-9;  // of a step; Optuna's own is 1e-8
  const bool numbers = choices.size() >= 2 && std::all_of(choices.begin(), choices.end(), [&](const Json& choice) {
                         return whole ? choice.is_number_integer() : choice.is_number();
                       });
  if (!numbers) return false;
  const auto low = choices.front().get<double>();
  const double step = (choices.back().get<double>() - low) / static_cast<double>(choices.size() - 1);
  if (!(step > 0)) return false;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (std::abs(choices[i].get<double>() - low - static_cast<double>(i) * step) > kTolerance * step) return false;
  }
  return true;
}

/// A step that decimals write briefly is meant so: 0.1, not 0.09999999999999999.
double brief(double step) { return std::stod(fmt::format("{:.12g}", step)); }

struct Distribution {
  std::string json;
  bool categorical = true;
};

Distribution distribution_of(const Parameter& parameter) {
  const auto& choices = parameter.choices;
  const bool integers = numbers_upwards_in_equal_steps(choices, true);
  if (!integers && !numbers_upwards_in_equal_steps(choices, false)) {
    return {Json{{"name", "CategoricalDistribution"}, {"attributes", {{"choices", choices}}}}.dump(), true};
  }
  Json attributes{{"log", false}};
  if (integers) {
    attributes["step"] = choices[1].get<std::int64_t>() - choices[0].get<std::int64_t>();
    attributes["low"] = choices.front();
    attributes["high"] = choices.back();
  } else {
    const auto low = choices.front().get<double>(), high = choices.back().get<double>();
    attributes["step"] = brief((high - low) / static_cast<double>(choices.size() - 1));
    attributes["low"] = low;
    attributes["high"] = high;
  }
  return {Json{{"name", integers ? "IntDistribution" : "FloatDistribution"}, {"attributes", attributes}}.dump(), false};
}

}  // namespace

std::vector<OptunaParam> optuna_params(const std::vector<Parameter>& parameters, const std::vector<std::int32_t>& genome) {
  if (parameters.empty()) return {};
  if (genome.size() != parameters.size()) {
    throw std::logic_error(fmt::format("a genome of {} genes in a study with {} parameters", genome.size(), parameters.size()));
  }
  std::vector<bool> active(parameters.size());
  std::vector<OptunaParam> params;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (genome[i] < 0 || std::cmp_greater_equal(genome[i], parameter.choices.size())) {
      throw std::logic_error(fmt::format("gene {} of parameter '{}' with {} choices", genome[i], parameter.name, parameter.choices.size()));
    }
    active[i] = std::all_of(parameter.conditions.begin(), parameter.conditions.end(), [&](const Parameter::Condition& condition) {
      if (condition.parameter >= i) throw std::logic_error("parameter '" + parameter.name + "' depends on a later one");
      const auto& allowed = condition.allowed;
      return active[condition.parameter] && std::find(allowed.begin(), allowed.end(), genome[condition.parameter]) != allowed.end();
    });
    if (!active[i]) continue;
    const Distribution distribution = distribution_of(parameter);
    const double value = distribution.categorical ? genome[i] : parameter.choices[static_cast<std::size_t>(genome[i])].get<double>();
    params.push_back({.name = parameter.name, .value = value, .distribution = distribution.json});
  }
  return params;
}

OptunaValue optuna_value(double value) {
  if (std::isinf(value)) return {.value = std::nullopt, .type = value > 0 ? "INF_POS" : "INF_NEG"};
  return {.value = value, .type = "FINITE"};
}

std::vector<std::pair<std::string, std::string>> optuna_system_attributes(const Json& attributes) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (!attributes.is_object()) return rows;
  if (const auto found = attributes.find("generation"); found != attributes.end() && found->is_number_integer()) {
    for (const char* key : {"nsga2:generation", "NSGAIISampler:generation"}) rows.emplace_back(key, found->dump());
  }
  if (const auto found = attributes.find("constraints"); found != attributes.end() && found->is_array()) {
    rows.emplace_back("constraints", found->dump());
  }
  return rows;
}

}  // namespace snac::store
