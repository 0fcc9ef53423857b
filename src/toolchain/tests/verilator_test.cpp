#include "snac/toolchain/verilator.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace {

/// A register with a small test bench in front of it that reports what its `report` task is told.
std::string bench(const std::string& result_line) {
  return R"(`timescale 1ns/1ps
module device(input clk, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) q <= d + 8'd1;
endmodule
module testbench;
  reg clk = 0;
  reg [7:0] d = 41;
  wire [7:0] q;
  integer bad = 0;
  device dut(.clk(clk), .d(d), .q(q));
  always #5 clk = ~clk;
  initial begin
    @(posedge clk); #1;
    if (q !== 8'd42) bad = 1;
    )" + result_line +
         R"(
    $finish;
  end
endmodule
)";
}

constexpr const char* kResult = "$display(\"SNAC_RESULT vectors=1 mismatches=%0d latency=1 ii=1\", bad);";

using Simulator = SimulationResult (*)(const SimulationParams&);

class Simulation : public testing::Test {
 protected:
  SimulationParams params(const std::string& verilog) {
    write_file_atomically(folder_.path() / "all.v", verilog);
    return {.sources = {"all.v"}, .directory = folder_.path(), .time_limit = std::chrono::seconds(100)};
  }
  TemporaryDirectory folder_;
};

TEST_F(Simulation, both_simulators_run_the_test_bench_and_leave_its_folder_clean) {
  const std::filesystem::path folder = folder_.path() / "my network";  // blanks in names are usual
  write_file_atomically(folder / "all.v", bench(kResult));
  for (const Simulator simulate : {&simulate_with_icarus, &simulate_with_verilator}) {
    const auto result = simulate({.sources = {"all.v"}, .directory = folder});
    EXPECT_TRUE(result.passed) << result.log;
    EXPECT_EQ(result.vectors, 1);
    EXPECT_EQ(result.mismatches, 0);
    EXPECT_EQ(result.latency_cycles, 1);
    EXPECT_EQ(result.initiation_interval, 1);
    EXPECT_GT(result.seconds, result.compile_seconds);
    EXPECT_NE(result.tool.find(simulate == &simulate_with_icarus ? "Icarus Verilog" : "Verilator"), std::string::npos) << result.tool;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(Simulation, mismatches_are_a_result_that_has_not_passed) {
  const auto result = simulate_with_icarus(params(bench("$display(\"SNAC_RESULT vectors=10 mismatches=3 latency=4 ii=1\");")));
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.mismatches, 3);
}

TEST_F(Simulation, a_bench_without_a_result_line_is_a_tool_error) {
  EXPECT_THROW(simulate_with_icarus(params(bench("$display(\"done\");"))), ToolError);
}

TEST_F(Simulation, wrong_verilog_is_a_tool_error_that_quotes_the_compiler) {
  for (const Simulator simulate : {&simulate_with_icarus, &simulate_with_verilator}) {
    try {
      simulate(params("module testbench; initial nonsense(; endmodule"));
      FAIL() << "expected a ToolError";
    } catch (const ToolError& error) {
      EXPECT_NE(error.text().found.find("all.v"), std::string::npos) << error.what();
    }
  }
}

TEST_F(Simulation, verilator_refuses_a_sum_that_is_cut_by_accident) {
  EXPECT_THROW(simulate_with_verilator(
                   params("module testbench; wire [7:0] a = 8'd200; wire [6:0] b = a + a; initial $display(\"%d\", b); endmodule")),
               ToolError);
}

TEST_F(Simulation, a_bench_that_never_ends_runs_out_of_time) {
  auto endless = params("module testbench; reg c = 0; always #5 c = ~c; endmodule");
  endless.time_limit = std::chrono::seconds(1);
  EXPECT_THROW(simulate_with_icarus(endless), ToolError);
}

TEST_F(Simulation, a_missing_source_and_names_like_options_are_refused) {
  auto missing = params("");
  missing.sources.push_back("missing.v");
  EXPECT_THROW(simulate_with_icarus(missing), ToolError);
  missing.sources = {"-v"};
  EXPECT_THROW(simulate_with_verilator(missing), ConfigError);
  missing.sources = {};
  EXPECT_THROW(simulate_with_verilator(missing), ConfigError);
}

TEST(ResultLine, the_last_well_formed_line_counts) {
  const std::string good = "noise\nSNAC_RESULT vectors=5 mismatches=0 latency=7 ii=1\n";
  EXPECT_EQ(parse_result_line(good), (ResultLine{5, 0, 7, 1}));
  EXPECT_EQ(parse_result_line(good + "SNAC_RESULT vectors=6 mismatches=1 latency=7 ii=2\r\n"), (ResultLine{6, 1, 7, 2}));
}

TEST(ResultLine, anything_else_is_none) {
  for (const std::string line :
       {"", "SNAC_RESULT", "SNAC_RESULT vectors=5 mismatches=0 latency=7", "SNAC_RESULT vectors=x mismatches=0 latency=7 ii=1",
        "SNAC_RESULT vectors=5 mismatches=-1 latency=7 ii=1", "SNAC_RESULT vectors=5 mismatches=0 latency=7 ii=1 more",
        "SNAC_RESULT vectors=99999999999999999999 mismatches=0 latency=7 ii=1", "XSNAC_RESULT vectors=5 mismatches=0 latency=7 ii=1"}) {
    EXPECT_FALSE(parse_result_line(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace snac::toolchain
