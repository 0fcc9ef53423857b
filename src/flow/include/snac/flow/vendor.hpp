// Synthesis of a network in vendor tools: writes what the tool takes, runs it, reads its reports.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snac/core/fields.hpp"
#include "snac/core/json.hpp"
#include "snac/flow/hls.hpp"
#include "snac/toolchain/vendor.hpp"

namespace snac::flow {

class Design;

struct VendorConfig {
  bool route = false;                                    ///< Vivado: place and route as well
  std::vector<std::string> hls_steps{"csim", "csynth"};  ///< Vitis HLS: also cosim, export, vsynth
  std::string quartus_device;                            ///< "" = the scripts' own
  double time_limit_s = 14400;                           ///< of a run; 0 = none
  int memory_limit_mib = 0;                              ///< of a run; 0 = none
  std::string cache;                                     ///< "" = cache/vendor in the study's or output folder
};

void describe(Fields& fields, VendorConfig& config);
/// @throws ConfigError for steps that do not exist or lack C synthesis. `where`: file and section.
void check(const VendorConfig& config, const std::string& where);

/// The vendor tools among the names of synth.tools, in their order.
std::vector<toolchain::VendorTool> vendor_tools(const std::vector<std::string>& tools);

/// @throws ToolError naming what was looked for, before any work, if a tool or what its steps need is not on PATH.
void require_vendor_tool(toolchain::VendorTool tool, const VendorConfig& config, const std::string& where);

/// What the scripts for vendor tools are made for.
struct ScriptTarget {
  std::string part;  ///< empty = no scripts
  double clock_ns = 5;
  std::string quartus_device = {};  ///< empty = the scripts' own
};

struct VendorJob {
  std::string folder;  ///< the project and the reports go to <folder>/<tool>
  ScriptTarget target;
  VendorConfig config;
  std::string cache;                                   ///< folder; empty = none
  HlsJob hls = {};                                     ///< Vitis HLS: what is synthesised
  std::function<void(std::string_view)> on_line = {};  ///< gets the tool's log
};

/// Runs one tool on the network. The test bench of an HLS project compares `expected`.
/// @returns the record: `tool` ("Vivado 2023.2"), `source` ("Vivado 2023.2, routed"), `command`, `seconds`, `peak_memory_kib`, the figures
/// that its reports have (`lut`, `ff`, `dsp`, `bram18`, ..., `period_ns`, `wns_ns`, `achieved_mhz`, cycles) and the reports themselves
/// (`utilization`, `timing`, `csynth`, `cosim`). What a report does not say is not there.
/// @throws ToolError, Interrupted (toolchain/vendor.hpp); DataError for a report that cannot be read.
Json synthesize_with_vendor(toolchain::VendorTool tool, const fixed::FixedNet& net, const Design& design, const VendorJob& job,
                            std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);

/// One line for people about timing: "Vivado 2023.2, routed: worst slack -0.250 ns at 2.5 ns, 363.6 MHz". Empty without such figures.
std::string timing_text(const Json& record);

}  // namespace snac::flow
