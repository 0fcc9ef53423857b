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

class Design;

struct CompressedModel {
  std::string name;  ///< "m12-w8a8-p3": trial order, precision, pruning round; "m12-learned-e120": epoch of learned precision
  int trial_order = 0;
  std::optional<compress::Precision> precision;  ///< nothing = learned, element by element
  int iteration = 0;                             ///< pruning round, or epoch
  space::ArchSpec arch;
  /// accuracy (validation, integers), sparsity, lut, ff, clock_cycles, ... With folds: the network is that of the first fold and so are
  /// the figures, but accuracy is the mean over folds and accuracy_deviation their sample standard deviation.
  Values values;
  std::string mlp, fixed_net;  ///< artefacts
  Json quantizer;
  std::vector<Values> folds;  ///< figures of every fold; empty without folds
};

/// "w8a8", or "learned".
std::string precision_text(const CompressedModel& model);

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

/// The figures of a compressed network: accuracy of the integers on the rows, sizes, and what its hardware takes.
Values compressed_figures(const Study& study, const space::ArchSpec& arch, const fixed::FixedNet& net, const Design& hardware,
                          std::span<const std::uint32_t> rows);
/// @throws Error naming model and figure if one is not a finite number.
void require_finite(const Values& values, const std::string& model);

/// Runs what is missing, by pruning, learned precision or both as compress.method says; models in order of trial, precision, iteration. A
/// chain whose training diverges ends there, with a warning and a record of the reason; the others go on. @throws Error with
/// ExitCode::no_result if none came to a network.
std::vector<CompressedModel> local_search(Study& study, const std::vector<TrialResult>& selected);

/// Share of feature values that the type clips, from 0 to 1.
double saturated_share(const fixed::FixedType& type, const data::Dataset& data);

fixed::FixedNet load_fixed_net(const Study& study, const CompressedModel& model);

}  // namespace snac::flow
