#include "snac/flow/reproduction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "reproduction_tables.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/log.hpp"
#include "snac/flow/published.hpp"
#include "snac/flow/results.hpp"
#include "snac/flow/run_record.hpp"

namespace snac::flow {
namespace {

constexpr const char* kStage = "reproduction";

/// Wall-clock of each stage of a part, kept in its store by what determines the stage: what a later run finds done costs nothing more.
class StageTimes {
 public:
  explicit StageTimes(Study& study)
      : study_(study),
        keys_{{"search", "search"}, {"compress", local_search_stage(study.config())}, {"hardware", hardware_stage(study.config())}} {}

  /// Runs one stage; time of a stage that was interrupted by an exception counts, too.
  template <class Body>
  auto time(const std::string& stage, Body&& body) {
    const Json before = record(stage);
    if (before["complete"].get<bool>()) return body();
    const auto start = std::chrono::steady_clock::now();
    const auto put = [&](bool complete) {
      const double seconds =
          before["seconds"].get<double>() + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      study_.store().put_record(study_.name(), kStage, keys_.at(stage),
                                {{"seconds", std::round(10 * seconds) / 10}, {"complete", complete}});
    };
    try {
      auto result = body();
      put(true);
      return result;
    } catch (...) {
      put(false);
      throw;
    }
  }

  Json seconds() const {
    Json seconds = Json::object();
    for (const char* stage : {"search", "compress", "hardware"}) seconds[stage] = record(stage)["seconds"];
    return seconds;
  }

 private:
  Json record(const std::string& stage) const {
    return study_.store().find_record(study_.name(), kStage, keys_.at(stage)).value_or(Json{{"seconds", 0.0}, {"complete", false}});
  }

  Study& study_;
  std::map<std::string, std::string> keys_;
};

void write_part_config(const StudyConfig& config) {
  write_file_atomically(config.file, "# A part of a reproduced experiment, as snac reproduce wrote it: snac run --config FILE knows it.\n" +
                                         YAML::Dump(config.to_yaml()) + "\n");
}

/// The figures of trials that a document shows, as columns.
Json trial_columns(const RunResult& result) {
  Json columns = Json::object();
  std::vector<bool> front(result.trials.size(), false);
  for (const std::size_t i : result.search_front) front[i] = true;
  for (const char* text : {"name", "network", "front", "accuracy"}) columns[text] = Json::array();
  for (std::size_t i = 0; i < result.trials.size(); ++i) {
    const TrialResult& trial = result.trials[i];
    if (trial.failed) continue;
    columns["name"].push_back(fmt::format("m{}", trial.order));
    columns["network"].push_back(space::summary(trial.arch));
    columns["front"].push_back(static_cast<bool>(front[i]));
    columns["accuracy"].push_back(trial.values.at("accuracy"));
    for (const char* name : {"float_accuracy", "macs", "bops_nac_mlp", "average_resource", "clock_cycles", "rule4ml_average_resource",
                             "rule4ml_clock_cycles"}) {
      if (const auto value = trial.values.find(name); value != trial.values.end()) columns[name].push_back(value->second);
    }
  }
  return columns;
}

/// Of the first precision, the model of the published round; the last one before it if the chain ended earlier.
std::optional<CompressedModel> model_of_round(const std::vector<CompressedModel>& models, int round) {
  std::optional<CompressedModel> best;
  for (const auto& model : models) {
    if (precision_text(model) != precision_text(models.front()) || model.iteration > round) continue;
    if (!best || model.iteration > best->iteration) best = model;
  }
  return best;
}

/// Share of the weights that the rounds of pruning took.
double pruned(const CompressedModel& model, const StudyConfig& config) {
  return 1 - std::pow(1 - config.compress.chain.pruning.fraction, model.iteration);
}

Json hardware_json(const HardwareResult& hardware, const Study& study) {
  Json json{{"model", hardware.model.name},
            {"network", space::summary(hardware.model.arch)},
            {"directory", hardware.directory},
            {"test_accuracy", hardware.test_accuracy},
            {"test_rows", study.test().size()},
            {"pruned", pruned(hardware.model, study.config())},
            {"precision", precision_text(hardware.model)},
            {"vectors", hardware.vectors},
            {"mismatches", hardware.mismatches},
            {"source", "circuit"},
            {"values", hardware.values}};
  for (const char* name : {"lut", "ff", "dsp", "bram18"}) json[name] = hardware.values.at(name);
  if (!hardware.synthesis.is_null()) {
    const std::string tool = json_get<std::string>(hardware.synthesis, "tool", "synthesis");
    json["source"] = tool.substr(0, tool.find(" ("));
    for (const char* name : {"lut", "ff", "dsp", "bram18"}) json[name] = hardware.values.at(std::string("yosys_") + name);
  }
  return json;
}

Json run_part(const ReproductionPart& part, int round, const std::function<void(const Study&)>& part_done) {
  ensure_writable_directory(part.config.output);
  write_part_config(part.config);
  StudyConfig config = load_config(part.config.file);
  Study study(std::move(config));
  StageTimes times(study);
  RunResult result = times.time("search", [&] { return run(study, Stage::search); });
  Json json{{"part", part.key},
            {"name", part.name},
            {"title", part.title},
            {"seed", study.config().seed},
            {"study", study.name()},
            {"folder", study.folder()},
            {"objectives", result.search_metrics},
            {"trials", trial_columns(result)}};
  result = times.time("compress", [&] { return run(study, Stage::compress); });
  const TrialResult& selected = result.trials.at(static_cast<std::size_t>(result.compressed.front().trial_order));
  json["selected"] = {{"name", fmt::format("m{}", selected.order)},
                      {"network", space::summary(selected.arch)},
                      {"values", selected.values},
                      {"source", selected.resource_source}};
  json["select_reason"] = result.select_reason;
  json["models"] = Json::array();
  for (const CompressedModel& model : result.compressed) {
    json["models"].push_back({{"name", model.name},
                              {"precision", precision_text(model)},
                              {"round", model.iteration},
                              {"pruned", pruned(model, study.config())},
                              {"values", model.values}});
  }
  // The published choice: the round in which half of the weights are gone.
  const CompressedModel model = model_of_round(result.compressed, round).value();
  RunRecord record(study);
  record.selected(result.select_reason);
  record.chosen(fmt::format("{}: round {} of pruning, {:.1f} % of the weights pruned, as published", model.name, model.iteration,
                            100 * pruned(model, study.config())),
                {model});
  const HardwareResult made = times.time("hardware", [&] { return hardware(study, {model}); }).front();
  json["hardware"] = hardware_json(made, study);
  json["seconds"] = times.seconds();
  const auto info = study.store().find_study(study.name());
  json["provenance"] = info ? info->provenance : Json();
  if (part_done) part_done(study);
  return json;
}

double sum(const Json& seconds) {
  double total = 0;
  for (const auto& [stage, value] : seconds.items()) total += value.get<double>();
  return total;
}

/// Of a budget, the work of a chain in epochs.
double chain_epochs(const StudyConfig& config) {
  const compress::ChainParams& chain = config.compress.chain;
  return chain.warmup_epochs + static_cast<double>(chain.pruning.iterations) * chain.pruning.epochs;
}

/// What the whole would take with the full budget if every stage grew with its epochs or, if that is more, its circuits.
double full_seconds(const Json& parts, const std::vector<ReproductionPart>& scaled, const std::vector<ReproductionPart>& full) {
  double total = 0;
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    const StudyConfig &small = scaled[i].config, &large = full[i].config;
    const double trials = scaled[i].key == "baseline" ? 1 : static_cast<double>(large.search.trials) / small.search.trials;
    const double epochs = static_cast<double>(large.search.training.epochs) / std::max(1, small.search.training.epochs);
    const double rounds = (1.0 + large.compress.chain.pruning.iterations) / (1.0 + small.compress.chain.pruning.iterations);
    const Json& seconds = parts[i]["seconds"];
    total += seconds.value("search", 0.0) * trials * epochs +
             seconds.value("compress", 0.0) * std::max(rounds, chain_epochs(large) / std::max(1.0, chain_epochs(small))) +
             seconds.value("hardware", 0.0);
  }
  return total;
}

}  // namespace

