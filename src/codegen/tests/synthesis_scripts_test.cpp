#include "snac/codegen/synthesis_scripts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "../../circuit/tests/random_net.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/core/error.hpp"

namespace snac::codegen {
namespace {

bool has_line(const std::string& text, const std::string& wanted) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line == wanted) return true;
  }
  return false;
}

TEST(SynthesisScripts, name_the_part_the_clock_and_every_file) {
  const auto circuit = circuit::lower(circuit::testing::mlp_net({6, 8, 3}, 0.4, 2));
  const Files verilog_files = verilog(circuit, circuit::schedule(circuit), {.top = "jets", .max_module_nodes = 30});
  const Files scripts =
      synthesis_scripts({.top = "jets", .sources = source_names(verilog_files), .part = "xcvu13p-flga2577-2-e", .clock_ns = 2.5});
  ASSERT_EQ(scripts.size(), 4U);
  EXPECT_EQ(scripts.at("jets_clock.xdc"), "create_clock -name clk -period 2.500 [get_ports clk]\n");
  EXPECT_EQ(scripts.at("jets_clock.sdc"), scripts.at("jets_clock.xdc"));
  const std::string &vivado = scripts.at("jets_vivado.tcl"), &quartus = scripts.at("jets_quartus.tcl");
  EXPECT_TRUE(has_line(vivado, "set part xcvu13p-flga2577-2-e")) << vivado;
  EXPECT_TRUE(has_line(vivado, "synth_design -top $top -part $part -mode out_of_context -max_dsp 0")) << vivado;
  EXPECT_TRUE(has_line(vivado, "read_xdc -mode out_of_context ${top}_clock.xdc")) << vivado;
  EXPECT_TRUE(has_line(vivado, "report_utilization -file ${top}_synth_utilization.rpt")) << vivado;
  EXPECT_TRUE(has_line(vivado, "report_timing_summary -file ${top}_synth_timing.rpt")) << vivado;
  EXPECT_TRUE(has_line(quartus, "set_global_assignment -name SDC_FILE ${top}_clock.sdc")) << quartus;
  ASSERT_GT(source_names(verilog_files).size(), 3U);
  for (const std::string& source : source_names(verilog_files)) {
    EXPECT_TRUE(has_line(vivado, "  " + source)) << source;
    EXPECT_TRUE(has_line(quartus, "  " + source)) << source;
  }
}

TEST(SynthesisScripts, braces_and_brackets_are_balanced) {
  const Files scripts = synthesis_scripts({.sources = {"snac_top.v"}, .part = "xc7z020"});
  for (const auto& [name, text] : scripts) {
    for (const auto& [open, close] : {std::pair{'{', '}'}, std::pair{'[', ']'}}) {
      EXPECT_EQ(std::count(text.begin(), text.end(), open), std::count(text.begin(), text.end(), close)) << name;
    }
    EXPECT_EQ(text.find("{{"), std::string::npos) << name;
  }
}

TEST(SynthesisScripts, what_a_script_would_misread_is_refused) {
  const SynthesisScriptParams good{.sources = {"snac_top.v"}, .part = "xcvu13p"};
  const auto refused = [&](auto&& change) {
    SynthesisScriptParams params = good;
    change(params);
    EXPECT_THROW(synthesis_scripts(params), ConfigError);
  };
  EXPECT_NO_THROW(synthesis_scripts(good));
  refused([](auto& p) { p.part = "xcvu13p; exec rm"; });
  refused([](auto& p) { p.part = ""; });
  refused([](auto& p) { p.sources = {}; });
  refused([](auto& p) { p.sources = {"[exec ls].v"}; });
  refused([](auto& p) { p.top = "my top"; });
  refused([](auto& p) { p.clock_ns = 0; });
  refused([](auto& p) { p.quartus_device = "$x"; });
}

}  // namespace
}  // namespace snac::codegen
