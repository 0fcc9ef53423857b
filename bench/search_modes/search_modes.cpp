// What a search should be guided by: operation counts, estimates before training, or circuits of the trained candidates. Three searches
// over the same space get the same processor time; their final populations are compressed by the same longer recipe and judged by what
// comes out: accuracy of the integers on validation rows, LUT and cycles of the circuit. JSON to standard output.
//   search_modes --config configs/jets_quick.yaml --work runs/modes --seeds 3 --trials 150
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

#include "clock.hpp"
#include "machine.hpp"
#include "program.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/statistics.hpp"
#include "snac/flow/local_search.hpp"
#include "snac/search/pareto.hpp"

namespace snac::bench {
namespace {

struct Options {
  std::string config;
  std::string work;  ///< folder of the studies; kept, so that an interrupted measurement goes on
  std::vector<std::string> overrides, circuit;
  std::vector<std::string> recipe{"compress.precisions=[8]", "compress.warmup_epochs=5", "compress.learning_rate=2e-3",
                                  "compress.schedule=cosine", "compress.pruning={iterations: 1, fraction: 0.5, epochs: 10, rewind: none}"};
  int seeds = 3;
  int trials = 150;  ///< of the search guided by estimates: its processor time is everyone's budget
  int population = 20;
  double min_accuracy = 0.5, max_lut = 80'000, max_cycles = 25;  ///< reference point of the hypervolume
};

struct Mode {
  std::string name;
  std::string objectives;
  bool circuit = false;
};
const std::vector<Mode>& modes() {
  static const std::vector<Mode> all{{"bops", "{accuracy: max, bops: min}"},
                                     {"estimate", "{accuracy: max, lut: min, clock_cycles: min}"},
                                     {"circuit", "{accuracy: max, lut: min, clock_cycles: min}", true}};
  return all;
}

/// A network as the search saw it and as it turned out.
struct Judged {
  flow::Values seen, truth;
};

/// Processor seconds of the steps that a mode needs.
double cost_of(const store::Trial& trial, const Mode& mode) {
  double seconds = 0;
  for (const auto& [step, value] : trial.attributes["cpu_seconds"].items()) {
    if (step != "estimate" || mode.name == "estimate") seconds += value.get<double>();
  }
  return seconds;
}

search::Objectives objectives_of(const flow::Values& values, const std::vector<std::string>& metrics) {
  search::Objectives point;
  for (const std::string& name : metrics) point.push_back(name == "accuracy" ? -values.at(name) : values.at(name));
  return point;
}

/// What NSGA-II would keep of all trials: whole fronts, the last one thinned by crowding distance.
std::vector<std::size_t> final_population(const std::vector<search::Objectives>& points, std::size_t size) {
  std::vector<std::size_t> kept;
  for (const auto& front : search::non_dominated_sort(points)) {
    if (kept.size() + front.size() <= size) {
      kept.insert(kept.end(), front.begin(), front.end());
      continue;
    }
    const auto distance = search::crowding_distance(points, front);
    std::vector<std::size_t> order(front.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return distance[a] > distance[b]; });
    for (std::size_t i = 0; kept.size() < size; ++i) kept.push_back(front[order[i]]);
    break;
  }
  return kept;
}

/// Spearman's, of what the search saw with what came out.
double correlation_with_truth(const std::vector<Judged>& networks, const std::string& seen, const std::string& truth) {
  std::vector<double> a, b;
  for (const Judged& network : networks) {
    a.push_back(network.seen.at(seen));
    b.push_back(network.truth.at(truth));
  }
  return rank_correlation(a, b);
}

class Experiment {
 public:
  explicit Experiment(const Options& options) : options_(options) {}

