#include "snac/flow/estimation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "snac/cost/estimator.hpp"
#include "snac/cost/operations.hpp"
#include "snac/cost/rule4ml.hpp"
#include "snac/cost/surrogate.hpp"
#include "snac/flow/design.hpp"

namespace snac::flow {
namespace {

int adders_per_stage(const TargetConfig& target) {
  if (target.pipelining != circuit::Pipelining::period) return target.adders_per_stage;
  constexpr int kUsualBits = 12;
  const circuit::DelayModel model = cost::delay_model(cost::find_device(target.device));
  const double adders = (target.clock_ns * 1000 - model.register_ps) / (model.adder_ps + kUsualBits * model.carry_bit_ps);
  return static_cast<int>(std::clamp(adders, 1.0, 1000.0));
}

std::int64_t count_parameters(const space::ArchSpec& arch) {
  std::int64_t parameters = 0;
  int inputs = space::num_inputs(arch);
  for (const auto& layer : space::dense_chain(arch)) {
    parameters += static_cast<std::int64_t>(inputs + 1) * layer.units + (layer.batch_norm ? 2 * layer.units : 0);
    inputs = layer.units;
  }
  return parameters;
}

}  // namespace

cost::HardwareTarget hardware_target(const TargetConfig& target) {
  return {.precision = {.weight_bits = target.precision.weight_bits,
                        .activation_bits = target.precision.activation_bits,
                        .input = target.input,
                        .sparsity = target.sparsity,
                        .adders_per_stage = adders_per_stage(target)},
          .reuse_factor = target.reuse_factor,
          .multiplier = target.multiplier,
          .output = target.output,
          .probability_bits = target.probability_bits};
}

struct Estimation::Impl {
  TargetConfig config;
  const cost::Device* device = nullptr;
  cost::HardwareTarget target;
  std::optional<cost::ArchitectureSampler> sampler;
  std::optional<cost::ArchitectureSurrogate> loaded;
  const cost::ArchitectureSurrogate* surrogate = nullptr;
  std::optional<cost::Rule4ml> rule4ml;
  cost::Rule4mlSetup rule4ml_setup;
  std::string source;

  void add_hardware(const space::ArchSpec& arch, Values& values) const {
    cost::Resources used;
    double cycles = 0, interval = 1;
    if (surrogate != nullptr) {
      const cost::SurrogateEstimate estimate = surrogate->estimate(arch, target);
      used = {.lut = estimate.lut, .ff = estimate.ff, .dsp = estimate.dsp, .bram18 = estimate.bram18, .source = source};
      cycles = estimate.latency_cycles;
      interval = estimate.initiation_interval;
      values["lut_error"] = estimate.lut_error;
      values["ff_error"] = estimate.ff_error;
    } else {
      const cost::Estimate estimate =
          target.reuse_factor == 1 ? sampler->estimate(arch) : cost::estimate_folded(arch, target.precision, folding_of(config));
      used = estimate.resources;
      cycles = estimate.latency_cycles;
      interval = estimate.initiation_interval;
    }
    if (config.pipelining == circuit::Pipelining::stages) cycles = config.stages;
    values["dsp"] = used.dsp;
    values["bram18"] = used.bram18;
    values["initiation_interval"] = interval;
    set_corrected({.lut = used.lut, .ff = used.ff, .clock_cycles = cycles}, values);
  }

