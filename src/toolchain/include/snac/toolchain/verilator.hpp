// Simulation of generated Verilog with Verilator (fast, compiled) or Icarus Verilog (no compiler needed).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "snac/toolchain/process.hpp"

namespace snac::toolchain {

struct SimulationResult {
  bool passed = false;          ///< the test bench printed its result line with no mismatch and nothing else went wrong
  std::int64_t vectors = 0;     ///< compared
  std::int64_t mismatches = 0;  ///< vectors with a wrong result, results that never came and results nobody asked for
  int latency_cycles = 0;       ///< measured by the test bench
  int initiation_interval = 0;  ///< measured
  std::string tool;             ///< "Verilator 5.006 ..."
  double seconds = 0;           ///< compilation and simulation
  double compile_seconds = 0;
  std::string log;
  std::map<std::int64_t, std::string> found;  ///< wrong vectors: number -> the bus in hexadecimal as it came instead
};

struct SimulationParams {
  std::string top = "testbench";          ///< self-checking Verilog test bench (codegen/verilog.hpp)
  std::vector<std::string> sources;       ///< file names inside `directory`
  std::filesystem::path directory;        ///< must exist; the simulation runs there and builds in a temporary folder
  std::chrono::seconds time_limit{1800};  ///< for compilation and simulation together
  int jobs = 0;                           ///< parallel C++ compilations; 0 = as many as the machine has threads
};

/// The test bench ends with a line "SNAC_RESULT vectors=V mismatches=M latency=L ii=I".
/// Mismatches are a result, not an exception.
/// @throws ToolError if the tool is missing, fails to compile the sources or prints no result line (log tail in the message).
SimulationResult simulate_with_verilator(const SimulationParams& params);
SimulationResult simulate_with_icarus(const SimulationParams& params);

/// The numbers of the last well-formed result line of a log, if there is one.
struct ResultLine {
  std::int64_t vectors = 0, mismatches = 0;
  int latency = 0, initiation_interval = 0;
  bool operator==(const ResultLine&) const = default;
};
std::optional<ResultLine> parse_result_line(const std::string& log);

}  // namespace snac::toolchain
