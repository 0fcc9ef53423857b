// The folded design's Verilog against FixedNet, in Icarus Verilog and Verilator, with exact latency and interval.
#include "snac/codegen/folded_verilog.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "../../circuit/tests/random_net.hpp"
#include "rtl.hpp"
#include "snac/core/error.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/toolchain/process.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::codegen {
namespace {

using circuit::FoldedDesign;
using circuit::FoldedParams;
using circuit::Multiplier;
using circuit::testing::between;
using circuit::testing::mlp_net;
using fixed::FixedNet;
using fixed::FixedType;

toolchain::SimulationResult simulated(const FixedNet& net, const FoldedDesign& design, const std::vector<std::int64_t>& inputs,
                                      Simulator simulate, const std::string& from = {}, const std::string& to = {}) {
  Files files = verilog(design, {.top = "folded"});
  if (!from.empty()) {
    std::size_t places = 0;
    for (auto& [name, text] : files) {
      for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
        ++places;
      }
    }
    EXPECT_GT(places, 0U);
  }
  Rtl rtl;
  rtl.write(files);
  rtl.write(verilog_testbench(design, {.top = "folded"}, inputs, fixed::run(net, inputs)));
  return simulate(rtl.simulation);
}

void expect_exact(const FixedNet& net, const FoldedParams& params, Rng& rng, std::size_t rows, Simulator simulate) {
  const FoldedDesign design = circuit::fold(net, params);
  const auto inputs = circuit::testing::random_inputs(rng, net.input, rows);
  const auto result = simulated(net, design, inputs, simulate);
  EXPECT_TRUE(result.passed) << result.log;
  EXPECT_EQ(result.vectors, static_cast<std::int64_t>(rows));
  EXPECT_EQ(result.latency_cycles, design.latency);
  EXPECT_EQ(result.initiation_interval, design.initiation_interval);
}

TEST(FoldedVerilog, random_networks_are_exact_in_icarus) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = Rng::stream(seed, "folded verilog");
    const FixedNet net = circuit::testing::random_net(rng, 6);
    const FoldedParams params{.reuse_factor = seed % 8 == 0 ? 1000 : between(rng, 1, 12),
                              .adders_per_stage = between(rng, 1, 3),
                              .multiplier = rng.chance(0.5) ? Multiplier::dsp : Multiplier::lut,
                              .block_rom_depth = between(rng, 2, 20)};
    expect_exact(net, params, rng, 50, &toolchain::simulate_with_icarus);
  }
}

TEST(FoldedVerilog, every_way_of_sharing_is_exact_in_icarus) {
  Rng rng = Rng::stream(1, "sharing");
  const FixedNet net = mlp_net({9, 12, 5}, 0.5, 6);
  for (const int reuse : {1, 2, 4, 5, 9, 12, 18, 40, 108, 600}) {
    SCOPED_TRACE(fmt::format("reuse factor {}", reuse));
    expect_exact(net, {.reuse_factor = reuse, .adders_per_stage = 1 + reuse % 2}, rng, 60, &toolchain::simulate_with_icarus);
  }
}

TEST(FoldedVerilog, perceptrons_are_exact_in_verilator) {
  Rng rng = Rng::stream(2, "verilator");
  expect_exact(mlp_net({16, 24, 12, 5}, 0.5, 3), {.reuse_factor = 4}, rng, 3000, &toolchain::simulate_with_verilator);
  expect_exact(mlp_net({16, 24, 12, 5}, 0.5, 3), {.reuse_factor = 33, .block_rom_depth = 24}, rng, 3000,
               &toolchain::simulate_with_verilator);
}

TEST(FoldedVerilog, random_networks_are_exact_in_verilator) {
  for (std::uint64_t seed = 100; seed < 103; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = Rng::stream(seed, "folded verilog");
    expect_exact(circuit::testing::random_net(rng, 7), {.reuse_factor = between(rng, 2, 9), .block_rom_depth = 8}, rng, 500,
                 &toolchain::simulate_with_verilator);
  }
}

TEST(FoldedVerilog, generated_text_passes_the_lint) {
  for (const int reuse : {3, 20}) {
    const Files files = verilog(circuit::fold(mlp_net({7, 9, 4}, 0.3, 2), {.reuse_factor = reuse, .block_rom_depth = 9 + reuse % 2}), {});
    Rtl rtl;
    rtl.write(files);
    std::vector<std::string> command{"verilator", "--lint-only", "-Wall", "-Wno-UNUSED", "--top-module", "snac_top"};
    for (const std::string& name : source_names(files)) command.push_back(name);
    const auto result = toolchain::run_process(command, {.directory = rtl.folder.path()});
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_EQ(result.output.find("%Warning"), std::string::npos) << result.output;
  }
}

