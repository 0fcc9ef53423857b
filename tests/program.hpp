// Runs the program as a user does and keeps what it said.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace snac::program {

struct Outcome {
  int exit_code = 0;
  std::string out;  ///< standard output
  std::string err;  ///< standard error
};

struct Surroundings {
  std::string path = {};            ///< PATH of the program; "" = ours
  std::size_t file_size_limit = 0;  ///< bytes a file may grow to (RLIMIT_FSIZE): a disk that fills up; 0 = none
  int kill_after_ms = 0;            ///< sends `signal` after this time; 0 = never
  int signal = 9;                   ///< SIGKILL
  int terminal_columns = 0;         ///< runs in a terminal of this width: Outcome::out is what it shows, of both outputs; 0 = no terminal
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< set on top of ours
};

Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});
/// The same with any program, looked up on PATH.
Outcome run_command(const std::vector<std::string>& words, const Surroundings& surroundings = {});

/// The configuration of a study that takes seconds: a sample of the jets, small networks.
/// `tools` is the YAML list of synth.tools. @returns the path of the file.
std::string write_toy_study(const std::filesystem::path& folder, const std::string& tools = "[]");

/// "snac --quiet run --config <config>" with more arguments.
Outcome run_toy(const std::string& config, std::vector<std::string> more = {}, const Surroundings& surroundings = {});

/// Runs the same command 15 times and kills it at random moments of the time that an undisturbed run takes. A run that comes to
/// its end starts afresh, so that there is always something to disturb. @returns how many were killed.
int disturb(const std::vector<std::string>& arguments, const std::filesystem::path& output, std::chrono::milliseconds undisturbed);

std::chrono::milliseconds time_of(const std::function<void()>& body);

/// A text file. @returns its path.
std::string write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace snac::program
