// Pipeline scheduling: which stage computes each node. Latency and initiation interval are exact, not estimated.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

struct ScheduleParams {
  int adders_per_stage = 2;  ///< adder levels between two registers, >= 1; casts that add or compare count as a level, wiring does not
};

/// Registers stand between stages, after the last stage, but not at the input:
/// a result appears `latency` clock edges after its input was taken; a new input may come every cycle.
struct Schedule {
  std::vector<std::int32_t> stage;  ///< per node: the stage that computes it, from 0
  int latency = 0;                  ///< cycles from in_valid to out_valid, >= 1
  int initiation_interval = 1;
  std::int64_t register_bits = 0;   ///< data bits of all pipeline registers, valid bits included
};

/// As soon as possible, then values that are narrower before their operation than after it are moved later where no
/// register is added by it.
Schedule schedule(const Circuit& circuit, const ScheduleParams& params);

/// Levels of logic a node adds: 1 for add, negate and rounding or saturating casts and lookups, 0 for wiring.
int logic_levels(const Circuit& circuit, Id id);

}  // namespace snac::circuit
