// The circuit's interpreter: evaluates every node on integers; checks in passing that no value leaves its range.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

/// Raw inputs (rows, inputs) -> raw outputs (rows, outputs).
/// @throws std::logic_error if a value leaves its node's range: a defect of a pass.
std::vector<std::int64_t> simulate(const Circuit& circuit, std::span<const std::int64_t> inputs, int threads = 1);

}  // namespace snac::circuit