  /// DSP and BRAM stand in `values`.
  void set_corrected(const cost::CorrectedFigures& figures, Values& values) const {
    values["lut"] = figures.lut;
    values["ff"] = figures.ff;
    values["clock_cycles"] = figures.clock_cycles;
    values["latency_ns"] = figures.clock_cycles * config.clock_ns;
    const cost::Resources used{
        .lut = figures.lut, .ff = figures.ff, .dsp = values.at("dsp"), .bram18 = values.at("bram18"), .source = source};
    values["average_resource"] = cost::average_resource_percent(used, *device);
  }
};

EstimatorChoice choose_estimator(const StudyConfig& config, std::span<const space::ArchSpec> networks) {
  if (config.target.estimator != Estimator::automatic) return {.estimator = config.target.estimator, .reason = {}};
  if (!config.target.surrogate.empty())
    return {.estimator = Estimator::surrogate, .reason = "by the surrogate that the configuration names"};
  if (networks.empty()) return {.estimator = Estimator::sample, .reason = "by circuits of drawn weights, as there is no search space"};
  const cost::ArchitectureSurrogate& shipped = cost::ArchitectureSurrogate::shipped();
  const cost::HardwareTarget target = hardware_target(config.target);
  for (const space::ArchSpec& network : networks) {
    const auto outside = shipped.outside(network, target);
    if (outside.empty()) continue;
    return {
        .estimator = Estimator::sample,
        .reason = fmt::format("by circuits of drawn weights, as the shipped surrogate does not know all of this study: {}", outside[0])};
  }
  return {.estimator = Estimator::surrogate, .reason = "by the " + shipped.source()};
}

std::vector<space::ArchSpec> extreme_networks(const space::SearchSpace& space) {
  const auto cardinality = space.cardinality();
  space::Genome deepest(cardinality.size(), 0);
  std::vector<space::ArchSpec> networks{space.candidate(deepest).arch};
  for (std::size_t axis = 0; axis < cardinality.size(); ++axis) {
    if (space.axes()[axis].parameter == space::Parameter::layers) deepest[axis] = cardinality[axis] - 1;
  }
  for (std::size_t axis = 0; axis < cardinality.size(); ++axis) {
    space::Genome changed = deepest;
    for (changed[axis] = 0; changed[axis] < cardinality[axis]; ++changed[axis]) networks.push_back(space.candidate(changed).arch);
  }
  return networks;
}

Estimation::Estimation(const StudyConfig& config) : impl_(std::make_unique<Impl>()) {
  if (config.target.estimator == Estimator::automatic) throw std::invalid_argument("no estimator was chosen");
  Impl& impl = *impl_;
  impl.config = config.target;
  impl.device = &cost::find_device(config.target.device);
  impl.target = hardware_target(config.target);
  if (config.target.estimator == Estimator::surrogate) {
    if (!config.target.surrogate.empty()) impl.loaded = cost::ArchitectureSurrogate::load(config.resolve(config.target.surrogate));
    impl.surrogate = impl.loaded ? &*impl.loaded : &cost::ArchitectureSurrogate::shipped();
    impl.source = impl.surrogate->source();
  } else {
    impl.sampler.emplace(impl.target.precision);
    impl.source = config.target.reuse_factor == 1 ? cost::kSampleSource : cost::kFoldedSampleSource;
  }
  const Rule4mlConfig& rule4ml = config.target.rule4ml;
  if (!rule4ml.folder.empty()) {
    impl.rule4ml.emplace(config.resolve(rule4ml.folder));
    impl.rule4ml_setup = {.device = rule4ml.device.empty() ? config.target.device : rule4ml.device,
                          .weight_bits = config.target.precision.weight_bits,
                          .reuse_factor = config.target.reuse_factor,
                          .strategy = rule4ml.strategy,
                          .model = rule4ml.model,
                          .softmax = rule4ml.softmax};
    impl.rule4ml_setup.validate();
  }
}

Estimation::~Estimation() = default;

const std::string& Estimation::source() const noexcept { return impl_->source; }

EstimatedFigures Estimation::estimate(const space::ArchSpec& arch) const {
  const Impl& impl = *impl_;
  EstimatedFigures figures;
  const cost::CountTarget counts{.weight_bits = static_cast<double>(impl.target.precision.weight_bits),
                                 .activation_bits = static_cast<double>(impl.target.precision.activation_bits),
                                 .sparsity = impl.target.precision.sparsity};
  for (const cost::NamedCount& count : cost::operation_counts()) figures.values[count.name] = count.count(arch, counts);
  figures.values["parameters"] = static_cast<double>(count_parameters(arch));
  for (const auto& [name, value] : figures.values) figures.sources[name] = "formula";
  const Values formulas = figures.values;
  impl.add_hardware(arch, figures.values);
  for (const auto& [name, value] : figures.values) {
    if (!formulas.contains(name)) figures.sources[name] = impl.source;
  }
  if (impl.config.pipelining == circuit::Pipelining::stages) figures.sources["clock_cycles"] = figures.sources["latency_ns"] = "target";
  if (impl.rule4ml) {
    const cost::Rule4mlEstimate estimate = impl.rule4ml->predict({&arch, 1}, impl.rule4ml_setup).front();
    const Values theirs{{"rule4ml_lut", estimate.resources.lut},
                        {"rule4ml_ff", estimate.resources.ff},
                        {"rule4ml_dsp", estimate.resources.dsp},
                        {"rule4ml_bram18", estimate.resources.bram18},
                        {"rule4ml_average_resource", estimate.average_resource_percent},
                        {"rule4ml_clock_cycles", estimate.clock_cycles}};
    for (const auto& [name, value] : theirs) {
      figures.values[name] = value;
      figures.sources[name] = impl.rule4ml->source() + " on " + cost::find_device(impl.rule4ml_setup.device).name;
    }
  }
  return figures;
}

void Estimation::correct(const space::ArchSpec& arch, const cost::EstimateCorrection& correction, Values& values) const {
  const cost::CorrectedFigures corrected =
      correction.correct(arch, {.lut = values.at("lut"), .ff = values.at("ff"), .clock_cycles = values.at("clock_cycles")});
  const double cycles = impl_->config.pipelining == circuit::Pipelining::stages ? values.at("clock_cycles") : corrected.clock_cycles;
  impl_->set_corrected({.lut = corrected.lut, .ff = corrected.ff, .clock_cycles = cycles}, values);
}

}  // namespace snac::flow
