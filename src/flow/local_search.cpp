#include "snac/flow/local_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "snac/circuit/lower.hpp"
#include "snac/compress/lower.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/learned_search.hpp"
#include "snac/flow/trial_training.hpp"

namespace snac::flow {
namespace {

/// A trained network on one division of the data, at one precision or (without) in float.
struct Chain {
  const TrialResult* trial = nullptr;
  std::optional<compress::Precision> precision;
  std::size_t fold = 0;

  std::string name() const { return fmt::format("m{}-{}", trial->order, precision ? compress::to_string(*precision) : "float"); }
  std::string model(int iteration) const { return fmt::format("{}-p{}", name(), iteration); }
};

/// The divisions of the data that the local search trains and scores on.
std::vector<data::Split> divisions(const Study& study) {
  const int folds = study.config().compress.folds;
  if (folds == 0) return {study.splits().front()};
  if (folds == study.config().data.folds) return study.splits();
  return data::stratified_folds(study.train().labels, study.train().num_classes, folds, derive_seed(study.config().seed, "folds"));
}

/// All chains of the selected trials. States are stored one by one, each with what the next one needs; a chain that diverges ends there
/// and leaves its reason.
class LocalSearch {
 public:
  LocalSearch(Study& study, const std::vector<TrialResult>& selected)
      : study_(study),
        params_(study.config().compress.chain),
        splits_(divisions(study)),
        stage_(local_search_stage(study.config())),
        fold_stage_(stage_of("local_search_fold")),
        float_stage_(stage_of("local_search_float")),
        start_stage_(stage_of("local_search_start")),
        failure_stage_(stage_of("local_search_failure")) {
    for (const auto& trial : selected) {
      for (const auto& text : study.config().compress.precisions) {
        for (std::size_t fold = 0; fold < splits_.size(); ++fold) chains_.push_back({&trial, compress::precision_from_string(text), fold});
      }
      if (params_.order == compress::Order::combined) continue;
      for (std::size_t fold = 0; fold < splits_.size(); ++fold) float_chains_.push_back({&trial, {}, fold});
    }
  }

  std::vector<CompressedModel> run() {
    if (combined())
      run_combined();
    else
      run_prune_then_quantise();
    std::vector<CompressedModel> models;
    for (const auto& chain : chains_) {
      if (chain.fold != 0) continue;
      for (int i = 0; i < states(); ++i) {
        if (const auto record = find(stage_, chain.model(i))) models.push_back(compressed_model(chain.model(i), *record));
      }
    }
    if (models.empty()) {
      const auto failures = study_.store().records(study_.name(), failure_stage_);
      throw Error(
          ExitCode::no_result, "no chain of the local search came to a network",
          {.where = "compress",
           .found = failures.empty() ? "no chain"
                                     : failures.front().first + ": " + json_get<std::string>(failures.front().second, "reason", "failure"),
           .expected = "at least one compressed network",
           .hint = "lower compress.learning_rate or give more bits"});
    }
    return models;
  }

 private:
  bool combined() const { return params_.order == compress::Order::combined; }
  int states() const { return params_.pruning.iterations + 1; }
  std::string stage_of(const char* stage) const { return stage_key(study_.config(), stage, {"compress"}); }
  std::optional<Json> find(const std::string& stage, const std::string& key) const {
    return study_.store().find_record(study_.name(), stage, key);
  }
  std::string with_fold(const std::string& key, const Chain& chain) const {
    return splits_.size() == 1 ? key : fmt::format("{}-f{}", key, chain.fold + 1);
  }
  const std::string& stage_of(const Chain& chain) const {
    return !chain.precision ? float_stage_ : splits_.size() == 1 ? stage_ : fold_stage_;
  }
  std::string key(const Chain& chain, int iteration) const { return with_fold(chain.model(iteration), chain); }
  std::optional<Json> state_record(const Chain& chain, int iteration) const { return find(stage_of(chain), key(chain, iteration)); }
  /// Where a chain ended before its time.
  int end_of(const Chain& chain) const {
    const auto failure = find(failure_stage_, with_fold(chain.name(), chain));
    return failure ? json_get<int>(*failure, "iteration", chain.name()) : states();
  }
  static Chain float_chain(const Chain& chain) { return {chain.trial, {}, chain.fold}; }

  std::size_t known_states(const std::vector<Chain>& chains) const {
    std::size_t known = 0;
    for (const auto& chain : chains) {
      const int end = end_of(chain);
      known += static_cast<std::size_t>(states() - end);
      for (int i = 0; i < end; ++i) known += state_record(chain, i) ? 1 : 0;
    }
    return known;
  }

