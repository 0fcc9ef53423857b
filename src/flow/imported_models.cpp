#include "snac/flow/imported_models.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "snac/core/files.hpp"
#include "snac/core/log.hpp"
#include "snac/exchange/import.hpp"
#include "snac/flow/estimation.hpp"
#include "snac/nn/forward.hpp"

namespace snac::flow {
namespace {

/// Scores and estimates a model, and stores it as a trial.
void import_trial(Study& study, const std::string& path, const std::string& identity, std::size_t order) {
  const exchange::ImportedModel model = exchange::import_float_model(path);
  for (const auto& note : model.notes) spdlog::info("{}: {}", path, note);
  const auto& classes = study.train().class_names;
  if (!model.class_names.empty() && model.class_names != classes) {
    throw DataError("a model's classes are not those of the data", {.where = path,
                                                                    .found = fmt::format("{}", fmt::join(model.class_names, ", ")),
                                                                    .expected = fmt::format("{}", fmt::join(classes, ", ")),
                                                                    .hint = {}});
  }
  const nn::Mlp mlp = as_classifier(std::get<nn::Mlp>(model.network), study.train().num_features, study.train().num_classes, path);
  std::vector<double> accuracies, losses;
  for (const data::Split& split : study.splits()) {
    const nn::Score score = nn::evaluate(mlp, study.train(), split.validation);
    accuracies.push_back(score.accuracy);
    losses.push_back(score.loss);
  }
  store::Trial trial;
  trial.number = study.store().claim(study.name(), {}, identity).value();
  trial.state = store::TrialState::complete;
  trial.identity = identity;
  const EstimatedFigures estimates = study.estimation().estimate(mlp.spec);
  trial.values = estimates.values;
  trial.values["accuracy"] = mean_of(accuracies);
  trial.values["accuracy_deviation"] = deviation_of(accuracies);
  trial.values["loss"] = mean_of(losses);
  if (!std::isfinite(trial.values["loss"])) {
    trial.state = store::TrialState::failed;
    trial.reason = "its outputs on the validation rows are not finite";
    trial.values.clear();
  }
  Json sources = Json::object();
  for (const auto& [name, value] : trial.values) {
    const auto known = estimates.sources.find(name);
    sources[name] = known == estimates.sources.end() ? "validation rows" : known->second;
  }
  trial.attributes = {{"order", order},
                      {"arch", space::to_json(mlp.spec)},
                      {"network", space::summary(mlp.spec)},
                      {"choices", {{"model", path}}},
                      {"imported", {{"file", path}, {"producer", model.producer}, {"notes", model.notes}}},
                      {"seed", 0},
                      {"epochs", 0},
                      {"curves", Json::array()},
                      {"seconds", 0}};
  study.store().transaction([&] {
    if (trial.state == store::TrialState::complete) {
      trial.attributes["resource_source"] = study.estimation().source();
      trial.attributes["sources"] = sources;
      trial.attributes["weights"] = study.store().put_artefact(weight_bytes(mlp));
    }
    study.store().finish(study.name(), trial);
  });
}

}  // namespace

nn::Mlp as_classifier(const nn::Mlp& mlp, int features, int classes, const std::string& where) {
  if (mlp.layers.front().inputs != features) {
    throw ConfigError("a model does not fit the data",
                      {.where = where,
                       .found = fmt::format("{} inputs", mlp.layers.front().inputs),
                       .expected = fmt::format("{}, the features of the data", features),
                       .hint = "data.columns, data.constituents and data.scaling say which features there are"});
  }
  const int outputs = mlp.layers.back().outputs;
  const bool sigmoid = mlp.layers.back().activation == space::Activation::sigmoid;
  if (outputs != classes && !(outputs == 1 && classes == 2)) {
    throw ConfigError("a model does not fit the data",
                      {.where = where,
                       .found = fmt::format("{} outputs", outputs),
                       .expected = classes == 2 ? "2, the classes of the data, or 1" : fmt::format("{}, the classes of the data", classes),
                       .hint = {}});
  }
  if (outputs == classes && !sigmoid) return mlp;
  space::ArchSpec spec = mlp.spec;
  auto& last = std::get<space::DenseLayer>(spec.nodes.back().layer);
  last.units = classes;
  if (sigmoid) last.activation = space::Activation::linear;
  nn::Mlp result = nn::make_empty_mlp(spec);
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const auto weights = mlp.weights(l);
    const auto biases = mlp.biases(l);
    // Of one output that became two, the second is the model's.
    const bool second = l + 1 == mlp.layers.size() && outputs != classes;
    std::copy(weights.begin(), weights.end(), result.weights(l).begin() + (second ? mlp.layers[l].inputs : 0));
    std::copy(biases.begin(), biases.end(), result.biases(l).begin() + (second ? 1 : 0));
  }
  return result;
}

std::vector<TrialResult> imported_trials(Study& study) {
  study.store().release_running(study.name());
  std::vector<TrialResult> results;
  for (std::size_t k = 0; k < study.config().models.size(); ++k) {
    const std::string path = study.config().resolve(study.config().models[k]);
    const std::string identity = "import:" + sha256_file(path);
    for (const TrialResult& earlier : results) {
      if (earlier.identity != identity) continue;
      throw ConfigError("a model stands twice",
                        {.where = study.config().file + ": models", .found = path, .expected = "each once", .hint = {}});
    }
    if (!study.store().find_trial(study.name(), identity)) import_trial(study, path, identity, k);
    results.push_back(trial_result(study.store().find_trial(study.name(), identity).value()));
  }
  return results;
}

}  // namespace snac::flow
