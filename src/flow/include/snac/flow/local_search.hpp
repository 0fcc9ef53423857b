// Local search: every selected network at every listed precision through quantisation-aware iterative pruning; each step is
// lowered to integers, scored as integers and costed as a circuit.
#pragma once

#include <string>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/mapping.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/cost/calibration.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/flow/global_search.hpp"

namespace snac::flow {

struct CompressedModel {
  std::string name;  ///< "m12-w8a8-p3": trial order, precision, pruning round
  int trial_order = 0;
  compress::Precision precision;
  int iteration = 0;
  space::ArchSpec arch;
  Values values;               ///< accuracy (validation, integers), sparsity, lut, ff, clock_cycles, ...
  std::string mlp, fixed_net;  ///< artefacts
  Json quantizer;
};

/// Share of rows that the integers classify rightly.
double integer_accuracy(const fixed::FixedNet& net, const data::Dataset& data, std::span<const std::uint32_t> rows);

/// A network as hardware: its pipelined circuit and the cost counted on it.
struct CircuitDesign {
  circuit::Circuit circuit;
  circuit::Schedule schedule;
  circuit::LogicCost cost;    ///< structure: adders, their bits and depth
  circuit::Mapping mapping;   ///< bits as synthesis keeps them
  cost::Resources resources;  ///< LUT and FF from the mapping and the calibration, with their source
  double period_ns = 0;       ///< of the slowest stage, by the schedule's delay model
};
CircuitDesign design_circuit(const fixed::FixedNet& net, const circuit::ScheduleParams& pipeline,
                             const cost::Calibration& calibration = cost::shipped_calibration(), const circuit::CmvmParams& adders = {});
/// As the configuration says.
CircuitDesign design_circuit(const fixed::FixedNet& net, const StudyConfig& config);

/// Of the cost model: the file that the target names, or the shipped one. @throws DataError, IoError.
cost::Calibration calibration_of(const StudyConfig& config);
/// The pipelining that the target asks for, with the delays of its device.
circuit::ScheduleParams pipeline_of(const TargetConfig& target);

/// Under which name the store keeps this configuration's local search; and one of its records as a model.
std::string local_search_stage(const StudyConfig& config);
CompressedModel compressed_model(const std::string& name, const Json& record);

/// Runs what is missing; models in order of trial, precision, iteration.
std::vector<CompressedModel> local_search(Study& study, const std::vector<TrialResult>& selected);

fixed::FixedNet load_fixed_net(const Study& study, const CompressedModel& model);

}  // namespace snac::flow