TEST(FoldedVerilog, a_single_vector_measures_latency_and_interval) {
  Rng rng(1);
  expect_exact(mlp_net({4, 3}, 0, 1), {.reuse_factor = 3}, rng, 1, &toolchain::simulate_with_icarus);
}

class FaultyFolded : public testing::Test {
 protected:
  FaultyFolded() : net_(mlp_net({6, 5, 3}, 0, 8)), design_(circuit::fold(net_, {.reuse_factor = 3})) {
    Rng rng(7);
    inputs_ = circuit::testing::random_inputs(rng, net_.input, 200);
  }
  toolchain::SimulationResult run(const std::string& from = {}, const std::string& to = {}) {
    return simulated(net_, design_, inputs_, &toolchain::simulate_with_icarus, from, to);
  }
  FixedNet net_;
  FoldedDesign design_;
  std::vector<std::int64_t> inputs_;
};

TEST_F(FaultyFolded, an_input_taken_too_early_spoils_results) {
  EXPECT_TRUE(run().passed);
  EXPECT_FALSE(run("assign in_ready = pause == 2'd0", "assign in_ready = pause <= 2'd1").passed);
}

TEST_F(FaultyFolded, a_longer_pause_changes_the_measured_interval) {
  const auto result = run("taken_valid ? 2'd2", "taken_valid ? 2'd3");
  EXPECT_TRUE(result.passed) << result.log;
  EXPECT_EQ(result.initiation_interval, 4);
}

TEST_F(FaultyFolded, a_vector_taken_in_reset_is_found) {
  const auto result = run("busy <= !rst && (", "busy <= (");
  EXPECT_FALSE(result.passed);
  EXPECT_NE(result.log.find("valid after reset"), std::string::npos) << result.log;
}

/// The estimate that users see before synthesis. Measured with Yosys 0.23.
TEST(FoldedSynthesis, resources_agree_with_the_estimate) {
  struct Case {
    std::vector<int> widths;
    FoldedParams params;
  };
  for (const Case& each :
       {Case{{16, 16, 5}, {.reuse_factor = 4}}, Case{{16, 16, 5}, {.reuse_factor = 64}},
        Case{{12, 8, 5}, {.reuse_factor = 4, .multiplier = Multiplier::lut}}, Case{{40, 20, 5}, {.reuse_factor = 400}}}) {
    const FoldedDesign design = circuit::fold(mlp_net(each.widths, 0.4, 7), each.params);
    const circuit::FoldedCost cost = circuit::folded_cost(design);
    Rtl rtl;
    const Files files = verilog(design);
    rtl.write(files);
    const auto result = toolchain::synthesize_with_yosys({.top = "snac_top",
                                                          .sources = source_names(files),
                                                          .directory = rtl.folder.path(),
                                                          .dsp = each.params.multiplier == Multiplier::dsp,
                                                          .block_ram = true});
    std::cout << fmt::format(
        "R={} {}: {} multipliers: LUT {} in Yosys, {:.0f} estimated ({:+.1f} %); FF {} + {} SRL, {:.0f} ({:+.1f} %); DSP {}, {:.0f}; "
        "BRAM18 {}, {:.0f}; {:.1f} s\n",
        each.params.reuse_factor, each.params.multiplier == Multiplier::dsp ? "DSP" : "LUT", design.multipliers, result.lut, cost.lut,
        100 * (cost.lut / static_cast<double>(result.lut) - 1), result.ff, result.srl, cost.ff,
        100 * (cost.ff / static_cast<double>(result.ff) - 1), result.dsp, cost.dsp, result.bram18, cost.bram18, result.seconds);
    EXPECT_NEAR(cost.lut / static_cast<double>(result.lut), 1.0, 0.1);
    EXPECT_NEAR(cost.ff / static_cast<double>(result.ff + result.srl), 1.0, 0.05);
    EXPECT_EQ(static_cast<double>(result.dsp), cost.dsp);
    EXPECT_EQ(static_cast<double>(result.bram18), cost.bram18);
  }
}

TEST(FoldedVerilog, names_that_verilog_does_not_know_are_refused) {
  const FoldedDesign design = circuit::fold(mlp_net({2, 2}, 0, 1), {});
  for (const std::string top : {"", "1st", "module", "testbench", "a-b"}) {
    EXPECT_THROW(verilog(design, {.top = top}), ConfigError) << top;
  }
}

}  // namespace
}  // namespace snac::codegen
