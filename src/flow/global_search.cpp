#include "snac/flow/global_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "corrected_estimates.hpp"
#include "snac/core/clock.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/early_termination.hpp"
#include "snac/flow/trial_circuit.hpp"
#include "snac/flow/trial_training.hpp"

namespace snac::flow {
namespace {

/// Processor seconds that a trial took, by what they went into.
class Stopwatch {
 public:
  /// What passed since the last call, or since construction, went into `what`.
  void lap(const std::string& what) {
    const double now = thread_cpu_seconds();
    seconds_[what] += now - last_;
    last_ = now;
  }
  const std::map<std::string, double>& seconds() const noexcept { return seconds_; }

 private:
  double last_ = thread_cpu_seconds();
  std::map<std::string, double> seconds_;
};

constexpr double kQuietSeconds = 2;  ///< a shorter training of the baseline shows no progress

std::string key_of(const space::Genome& identity) { return fmt::format("{}", fmt::join(identity, ",")); }

class TrainingProblem : public search::Problem {
 public:
  explicit TrainingProblem(Study& study)
      : study_(study),
        cardinality_(study.space().cardinality()),
        termination_(study.config(), study.splits().size()),
        constraints_(parse_constraints(study.config().search.constraints)),
        correcting_(study),
        progress_("global search", static_cast<std::size_t>(study.config().search.trials), "trials", known_trials(study)) {
    for (const auto& [name, direction] : study.config().search.objectives) objectives_.push_back(find_metric(name, "search.objectives"));
  }

  std::span<const std::int32_t> cardinality() const override { return cardinality_; }
  search::Genome identity(const search::Genome& genome) const override { return study_.space().identity(genome); }
  bool ordered(std::size_t gene) const override { return study_.space().axes()[gene].ordered; }

  std::vector<search::Evaluation> evaluate(std::span<const search::Genome> batch) override {
    std::vector<store::Trial> trials(batch.size());
    std::vector<std::size_t> pending;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::string key = key_of(identity(batch[i]));
      order_.push_back(key);
      if (auto known = study_.store().find_trial(study_.name(), key)) {
        trials[i] = std::move(*known);
        continue;
      }
      trials[i].genome = batch[i];
      trials[i].identity = key;
      trials[i].attributes["order"] = order_.size() - 1;
      if (study_.config().search.sampler == Sampler::nsga2) trials[i].attributes["generation"] = generation_;
      pending.push_back(i);
    }
    try {
      // Claimed in order before any work, so that numbers do not depend on which thread is faster.
      for (const std::size_t i : pending) trials[i].number = study_.store().claim(study_.name(), batch[i], trials[i].identity).value();
      parallel_for(pending.size(), study_.threads(), [&](std::size_t k, int) {
        store::Trial& trial = trials[pending[k]];
        throw_if_interrupted();
        run(trial);
        progress_.advance(1, note(trial));
      });
    } catch (...) {
      study_.store().release_running(study_.name());
      throw;
    }
    ++generation_;
    std::vector<search::Evaluation> evaluations;
    for (const auto& trial : trials) {
      evaluations.push_back(evaluation_of(trial));
      remember(trial);  // after the whole batch: a candidate is compared with earlier generations only
      correcting_.add(trial);
    }
    return evaluations;
  }

  /// Estimates of all candidates by what is known since the last generation.
  void revise(std::span<search::Solution> solutions) override {
    if (!correcting_.enabled()) return;
    correcting_.measure(objectives_);
    for (std::size_t i = 0; i < solutions.size(); ++i) {
      if (!solutions[i].evaluation.failed) solutions[i].evaluation = evaluation_of(correcting_.corrected(order_[i]));
    }
  }

  /// Stores the estimates of the whole search as they stand at its end.
  void finish() const { correcting_.store(); }

  /// Identities in order of evaluation.
  const std::vector<std::string>& order() const noexcept { return order_; }

 private:
  /// What is known of a trained candidate.
  struct Outcome {
    Values values;
    std::set<std::string> measured = {};  ///< of the values: counted on hardware
    std::string resource_source;
    std::string fixed_net;  ///< JSON; with measures() only
    std::string failure;    ///< the reason; empty = none
  };

  static std::size_t known_trials(const Study& study) { return study.store().trials(study.name()).size(); }