  Json measure() {
    std::map<std::string, std::vector<double>> volumes, trial_counts, costs;
    std::map<std::string, std::vector<double>> ratios;
    std::map<std::string, std::vector<Judged>> judged;
    Json seeds = Json::array();
    for (int seed = 1; seed <= options_.seeds; ++seed) {
      double budget = 0;
      Json row{{"seed", seed}};
      std::map<std::string, double> volume;
      for (const char* name : {"estimate", "bops", "circuit"}) {  // the first one sets the budget
        const Mode& mode = *std::find_if(modes().begin(), modes().end(), [&](const Mode& m) { return m.name == name; });
        const Outcome outcome = run(mode, seed, budget);
        if (budget == 0) budget = outcome.seconds;
        volume[name] = outcome.hypervolume;
        volumes[name].push_back(outcome.hypervolume);
        trial_counts[name].push_back(static_cast<double>(outcome.trials));
        costs[name].push_back(1000 * outcome.seconds / static_cast<double>(outcome.trials));
        judged[name].insert(judged[name].end(), outcome.networks.begin(), outcome.networks.end());
        row[name] = outcome.json;
        std::fprintf(stderr, "seed %d, %s: %zu trials in %.1f s, hypervolume %.4f\n", seed, name, outcome.trials, outcome.seconds,
                     outcome.hypervolume);
      }
      for (const auto& [name, value] : volume) ratios[name].push_back(value / volume.at("estimate"));
      seeds.push_back(std::move(row));
    }
    Json summary = Json::object();
    for (const Mode& mode : modes()) {
      const auto& networks = judged[mode.name];
      summary[mode.name] = {{"hypervolume", spread(volumes[mode.name])},
                            {"hypervolume_relative_to_estimate", spread(ratios[mode.name])},
                            {"trials", spread(trial_counts[mode.name])},
                            {"cpu_ms_per_trial", spread(costs[mode.name])},
                            {"rank_correlation_with_truth",
                             {{"accuracy", correlation_with_truth(networks, "accuracy", "accuracy")},
                              {"float_accuracy", correlation_with_truth(networks, "float_accuracy", "accuracy")},
                              {"lut", correlation_with_truth(networks, "lut", "lut")},
                              {"estimated_lut", correlation_with_truth(networks, "estimated_lut", "lut")},
                              {"bops_with_lut", correlation_with_truth(networks, "bops", "lut")},
                              {"clock_cycles", correlation_with_truth(networks, "clock_cycles", "clock_cycles")},
                              {"estimated_clock_cycles", correlation_with_truth(networks, "estimated_clock_cycles", "clock_cycles")}}}};
    }
    return {{"machine", machine()},
            {"config", std::filesystem::path(options_.config).filename().string()},
            {"overrides", options_.overrides},
            {"circuit", options_.circuit},
            {"truth", options_.recipe},
            {"population", options_.population},
            {"reference", {{"accuracy", options_.min_accuracy}, {"lut", options_.max_lut}, {"clock_cycles", options_.max_cycles}}},
            {"summary", summary},
            {"seeds", seeds}};
  }

 private:
  struct Outcome {
    std::size_t trials = 0;  ///< within the budget
    double seconds = 0;
    double hypervolume = 0;
    std::vector<Judged> networks;
    Json json;
  };

  /// One search within the budget (0: with the given number of trials), its final population judged.
  Outcome run(const Mode& mode, int seed, double budget) const {
    Outcome outcome;
    std::vector<flow::TrialResult> trials;
    std::vector<double> costs;
    // A search that costs more per trial needs fewer; more trials continue it.
    for (int wanted = budget == 0 ? options_.trials : std::max(options_.population, options_.trials * 3 / 5);;
         wanted += std::max(10, wanted / 8)) {
      flow::Study study(configuration(mode, seed, wanted));
      trials = flow::global_search(study);
      costs.clear();
      for (const auto& trial : trials) costs.push_back(cost_of(study.store().find_trial(study.name(), trial.identity).value(), mode));
      const double total = std::accumulate(costs.begin(), costs.end(), 0.0);
      if (budget == 0 || total >= budget || trials.size() < static_cast<std::size_t>(wanted)) break;
    }
    for (const double cost : costs) {
      if (budget > 0 && outcome.seconds + cost > budget) break;
      outcome.seconds += cost;
      ++outcome.trials;
    }
    judge(mode, seed, trials, outcome);
    return outcome;
  }

  /// The figures that the search had, and what an estimate would have said.
  static flow::Values seen(const flow::Study& study, const flow::TrialResult& trial) {
    flow::Values values = trial.values;
    values.try_emplace("float_accuracy", values.at("accuracy"));
    const auto stored = study.store().find_trial(study.name(), trial.identity).value();
    for (const char* name : {"lut", "clock_cycles"})
      values[std::string("estimated_") + name] =
          stored.attributes.contains("estimates") ? stored.attributes["estimates"][name].get<double>() : values.at(name);
    return values;
  }

