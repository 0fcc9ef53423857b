#include "snac/toolchain/verilator.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "result_words.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/thread_pool.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;
namespace {

using std::chrono::milliseconds;

std::optional<ResultLine> parse_line(const std::string& line) {
  std::istringstream words(line);
  std::string magic, vectors, mismatches, latency, interval, rest;
  ResultLine result;
  if (!(words >> magic >> vectors >> mismatches >> latency >> interval) || words >> rest || magic != "SNAC_RESULT") return {};
  if (!read_number(vectors, "vectors=", result.vectors) || !read_number(mismatches, "mismatches=", result.mismatches) ||
      !read_number(latency, "latency=", result.latency) || !read_number(interval, "ii=", result.initiation_interval)) {
    return {};
  }
  return result;
}

constexpr const char* kFoundFile = "found.hex";  ///< wrong vectors, as the test bench writes them

/// Runs the steps of one simulation under a common time limit and collects their log.
class Simulation {
 public:
  Simulation(const char* tool, const SimulationParams& params)
      : tool_(tool),
        directory_(fs::absolute(params.directory.empty() ? fs::path(".") : params.directory)),
        limited_(params.time_limit.count() > 0),
        left_(params.time_limit) {
    if (params.sources.empty())
      throw ConfigError("nothing to simulate", {.where = tool_, .found = "no source file", .expected = {}, .hint = {}});
    for (const std::string& name : params.sources) check_word(name, "a Verilog file");
    check_word(params.top, "the top module");
    std::error_code code;
    fs::remove(directory_ / kFoundFile, code);  // of an earlier run
    for (const std::string& name : params.sources) {
      if (!fs::is_regular_file(directory_ / name, code)) {
        throw ToolError("a source file is missing",
                        {.where = (directory_ / name).string(), .found = {}, .expected = "a Verilog file", .hint = {}});
      }
    }
  }

  ProcessResult step(const char* what, const std::vector<std::string>& argv) {
    // MAKEFLAGS: a make that runs us must not steer the one that Verilator runs.
    const ProcessResult run = run_process(argv, {.directory = directory_,
                                                 .time_limit = limited_ ? std::max(left_, milliseconds(1)) : milliseconds(0),
                                                 .environment = {{"MAKEFLAGS", ""}}});
    result_.seconds += run.seconds;
    left_ -= milliseconds(static_cast<std::int64_t>(run.seconds * 1000));
    result_.log += run.output;
    if (run.timed_out) {
      throw ToolError(std::string(tool_) + " ran out of time", {.where = directory_.string() + ": " + what,
                                                                .found = log_tail(run.output),
                                                                .expected = {},
                                                                .hint = "allow more time or simulate fewer vectors"});
    }
    if (run.exit_code != 0) {
      throw ToolError(std::string(tool_) + " failed", {.where = directory_.string() + ": " + what,
                                                       .found = "exit code " + std::to_string(run.exit_code) + ": " + log_tail(run.output),
                                                       .expected = "an error-free run",
                                                       .hint = {}});
    }
    return run;
  }

  /// Where one step leaves files for the next: outside the sources' folder, as make builds in no path with a blank.
  std::string build_folder() const { return build_.path().string(); }
  std::string built(const char* name) const { return (build_.path() / name).string(); }

  void compiled() { result_.compile_seconds = result_.seconds; }

  SimulationResult finish(const std::string& output, std::string version) {
    const std::optional<ResultLine> line = parse_result_line(output);
    if (!line) {
      throw ToolError(std::string(tool_) + " simulated without a result",
                      {.where = directory_.string(),
                       .found = log_tail(output),
                       .expected = "a line 'SNAC_RESULT vectors=... mismatches=... latency=... ii=...'",
                       .hint = {}});
    }
    result_.vectors = line->vectors;
    result_.mismatches = line->mismatches;
    result_.latency_cycles = line->latency;
    result_.initiation_interval = line->initiation_interval;
    result_.passed = line->vectors > 0 && line->mismatches == 0;
    result_.tool = std::move(version);
    std::ifstream found(directory_ / kFoundFile);
    std::int64_t vector = 0;
    for (std::string hex; found >> vector >> hex;) result_.found.emplace(vector, hex);
    std::error_code ignored;
    if (result_.found.empty()) fs::remove(directory_ / kFoundFile, ignored);
    return std::move(result_);
  }

 private:
  /// A name that a tool would take for an option is refused.
  void check_word(const std::string& word, const std::string& expected) const {
    if (word.empty() || word.front() == '-' || word.front() == '+') {
      throw ConfigError("not a usable name", {.where = tool_, .found = "'" + word + "'", .expected = expected, .hint = {}});
    }
  }
  const char* tool_;
  fs::path directory_;
  TemporaryDirectory build_;
  bool limited_;
  milliseconds left_;
  SimulationResult result_;
};

}  // namespace

std::optional<ResultLine> parse_result_line(const std::string& log) {
  std::optional<ResultLine> last;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (auto found = parse_line(line)) last = found;
  }
  return last;
}

SimulationResult simulate_with_verilator(const SimulationParams& params) {
  Simulation simulation("Verilator", params);
  const std::string version = tool_version("verilator", {"--version"});
  const int jobs = params.jobs > 0 ? params.jobs : hardware_threads();
  // A bit check of some 10,000 vectors runs for a tenth of a second, so everything is set for a quick C++ compilation. Measured
  // with 4,415 adders and 27,000 register bits, CPU seconds of generation + C++ + run of 10,000 vectors:
  //   as it comes (split at 20,000 statements), -O1:  1.2 + 11.5 + 0.06
  //   one C++ file, -O1:                              1.2 + 13.2 + 0.06
  //   one C++ file, -O0:                              1.2 +  4.3 + 0.13   <- this
  //   split at 2,000 statements, -O0:                 1.5 + 27.4 + 0.12   (every file reads half a second of headers)
  // The split bounds memory: the file above takes 440 MB to compile. How the Verilog is divided into modules does not matter
  // here, as Verilator inlines them.
  std::vector<std::string> compile{"verilator",
                                   "--binary",
                                   "--timing",
                                   "-j",
                                   std::to_string(jobs),
                                   "--output-split",
                                   "200000",
                                   "--top-module",
                                   params.top,
                                   "-Mdir",
                                   simulation.build_folder(),
                                   "-o",
                                   "simulation",
                                   "-MAKEFLAGS",
                                   "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"};
  compile.insert(compile.end(), params.sources.begin(), params.sources.end());
  simulation.step("compilation", compile);
  simulation.compiled();
  // Registers start with random bits, as hardware before its reset.
  const std::vector<std::string> run{simulation.built("simulation"), "+verilator+rand+reset+2", "+verilator+seed+1"};
  return simulation.finish(simulation.step("simulation", run).output, version);
}

SimulationResult simulate_with_icarus(const SimulationParams& params) {
  Simulation simulation("Icarus Verilog", params);
  const std::string version = tool_version("iverilog", {"-V"});
  // -g2001: generated Verilog stays within Verilog-2001. -Wall finds implicit wires and the like; it prints, it does not fail.
  std::vector<std::string> compile{"iverilog", "-g2001",   "-Wall", "-Wno-timescale",
                                   "-s",       params.top, "-o",    simulation.built("simulation.vvp")};
  compile.insert(compile.end(), params.sources.begin(), params.sources.end());
  simulation.step("compilation", compile);
  simulation.compiled();
  return simulation.finish(simulation.step("simulation", {"vvp", "-n", simulation.built("simulation.vvp")}).output, version);
}

}  // namespace snac::toolchain
