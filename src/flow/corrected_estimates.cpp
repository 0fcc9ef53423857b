#include "corrected_estimates.hpp"

#include <fmt/format.h>

#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/flow/global_search.hpp"
#include "snac/flow/trial_circuit.hpp"
#include "snac/search/pareto.hpp"

namespace snac::flow {
namespace {

cost::CorrectedFigures figures_of(const Values& values) {
  return {.lut = values.at("lut"), .ff = values.at("ff"), .clock_cycles = values.at("clock_cycles")};
}

cost::CorrectedFigures figures_from(const Json& json, const std::string& where) {
  return {.lut = json_get<double>(json, "lut", where),
          .ff = json_get<double>(json, "ff", where),
          .clock_cycles = json_get<double>(json, "clock_cycles", where)};
}

Json to_json(const cost::CorrectedFigures& figures) {
  return {{"lut", figures.lut}, {"ff", figures.ff}, {"clock_cycles", figures.clock_cycles}};
}

}  // namespace

CorrectedEstimates::CorrectedEstimates(Study& study)
    : study_(study),
      constraints_(parse_constraints(study.config().search.constraints)),
      per_generation_(study.config().search.hardware == HardwareFigures::estimate ? study.config().search.recalibrate : 0) {}

void CorrectedEstimates::add(const store::Trial& trial) {
  if (!enabled() || trial.state != store::TrialState::complete) return;
  const std::string where = "trial " + std::to_string(trial.number);
  Known known{.trial = trial, .arch = space::arch_from_json(json_get<Json>(trial.attributes, "arch", where), where)};
  // A study that is opened again holds corrected figures: the correction starts from the estimates.
  for (const auto& [name, value] : json_get<Values>(trial.attributes, "estimates", where)) known.trial.values[name] = value;
  order_.push_back(trial.identity);
  known_.emplace(trial.identity, std::move(known));
}

Json CorrectedEstimates::count_circuit(const Known& known) const {
  const std::string where = "trial " + std::to_string(known.trial.number);
  const nn::Mlp trained = load_weights(study_, json_get<std::string>(known.trial.attributes, "weights", where));
  const auto seed = json_get<std::uint64_t>(known.trial.attributes, "seed", where);
  const ShortCompression compressed = compress_shortly(trained, 0, seed, study_, study_.config().target);
  const Design hardware = design_of_trial(compressed.net, study_.config());
  const Values truth = hardware_values(compressed.net, hardware, study_);
  return {{"trial", known.trial.attributes.at("order")},         {"network", space::summary(known.arch)},
          {"estimate", to_json(figures_of(known.trial.values))}, {"truth", to_json(figures_of(truth))},
          {"estimate_source", study_.estimation().source()},     {"truth_source", hardware.resources().source}};
}

void CorrectedEstimates::measure(const std::vector<Metric>& objectives) {
  std::vector<search::Objectives> points;
  for (const std::string& identity : order_) {
    const store::Trial trial = corrected(identity);
    search::Objectives point;
    for (const Metric& metric : objectives) point.push_back((metric.maximise ? -1 : 1) * trial.values.at(metric.name));
    points.push_back(std::move(point));
  }
  if (points.empty()) return;
  std::vector<std::size_t> front = search::non_dominated_sort(points).front();
  std::sort(front.begin(), front.end());
  std::vector<Known*> chosen;
  for (const std::size_t i : front) {
    Known& known = known_.at(order_[i]);
    if (!known.measured && static_cast<int>(chosen.size()) < per_generation_) chosen.push_back(&known);
  }
  std::vector<std::optional<Json>> records(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i)
    records[i] = study_.store().find_record(study_.name(), kCorrectionStage, chosen[i]->trial.identity);
  parallel_for(chosen.size(), study_.threads(), [&](std::size_t i, int) {
    if (records[i]) return;
    throw_if_interrupted();
    try {
      records[i] = count_circuit(*chosen[i]);
    } catch (const nn::DivergedError& error) {
      records[i] = Json{{"trial", chosen[i]->trial.attributes.at("order")}, {"failure", error.summary()}};
    }
    study_.store().put_record(study_.name(), kCorrectionStage, chosen[i]->trial.identity, *records[i]);
  });
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    chosen[i]->measured = true;
    if (records[i]->contains("failure")) continue;
    const std::string where = std::string(kCorrectionStage) + ": " + chosen[i]->trial.identity;
    correction_.observe(chosen[i]->arch, figures_from(json_get<Json>(*records[i], "estimate", where), where),
                        figures_from(json_get<Json>(*records[i], "truth", where), where));
  }
}

store::Trial CorrectedEstimates::corrected(const std::string& identity) const {
  const Known& known = known_.at(identity);
  store::Trial trial = known.trial;
  study_.estimation().correct(known.arch, correction_, trial.values);
  if (correction_.observations() == 0) return trial;
  const std::string source = fmt::format("{}, corrected by {} circuits", study_.estimation().source(), correction_.observations());
  trial.attributes["resource_source"] = source;
  if (const auto missed = violations(constraints_, trial.values); !missed.empty()) trial.attributes["constraints"] = missed;
  for (const char* name : {"lut", "ff", "clock_cycles", "latency_ns", "average_resource"}) trial.attributes["sources"][name] = source;
  return trial;
}

void CorrectedEstimates::store() const {
  if (!enabled() || correction_.observations() == 0) return;
  study_.store().transaction([&] {
    for (const std::string& identity : order_) study_.store().amend(study_.name(), corrected(identity));
  });
  spdlog::info("estimates of {} candidates corrected by the circuits of {}", order_.size(), correction_.observations());
}

}  // namespace snac::flow