  void judge(const Mode& mode, int seed, const std::vector<flow::TrialResult>& trials, Outcome& outcome) const {
    flow::Study study(configuration(mode, seed, options_.trials));
    std::vector<flow::TrialResult> finished;
    std::vector<search::Objectives> points;
    for (std::size_t i = 0; i < outcome.trials; ++i) {
      if (trials[i].failed) continue;
      finished.push_back(trials[i]);
      points.push_back(objectives_of(trials[i].values, flow::objective_names(study.config())));
    }
    std::vector<flow::TrialResult> population;
    for (const std::size_t i : final_population(points, static_cast<std::size_t>(options_.population))) population.push_back(finished[i]);
    std::vector<search::Objectives> truth;
    Json networks = Json::array();
    for (const auto& model : flow::local_search(study, population)) {
      if (model.iteration != study.config().compress.chain.pruning.iterations) continue;
      const auto trial =
          std::find_if(population.begin(), population.end(), [&](const flow::TrialResult& t) { return t.order == model.trial_order; });
      outcome.networks.push_back({.seen = seen(study, *trial), .truth = model.values});
      truth.push_back(objectives_of(model.values, {"accuracy", "lut", "clock_cycles"}));
      const auto figures = [](const flow::Values& values) {
        return Json{{"accuracy", values.at("accuracy")}, {"lut", values.at("lut")}, {"clock_cycles", values.at("clock_cycles")}};
      };
      networks.push_back({{"network", space::summary(model.arch)}, {"seen", figures(trial->values)}, {"truth", figures(model.values)}});
    }
    const std::vector<double> reference{-options_.min_accuracy, options_.max_lut, options_.max_cycles};
    const double scale = (1 - options_.min_accuracy) * options_.max_lut * options_.max_cycles;
    outcome.hypervolume = search::hypervolume(truth, reference) / scale;
    const auto front = search::pareto_front(truth);
    for (const std::size_t i : front) networks[i]["front"] = true;
    outcome.json = {{"trials", outcome.trials},
                    {"cpu_seconds", outcome.seconds},
                    {"hypervolume", outcome.hypervolume},
                    {"front", front.size()},
                    {"networks", std::move(networks)}};
  }

  flow::StudyConfig configuration(const Mode& mode, int seed, int trials) const {
    std::vector<std::string> overrides = options_.overrides;
    overrides.insert(overrides.end(), options_.recipe.begin(), options_.recipe.end());
    overrides.emplace_back("compress.method=pruning");
    overrides.push_back(fmt::format("seed={}", seed));
    overrides.push_back(fmt::format("output={}/{}{}", options_.work, mode.name, seed));
    overrides.push_back(fmt::format("search.trials={}", trials));
    overrides.push_back("search.objectives=" + mode.objectives);
    if (mode.circuit) {
      overrides.emplace_back("search.hardware=circuit");
      overrides.insert(overrides.end(), options_.circuit.begin(), options_.circuit.end());
    }
    return flow::load_config(options_.config, overrides);
  }

  const Options& options_;
};

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app{"Searches guided by operation counts, estimates and circuits, judged by the same truth"};
  app.add_option("--config", options.config, "Study")->required();
  app.add_option("--work", options.work, "Folder for the studies; kept, so that an interrupted measurement goes on")->required();
  app.add_option("--set", options.overrides, "Overrides for all searches");
  app.add_option("--circuit", options.circuit, "Overrides for searches with circuits in the loop, for instance search.epochs=6");
  app.add_option("--truth", options.recipe, "Overrides that make the final recipe");
  app.add_option("--seeds", options.seeds, "Number of seeds")->check(CLI::Range(1, 1000));
  app.add_option("--trials", options.trials, "Trials of the search guided by estimates")->check(CLI::Range(4, 1'000'000));
  app.add_option("--population", options.population, "Networks of each search that are judged")->check(CLI::Range(1, 100'000));
  app.add_option("--min-accuracy", options.min_accuracy, "Reference point of the hypervolume")->capture_default_str();
  app.add_option("--max-lut", options.max_lut, "Reference point of the hypervolume")->capture_default_str();
  app.add_option("--max-cycles", options.max_cycles, "Reference point of the hypervolume")->capture_default_str();
  set_progress_mode(ProgressMode::silent);
  spdlog::set_level(spdlog::level::warn);  // standard output is the result's
  return run_program(app, argc, argv, [&] { std::puts(Experiment(options).measure().dump(2).c_str()); });
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) { return snac::bench::main_of(argc, argv); }
