#include "snac/flow/design.hpp"

#include <utility>

#include "snac/circuit/simulate.hpp"
#include "snac/codegen/folded_verilog.hpp"

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

Design design(const fixed::FixedNet& net, const StudyConfig& config) {
  if (config.target.reuse_factor == 1) return design_circuit(net, config);
  return circuit::fold(net, folding_of(config.target));
}

}  // namespace snac::flow
