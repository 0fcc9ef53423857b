#include "snac/codegen/synthesis_scripts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "snac/core/error.hpp"
#include "verilog_text.hpp"

namespace snac::codegen {
namespace {

/// {0} top, {1} part, {2} list of sources, {3} options of synth_design.
constexpr const char* kVivado = R"(# Out-of-context synthesis in Vivado, in the folder of this file:
#   vivado -mode batch -source {0}_vivado.tcl                  synthesis only
#   vivado -mode batch -source {0}_vivado.tcl -tclargs route   place and route as well
set top {0}
set part {1}
set sources {{
{2}}}

# A part without package and grades stands for the first of its kind that this Vivado knows.
if {{[llength [get_parts -quiet $part]] == 0}} {{
  set kinds [get_parts -quiet "${{part}}*"]
  if {{[llength $kinds] == 0}} {{ error "this Vivado knows no part $part" }}
  set part [lindex $kinds 0]
}}
puts "part: $part"

cd [file dirname [file normalize [info script]]]
read_verilog $sources
read_xdc -mode out_of_context ${{top}}_clock.xdc
synth_design -top $top -part $part -mode out_of_context{3}
report_utilization -file ${{top}}_synth_utilization.rpt
report_utilization -hierarchical -file ${{top}}_synth_hierarchy.rpt
report_timing_summary -file ${{top}}_synth_timing.rpt

if {{[lsearch $argv route] >= 0}} {{
  opt_design
  place_design
  phys_opt_design
  route_design
  report_utilization -file ${{top}}_route_utilization.rpt
  report_timing_summary -file ${{top}}_route_timing.rpt
}}
)";

/// {0} top, {1} device, {2} list of sources.
constexpr const char* kQuartus = R"(# Compilation in Quartus with virtual pins, in the folder of this file:
#   quartus_sh -t {0}_quartus.tcl [device]
# The configuration's target is an AMD part; the device below is a stand-in to be replaced by yours.
package require ::quartus::project
package require ::quartus::flow
set top {0}
set device {1}
if {{[llength $quartus(args)] > 0}} {{ set device [lindex $quartus(args) 0] }}
set sources {{
{2}}}

cd [file dirname [file normalize [info script]]]
project_new ${{top}}_quartus -overwrite
set_global_assignment -name DEVICE $device
set_global_assignment -name TOP_LEVEL_ENTITY $top
foreach source $sources {{ set_global_assignment -name VERILOG_FILE $source }}
set_global_assignment -name SDC_FILE ${{top}}_clock.sdc
foreach port {{rst in_valid in_data out_valid out_data}} {{ set_instance_assignment -name VIRTUAL_PIN ON -to $port }}
foreach bus {{in_data out_data}} {{ set_instance_assignment -name VIRTUAL_PIN ON -to "$bus\[*\]" }}
execute_flow -compile
project_close
# Utilisation: ${{top}}_quartus.fit.rpt; timing: ${{top}}_quartus.sta.rpt
)";

bool is_plain(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
  });
}

void check_plain(const std::string& text, std::string_view extra, const std::string& where) {
  if (is_plain(text, extra) && text.front() != '-') return;
  throw ConfigError(
      "a name is not usable in a synthesis script",
      {.where = where, .found = "'" + as_comment(text) + "'", .expected = fmt::format("letters, digits and any of {}", extra), .hint = {}});
}

}  // namespace

Files synthesis_scripts(const SynthesisScriptParams& params) {
  check_identifier(params.top, "top module");
  check_plain(params.part, "-_", "part");
  check_plain(params.quartus_device, "-_", "Quartus device");
  if (params.sources.empty())
    throw ConfigError("nothing to synthesise", {.where = "scripts", .found = "no source file", .expected = {}, .hint = {}});
  std::string sources;
  for (const std::string& source : params.sources) {
    check_plain(source, "_.-/", "Verilog file");
    sources += "  " + source + "\n";
  }
  if (!(params.clock_ns > 0 && params.clock_ns <= 1e6)) {
    throw ConfigError("not a clock",
                      {.where = "clock", .found = fmt::format("{} ns", params.clock_ns), .expected = "above 0 ns", .hint = {}});
  }
  const std::string clock = fmt::format("create_clock -name clk -period {:.3f} [get_ports clk]\n", params.clock_ns);
  Files files;
  files[params.top + "_vivado.tcl"] = fmt::format(kVivado, params.top, params.part, sources, params.dsp ? "" : " -max_dsp 0");
  files[params.top + "_quartus.tcl"] = fmt::format(kQuartus, params.top, params.quartus_device, sources);
  files[params.top + "_clock.xdc"] = clock;
  files[params.top + "_clock.sdc"] = clock;
  return files;
}

}  // namespace snac::codegen
