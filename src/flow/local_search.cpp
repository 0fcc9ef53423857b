#include "snac/flow/local_search.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "snac/circuit/lower.hpp"
#include "snac/compress/lower.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/design.hpp"

namespace snac::flow {
namespace {

/// One trial at one precision; its states are stored one by one.
class Chain {
 public:
  Chain(Study& study, std::string stage, const TrialResult& trial, const compress::Precision& precision)
      : study_(study),
        stage_(std::move(stage)),
        trial_(trial),
        precision_(precision),
        prefix_(fmt::format("m{}-{}", trial.order, compress::to_string(precision))) {
    const auto& split = study.splits().front();
    input_.data = &study.train();
    input_.train_rows = split.train;
    input_.validation_rows = split.validation;
    input_.calibration.precision = precision;
    input_.calibration.input = study.config().target.input;
    input_.seed = derive_seed(study.config().seed, prefix_);
  }

  std::string key(int iteration) const { return fmt::format("{}-p{}", prefix_, iteration); }
  const compress::Precision& precision() const noexcept { return precision_; }
  const TrialResult& trial() const noexcept { return trial_; }

  void run(Progress& progress) {
    const auto& params = study_.config().compress.chain;
    std::optional<compress::ChainState> state;
    int known = -1;
    while (known < params.pruning.iterations && study_.store().find_record(study_.name(), stage_, key(known + 1))) ++known;
    if (known == params.pruning.iterations) return;
    if (known >= 0) state = load(known);
    for (int iteration = known + 1; iteration <= params.pruning.iterations; ++iteration) {
      throw_if_interrupted();
      state = iteration == 0 ? compress::begin_chain(load_weights(study_, trial_.weights), input_, params)
                             : compress::next_iteration(*state, input_, params);
      const Json record = save(*state);
      progress.advance(1, fmt::format("{}: accuracy {:.4f}, {:.0f} LUT", key(iteration), record["values"]["accuracy"].get<double>(),
                                      record["values"]["lut"].get<double>()));
    }
  }

 private:
  compress::ChainState load(int iteration) const {
    const std::string where = key(iteration);
    const Json record = study_.store().find_record(study_.name(), stage_, where).value();
    compress::ChainState state;
    state.iteration = iteration;
    state.mlp = load_weights(study_, json_get<std::string>(record, "mlp", where));
    if (record.contains("rewind_point")) state.rewind_point = load_weights(study_, json_get<std::string>(record, "rewind_point", where));
    const std::string mask = study_.store().artefact(json_get<std::string>(record, "mask", where));
    state.mask.assign(mask.begin(), mask.end());
    state.quantizer = compress::quantizer_from_json(json_get<Json>(record, "quantizer", where), where);
    return state;
  }

  Json save(const compress::ChainState& state) {
    const StudyConfig& config = study_.config();
    const fixed::FixedNet net =
        fixed::with_output(compress::lower(state.mlp, state.quantizer, study_.train().class_names, study_.preprocessor().to_json()),
                           config.target.output, config.target.probability_bits);
    const Design hardware = design(net, config);
    const fixed::WeightCount weights = fixed::count_weights(net);
    const cost::Resources& used = hardware.resources();
    Values values{{"accuracy", integer_accuracy(net, study_.train(), input_.validation_rows)},
                  {"sparsity", 1 - static_cast<double>(weights.nonzero) / static_cast<double>(weights.total)},
                  {"nonzero", static_cast<double>(weights.nonzero)},
                  {"macs", static_cast<double>(space::macs(trial_.arch))},
                  {"lut", used.lut},
                  {"ff", used.ff},
                  {"dsp", used.dsp},
                  {"bram18", used.bram18},
                  {"average_resource", cost::average_resource_percent(used, study_.device())},
                  {"clock_cycles", static_cast<double>(hardware.latency())},
                  {"latency_ns", hardware.latency() * config.target.clock_ns},
                  {"initiation_interval", static_cast<double>(hardware.initiation_interval())}};
    if (const CircuitDesign* unrolled = hardware.unrolled()) {
      values["adders"] = static_cast<double>(unrolled->cost.adders);
      values["stage_ns"] = unrolled->period_ns;
    } else {
      values["multipliers"] = static_cast<double>(hardware.folded()->multipliers);
    }
    Json record{{"trial", trial_.order},
                {"precision", compress::to_string(precision_)},
                {"iteration", state.iteration},
                {"arch", space::to_json(trial_.arch)},
                {"values", values},
                {"resource_source", used.source},
                {"quantizer", compress::to_json(state.quantizer)}};
    study_.store().transaction([&] {
      record["mlp"] = study_.store().put_artefact(weight_bytes(state.mlp));
      record["mask"] = study_.store().put_artefact(std::string(state.mask.begin(), state.mask.end()));
      record["fixed_net"] = study_.store().put_artefact(fixed::to_json(net).dump());
      if (!state.rewind_point.parameters.empty()) record["rewind_point"] = study_.store().put_artefact(weight_bytes(state.rewind_point));
      study_.store().put_record(study_.name(), stage_, key(state.iteration), record);
    });
    return record;
  }

  Study& study_;
  std::string stage_;
  const TrialResult& trial_;
  compress::Precision precision_;
  std::string prefix_;
  compress::ChainInput input_;
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

CompressedModel compressed_model(const std::string& name, const Json& record) {
  return {.name = name,
          .trial_order = json_get<int>(record, "trial", name),
          .precision = compress::precision_from_string(json_get<std::string>(record, "precision", name)),
          .iteration = json_get<int>(record, "iteration", name),
          .arch = space::arch_from_json(json_get<Json>(record, "arch", name), name),
          .values = json_get<Values>(record, "values", name),
          .mlp = json_get<std::string>(record, "mlp", name),
          .fixed_net = json_get<std::string>(record, "fixed_net", name),
          .quantizer = json_get<Json>(record, "quantizer", name)};
}

std::vector<CompressedModel> local_search(Study& study, const std::vector<TrialResult>& selected) {
  const auto& config = study.config().compress;
  const std::string stage = local_search_stage(study.config());
  std::vector<Chain> chains;
  for (const auto& trial : selected) {
    for (const auto& precision : config.precisions) chains.emplace_back(study, stage, trial, compress::precision_from_string(precision));
  }
  const int states = config.chain.pruning.iterations + 1;
  std::size_t known = 0;
  for (const auto& chain : chains) {
    for (int i = 0; i < states && study.store().find_record(study.name(), stage, chain.key(i)); ++i) ++known;
  }
  {
    Progress progress("local search", chains.size() * static_cast<std::size_t>(states), "models", known);
    parallel_for(chains.size(), study.threads(), [&](std::size_t i, int) { chains[i].run(progress); });
  }

  std::vector<CompressedModel> models;
  for (const auto& chain : chains) {
    for (int i = 0; i < states; ++i) {
      models.push_back(compressed_model(chain.key(i), study.store().find_record(study.name(), stage, chain.key(i)).value()));
    }
  }
  return models;
}

fixed::FixedNet load_fixed_net(const Study& study, const CompressedModel& model) {
  return fixed::fixed_net_from_json(parse_json(study.store().artefact(model.fixed_net), model.name), model.name);
}

}  // namespace snac::flow
