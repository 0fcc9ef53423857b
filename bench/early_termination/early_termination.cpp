// What early termination spares and costs: searches with the rule off and on, several seeds, the same space and data.
// Counts epochs and multiply-accumulates: exact and repeatable, whatever else the machine does. JSON to standard output.
//   early_termination --config configs/jets_quick.yaml --seeds 5 --reference accuracy=0.6 --reference average_resource=2 ...
#include "snac/flow/early_termination.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/flow/results.hpp"
#include "snac/flow/study.hpp"
#include "snac/search/pareto.hpp"

namespace snac::bench {
namespace {

struct Options {
  std::string config;
  std::string work;  ///< folder of the studies; kept, so that an interrupted measurement goes on
  std::vector<std::string> overrides, references;
  std::string rule = "{rule: halving}";
  int seeds = 5;
  double longer = 2;  ///< the search with the rule goes on for so many times the trials, for equal epochs and equal work
};

struct Trial {
  flow::TrialResult result;
  flow::Curves curves;
  std::int64_t work = 0;  ///< multiply-accumulates per row * epochs
};

struct Search {
  flow::StudyConfig config;
  std::vector<Trial> trials;
};

class Experiment {
 public:
  explicit Experiment(const Options& options) : options_(options) {}

  Search search(int seed, bool on, const std::string& folder, int trials) const {
    std::vector<std::string> overrides = options_.overrides;
    overrides.push_back(fmt::format("seed={}", seed));
    overrides.push_back("output=" + folder);
    overrides.push_back("search.early_termination=" + (on ? options_.rule : "{rule: none}"));
    if (trials > 0) overrides.push_back(fmt::format("search.trials={}", trials));
    Search search{.config = flow::load_config(options_.config, overrides), .trials = {}};
    flow::Study study(search.config);
    for (auto& result : flow::global_search(study)) {
      const auto stored = study.store().find_trial(study.name(), result.identity).value();
      search.trials.push_back(
          {.result = std::move(result), .curves = flow::curves_from_json(stored.attributes["curves"], "curves"), .work = 0});
      Trial& trial = search.trials.back();
      trial.work = space::macs(trial.result.arch) * trial.result.epochs;
    }
    return search;
  }

  /// Of the first `count` trials.
  double hypervolume(const Search& search, std::size_t count) const {
    std::vector<search::Objectives> points;
    for (std::size_t i = 0; i < std::min(count, search.trials.size()); ++i) {
      if (!search.trials[i].result.failed) points.push_back(objectives(search.config, search.trials[i].result.values));
    }
    return search::hypervolume(points, reference(search.config));
  }

  std::vector<std::size_t> front(const Search& search) const {
    std::vector<search::Objectives> points;
    std::vector<std::size_t> index;
    for (std::size_t i = 0; i < search.trials.size(); ++i) {
      if (search.trials[i].result.failed) continue;
      points.push_back(objectives(search.config, search.trials[i].result.values));
      index.push_back(i);
    }
    std::vector<std::size_t> front;
    for (const std::size_t k : search::pareto_front(points)) front.push_back(index[k]);
    return front;
  }

