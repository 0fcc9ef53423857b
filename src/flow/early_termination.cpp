#include "snac/flow/early_termination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace snac::flow {
namespace {

bool is_trained(const std::string& metric) { return metric == "accuracy" || metric == "loss"; }

double trained_value(const Metric& metric, const nn::Score& score) { return metric.name == "loss" ? score.loss : score.accuracy; }

/// What the training would leave behind if it ended after so many epochs.
nn::Score score_after(const std::vector<nn::Score>& curve, std::size_t epochs, bool best_epoch_counts) {
  const auto end = curve.begin() + static_cast<std::ptrdiff_t>(std::min(epochs, curve.size()));
  if (!best_epoch_counts) return *(end - 1);
  return *std::min_element(curve.begin(), end, [](const nn::Score& a, const nn::Score& b) { return a.loss < b.loss; });
}

}  // namespace

Json curves_json(const Curves& curves) {
  Json json = Json::array();
  for (const auto& curve : curves) {
    Json epochs = Json::array();
    for (const auto& score : curve) epochs.push_back({{"loss", score.loss}, {"accuracy", score.accuracy}});
    json.push_back(std::move(epochs));
  }
  return json;
}

Curves curves_from_json(const Json& json, const std::string& where) {
  Curves curves;
  const auto damaged = [&] {
    return DataError("a trial's learning curves are damaged", {.where = where,
                                                               .found = json.dump().substr(0, 200),
                                                               .expected = "loss and accuracy by fold and epoch",
                                                               .hint = "restore a copy of the file"});
  };
  if (!json.is_array()) throw damaged();
  for (const Json& epochs : json) {
    if (!epochs.is_array() || epochs.empty()) throw damaged();
    curves.emplace_back();
    for (const Json& score : epochs) {
      curves.back().push_back({.loss = json_get<double>(score, "loss", where), .accuracy = json_get<double>(score, "accuracy", where)});
    }
  }
  return curves;
}

void check_early_termination(const StudyConfig& config) {
  const EarlyTerminationConfig& rule = config.search.early_termination;
  if (rule.rule == TerminationRule::none) return;
  rule.halving.validate();
  const std::string place = config.file + ": search.early_termination";
  const auto& objectives = config.search.objectives;
  if (std::none_of(objectives.begin(), objectives.end(), [](const auto& objective) { return is_trained(objective.first); })) {
    std::string names;
    for (const auto& [name, direction] : objectives) names += (names.empty() ? "" : ", ") + name;
    throw ConfigError("early termination has nothing to judge by", {.where = place + ".rule",
                                                                    .found = "objectives " + names,
                                                                    .expected = "accuracy or loss among search.objectives",
                                                                    .hint = "set search.early_termination.rule: none"});
  }
  if (config.data.folds < 2 && rule.min_epochs >= config.search.training.epochs) {
    throw ConfigError("early termination can never act",
                      {.where = place + ".min_epochs",
                       .found = fmt::format("{} of {} epochs", rule.min_epochs, config.search.training.epochs),
                       .expected = "fewer than search.epochs, or several folds",
                       .hint = "lower min_epochs or set rule: none"});
  }
}

EarlyTermination::EarlyTermination(const StudyConfig& config, std::size_t folds)
    : folds_(folds),
      epochs_(config.search.training.epochs),
      best_epoch_counts_(config.search.training.restore_best),
      margin_(config.search.early_termination.halving.margin) {
  const EarlyTerminationConfig& rule = config.search.early_termination;
  if (rule.rule == TerminationRule::none) return;
  for (const int epochs : search::rung_positions(rule.min_epochs, rule.halving.reduction, epochs_))
    places_.push_back({.fold = 0, .epochs = epochs});
  for (std::size_t fold = 0; fold + 1 < folds; ++fold) places_.push_back({.fold = fold, .epochs = 0});
  const auto take = [&](const Metric& metric) {
    auto& kind = is_trained(metric.name) ? scores_ : costs_;
    if (std::none_of(kind.begin(), kind.end(), [&](const Metric& known) { return known.name == metric.name; })) kind.push_back(metric);
  };
  for (const auto& [name, direction] : config.search.objectives) take(find_metric(name, "search.objectives"));
  for (const auto& [name, text] : config.search.constraints) {
    // A trained figure that has a budget must be worse as well; a hardware budget is known to be kept or missed.
    if (is_trained(name))
      take(find_metric(name, "search.constraints"));
    else
      budgets_.push_back(parse_condition(name + " " + text, "search.constraints"));
  }
  rungs_.emplace(rule.halving, places_.size());
}

search::RungEntry EarlyTermination::entry(const Place& place, const Values& estimates, const Curves& curves) const {
  search::RungEntry entry;
  for (const Metric& metric : costs_) entry.costs.push_back((metric.maximise ? -1 : 1) * estimates.at(metric.name));
  double missed = 0;
  for (const Condition& budget : budgets_) missed += violation(budget, estimates.at(budget.metric), 0);
  entry.costs.push_back(missed);
  const std::size_t epochs = place.epochs == 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(place.epochs);
  for (const Metric& metric : scores_) {
    double mean = 0;
    for (std::size_t fold = 0; fold <= place.fold; ++fold) {
      mean += trained_value(metric, score_after(curves[fold], epochs, best_epoch_counts_)) / static_cast<double>(place.fold + 1);
    }
    entry.scores.push_back((metric.maximise ? -1 : 1) * mean);
  }
  return entry;
}

std::optional<EarlyStop> EarlyTermination::judge(std::size_t rung, const Values& estimates, const Curves& curves) const {
  const search::RungVerdict verdict = rungs_->judge(rung, entry(places_[rung], estimates, curves));
  if (!verdict.stop) return std::nullopt;
  EarlyStop stop{.rung = rung, .fold = static_cast<int>(curves.size()) - 1, .epochs = static_cast<int>(curves.back().size()), .reason = {}};
  std::string names;
  for (const Metric& metric : scores_) names += (names.empty() ? "" : " and ") + metric.name;
  stop.reason = fmt::format("stopped early after epoch {} of {}{}: {} of {} earlier candidates that cost no more have better {}{}",
                            stop.epochs, epochs_, folds_ > 1 ? fmt::format(", fold {} of {}", stop.fold + 1, folds_) : "", verdict.better,
                            verdict.rivals, names, margin_ > 0 ? fmt::format(" by {}", margin_) : "");
  return stop;
}

std::optional<EarlyStop> EarlyTermination::after_epoch(const Values& estimates, const Curves& curves) const {
  for (std::size_t rung = 0; rung < places_.size(); ++rung) {
    const Place& place = places_[rung];
    if (place.fold + 1 == curves.size() && place.epochs == static_cast<int>(curves.back().size())) return judge(rung, estimates, curves);
  }
  return std::nullopt;
}

std::optional<EarlyStop> EarlyTermination::after_fold(const Values& estimates, const Curves& curves) const {
  for (std::size_t rung = 0; rung < places_.size(); ++rung) {
    if (places_[rung].fold + 1 == curves.size() && places_[rung].epochs == 0) return judge(rung, estimates, curves);
  }
  return std::nullopt;
}

void EarlyTermination::record(const Values& estimates, const Curves& curves, const std::optional<std::size_t>& stopped_rung) {
  const std::size_t reached = stopped_rung ? std::min(*stopped_rung + 1, places_.size()) : places_.size();
  for (std::size_t rung = 0; rung < reached; ++rung) {
    if (places_[rung].fold < curves.size()) rungs_->record(rung, entry(places_[rung], estimates, curves));
  }
}

}  // namespace snac::flow
