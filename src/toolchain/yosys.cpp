#include "snac/toolchain/yosys.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"
#include "yosys_cache.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAdderMapFile = "snac_adders.v";
constexpr const char* kScriptFile = "snac_yosys.ys";
constexpr const char* kCountsFile = "snac_yosys_cells.json";

/// Turns every two-operand adder into an $alu cell before `alumacc` sees it: that pass merges single-use adder chains into
/// multi-operand sums and builds those of 3:2 compressors, which cost more LUTs than the carry chains they replace
/// (Yosys 0.23: a signed tree of eight 8-bit operands takes 83 LUTs merged, 60 as seven adders).
constexpr const char* kAdderMap = R"((* techmap_celltype = "$add $sub" *)
module snac_adder (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  localparam SUBTRACT = _TECHMAP_CELLTYPE_ == "$sub";
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire [Y_WIDTH-1:0] x, co;
  \$alu #(.A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED), .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) alu (
    .A(A), .B(B), .BI(SUBTRACT ? 1'b1 : 1'b0), .CI(SUBTRACT ? 1'b1 : 1'b0), .Y(Y), .X(x), .CO(co));
endmodule
)";

/// synth_xilinx -flatten -noiopad -noclkbuf -nodsp -nowidelut for families with 6-input LUTs, reduced to the passes that
/// change something here: the same counts in 2/3 to 9/10 of the time. `abc -luts 2:2,3,6:5` is its cost table without wide
/// multiplexers. No memory_libmap: lookup tables become LUTs, never block RAM.
constexpr const char* kPasses = R"(proc
flatten
opt_expr
opt_clean
check -assert
opt -nodffe -nosdff
wreduce
peepopt
opt_clean
techmap -map snac_adders.v t:$add t:$sub
alumacc
opt
memory -nomap
opt_clean
memory_map
opt -full
techmap -map +/techmap.v -D LUT_SIZE=6 -map +/xilinx/arith_map.v
opt -fast
techmap -map +/techmap.v -map +/xilinx/cells_map.v
clean
dfflegalize -cell $_DFFE_?P?P_ 01 -cell $_SDFFE_?P?P_ 01 -cell $_DLATCH_?P?_ 01
opt_expr -mux_undef -noclkinv
abc -luts 2:2,3,6:5
clean
techmap -map +/xilinx/ff_map.v
xilinx_srl -fixed -minlen 3
techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6
xilinx_dffopt
opt_lut_ins -tech xilinx
clean
)";

bool is_plain_name(std::string_view name, std::string_view extra) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           extra.find(c) != std::string_view::npos;
  });
}

void check_params(const YosysParams& params) {
  // Names go into a script, where ';', quotes and spaces have a meaning.
  if (!is_plain_name(params.top, "")) {
    throw ConfigError("not a name for a top module",
                      {.where = "yosys", .found = "'" + params.top + "'", .expected = "letters, digits and underscores", .hint = {}});
  }
  if (params.sources.empty())
    throw ConfigError("nothing to synthesise", {.where = "yosys", .found = "no source file", .expected = {}, .hint = {}});
  for (const std::string& source : params.sources) {
    if (!is_plain_name(source, "-./+") || source.front() == '-') {
      throw ConfigError("not a name for a Verilog file",
                        {.where = "yosys", .found = "'" + source + "'", .expected = "letters, digits and _ - . / +", .hint = {}});
    }
  }
  if (params.time_limit.count() < 0 || params.memory_limit_mib < 0) {
    throw ConfigError("a limit below zero",
                      {.where = "yosys",
                       .found = std::to_string(params.time_limit.count()) + " s, " + std::to_string(params.memory_limit_mib) + " MiB",
                       .expected = "0 (no limit) or more",
                       .hint = {}});
  }
  const std::vector<std::string> families{"xcup", "xcu", "xc7", "xc6v"};
  if (std::find(families.begin(), families.end(), params.family) == families.end()) {
    throw ConfigError("unknown family of devices", {.where = "yosys.family",
                                                    .found = params.family,
                                                    .expected = "a family with 6-input LUTs: xcup, xcu, xc7 or xc6v",
                                                    .hint = suggest(params.family, families)});
  }
}

std::string script_for(const YosysParams& params) {
  std::string text =
      "# " + params.family + ": LUT6 and CARRY4 as in synth_xilinx; the passes are the same for all families with 6-input LUTs\n";
  text += "read_verilog -lib -specify +/xilinx/cells_sim.v\n";
  for (const std::string& source : params.sources) text += "read_verilog -defer " + source + "\n";
  text += "hierarchy -check -top " + params.top + "\n";
  text += kPasses;
  text += std::string("tee -q -o ") + kCountsFile + " stat -json -top " + params.top + "\n";
  return text;
}

[[noreturn]] void no_counts(const std::string& found) {
  throw ToolError("Yosys reported no cell counts",
                  {.where = "yosys stat", .found = found, .expected = "a table of cells by type", .hint = "look at the log of Yosys"});
}

