// Register placement over the whole circuit with the fewest register bits: private to the scheduler.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

struct RetimingLimits {
  std::size_t max_constraints = 4'000'000;  ///< pairs of nodes that cannot share a stage
};

/// `stage`: the earliest legal stages on entry, on return those with the fewest register bits, counted bit by bit as `map_bits` does
/// (equal bits share registers), among all schedules of the same latency. `delay`: per node, at most `limit`.
/// @returns false, with nothing changed, if the circuit has more constraints than the limits allow.
bool retime(const Circuit& circuit, const std::vector<int>& delay, int limit, int latency, std::vector<std::int32_t>& stage,
            const RetimingLimits& limits = {});

}  // namespace snac::circuit