  void run_combined() {
    const std::size_t steps = chains_.size() * static_cast<std::size_t>(states()), known = known_states(chains_);
    if (known < steps) warn_of_saturation();
    Progress progress("local search", steps, "models", known);
    parallel_for(chains_.size(), study_.threads(), [&](std::size_t i, int) { extend(chains_[i], progress); });
  }

  /// First the float chains, which all precisions share; then their states at every precision, each on its own.
  void run_prune_then_quantise() {
    struct Point {
      const Chain* chain;
      int iteration;
    };
    std::vector<Point> points;
    std::size_t all_points = 0;
    for (const auto& chain : chains_) {
      const int end = std::min(end_of(chain), end_of(float_chain(chain)));
      for (int i = 0; i < states(); ++i, ++all_points) {
        if (i < end && !state_record(chain, i) && !find(failure_stage_, key(chain, i))) points.push_back({&chain, i});
      }
    }
    const std::size_t steps = float_chains_.size() * static_cast<std::size_t>(states()) + all_points;
    const std::size_t known = known_states(float_chains_) + all_points - points.size();
    if (known < steps) warn_of_saturation();
    Progress progress("local search", steps, "networks", known);
    parallel_for(float_chains_.size(), study_.threads(), [&](std::size_t i, int) { extend(float_chains_[i], progress); });
    parallel_for(points.size(), study_.threads(), [&](std::size_t i, int) {
      throw_if_interrupted();
      const auto& [chain, iteration] = points[i];
      const Chain source = float_chain(*chain);
      std::string note;
      if (state_record(source, iteration)) {
        guard(key(*chain, iteration), iteration, [&] {
          const nn::Mlp none;
          note = save_point(*chain, compress::quantise(load(source, iteration), input_of(*chain, none), params_));
        });
      }
      progress.advance(1, note);
    });
  }

  /// Runs the body; a divergence is recorded as the end of `what`. @returns whether it went well.
  bool guard(const std::string& what, int iteration, const std::function<void()>& body) {
    try {
      body();
      return true;
    } catch (const nn::DivergedError& error) {
      spdlog::warn("{}: no network of round {}: {}", what, iteration, error.summary());
      study_.store().put_record(study_.name(), failure_stage_, what, {{"iteration", iteration}, {"reason", error.summary()}});
      return false;
    }
  }

  /// Trains the states of a chain that are not stored yet.
  void extend(const Chain& chain, Progress& progress) {
    int next = 0;
    const int end = end_of(chain);
    while (next < end && state_record(chain, next)) ++next;
    if (next == end) return;
    std::optional<compress::ChainState> state;
    if (next > 0) state = load(chain, next - 1);
    const nn::Mlp initial = params_.pruning.rewind == compress::Rewind::initialisation && next == 0
                                ? initial_weights(study_, *chain.trial, chain.fold)
                                : nn::Mlp{};
    const compress::ChainInput input = input_of(chain, initial);
    for (; next < end; ++next) {
      throw_if_interrupted();
      std::string note;
      const bool good = guard(with_fold(chain.name(), chain), next, [&] {
        state = state ? compress::next_iteration(*state, input, params_) : compress::begin_chain(start(chain), input, params_);
        note = chain.precision ? save_point(chain, *state) : save_float(chain, *state);
      });
      progress.advance(good ? 1 : static_cast<std::size_t>(end - next), note);
      if (!good) return;
    }
  }

  compress::ChainInput input_of(const Chain& chain, const nn::Mlp& initial) const {
    const TargetConfig& target = study_.config().target;
    return {.data = &study_.train(),
            .train_rows = splits_[chain.fold].train,
            .validation_rows = splits_[chain.fold].validation,
            .calibration = {.precision = chain.precision.value_or(target.precision), .input = target.input},
            .seed = derive_seed(study_.config().seed, chain.name(), chain.fold),
            .initial = &initial};
  }

  /// The trained network that a chain begins with. A fold's validation rows must not have been trained on, so every fold but the one whose
  /// weights the search has kept gets a training of its own.
  nn::Mlp start(const Chain& chain) {
    const int folds = study_.config().compress.folds;
    if (chain.fold == 0 && (folds == 0 || folds == study_.config().data.folds)) return load_weights(study_, chain.trial->weights);
    const std::string key = fmt::format("m{}-f{}", chain.trial->order, chain.fold + 1);
    if (const auto record = find(start_stage_, key)) return load_weights(study_, json_get<std::string>(*record, "mlp", key));
    const nn::Mlp mlp = train_trial_again(study_, *chain.trial, splits_[chain.fold], chain.fold);
    study_.store().transaction([&] {
      study_.store().put_record(study_.name(), start_stage_, key, {{"mlp", study_.store().put_artefact(weight_bytes(mlp))}});
    });
    return mlp;
  }

