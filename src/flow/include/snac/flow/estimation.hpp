// Estimates before training: what a study's target means for a network that has no weights yet.
#pragma once

#include "snac/cost/surrogate_rows.hpp"
#include "snac/flow/config.hpp"

namespace snac::flow {

/// The target as estimators know it. They know pipelining by levels only: with a clock period, as many adder levels per stage as 12-bit
/// adders fit into it.
cost::HardwareTarget hardware_target(const TargetConfig& target);

}  // namespace snac::flow