  /// The rule applied to trials that were all trained to the end: what it would have stopped, rightly or not.
  Json replay(const Search& all) const {
    flow::StudyConfig config = all.config;
    config.search.early_termination =
        flow::load_config(options_.config, {"search.early_termination=" + options_.rule}).search.early_termination;
    const std::size_t folds = static_cast<std::size_t>(std::max(1, config.data.folds));
    flow::EarlyTermination termination(config, folds);
    const std::size_t population = static_cast<std::size_t>(config.search.nsga2.population);
    std::vector<bool> stopped(all.trials.size(), false);
    std::int64_t spared = 0, epochs = 0;
    std::vector<std::pair<std::size_t, std::optional<std::size_t>>> batch;
    for (std::size_t i = 0; i < all.trials.size(); ++i) {
      const Trial& trial = all.trials[i];
      if (trial.result.failed) continue;
      const auto stop = first_stop(termination, trial, spared);
      stopped[i] = stop.has_value();
      epochs += trial.result.epochs;
      batch.emplace_back(i, stop);
      if ((i + 1) % population == 0) {
        for (const auto& [k, rung] : batch) termination.record(all.trials[k].result.values, all.trials[k].curves, rung);
        batch.clear();
      }
    }
    int lost = 0;
    std::vector<search::Objectives> left;
    for (std::size_t i = 0; i < all.trials.size(); ++i) {
      if (!all.trials[i].result.failed && !stopped[i]) left.push_back(objectives(config, all.trials[i].result.values));
    }
    const auto members = front(all);
    for (const std::size_t i : members) lost += stopped[i] ? 1 : 0;
    return {{"stopped", std::count(stopped.begin(), stopped.end(), true)},
            {"spared_share", static_cast<double>(spared) / static_cast<double>(epochs)},
            {"front", members.size()},
            {"front_members_stopped", lost},
            {"hypervolume_ratio", search::hypervolume(left, reference(config)) / hypervolume(all, all.trials.size())}};
  }

  Json describe(const Search& search) const {
    std::int64_t epochs = 0, work = 0;
    int stopped = 0;
    for (const Trial& trial : search.trials) {
      epochs += trial.result.epochs;
      work += trial.work;
      stopped += trial.result.stopped ? 1 : 0;
    }
    return {{"trials", search.trials.size()},
            {"epochs", epochs},
            {"mac_epochs", work},
            {"stopped", stopped},
            {"front", front(search).size()},
            {"hypervolume", hypervolume(search, search.trials.size())}};
  }

 private:
  static std::optional<std::size_t> first_stop(const flow::EarlyTermination& termination, const Trial& trial, std::int64_t& spared) {
    flow::Curves seen;
    int used = 0;
    for (const auto& curve : trial.curves) {
      seen.emplace_back();
      for (const auto& score : curve) {
        seen.back().push_back(score);
        ++used;
        if (const auto stop = termination.after_epoch(trial.result.values, seen)) {
          spared += trial.result.epochs - used;
          return stop->rung;
        }
      }
      if (const auto stop = termination.after_fold(trial.result.values, seen)) {
        spared += trial.result.epochs - used;
        return stop->rung;
      }
    }
    return std::nullopt;
  }

  static search::Objectives objectives(const flow::StudyConfig& config, const flow::Values& values) {
    search::Objectives point;
    for (const auto& [name, direction] : config.search.objectives) point.push_back((direction == "max" ? -1 : 1) * values.at(name));
    return point;
  }

  search::Objectives reference(const flow::StudyConfig& config) const {
    flow::Values values;
    for (const std::string& text : options_.references) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos)
        throw ConfigError("a reference is malformed", {.where = "--reference", .found = text, .expected = "metric=value", .hint = {}});
      values[text.substr(0, equals)] = std::stod(text.substr(equals + 1));
    }
    for (const auto& [name, direction] : config.search.objectives) {
      if (!values.contains(name))
        throw ConfigError("a reference is missing",
                          {.where = "--reference", .found = "nothing for " + name, .expected = name + "=value", .hint = {}});
    }
    return objectives(config, values);
  }

  const Options& options_;
};

/// The first trials that together stay within the budget.
template <class Cost>
std::size_t prefix_within(const Search& search, std::int64_t budget, Cost cost) {
  std::int64_t spent = 0;
  for (std::size_t i = 0; i < search.trials.size(); ++i) {
    spent += cost(search.trials[i]);
    if (spent > budget) return i;
  }
  return search.trials.size();
}

struct Series {
  std::vector<double> values;
  Json summary() const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t n = sorted.size();
    return {{"median", n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2])},
            {"lowest", sorted.front()},
            {"highest", sorted.back()}};
  }
};