  std::string note(const store::Trial& trial) {
    const std::lock_guard lock(note_mutex_);
    if (trial.attributes.contains("stopped"))
      ++stopped_;
    else if (trial.state == store::TrialState::failed)
      return "last one failed: " + trial.reason;
    else
      best_ = std::max(best_, trial.values.at("accuracy"));
    std::string text = fmt::format("best accuracy {:.4f}{}", best_, measures() ? " (integers)" : "");
    if (stopped_ > 0) text += fmt::format(", {} stopped early", stopped_);
    if (measures() && trial.state == store::TrialState::complete) text += fmt::format(", last circuit {:.0f} LUT", trial.values.at("lut"));
    return text;
  }

  /// True if hardware figures are those of a circuit of the trained candidate.
  bool measures() const { return study_.config().search.hardware == HardwareFigures::circuit; }

  /// A trial that ended, trained just now or answered from the store, as a rival of later ones.
  void remember(const store::Trial& trial) {
    if (!termination_.enabled()) return;
    const std::string where = "trial " + std::to_string(trial.number);
    std::optional<std::size_t> stopped_rung;
    if (trial.attributes.contains("stopped"))
      stopped_rung = json_get<std::size_t>(trial.attributes["stopped"], "rung", where);
    else if (trial.state != store::TrialState::complete)
      return;
    termination_.record(study_.estimation().estimate(study_.space().candidate(trial.genome).arch).values,
                        curves_from_json(json_get<Json>(trial.attributes, "curves", where), where), stopped_rung);
  }

  /// Trains, estimates or measures, and stores one candidate.
  void run(store::Trial& trial) {
    const StudyConfig& config = study_.config();
    const space::Candidate candidate = study_.space().candidate(trial.genome);
    const std::uint64_t seed = derive_seed(config.seed, "trial " + trial.identity);
    trial.attributes["arch"] = space::to_json(candidate.arch);
    trial.attributes["network"] = space::summary(candidate.arch);
    trial.attributes["choices"] = study_.space().describe(trial.genome);
    trial.attributes["seed"] = seed;
    nn::TrainParams params = training_of(config, candidate);

    Stopwatch stopwatch;
    std::vector<nn::Score> scores;
    double seconds = 0;
    std::vector<nn::Mlp> trained;  // by fold; the first one's weights are kept
    const EstimatedFigures estimated_figures = study_.estimation().estimate(candidate.arch);
    const Values& estimates = estimated_figures.values;
    stopwatch.lap("estimate");
    Curves curves;
    std::optional<EarlyStop> stop;
    nn::TrainExtras extras;
    extras.should_stop = [&](const nn::EpochLog& log) {
      curves.back().push_back({.loss = log.validation_loss, .accuracy = log.validation_accuracy});
      stop = termination_.after_epoch(estimates, curves);
      return stop.has_value();
    };
    Outcome outcome;
    try {
      for (std::size_t fold = 0; fold < study_.splits().size() && !stop; ++fold) {
        curves.emplace_back();
        Rng rng = Rng::stream(seed, "init", fold);
        nn::Mlp mlp = nn::make_mlp(candidate.arch, rng);
        params.seed = derive_seed(seed, "train", fold);
        const auto& split = study_.splits()[fold];
        const nn::TrainResult result = nn::train(mlp, study_.train(), split.train, split.validation, params, extras);
        scores.push_back(result.validation);
        seconds += result.seconds;
        trained.push_back(std::move(mlp));
        if (!stop) stop = termination_.after_fold(estimates, curves);
      }
      stopwatch.lap("training");
      if (!stop) outcome = measures() ? measured(scores, trained, estimates, seed, stopwatch) : estimated(scores, estimates);
    } catch (const nn::DivergedError& error) {
      outcome.failure = error.summary();
    }
    if (stop) {
      outcome.failure = stop->reason;
      trial.attributes["stopped"] = {{"rung", stop->rung}, {"fold", stop->fold}, {"epochs", stop->epochs}};
    }
    trial.state = outcome.failure.empty() ? store::TrialState::complete : store::TrialState::failed;
    trial.reason = outcome.failure;
    int epochs = 0;
    for (const auto& curve : curves) epochs += static_cast<int>(curve.size());
    trial.attributes["epochs"] = epochs;
    trial.attributes["curves"] = curves_json(curves);
    trial.attributes["seconds"] = seconds;
    trial.attributes["cpu_seconds"] = stopwatch.seconds();
    study_.store().transaction([&] {
      if (trial.state == store::TrialState::complete) {
        trial.values = outcome.values;
        trial.attributes["resource_source"] = outcome.resource_source;
        trial.attributes["sources"] = sources_of(estimated_figures, outcome);
        const auto missed = violations(constraints_, trial.values);
        if (!missed.empty()) trial.attributes["constraints"] = missed;
        trial.attributes["weights"] = study_.store().put_artefact(weight_bytes(trained.front()));
        if (measures() || correcting_.enabled()) trial.attributes["estimates"] = estimates;
        if (measures()) {
          trial.attributes["fixed_net"] = study_.store().put_artefact(outcome.fixed_net);
        }
      }
      study_.store().finish(study_.name(), trial);
    });
  }

