// C simulation of a generated HLS project with a plain C++ compiler: no vendor tool needed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace snac::toolchain {

struct HlsCppResult {
  bool passed = false;          ///< the test bench printed its result line with no mismatch and ended without an error
  std::int64_t vectors = 0;     ///< compared
  std::int64_t mismatches = 0;  ///< vectors with a wrong result
  std::string tool;             ///< "g++ (Debian 12.2.0-14) 12.2.0"
  double seconds = 0;           ///< compilation and run
  double compile_seconds = 0;
  std::string log;
  /// Wrong vectors: number -> what came instead; nothing for an element off its grid.
  std::map<std::int64_t, std::vector<std::optional<std::int64_t>>> found;
};

struct HlsCppParams {
  std::filesystem::path directory;                         ///< must exist; the test bench runs there and is built in a temporary folder
  std::vector<std::string> sources;                        ///< file names inside `directory` (codegen::HlsProject)
  std::vector<std::filesystem::path> include_directories;  ///< in this order; relative ones are inside `directory`
  std::string standard = "c++14";
  std::string compiler = "g++";
  std::chrono::seconds time_limit{1800};  ///< for compilation and run together; 0 = none
};

/// The test bench ends with a line "SNAC_HLS_RESULT vectors=V mismatches=M". Mismatches are a result, not an exception.
/// @throws ToolError if the compiler is missing, a source does not compile, the test bench crashes, cannot read its vectors, prints
///         no result line or runs out of time (log tail in the message); ConfigError for unusable names.
HlsCppResult run_hls_with_cpp(const HlsCppParams& params);

/// The numbers of the last well-formed result line of a log, if there is one.
struct HlsResultLine {
  std::int64_t vectors = 0, mismatches = 0;
  bool operator==(const HlsResultLine&) const = default;
};
std::optional<HlsResultLine> parse_hls_result_line(const std::string& log);

}  // namespace snac::toolchain
