// A network as hardware: unrolled into a circuit, or folded if the reuse factor is above 1. What verification, synthesis and tables
// need of either.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "snac/circuit/folded.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/flow/local_search.hpp"

namespace snac::flow {

class Design {
 public:
  Design(CircuitDesign unrolled);        // NOLINT(google-explicit-constructor): a circuit design is a design
  Design(circuit::FoldedDesign folded);  // NOLINT(google-explicit-constructor)

  bool is_folded() const noexcept { return std::holds_alternative<circuit::FoldedDesign>(back_end_); }
  const circuit::FoldedDesign* folded() const noexcept { return std::get_if<circuit::FoldedDesign>(&back_end_); }
  const CircuitDesign* unrolled() const noexcept { return std::get_if<CircuitDesign>(&back_end_); }

  const cost::Resources& resources() const noexcept { return resources_; }
  int latency() const noexcept;              ///< cycles, exact
  int initiation_interval() const noexcept;  ///< cycles, exact
  /// "circuit interpreter", "folded interpreter".
  std::string engine() const;
  /// Raw inputs (rows, inputs) -> raw outputs (rows, outputs), by that engine.
  std::vector<std::int64_t> simulate(std::span<const std::int64_t> inputs, int threads) const;
  codegen::Files verilog(const codegen::VerilogParams& params) const;
  codegen::Files testbench(const codegen::VerilogParams& params, std::span<const std::int64_t> inputs,
                           std::span<const std::int64_t> expected) const;

 private:
  std::variant<CircuitDesign, circuit::FoldedDesign> back_end_;
  cost::Resources resources_;
};

/// Of a target with a reuse factor above 1.
circuit::FoldedParams folding_of(const TargetConfig& target);
/// As the target says: unrolled if the reuse factor is 1.
Design design(const fixed::FixedNet& net, const StudyConfig& config);
Design design(const fixed::FixedNet& net, const TargetConfig& target, const cost::Calibration& calibration);

/// The target of a searched network, whose figures are given: with keep_latency as many stages as its clock_cycles, else the target itself.
TargetConfig target_of(const TargetConfig& target, const Values& searched);

/// A compressed network as integers, with the output stage of the target.
fixed::FixedNet integer_network(const nn::Mlp& mlp, const nn::NetQuantizer& quantizer, const Study& study);
fixed::FixedNet integer_network(const nn::Mlp& mlp, const nn::NetQuantizer& quantizer, const Study& study, const TargetConfig& target);
/// Figures counted on the integers and their design, by metric name: resources, latency, share of zero weights.
Values hardware_values(const fixed::FixedNet& net, const Design& design, const Study& study);

}  // namespace snac::flow
