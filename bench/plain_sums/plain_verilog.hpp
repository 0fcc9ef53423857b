// A dense network as one writes it by hand: every sum as products with constants, left to the synthesiser.
#pragma once

#include <string>

#include "snac/fixed/fixed_net.hpp"

namespace snac::bench {

/// One module with the ports of codegen::verilog, one register stage per layer. Products and sums have exact widths.
/// @throws DataError for node kinds other than dense and ReLU, and for modes other than TRN or RND and WRAP or SAT.
std::string plain_verilog(const fixed::FixedNet& net, const std::string& top);

/// Register stages of that module.
int plain_latency(const fixed::FixedNet& net);

}  // namespace snac::bench