  Outcome estimated(const std::vector<nn::Score>& scores, const Values& estimates) const {
    Outcome outcome{.values = estimates, .resource_source = {}, .fixed_net = {}, .failure = {}};
    add_scores(scores, outcome.values);
    outcome.resource_source = study_.estimation().source();
    return outcome;
  }

  /// Every fold is compressed and scored; hardware figures are those of the first fold's circuit, whose integers are kept.
  Outcome measured(const std::vector<nn::Score>& float_scores, const std::vector<nn::Mlp>& trained, const Values& estimates,
                   std::uint64_t seed, Stopwatch& stopwatch) const {
    Outcome outcome{.values = estimates, .resource_source = {}, .fixed_net = {}, .failure = {}};
    std::vector<nn::Score> scores;
    try {
      for (std::size_t fold = 0; fold < trained.size(); ++fold) {
        const ShortCompression compressed = compress_shortly(trained[fold], fold, seed, study_, study_.config().target);
        stopwatch.lap("compression");
        scores.push_back(compressed.validation);
        if (fold > 0) continue;
        const Design hardware = design_of_trial(compressed.net, study_.config());
        for (const auto& [name, value] : hardware_values(compressed.net, hardware, study_)) {
          outcome.values[name] = value;
          outcome.measured.insert(name);
        }
        outcome.resource_source = hardware.resources().source;
        outcome.fixed_net = fixed::to_json(compressed.net).dump();
        stopwatch.lap("circuit");
      }
    } catch (const nn::DivergedError& error) {
      outcome.failure = fmt::format("short compression: {}", error.summary());
      return outcome;
    }
    add_scores(scores, outcome.values);
    double accuracy = 0;
    for (const nn::Score& score : float_scores) accuracy += score.accuracy / static_cast<double>(float_scores.size());
    outcome.values["float_accuracy"] = accuracy;
    return outcome;
  }

  /// Where each figure of a finished trial comes from.
  static Json sources_of(const EstimatedFigures& estimates, const Outcome& outcome) {
    Json sources = Json::object();
    for (const auto& [name, value] : outcome.values) {
      const auto known = estimates.sources.find(name);
      const bool estimated = known != estimates.sources.end() && estimates.values.at(name) == value;
      sources[name] = estimated ? known->second : outcome.measured.contains(name) ? outcome.resource_source : "validation rows";
    }
    return sources;
  }

  static void add_scores(const std::vector<nn::Score>& scores, Values& values) {
    std::vector<double> accuracies, losses;
    for (const nn::Score& score : scores) {
      accuracies.push_back(score.accuracy);
      losses.push_back(score.loss);
    }
    values["accuracy"] = mean_of(accuracies);
    values["accuracy_deviation"] = deviation_of(accuracies);
    values["loss"] = mean_of(losses);
  }

  search::Evaluation evaluation_of(const store::Trial& trial) const {
    search::Evaluation evaluation;
    if (trial.state != store::TrialState::complete) {
      evaluation.failed = true;
      return evaluation;
    }
    for (const Metric& metric : objectives_) evaluation.objectives.push_back((metric.maximise ? -1 : 1) * trial.values.at(metric.name));
    for (const double missed : violations(constraints_, trial.values)) evaluation.violation += missed;
    return evaluation;
  }

  Study& study_;
  std::vector<std::int32_t> cardinality_;
  std::vector<Metric> objectives_;
  std::vector<std::string> order_;
  EarlyTermination termination_;
  std::vector<Condition> constraints_;
  CorrectedEstimates correcting_;
  std::mutex note_mutex_;
  double best_ = 0;
  int stopped_ = 0;     ///< in this run
  int generation_ = 0;  ///< of the next batch
  Progress progress_;
};

}  // namespace

