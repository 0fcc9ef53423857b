// Resources of a scheduled circuit, counted node by node.
#pragma once

#include <string>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/schedule.hpp"

namespace snac::circuit {

struct LogicCost {
  double lut = 0;               ///< estimate; formula per node kind in logic_cost.cpp, with source
  double ff = 0;                ///< from the schedule: register bits plus valid bits
  std::int64_t adders = 0;      ///< two-operand adders and subtractors
  std::int64_t adder_bits = 0;  ///< the published distributed-arithmetic cost
  int adder_depth = 0;          ///< longest chain of logic levels
};

/// The whole circuit, or one entry per group in `per_group` if given (index = group number).
LogicCost logic_cost(const Circuit& circuit, const Schedule& schedule, std::vector<LogicCost>* per_group = nullptr);

}  // namespace snac::circuit
