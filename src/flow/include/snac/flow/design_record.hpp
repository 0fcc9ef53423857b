// Where a design spends its resources and when its layers work: what a report shows of a circuit.
#pragma once

#include "snac/core/json.hpp"
#include "snac/flow/design.hpp"

namespace snac::flow {

/// {"source", "lut", "ff", "dsp", "bram18", "latency_cycles", "initiation_interval", "layers", "stages"}.
/// A layer: {"name", "lut", "ff", "dsp", "bram18", "first_cycle", "last_cycle"} (estimates of the named source; the layers' figures add up
/// to the design's), unrolled also "srl" and "operations" (adders, choices and look-ups per cycle, from first_cycle on); folded also
/// "reuse_factor" and "multipliers".
/// A stage (unrolled only), in order: {"register_bits" (carried to the next), "delay_ns" (by the delay model, no timing analysis)}.
Json design_record(const Design& design, const StudyConfig& config);

}  // namespace snac::flow
