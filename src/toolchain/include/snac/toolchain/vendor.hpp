// Vendor tools as child processes: Vivado, Vitis HLS or Vivado HLS, Quartus. Runs a script of ours in its folder with limits, hands on
// its log line by line, and keeps the reports by the content of what went in. What the reports say: reports.hpp.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snac/core/json.hpp"

namespace snac::toolchain {

enum class VendorTool { vivado, vitis, quartus };

/// "vivado", "vitis", "quartus": as in synth.tools.
std::string to_string(VendorTool tool);
std::optional<VendorTool> vendor_tool_from(std::string_view name);

/// The first program on PATH that is this tool: vivado; vitis_hls, vitis-run or vivado_hls; quartus_sh. Empty if there is none.
std::filesystem::path find_vendor_program(VendorTool tool);

/// @throws ToolError naming the programs that were looked for and what to do. `where`: what asks for the tool, for the message.
void require_vendor_program(VendorTool tool, const std::string& where);

/// "Vivado 2023.2": from what the program says of itself, else from its installation's path, else without a number.
std::string vendor_version(VendorTool tool);

struct VendorParams {
  VendorTool tool = VendorTool::vivado;
  std::filesystem::path directory;          ///< must exist; the tool runs there
  std::string script;                       ///< Tcl, a file name inside `directory`
  std::vector<std::string> arguments = {};  ///< for the script (vivado -tclargs, quartus_sh -t); Vitis HLS has none
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::vector<std::string> inputs;            ///< files inside `directory` that determine the result beside the script
  std::vector<std::string> reports;           ///< files inside `directory` that the script leaves; must be there after a good run
  std::vector<std::string> optional_reports;  ///< kept if they are there
  std::chrono::seconds time_limit{0};         ///< 0 = none
  long memory_limit_mib = 0;                  ///< of all processes of the tool together; 0 = none
  /// Folder of runs by content: the same version, script, arguments and inputs are not run twice. Empty = none. Damaged entries count as
  /// missing.
  std::filesystem::path cache = {};
  std::function<void(std::string_view)> on_line = {};  ///< gets each line of the log as it comes, in printable ASCII
};

struct VendorRun {
  std::string tool;                            ///< "Vivado 2023.2"
  std::string command;                         ///< as a person would type it
  std::map<std::string, std::string> reports;  ///< name -> text
  double seconds = 0;
  long peak_memory_kib = 0;
  bool cached = false;  ///< seconds and memory are those of an earlier run
};

inline constexpr FileFormat kVendorCacheFormat{"snac.vendor_run", 1, 1};

/// The log stays in <directory>/snac_<tool>.log. Reports of an earlier run in that folder are removed first.
/// @throws ToolError if the tool is missing, fails (its error lines in the message), reaches a limit or leaves out a report; Interrupted
/// after all its processes were killed; ConfigError for unusable names.
VendorRun run_vendor_tool(const VendorParams& params);

}  // namespace snac::toolchain
