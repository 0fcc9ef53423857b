// What somebody who builds the Verilog into a design has to know of it: how features become bits, what comes out, and when.
#pragma once

#include <string>

#include "snac/flow/design.hpp"

namespace snac::flow {

/// Markdown, the README.md of a Verilog project: latency and interval, a row for every element of in_data (bits, type, feature, scaling)
/// and of out_data (bits, type, class), the formula from a feature to its integer, and the commands that simulate and synthesise.
/// Features are numbered without names and scaling if the network does not say how they were made.
/// `top` names the Verilog module and its files; `test_bench`: testbench.v and its vectors are there.
std::string hardware_page(const fixed::FixedNet& net, const Design& design, const std::string& title, const std::string& top,
                          bool test_bench);

}  // namespace snac::flow