  compress::ChainState load(const Chain& chain, int iteration) const {
    const std::string where = key(chain, iteration);
    const Json record = state_record(chain, iteration).value();
    compress::ChainState state;
    state.iteration = iteration;
    state.mlp = load_weights(study_, json_get<std::string>(record, "mlp", where));
    if (record.contains("rewind_point")) state.rewind_point = load_weights(study_, json_get<std::string>(record, "rewind_point", where));
    const std::string mask = study_.store().artefact(json_get<std::string>(record, "mask", where));
    state.mask.assign(mask.begin(), mask.end());
    if (chain.precision) state.quantizer = compress::quantizer_from_json(json_get<Json>(record, "quantizer", where), where);
    return state;
  }

  /// Within a transaction: the weights of a state as artefacts, named in its record.
  void put_weights(const compress::ChainState& state, Json& record) {
    record["mlp"] = study_.store().put_artefact(weight_bytes(state.mlp));
    record["mask"] = study_.store().put_artefact(std::string(state.mask.begin(), state.mask.end()));
    if (!state.rewind_point.parameters.empty()) record["rewind_point"] = study_.store().put_artefact(weight_bytes(state.rewind_point));
  }

  std::string save_float(const Chain& chain, const compress::ChainState& state) {
    Json record{{"trial", chain.trial->order}, {"iteration", state.iteration}};
    study_.store().transaction([&] {
      put_weights(state, record);
      study_.store().put_record(study_.name(), stage_of(chain), key(chain, state.iteration), record);
    });
    return fmt::format("{}: {:.1f} % pruned", key(chain, state.iteration), 100 * compress::sparsity(state.mlp, state.mask));
  }

  /// Lowers, scores and costs a quantised state and stores it. @returns its figures in words.
  std::string save_point(const Chain& chain, const compress::ChainState& state) {
    const fixed::FixedNet net = integer_network(state.mlp, state.quantizer, study_);
    const Design hardware = design(net, target_of(study_.config().target, chain.trial->values), calibration_of(study_.config()));
    const Values values = compressed_figures(study_, chain.trial->arch, net, hardware, splits_[chain.fold].validation);
    require_finite(values, key(chain, state.iteration));
    Json record{{"trial", chain.trial->order},
                {"precision", compress::to_string(*chain.precision)},
                {"iteration", state.iteration},
                {"arch", space::to_json(chain.trial->arch)},
                {"values", values},
                {"resource_source", hardware.resources().source},
                {"quantizer", compress::to_json(state.quantizer)}};
    study_.store().transaction([&] {
      put_weights(state, record);
      record["fixed_net"] = study_.store().put_artefact(fixed::to_json(net).dump());
      study_.store().put_record(study_.name(), stage_of(chain), key(chain, state.iteration), record);
      if (splits_.size() > 1) combine_folds(chain, state.iteration);
    });
    return fmt::format("{}: accuracy {:.4f}, {:.0f} LUT", key(chain, state.iteration), values.at("accuracy"), values.at("lut"));
  }

  /// Once all folds of a state are stored: the model, which is the network of the first fold (one that exists and that can be built), with
  /// the accuracy of all folds.
  void combine_folds(const Chain& chain, int iteration) {
    std::vector<Values> folds;
    Json model;
    for (std::size_t fold = 0; fold < splits_.size(); ++fold) {
      const auto record = state_record({chain.trial, chain.precision, fold}, iteration);
      if (!record) return;
      folds.push_back(json_get<Values>(*record, "values", chain.model(iteration)));
      if (fold == 0) model = *record;
    }
    Values values = folds.front();
    std::vector<double> accuracies;
    for (const auto& fold : folds) accuracies.push_back(fold.at("accuracy"));
    values["accuracy"] = mean_of(accuracies);
    values["accuracy_deviation"] = deviation_of(accuracies);
    model["values"] = values;
    model["folds"] = folds;
    study_.store().put_record(study_.name(), stage_, chain.model(iteration), model);
  }

  void warn_of_saturation() const {
    constexpr double kWorthAWord = 0.01;
    const double share = saturated_share(study_.config().target.input, study_.train());
    if (share <= kWorthAWord) return;
    spdlog::warn(
        "{:.1f} % of the input values lie outside {} and saturate: scale the features (data.scaling) or declare more integer bits "
        "(target.precision.input)",
        100 * share, fixed::to_string(study_.config().target.input));
  }