std::vector<std::string> objective_names(const StudyConfig& config) {
  std::vector<std::string> names;
  for (const auto& [name, direction] : config.search.objectives) names.push_back(name);
  return names;
}

std::vector<TrialResult> global_search(Study& study) {
  const int released = study.store().release_running(study.name());
  if (released > 0) spdlog::info("{} unfinished trials of an earlier run are done again", released);
  std::vector<std::string> order;
  search::Nsga2Stats stats;
  {
    TrainingProblem problem(study);
    const auto& config = study.config().search;
    if (config.sampler == Sampler::nsga2)
      search::nsga2(problem, config.nsga2, &stats);
    else
      search::random_search(problem, config.nsga2, &stats);
    problem.finish();
    order = problem.order();
  }
  if (stats.space_exhausted) spdlog::info("the space holds no further candidate: search ended after {} trials", order.size());

  std::vector<TrialResult> results;
  for (const auto& identity : order) {
    results.push_back(trial_result(study.store().find_trial(study.name(), identity).value()));
    results.back().order = static_cast<int>(results.size()) - 1;
  }
  return results;
}

TrialResult trial_result(const store::Trial& trial) {
  const std::string where = "trial " + std::to_string(trial.number);
  TrialResult result{.order = json_get<int>(trial.attributes, "order", where),
                     .identity = trial.identity,
                     .failed = trial.state != store::TrialState::complete,
                     .stopped = trial.attributes.contains("stopped"),
                     .epochs = trial.attributes.value("epochs", 0),
                     .reason = trial.reason,
                     .arch = space::arch_from_json(json_get<Json>(trial.attributes, "arch", where), where),
                     .choices = json_get<Json>(trial.attributes, "choices", where),
                     .values = trial.values,
                     .resource_source = trial.attributes.value("resource_source", ""),
                     .weights = {},
                     .fixed_net = trial.attributes.value("fixed_net", "")};
  if (!result.failed) result.weights = json_get<std::string>(trial.attributes, "weights", where);
  return result;
}

std::string weight_bytes(const nn::Mlp& mlp) {
  const auto bytes = nn::serialize(mlp);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

nn::Mlp load_weights(const Study& study, const std::string& artefact) {
  const std::string bytes = study.store().artefact(artefact);
  return nn::deserialize_mlp(std::as_bytes(std::span(bytes)), "artefact " + artefact.substr(0, 12));
}

std::string baseline_stage(const StudyConfig& config) { return stage_key(config, "baseline", {"baseline"}); }

std::optional<Baseline> train_baseline(Study& study) {
  const BaselineConfig& config = study.config().baseline;
  if (config.hidden.empty()) return std::nullopt;
  const std::string stage = baseline_stage(study.config());
  Baseline baseline{.arch = space::mlp(study.train().num_features, config.hidden, study.train().num_classes)};
  auto record = study.store().find_record(study.name(), stage, "score");
  if (!record) {
    spdlog::info("training the float baseline {}", space::summary(baseline.arch));
    Rng rng = Rng::stream(study.config().seed, "baseline init");
    nn::Mlp mlp = nn::make_mlp(baseline.arch, rng);
    nn::TrainParams params = config.training;
    params.seed = derive_seed(study.config().seed, "baseline");
    const auto& split = study.splits().front();
    Progress progress("baseline", static_cast<std::size_t>(params.epochs), "epochs", 0, kQuietSeconds);
    const auto result = nn::train(mlp, study.train(), split.train, split.validation, params, {.should_stop = [&](const nn::EpochLog&) {
                                    progress.advance();
                                    return false;
                                  }});
    std::vector<std::uint32_t> rows(study.test().size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::uint32_t>(i);
    record = Json{{"validation_accuracy", result.validation.accuracy},
                  {"test_accuracy", nn::evaluate(mlp, study.test(), rows).accuracy},
                  {"network", space::summary(baseline.arch)},
                  {"macs", space::macs(baseline.arch)},
                  {"epochs", result.history.size()},
                  {"seconds", result.seconds}};
    study.store().transaction([&] {
      (*record)["weights"] = study.store().put_artefact(weight_bytes(mlp));
      study.store().put_record(study.name(), stage, "score", *record);
    });
  }
  baseline.validation_accuracy = json_get<double>(*record, "validation_accuracy", "baseline");
  baseline.test_accuracy = json_get<double>(*record, "test_accuracy", "baseline");
  return baseline;
}

}  // namespace snac::flow
