#include <fmt/format.h>

#include "hls_plan.hpp"

namespace snac::codegen {
namespace {

/// {0} top, {1} part, {2} clock period in ns, {3} uncertainty in percent of it.
constexpr const char* kProject = R"(# What the scripts of this project work on.
set top {0}
set part {1}
set clock_period {2}
set clock_uncertainty {3}%
# Vectors of the co-simulation; it takes long for each.
set cosim_vectors 100
)";

constexpr const char* kBuild = R"(# Vitis HLS:  vitis_hls -f build_hls.tcl    or    vitis-run --mode hls --tcl build_hls.tcl
# Vivado HLS: vivado_hls -f build_hls.tcl
# The environment variable SNAC_HLS_STEPS chooses the steps, for instance SNAC_HLS_STEPS="csim csynth cosim export vsynth".
set here [file dirname [file normalize [info script]]]
cd $here
source project.tcl
set steps {{csim csynth}}
if {{[info exists ::env(SNAC_HLS_STEPS)]}} {{ set steps [regexp -all -inline {{[^ ,]+}} $::env(SNAC_HLS_STEPS)] }}
foreach step $steps {{
  if {{[lsearch -exact {{csim csynth cosim export vsynth}} $step] < 0}} {{
    error "SNAC_HLS_STEPS: unknown step '$step'; known: csim csynth cosim export vsynth"
  }}
}}
proc wanted {{step}} {{ expr {{[lsearch -exact $::steps $step] >= 0}} }}

open_project -reset ${{top}}_prj
set_top $top
add_files firmware/{0}.cpp -cflags "-std=c++0x"
add_files -tb {0}_test.cpp -cflags "-std=c++0x"
add_files -tb tb_data
# Vivado HLS has no flow targets.
if {{[catch {{open_solution -reset -flow_target vivado solution1}}]}} {{ open_solution -reset solution1 }}
set_part $part
create_clock -period $clock_period -name default
set_clock_uncertainty $clock_uncertainty default
# Tools differ in these options; where one is unknown its default will do.
catch {{config_array_partition -maximum_size 65536}}
catch {{config_compile -name_max_length 80}}
if {{[wanted csim]}} {{ csim_design }}
if {{[wanted csynth]}} {{ csynth_design }}
if {{[wanted cosim]}} {{ cosim_design -rtl verilog -argv $cosim_vectors }}
if {{[wanted export]}} {{ export_design -format ip_catalog -version 1.0.0 }}
if {{[wanted vsynth]}} {{ exec vivado -mode batch -source vivado_synth.tcl >@ stdout 2>@ stderr }}
exit
)";

constexpr const char* kVivado = R"(# Logic synthesis of the Verilog that C synthesis wrote: vivado -mode batch -source vivado_synth.tcl
source project.tcl
add_files ${top}_prj/solution1/syn/verilog
read_xdc -mode out_of_context clock.xdc
synth_design -top $top -part $part -mode out_of_context
opt_design
report_utilization -file vivado_synth.rpt
report_timing_summary -file vivado_timing.rpt
)";

constexpr const char* kShell = R"sh(#!/bin/sh
# C simulation with a plain C++ compiler: sh build.sh [vectors]
# AP_TYPES=<folder> takes the vendor's ap_fixed.h, ap_int.h and hls_stream.h from there; CXX chooses the compiler.
set -eu
cd "$(dirname "$0")"
${{CXX:-g++}} -std=c++14 -O1 -Wall -Wextra -Wno-unknown-pragmas ${{AP_TYPES:+-I "$AP_TYPES"}} -I ap_types \
  firmware/{0}.cpp {0}_test.cpp -o csim.out
./csim.out "$@"
)sh";

std::string readme(const HlsPlan& plan) {
  const HlsParams& p = plan.params;
  std::string text = fmt::format(
      "# {0}\n\nAn HLS project of a fixed-point network: {1} interface, {2} strategy, part {3}, clock {4} ns.\n\n"
      "| step | command |\n|---|---|\n"
      "| C simulation, no vendor tool | `sh build.sh` |\n"
      "| C simulation with the vendor's headers | `AP_TYPES=/path/to/include sh build.sh` |\n"
      "| C simulation and synthesis | `vitis_hls -f build_hls.tcl`, `vitis-run --mode hls --tcl build_hls.tcl` or `vivado_hls -f "
      "build_hls.tcl` |\n"
      "| all steps | `SNAC_HLS_STEPS=\"csim csynth cosim export vsynth\"` in front of it |\n\n"
      "The test bench compares raw integers with `tb_data/expected.dat` and fails on a difference.\n\n"
      "| layer | node | inputs | outputs | reuse factor | weight | accumulator |\n|---|---|---|---|---|---|---|\n",
      p.top, plan.is_stream() ? "stream" : "parallel", p.strategy == HlsStrategy::latency ? "latency" : "resource", p.part, p.clock_ns);
  for (const HlsNode& node : plan.nodes) {
    const auto* dense = std::get_if<fixed::DenseOp>(&node.node->op);
    if (!dense) continue;
    text += fmt::format("| layer{} | {} | {} | {} | {} | `{}` | `{}` |\n", node.value, as_safe_comment(node.node->name), dense->inputs,
                        dense->outputs, node.dense->reuse_factor, type_text(node.dense->weight), type_text(node.dense->accumulator));
  }
  if (p.strategy == HlsStrategy::resource) {
    text += fmt::format(
        "\nAsked for: reuse factor {}. Each layer has the nearest legal one: a divisor of its inputs, or its inputs times a divisor of its "
        "outputs.\n",
        p.reuse_factor);
  }
  return text;
}

}  // namespace

Files hls_scripts(const HlsPlan& plan) {
  const HlsParams& p = plan.params;
  Files files;
  files["project.tcl"] = fmt::format(kProject, p.top, p.part, p.clock_ns, p.clock_uncertainty_percent);
  files["build_hls.tcl"] = fmt::format(kBuild, p.top);
  files["vivado_synth.tcl"] = kVivado;
  files["clock.xdc"] = fmt::format("create_clock -period {} -name ap_clk [get_ports ap_clk]\n", p.clock_ns);
  files["build.sh"] = fmt::format(kShell, p.top);
  files["README.md"] = readme(plan);
  return files;
}

}  // namespace snac::codegen