  Study& study_;
  const compress::ChainParams& params_;
  std::vector<data::Split> splits_;
  std::string stage_, fold_stage_, float_stage_, start_stage_, failure_stage_;
  std::vector<Chain> chains_;        ///< quantised
  std::vector<Chain> float_chains_;  ///< of Order::prune_then_quantise
};

}  // namespace

double integer_accuracy(const fixed::FixedNet& net, const data::Dataset& data, std::span<const std::uint32_t> rows) {
  std::vector<float> features;
  for (const std::uint32_t row : rows) features.insert(features.end(), data.row(row).begin(), data.row(row).end());
  const auto classes = fixed::classify(net, fixed::run(net, fixed::quantize_inputs(net, features)));
  std::size_t right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) right += classes[i] == data.labels[rows[i]] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

void require_finite(const Values& values, const std::string& model) {
  for (const auto& [name, value] : values) {
    if (!std::isfinite(value)) {
      throw Error(ExitCode::internal, "a figure is not a finite number",
                  {.where = model, .found = fmt::format("{} = {}", name, value), .expected = "a number", .hint = {}});
    }
  }
}

Values compressed_figures(const Study& study, const space::ArchSpec& arch, const fixed::FixedNet& net, const Design& hardware,
                          std::span<const std::uint32_t> rows) {
  Values values = hardware_values(net, hardware, study);
  values["accuracy"] = integer_accuracy(net, study.train(), rows);
  values["macs"] = static_cast<double>(space::macs(arch));
  return values;
}

CircuitDesign design_circuit(const fixed::FixedNet& net, const circuit::ScheduleParams& pipeline, const cost::Calibration& calibration,
                             const circuit::CmvmParams& adders) {
  CircuitDesign design;
  design.circuit = circuit::lower(net, {.cmvm = adders});
  design.schedule = circuit::schedule(design.circuit, pipeline);
  design.cost = circuit::logic_cost(design.circuit, design.schedule);
  design.mapping = circuit::map_bits(design.circuit, design.schedule);
  design.resources = cost::estimate(design.mapping, calibration);
  const std::vector<int> delays = circuit::stage_delays_ps(design.circuit, design.schedule, pipeline.delay);
  design.period_ns = *std::max_element(delays.begin(), delays.end()) / 1000.0;
  return design;
}

CircuitDesign design_circuit(const fixed::FixedNet& net, const StudyConfig& config) {
  const TargetConfig& target = config.target;
  return design_circuit(net, pipeline_of(target), calibration_of(config), {.effort = target.effort, .extra_depth = target.extra_depth});
}

cost::Calibration calibration_of(const StudyConfig& config) {
  const std::string& file = config.target.calibration;
  return file.empty() ? cost::shipped_calibration() : cost::load_calibration(config.resolve(file));
}

circuit::ScheduleParams pipeline_of(const TargetConfig& target) {
  return {.adders_per_stage = target.adders_per_stage,
          .pipelining = target.pipelining,
          .period_ns = target.clock_ns,
          .num_stages = target.stages,
          .delay = cost::delay_model(cost::find_device(target.device))};
}

std::string local_search_stage(const StudyConfig& config) { return stage_key(config, "local_search", {"compress"}); }

std::string precision_text(const CompressedModel& model) { return model.precision ? compress::to_string(*model.precision) : kLearned; }

CompressedModel compressed_model(const std::string& name, const Json& record) {
  const auto precision = json_get<std::string>(record, "precision", name);
  return {.name = name,
          .trial_order = json_get<int>(record, "trial", name),
          .precision = precision == kLearned ? std::nullopt : std::optional(compress::precision_from_string(precision)),
          .iteration = json_get<int>(record, "iteration", name),
          .arch = space::arch_from_json(json_get<Json>(record, "arch", name), name),
          .values = json_get<Values>(record, "values", name),
          .mlp = json_get<std::string>(record, "mlp", name),
          .fixed_net = json_get<std::string>(record, "fixed_net", name),
          .quantizer = json_get<Json>(record, "quantizer", name),
          .folds = record.contains("folds") ? json_get<std::vector<Values>>(record, "folds", name) : std::vector<Values>{}};
}

std::vector<CompressedModel> local_search(Study& study, const std::vector<TrialResult>& selected) {
  const LocalSearchMethod method = study.config().compress.method;
  std::vector<CompressedModel> models;
  if (method != LocalSearchMethod::learned) models = LocalSearch(study, selected).run();
  if (method != LocalSearchMethod::pruning) {
    const auto learned = learned_search(study, selected);
    models.insert(models.end(), learned.begin(), learned.end());
  }
  return models;
}

double saturated_share(const fixed::FixedType& type, const data::Dataset& data) {
  const nn::Grid grid = compress::grid_of(type);
  std::size_t outside = 0;
  for (const float value : data.features)
    outside += value > grid.highest() + grid.step() / 2 || value < grid.lowest() - grid.step() / 2 ? 1 : 0;
  return data.features.empty() ? 0 : static_cast<double>(outside) / static_cast<double>(data.features.size());
}

fixed::FixedNet load_fixed_net(const Study& study, const CompressedModel& model) {
  return fixed::fixed_net_from_json(parse_json(study.store().artefact(model.fixed_net), model.name), model.name);
}

}  // namespace snac::flow
