#include "snac/flow/design.hpp"

#include <cmath>
#include <utility>

#include "snac/circuit/simulate.hpp"
#include "snac/codegen/folded_verilog.hpp"
#include "snac/compress/lower.hpp"
#include "snac/cost/operations.hpp"

namespace snac::flow {

Design::Design(CircuitDesign unrolled) : back_end_(std::move(unrolled)), resources_(std::get<CircuitDesign>(back_end_).resources) {}

Design::Design(circuit::FoldedDesign folded) : back_end_(std::move(folded)) {
  const circuit::FoldedCost cost = circuit::folded_cost(std::get<circuit::FoldedDesign>(back_end_));
  resources_ = {.lut = cost.lut, .ff = cost.ff, .dsp = cost.dsp, .bram18 = cost.bram18, .source = "folded circuit"};
}

int Design::latency() const noexcept { return is_folded() ? folded()->latency : unrolled()->schedule.latency; }

int Design::initiation_interval() const noexcept {
  return is_folded() ? folded()->initiation_interval : unrolled()->schedule.initiation_interval;
}

std::string Design::engine() const { return is_folded() ? "folded interpreter" : "circuit interpreter"; }

std::vector<std::int64_t> Design::simulate(std::span<const std::int64_t> inputs, int threads) const {
  return is_folded() ? circuit::simulate(*folded(), inputs, threads) : circuit::simulate(unrolled()->circuit, inputs, threads);
}

codegen::Files Design::verilog(const codegen::VerilogParams& params) const {
  return is_folded() ? codegen::verilog(*folded(), params) : codegen::verilog(unrolled()->circuit, unrolled()->schedule, params);
}

codegen::Files Design::testbench(const codegen::VerilogParams& params, std::span<const std::int64_t> inputs,
                                 std::span<const std::int64_t> expected) const {
  return is_folded() ? codegen::verilog_testbench(*folded(), params, inputs, expected)
                     : codegen::verilog_testbench(unrolled()->circuit, unrolled()->schedule, params, inputs, expected);
}

circuit::FoldedParams folding_of(const TargetConfig& target) {
  return {.reuse_factor = target.reuse_factor, .adders_per_stage = target.adders_per_stage, .multiplier = target.multiplier};
}

Design design(const fixed::FixedNet& net, const StudyConfig& config) { return design(net, config.target, calibration_of(config)); }

Design design(const fixed::FixedNet& net, const TargetConfig& target, const cost::Calibration& calibration) {
  if (target.reuse_factor > 1) return circuit::fold(net, folding_of(target));
  return design_circuit(net, pipeline_of(target), calibration, {.effort = target.effort, .extra_depth = target.extra_depth});
}

TargetConfig target_of(const TargetConfig& target, const Values& searched) {
  if (!target.keep_latency) return target;
  TargetConfig kept = target;
  kept.pipelining = circuit::Pipelining::stages;
  kept.stages = static_cast<int>(std::lround(searched.at("clock_cycles")));
  return kept;
}

fixed::FixedNet integer_network(const nn::Mlp& mlp, const nn::NetQuantizer& quantizer, const Study& study) {
  return integer_network(mlp, quantizer, study, study.config().target);
}

fixed::FixedNet integer_network(const nn::Mlp& mlp, const nn::NetQuantizer& quantizer, const Study& study, const TargetConfig& target) {
  return fixed::with_output(compress::lower(mlp, quantizer, study.train().class_names, study.preprocessor().to_json()), target.output,
                            target.probability_bits);
}

Values hardware_values(const fixed::FixedNet& net, const Design& design, const Study& study) {
  const fixed::WeightCount weights = fixed::count_weights(net);
  const cost::Resources& used = design.resources();
  Values values{{"sparsity", 1 - static_cast<double>(weights.nonzero) / static_cast<double>(weights.total)},
                {"nonzero", static_cast<double>(weights.nonzero)},
                {"lut", used.lut},
                {"ff", used.ff},
                {"dsp", used.dsp},
                {"bram18", used.bram18},
                {"average_resource", cost::average_resource_percent(used, study.device())},
                {"clock_cycles", static_cast<double>(design.latency())},
                {"latency_ns", design.latency() * study.config().target.clock_ns},
                {"initiation_interval", static_cast<double>(design.initiation_interval())},
                {"ebops", cost::effective_bit_operations(net)}};
  if (const CircuitDesign* unrolled = design.unrolled()) {
    values["adders"] = static_cast<double>(unrolled->cost.adders);
    values["stage_ns"] = unrolled->period_ns;
  } else {
    values["multipliers"] = static_cast<double>(design.folded()->multipliers);
  }
  return values;
}

}  // namespace snac::flow