Json measure(const Options& options) {
  const Experiment experiment(options);
  Json seeds = Json::array();
  Series spared, work_spared, equal_trials, equal_epochs, equal_work, off_volume;
  int lost = 0, members = 0;
  for (int seed = 1; seed <= options.seeds; ++seed) {
    const std::string name = options.work + "/" + std::to_string(seed);
    const Search off = experiment.search(seed, false, name + "off", 0);
    const Search on = experiment.search(seed, true, name + "on", 0);
    const auto trials = static_cast<int>(off.trials.size());
    const Search longer = experiment.search(seed, true, name + "on", static_cast<int>(options.longer * trials));
    const Json a = experiment.describe(off), b = experiment.describe(on), replay = experiment.replay(off);
    const auto same_epochs =
        prefix_within(longer, a["epochs"].get<std::int64_t>(), [](const Trial& trial) { return std::int64_t{trial.result.epochs}; });
    const auto same_work = prefix_within(longer, a["mac_epochs"].get<std::int64_t>(), [](const Trial& trial) { return trial.work; });
    const double volume = a["hypervolume"].get<double>();
    off_volume.values.push_back(volume);
    spared.values.push_back(1 -
                            b["epochs"].get<double>() / static_cast<double>(b["trials"].get<int>()) / (a["epochs"].get<double>() / trials));
    work_spared.values.push_back(1 - b["mac_epochs"].get<double>() / a["mac_epochs"].get<double>());
    equal_trials.values.push_back(b["hypervolume"].get<double>() / volume);
    equal_epochs.values.push_back(experiment.hypervolume(longer, same_epochs) / volume);
    equal_work.values.push_back(experiment.hypervolume(longer, same_work) / volume);
    lost += replay["front_members_stopped"].get<int>();
    members += replay["front"].get<int>();
    seeds.push_back(
        {{"seed", seed},
         {"off", a},
         {"on", b},
         {"equal_epochs",
          {{"trials", same_epochs},
           {"hypervolume_ratio", equal_epochs.values.back()},
           {"reached_budget", same_epochs < longer.trials.size()}}},
         {"equal_work",
          {{"trials", same_work}, {"hypervolume_ratio", equal_work.values.back()}, {"reached_budget", same_work < longer.trials.size()}}},
         {"replay_on_off_trials", replay}});
    std::fprintf(stderr, "seed %d: %.1f %% of epochs spared, hypervolume %.4f at equal trials, %.4f at equal epochs\n", seed,
                 100 * spared.values.back(), equal_trials.values.back(), equal_epochs.values.back());
  }
  return {{"config", std::filesystem::path(options.config).filename().string()},
          {"overrides", options.overrides},
          {"rule", options.rule},
          {"reference", options.references},
          {"summary",
           {{"epochs_spared", spared.summary()},
            {"mac_epochs_spared", work_spared.summary()},
            {"hypervolume_off", off_volume.summary()},
            {"hypervolume_ratio_equal_trials", equal_trials.summary()},
            {"hypervolume_ratio_equal_epochs", equal_epochs.summary()},
            {"hypervolume_ratio_equal_work", equal_work.summary()},
            {"front_members_stopped_in_replay", fmt::format("{} of {}", lost, members)}}},
          {"seeds", seeds}};
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app{"What early termination spares and costs"};
  app.add_option("--config", options.config, "Study")->required();
  app.add_option("--work", options.work, "Folder for the studies; kept, so that an interrupted measurement goes on")->required();
  app.add_option("--set", options.overrides, "Overrides, for instance search.trials=100");
  app.add_option("--rule", options.rule, "search.early_termination of the searches with the rule");
  app.add_option("--seeds", options.seeds, "Number of seeds")->check(CLI::Range(1, 1000));
  app.add_option("--longer", options.longer, "Trials of the longer search with the rule, relative")->check(CLI::Range(1.0, 100.0));
  app.add_option("--reference", options.references, "metric=value of the hypervolume's reference point")->required();
  CLI11_PARSE(app, argc, argv);
  set_progress_mode(ProgressMode::silent);
  spdlog::set_level(spdlog::level::warn);  // standard output is the result's
  try {
    std::puts(measure(options).dump(2).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) { return snac::bench::main_of(argc, argv); }
