// FoldedDesign -> Verilog-2001: a pure function to {file name -> text}, as verilog.hpp for unrolled circuits.
#pragma once

#include <cstdint>
#include <span>

#include "snac/circuit/folded.hpp"
#include "snac/codegen/verilog.hpp"

namespace snac::codegen {

/// Files, each named after its module: <top>; per dense layer its multiply-accumulate array <top>_l<number>_<layer> and the circuit
/// behind it, ..._after with its parts; <top>_front for element-wise nodes before the first layer; <top>_multiplier.
/// Ports as verilog() has them, and in_ready: a sample is taken in a cycle with in_valid and in_ready. in_ready is low for
/// initiation_interval - 1 cycles then.
/// Inside a layer: x<element> held inputs, a<slot> operand, w<unit> weights, p<unit>_<slot> product, s<unit>_<level>_<number> sum of
/// products, acc<unit>, y<row> finished sum.
/// @throws ConfigError for an unusable name.
Files verilog(const circuit::FoldedDesign& design, const VerilogParams& params = {});

/// As verilog_testbench for circuits: pass 1 offers vectors without a pause, so that in_ready sets the pace; pass 2 with gaps that are
/// often longer than the interval.
Files verilog_testbench(const circuit::FoldedDesign& design, const VerilogParams& params, std::span<const std::int64_t> inputs,
                        std::span<const std::int64_t> expected);

}  // namespace snac::codegen