Json reproduce(const ReproductionParams& params, const std::function<void(const Study&)>& part_done) {
  const std::vector<ReproductionPart> plan = plan_reproduction(params);
  for (const ReproductionPart& part : plan) require_tools(part.config);
  const Json published = published_experiment(params.experiment);
  const int round = json_get<int>(published["hardware_sparsity"], "iteration", "published");
  ReproductionParams whole = params;
  whole.scale = 1;
  const std::vector<ReproductionPart> full = plan_reproduction(whole);

  Json parts = Json::array();
  double spent = 0;  // in this run, on parts that were not done
  std::size_t worked = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const std::string left = worked > 0
                                 ? fmt::format("; so far {}, about {} left", duration_text(spent),
                                               duration_text(spent / static_cast<double>(worked) * static_cast<double>(plan.size() - i)))
                                 : std::string();
    spdlog::info("part {} of {}: {}, seed {}{}", i + 1, plan.size(), plan[i].title, plan[i].config.seed, left);
    const auto start = std::chrono::steady_clock::now();
    parts.push_back(run_part(plan[i], round, part_done));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (seconds > 0.5 * sum(parts.back()["seconds"])) {
      spent += seconds;
      ++worked;
    }
  }

  double seconds = 0;
  for (const Json& part : parts) seconds += sum(part["seconds"]);
  const bool theirs = !plan.front().config.target.rule4ml.folder.empty();
  Json document =
      with_header(kReproductionFormat,
                  {{"experiment", params.experiment},
                   {"study", json_get<std::string>(published, "title", "published")},
                   {"scale", params.scale},
                   {"seeds", Json::array()},
                   {"config", params.config},
                   {"device", plan.front().config.target.device},
                   {"metrics",
                    {{"resource", theirs ? "rule4ml_average_resource" : "average_resource"},
                     {"cycles", theirs ? "rule4ml_clock_cycles" : "clock_cycles"}}},
                   {"seconds", seconds},
                   {"seconds_full_estimate", full_seconds(parts, plan, full)},
                   {"published", published},
                   {"budget", budget_of(published, {plan.front().config, plan.back().config}, {full.front().config, full.back().config})},
                   {"parts", std::move(parts)}});
  for (int k = 0; k < params.seeds; ++k) document["seeds"].push_back(plan.front().config.seed + static_cast<std::uint64_t>(k));
  document["differences"] = differences_of(document, plan.back().config);
  document["tables"] = tables_of(document, plan.back().config);
  return document;
}

}  // namespace snac::flow