std::map<std::string, std::int64_t> counts_from_json(const std::string& text) {
  Json report;
  try {
    report = parse_json(text, "yosys stat -json");
  } catch (const DataError& error) {
    no_counts(error.what());
  }
  // With -top the sums stand under "design"; without, a flat design has one module.
  const Json* table = nullptr;
  if (report.is_object() && report.contains("design")) {
    table = &report["design"];
  } else if (report.is_object() && report.contains("modules") && report["modules"].is_object() && report["modules"].size() == 1) {
    table = &report["modules"].front();
  }
  if (table == nullptr || !table->is_object() || !table->contains("num_cells_by_type")) no_counts("JSON without num_cells_by_type");
  const Json& cells = (*table)["num_cells_by_type"];
  if (!cells.is_object()) no_counts("num_cells_by_type is not an object");
  std::map<std::string, std::int64_t> counts;
  for (const auto& [type, count] : cells.items()) {
    if (!count.is_number_unsigned() || count.get<std::uint64_t>() > (std::uint64_t{1} << 53)) no_counts(type + ": " + count.dump());
    counts[type] = count.get<std::int64_t>();
  }
  return counts;
}

/// The last table of a plain report: the sums over the hierarchy if there is one.
std::map<std::string, std::int64_t> counts_from_text(const std::string& text) {
  const std::size_t begin = text.rfind("Number of cells:");
  if (begin == std::string::npos) no_counts(text.empty() ? "nothing" : log_tail(text, 3));
  std::istringstream lines(text.substr(begin));
  std::string line;
  std::getline(lines, line);
  std::map<std::string, std::int64_t> counts;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string type, rest;
    std::int64_t count = 0;
    if (!(words >> type >> count) || words >> rest || count < 0) break;
    counts[type] = count;
  }
  return counts;
}

}  // namespace

std::map<std::string, std::int64_t> parse_cell_counts(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return counts_from_json(text);
  return counts_from_text(text);
}

void count_resources(YosysResult& result) {
  std::int64_t carry4 = 0, carry8 = 0;
  result.lut = result.ff = result.srl = result.dsp = result.bram18 = 0;
  for (const auto& [type, count] : result.cells) {
    const std::string_view name = type;
    if (name == "INV" || (name.size() == 4 && name.starts_with("LUT") && name[3] >= '1' && name[3] <= '6')) result.lut += count;
    if (name == "FDRE" || name == "FDSE" || name == "FDCE" || name == "FDPE") result.ff += count;
    if (name.starts_with("SRL")) result.srl += count;
    if (name == "CARRY4") carry4 += count;
    if (name == "CARRY8") carry8 += count;
    if (name.starts_with("DSP48") || name == "DSP58") result.dsp += count;
    if (name.starts_with("RAMB18")) result.bram18 += count;
    if (name.starts_with("RAMB36")) result.bram18 += 2 * count;
  }
  result.carry8 = carry8 + (carry4 + 1) / 2;
}

YosysResult synthesize_with_yosys(const YosysParams& params) {
  check_params(params);
  YosysResult result;
  result.version = tool_version("yosys", {"-V"});
  result.script = script_for(params);
  const fs::path directory = fs::absolute(params.directory.empty() ? fs::path(".") : params.directory);
  write_file_atomically(directory / kAdderMapFile, kAdderMap);
  write_file_atomically(directory / kScriptFile, result.script);
  const std::string key = params.cache.empty() ? "" : cache_key(params, result.version, result.script, kAdderMap);
  if (!key.empty()) {
    if (auto known = cached_result(params.cache, key)) return *known;
  }
  std::error_code ignored;
  fs::remove(directory / kCountsFile, ignored);  // an older run's counts must not pass for this one's

  // Yosys hands its netlist to ABC through a temporary folder and leaves it there when killed: keep that in the run's folder.
  // It does not quote the path in its shell command.
  ProcessParams process{
      .directory = directory, .time_limit = params.time_limit, .environment = {}, .memory_limit_kib = 1024 * params.memory_limit_mib};
  if (is_plain_name(directory.string(), "/-.+,@")) process.environment.emplace_back("TMPDIR", directory.string());
  const ProcessResult run = run_process({"yosys", "-Q", "-T", "-q", "-l", "snac_yosys.log", "-s", kScriptFile}, process);
  result.seconds = run.seconds;
  result.peak_memory_kib = run.peak_memory_kib;
  if (run.timed_out) {
    throw ToolError("Yosys ran out of time", {.where = directory.string(),
                                              .found = std::to_string(params.time_limit.count()) + " s are over",
                                              .expected = {},
                                              .hint = "allow more time, synthesise layer by layer, or take a smaller network"});
  }
  if (run.out_of_memory) {
    throw ToolError("Yosys reached its memory limit", {.where = directory.string(),
                                                       .found = "more than " + std::to_string(params.memory_limit_mib) + " MiB",
                                                       .expected = {},
                                                       .hint = "allow more memory, synthesise layer by layer, or take a smaller network"});
  }
  if (run.exit_code != 0) {
    throw ToolError("Yosys failed", {.where = (directory / kScriptFile).string(),
                                     .found = "exit code " + std::to_string(run.exit_code) + ": " + log_tail(run.output),
                                     .expected = "an error-free run",
                                     .hint = run.exit_code == 137 ? "it was killed: usually the machine ran out of memory" : ""});
  }
  result.cells = parse_cell_counts(read_file(directory / kCountsFile));
  for (const auto& [type, count] : result.cells) {
    if (type.starts_with("$")) {
      throw ToolError("Yosys left logic unmapped",
                      {.where = directory.string(),
                       .found = std::to_string(count) + " cells of type " + type,
                       .expected = "device cells only",
                       .hint = "the counts would be too low; use the Yosys version that scripts/setup installs"});
    }
  }
  count_resources(result);
  if (!key.empty()) store_result(params.cache, key, result);
  return result;
}

}  // namespace snac::toolchain
