// External programs as child processes: no shell, output captured, time limit, killed with all their children.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace snac::toolchain {

struct ProcessParams {
  std::filesystem::path directory = {};                               ///< working directory; must exist; empty = ours
  std::chrono::milliseconds time_limit{0};                            ///< 0 = none
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< set on top of ours
  long memory_limit_kib = 0;                                          ///< resident memory of the whole process group; 0 = none
  std::size_t output_limit = std::size_t{64} << 20;                   ///< bytes kept: the first and the last half of a longer output
  std::function<void(std::string_view)> on_output = {};               ///< gets every block of the output as it comes; lines may be cut
};

struct ProcessResult {
  int exit_code = 0;  ///< 128 + signal if it was killed
  bool timed_out = false;
  bool out_of_memory = false;  ///< killed at the memory limit
  double seconds = 0;
  long peak_memory_kib = 0;  ///< largest resident set of the program or of one of its children
  std::string output;        ///< standard output and error, interleaved
};

/// Runs argv[0] (looked up on PATH) in its own process group and waits; its standard input is empty. What it leaves running
/// in the background is killed. An interrupt (core/interrupt.hpp) kills the child and throws Interrupted.
/// @throws ToolError if the program is not found ("install it with scripts/setup") or cannot be started.
ProcessResult run_process(const std::vector<std::string>& argv, const ProcessParams& params = {});

/// The full path of a program on PATH, or empty. A name with a slash is taken as it stands.
std::filesystem::path find_program(const std::string& name);

/// A program's first version line, for the record. @throws ToolError if it is not installed or prints none.
std::string tool_version(const std::string& program, const std::vector<std::string>& arguments);

/// The last `lines` lines of a log (at most 4,000 bytes), for error messages.
std::string log_tail(std::string_view log, std::size_t lines = 15);

/// argv as a person would type it, for messages and records. It is never handed to a shell.
std::string command_line(const std::vector<std::string>& argv);

}  // namespace snac::toolchain
