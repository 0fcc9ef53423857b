// Scripts that synthesise the Verilog project in vendor tools (toolchain/vendor.hpp runs them). No vendor tool is at hand where snac is
// built and tested, so only their content is tested.
#pragma once

#include <string>
#include <vector>

#include "snac/codegen/verilog.hpp"

namespace snac::codegen {

struct SynthesisScriptParams {
  std::string top = "snac_top";
  std::vector<std::string> sources;  ///< Verilog files beside the scripts; without the test bench
  std::string part;                  ///< AMD part, with or without package and grades: "xcvu13p", "xcvu13p-flga2577-2-e"
  double clock_ns = 5;
  bool dsp = false;                                 ///< false: Vivado is told to use no DSP slice
  std::string quartus_device = "10AX115N2F45E1SG";  ///< Arria 10 GX 1150, the speed grade of published trigger figures
};

/// <top>_vivado.tcl: synth_design out of context, without DSP blocks unless asked for, utilisation and timing reports; with `-tclargs
/// route` place and route as well. <top>_quartus.tcl: compilation with virtual pins. <top>_clock.xdc and .sdc: the clock.
/// @throws ConfigError for a name or part that a script would misread, or a clock that is not positive.
Files synthesis_scripts(const SynthesisScriptParams& params);

}  // namespace snac::codegen
