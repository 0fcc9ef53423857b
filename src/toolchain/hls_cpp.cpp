#include "snac/toolchain/hls_cpp.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "result_words.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;
namespace {

using std::chrono::milliseconds;

constexpr const char* kFoundFile = "found.dat";  ///< wrong vectors, as the test bench writes them
constexpr int kMismatch = 1;                     ///< the test bench's exit code for wrong results

/// A name that the compiler would take for an option is refused.
void check_word(const std::string& word, const char* expected) {
  if (word.empty() || word.front() == '-') {
    throw ConfigError("not a usable name", {.where = "HLS C++", .found = "'" + word + "'", .expected = expected, .hint = {}});
  }
}

std::vector<std::string> compile_command(const HlsCppParams& params, const fs::path& directory, const fs::path& program) {
  check_word(params.compiler, "a C++ compiler");
  check_word(params.standard, "a C++ standard");
  if (params.sources.empty())
    throw ConfigError("nothing to compile", {.where = "HLS C++", .found = "no source file", .expected = {}, .hint = {}});
  // -O1: the compilation takes longer than a run of 10,000 vectors, but at -O0 the arithmetic of the headers is calls.
  std::vector<std::string> argv{params.compiler, "-std=" + params.standard, "-O1", "-Wall", "-Wextra", "-Wno-unknown-pragmas"};
  for (const fs::path& folder : params.include_directories) {
    argv.emplace_back("-I");
    argv.push_back((directory / folder).string());
  }
  for (const std::string& source : params.sources) {
    check_word(source, "a C++ file");
    std::error_code code;
    if (!fs::is_regular_file(directory / source, code)) {
      throw ToolError("a source file is missing",
                      {.where = (directory / source).string(), .found = {}, .expected = "a C++ file", .hint = {}});
    }
    argv.push_back(source);
  }
  argv.emplace_back("-o");
  argv.push_back(program.string());
  return argv;
}

ProcessResult step(const char* what, const std::vector<std::string>& argv, const fs::path& directory, milliseconds limit) {
  ProcessResult run = run_process(argv, {.directory = directory, .time_limit = limit});
  if (run.timed_out) {
    throw ToolError("HLS C++ ran out of time", {.where = directory.string() + ": " + what,
                                                .found = log_tail(run.output),
                                                .expected = {},
                                                .hint = "allow more time or simulate fewer vectors"});
  }
  return run;
}

[[noreturn]] void fail(const char* what, const fs::path& directory, const ProcessResult& run) {
  throw ToolError("HLS C++ failed", {.where = directory.string() + ": " + what,
                                     .found = "exit code " + std::to_string(run.exit_code) + ": " + log_tail(run.output),
                                     .expected = "an error-free run that ends with 'SNAC_HLS_RESULT vectors=... mismatches=...'",
                                     .hint = {}});
}

}  // namespace

std::optional<HlsResultLine> parse_hls_result_line(const std::string& log) {
  std::optional<HlsResultLine> last;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string magic, vectors, mismatches, rest;
    HlsResultLine result;
    if (words >> magic >> vectors >> mismatches && !(words >> rest) && magic == "SNAC_HLS_RESULT" &&
        read_number(vectors, "vectors=", result.vectors) && read_number(mismatches, "mismatches=", result.mismatches)) {
      last = result;
    }
  }
  return last;
}

HlsCppResult run_hls_with_cpp(const HlsCppParams& params) {
  const fs::path directory = fs::absolute(params.directory.empty() ? fs::path(".") : params.directory);
  const TemporaryDirectory build;
  const fs::path program = build.path() / "csim";
  const std::vector<std::string> compile = compile_command(params, directory, program);
  HlsCppResult result;
  result.tool = tool_version(params.compiler, {"--version"});
  std::error_code ignored;
  fs::remove(directory / kFoundFile, ignored);  // of an earlier run
  const milliseconds limit = params.time_limit;
  const ProcessResult compilation = step("compilation", compile, directory, limit);
  if (compilation.exit_code != 0) fail("compilation", directory, compilation);
  result.compile_seconds = compilation.seconds;
  const milliseconds left = limit - milliseconds(static_cast<std::int64_t>(compilation.seconds * 1000));
  const ProcessResult run = step("test bench", {program.string()}, directory, limit.count() > 0 ? std::max(left, milliseconds(1)) : limit);
  const auto line = parse_hls_result_line(run.output);
  // The line and the exit code must say the same.
  const bool consistent = line && line->vectors > 0 && run.exit_code == (line->mismatches == 0 ? 0 : kMismatch);
  if (!consistent) fail("test bench", directory, run);
  result.vectors = line->vectors;
  result.mismatches = line->mismatches;
  result.passed = line->mismatches == 0;
  result.seconds = compilation.seconds + run.seconds;
  result.log = compilation.output + run.output;
  std::ifstream found(directory / kFoundFile);
  for (std::string text; std::getline(found, text);) {
    std::istringstream words(text);
    std::int64_t vector = 0;
    if (!(words >> vector)) continue;
    auto& values = result.found[vector];
    for (std::string word; words >> word;) {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      const bool good = error == std::errc() && end == word.data() + word.size();
      values.push_back(good ? std::optional(value) : std::nullopt);
    }
  }
  return result;
}

}  // namespace snac::toolchain
