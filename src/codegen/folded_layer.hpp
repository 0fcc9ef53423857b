// The multiply-accumulate array of a folded layer as Verilog. Private to the Verilog printers.
#pragma once

#include <string>

#include "snac/circuit/folded.hpp"

namespace snac::codegen {

/// Module `module`: clk, rst, in_valid, in_data (the layer's input vector), out_valid, out_data (the rows' sums as the circuit behind
/// the layer reads them).
std::string layer_text(const circuit::FoldedLayer& layer, const std::string& module, const std::string& multiplier);

/// The module of one multiplier with a register behind it.
std::string multiplier_text(const std::string& module, circuit::Multiplier kind);

}  // namespace snac::codegen
