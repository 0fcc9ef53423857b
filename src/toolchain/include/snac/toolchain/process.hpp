// External programs as child processes: no shell, output captured, time limit, killed with all their children.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace snac::toolchain {

struct ProcessParams {
  std::filesystem::path directory;               ///< working directory; must exist
  std::chrono::seconds time_limit{0};            ///< 0 = none
};

struct ProcessResult {
  int exit_code = 0;       ///< 128 + signal if it was killed
  bool timed_out = false;
  double seconds = 0;
  long peak_memory_kib = 0;
  std::string output;      ///< standard output and error, interleaved
};

/// Runs argv[0] (looked up on PATH) and waits. An interrupt (core/interrupt.hpp) kills the child and throws Interrupted.
/// @throws ToolError if the program is not found ("install it with scripts/setup") or cannot be started.
ProcessResult run_process(const std::vector<std::string>& argv, const ProcessParams& params = {});

/// The full path of a program on PATH, or empty.
std::filesystem::path find_program(const std::string& name);

/// A program's first version line, for the record. @throws ToolError if it is not installed.
std::string tool_version(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace snac::toolchain
