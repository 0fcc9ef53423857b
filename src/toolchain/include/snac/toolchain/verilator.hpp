// Simulation of generated Verilog with Verilator (fast, compiled) or Icarus Verilog (no compiler needed).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "snac/toolchain/process.hpp"

namespace snac::toolchain {

struct SimulationResult {
  bool passed = false;     ///< the test bench printed its pass line and nothing else went wrong
  std::int64_t vectors = 0;     ///< compared
  std::int64_t mismatches = 0;
  int latency_cycles = 0;  ///< measured by the test bench
  int initiation_interval = 0;  ///< measured
  std::string tool;        ///< "Verilator 5.006 ..."
  double seconds = 0;
  std::string log;
};

struct SimulationParams {
  std::string top = "testbench";             ///< self-checking Verilog test bench (codegen/verilog.hpp)
  std::vector<std::string> sources;          ///< file names inside `directory`
  std::filesystem::path directory;
  std::chrono::seconds time_limit{1800};
};

/// The test bench ends with a line "SNAC_RESULT vectors=V mismatches=M latency=L ii=I".
/// @throws ToolError if the tool is missing, fails to compile the sources or prints no result line (log tail in the message).
SimulationResult simulate_with_verilator(const SimulationParams& params);
SimulationResult simulate_with_icarus(const SimulationParams& params);

}  // namespace snac::toolchain
