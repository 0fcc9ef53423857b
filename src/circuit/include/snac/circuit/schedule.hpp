// Pipeline scheduling: which stage computes each node. Latency and initiation interval are exact, not estimated.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

struct ScheduleParams {
  int adders_per_stage = 2;  ///< adder levels between two registers, >= 1; wiring does not count; see logic_levels
  bool move_later = true;    ///< after the as-soon-as-possible placement, move nodes later where that saves register bits
};

/// Registers stand between stages, after the last stage, but not at the input:
/// a result appears `latency` clock edges after its input was taken; a new input may come every cycle.
/// A value that is used in later stages runs through one chain of registers, shared by all users. Constants have none, and
/// a shift is its argument's wire: it is in its argument's stage and its users read the argument's registers.
/// An output port reads the last register of its node (one output register per distinct node, of the node's width).
struct Schedule {
  std::vector<std::int32_t> stage;     ///< per node: the stage that computes it, from 0
  std::vector<std::int32_t> last_use;  ///< per node: last stage that reads it; `latency` if an output port does; own stage if none
  int latency = 0;                     ///< cycles from in_valid to out_valid, >= 1
  int initiation_interval = 1;
  std::int64_t register_bits = 0;  ///< of all nodes, plus one valid bit per stage
};

/// As soon as possible; then single nodes move to later stages where that saves register bits (local improvement: users
/// first, repeated until nothing is gained; never more bits, never more latency).
/// A node of more levels than a stage has (a wide lookup) takes a whole stage.
/// @throws ConfigError if adders_per_stage < 1.
Schedule schedule(const Circuit& circuit, const ScheduleParams& params = {});

/// Bits of the registers that carry one node's value: width * (last use - stage).
std::int64_t register_bits(const Circuit& circuit, const Schedule& schedule, Id id);

/// Levels of logic a node adds: 1 for add, negate, ReLU and casts that round or saturate; more for wide lookups; 0 for wiring
/// (shifts, truncations, concatenations).
int logic_levels(const Circuit& circuit, Id id);

}  // namespace snac::circuit
