#include "snac/toolchain/vendor.hpp"

#include <unistd.h>

#include <algorithm>

#include "report_text.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/toolchain/process.hpp"
#include "vendor_cache.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;
namespace {

struct Program {
  const char* name;
  const char* version_flag;
  const char* product;  ///< for records
};

/// In order of preference. vitis_hls is gone since 2024.2, vivado_hls since 2020.2.
std::vector<Program> programs_of(VendorTool tool) {
  switch (tool) {
    case VendorTool::vivado:
      return {{"vivado", "-version", "Vivado"}};
    case VendorTool::vitis:
      return {{"vitis_hls", "-version", "Vitis HLS"}, {"vitis-run", "--version", "Vitis HLS"}, {"vivado_hls", "-version", "Vivado HLS"}};
    case VendorTool::quartus:
      return {{"quartus_sh", "--version", "Quartus Prime"}};
  }
  return {};
}

std::optional<Program> program_of(VendorTool tool) {
  for (const Program& program : programs_of(tool)) {
    if (!find_program(program.name).empty()) return program;
  }
  return {};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "v2023.2", "2023.2", "22.1std.2": a word that starts like a version of these tools.
std::string version_word(std::string_view word) {
  if (word.starts_with("v.")) word.remove_prefix(2);
  if (word.starts_with('v')) word.remove_prefix(1);
  const std::size_t dot = word.find('.');
  const bool good = (dot == 2 || dot == 4) && dot + 1 < word.size() && is_digit(word[dot + 1]) &&
                    std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(dot), is_digit);
  return good ? plain_name(word.substr(0, 30)) : "";
}

std::string find_version(std::string text, const char* separators) {
  std::replace_if(
      text.begin(), text.end(), [&](char c) { return std::string_view(separators).find(c) != std::string_view::npos; }, ' ');
  for (const std::string_view word : words_of(text)) {
    if (std::string version = version_word(word); !version.empty()) return version;
  }
  return "";
}

std::string version_of(const Program& program) {
  constexpr auto kPatience = std::chrono::seconds(120);  // these programs are slow to start, on network disks more so
  const ProcessResult said = run_process({program.name, program.version_flag}, {.time_limit = kPatience});
  std::string version = find_version(said.output, "\n\r(),;");
  std::error_code ignored;
  if (version.empty()) version = find_version(fs::weakly_canonical(find_program(program.name), ignored).string(), "/");
  return version.empty() ? program.product : std::string(program.product) + " " + version;
}

std::vector<std::string> command_of(const Program& program, const VendorParams& params) {
  std::vector<std::string> argv{program.name};
  const auto add = [&](std::initializer_list<const char*> words) { argv.insert(argv.end(), words.begin(), words.end()); };
  switch (params.tool) {
    case VendorTool::vivado:
      add({"-mode", "batch", "-notrace", "-nojournal", "-log", "vivado.log", "-source"});
      argv.push_back(params.script);
      if (!params.arguments.empty()) add({"-tclargs"});
      break;
    case VendorTool::vitis:
      if (std::string_view(program.name) == "vitis-run") {
        add({"--mode", "hls", "--tcl"});
      } else {
        add({"-f"});
      }
      argv.push_back(params.script);
      break;
    case VendorTool::quartus:
      add({"-t"});
      argv.push_back(params.script);
      break;
  }
  argv.insert(argv.end(), params.arguments.begin(), params.arguments.end());
  return argv;
}

void check(const VendorParams& params) {
  const auto refuse = [&](const std::string& name) {
    throw ConfigError("not a usable file name",
                      {.where = to_string(params.tool), .found = "'" + name + "'", .expected = "a file inside the folder", .hint = {}});
  };
  const auto check_name = [&](const std::string& name) {
    if (name.empty() || name.front() == '-' || name.front() == '/' || name.find("..") != std::string::npos) refuse(name);
  };
  check_name(params.script);
  for (const auto* names : {&params.inputs, &params.reports, &params.optional_reports}) {
    for (const std::string& name : *names) check_name(name);
  }
  if (params.tool == VendorTool::vitis && !params.arguments.empty()) {
    throw ConfigError("Vitis HLS hands no arguments to a script",
                      {.where = to_string(params.tool), .found = params.arguments.front(), .expected = "none", .hint = {}});
  }
}

/// Cuts blocks of a log into lines for people.
class LineCutter {
 public:
  explicit LineCutter(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void add(std::string_view block) {
    for (const char c : block) {
      if (c == '\n' || c == '\r') {
        flush();
      } else if (line_.size() < kMaxLine) {
        line_ += c;
      }
    }
  }
  void flush() {
    const std::string line = plain_name(line_);
    line_.clear();
    if (!line.empty()) on_line_(line);
  }

 private:
  static constexpr std::size_t kMaxLine = 4000;
  const std::function<void(std::string_view)>& on_line_;
  std::string line_;
};

/// What the tool calls errors, or the end of its log.
std::string error_lines(const std::string& log) {
  std::string errors;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < log.size() && count < 10;) {
    const std::size_t end = std::min(log.find('\n', begin), log.size());
    const std::string_view line = std::string_view(log).substr(begin, end - begin);
    if (line.starts_with("ERROR") || line.starts_with("Error") || line.starts_with("CRITICAL WARNING: [Common")) {
      errors += plain_name(line) + "\n";
      ++count;
    }
    begin = end + 1;
  }
  return errors.empty() ? log_tail(log) : errors;
}

std::string failure_hint(const std::string& errors) {
  for (const char* word : {"license", "License", "licence"}) {
    if (errors.find(word) != std::string::npos) return "the tool found no licence: see XILINXD_LICENSE_FILE or LM_LICENSE_FILE";
  }
  return "look at the log in that folder";
}

}  // namespace

std::string to_string(VendorTool tool) {
  switch (tool) {
    case VendorTool::vivado:
      return "vivado";
    case VendorTool::vitis:
      return "vitis";
    case VendorTool::quartus:
      return "quartus";
  }
  return {};
}

std::optional<VendorTool> vendor_tool_from(std::string_view name) {
  for (const VendorTool tool : {VendorTool::vivado, VendorTool::vitis, VendorTool::quartus}) {
    if (name == to_string(tool)) return tool;
  }
  return {};
}

fs::path find_vendor_program(VendorTool tool) {
  const auto program = program_of(tool);
  return program ? find_program(program->name) : fs::path();
}

void require_vendor_program(VendorTool tool, const std::string& where) {
  if (program_of(tool)) return;
  std::string names;
  for (const Program& program : programs_of(tool)) names += (names.empty() ? "'" : ", '") + std::string(program.name) + "'";
  const bool amd = tool != VendorTool::quartus;
  throw ToolError("a vendor tool is missing",
                  {.where = where,
                   .found = "no program " + names + " on PATH",
                   .expected = std::string(programs_of(tool).front().product) + " as its vendor installs it, with a licence",
                   .hint = (amd ? "source settings64.sh of its installation first" : "put quartus/bin of its installation on PATH first") +
                           std::string("; or leave out '") + to_string(tool) + "'"});
}

std::string vendor_version(VendorTool tool) {
  const auto program = program_of(tool);
  if (!program) require_vendor_program(tool, to_string(tool));
  return version_of(*program);
}

VendorRun run_vendor_tool(const VendorParams& params) {
  check(params);
  require_vendor_program(params.tool, to_string(params.tool));
  const Program program = *program_of(params.tool);
  const fs::path directory = fs::absolute(params.directory.empty() ? fs::path(".") : params.directory);
  const std::vector<std::string> argv = command_of(program, params);
  VendorRun run;
  run.tool = version_of(program);
  run.command = command_line(argv);
  const std::string key = params.cache.empty() ? "" : vendor_cache_key(params, run.tool, argv);
  if (!key.empty()) {
    if (auto known = cached_vendor_run(params.cache, key)) {
      known->cached = true;
      for (const auto& [name, text] : known->reports) write_file_atomically(directory / name, text);
      return *known;
    }
  }
  std::error_code ignored;
  for (const auto* names : {&params.reports, &params.optional_reports}) {
    for (const std::string& name : *names) fs::remove(directory / name, ignored);  // an older run's must not pass for this one's
  }

  ProcessParams process{.directory = directory,
                        .time_limit = params.time_limit,
                        .environment = params.environment,
                        .memory_limit_kib = 1024 * params.memory_limit_mib};
  LineCutter cutter(params.on_line);
  if (params.on_line) process.on_output = [&](std::string_view block) { cutter.add(block); };
  const ProcessResult result = run_process(argv, process);
  if (params.on_line) cutter.flush();
  run.seconds = result.seconds;
  run.peak_memory_kib = result.peak_memory_kib;
  const fs::path log = directory / ("snac_" + to_string(params.tool) + ".log");
  write_file_atomically(log, result.output);
  if (result.timed_out) {
    throw ToolError(run.tool + " ran out of time",
                    {.where = directory.string(),
                     .found = std::to_string(params.time_limit.count()) + " s are over: " + log_tail(result.output, 3),
                     .expected = {},
                     .hint = "allow more time (time limit of the vendor tools), or take a smaller network"});
  }
  if (result.out_of_memory) {
    throw ToolError(run.tool + " reached its memory limit", {.where = directory.string(),
                                                             .found = "more than " + std::to_string(params.memory_limit_mib) + " MiB",
                                                             .expected = {},
                                                             .hint = "allow more memory, or take a smaller network"});
  }
  if (result.exit_code != 0) {
    const std::string errors = error_lines(result.output);
    throw ToolError(run.tool + " failed", {.where = log.string(),
                                           .found = "exit code " + std::to_string(result.exit_code) + ": " + errors,
                                           .expected = "an error-free run of " + run.command,
                                           .hint = failure_hint(errors)});
  }
  for (const std::string& name : params.reports) {
    if (fs::is_regular_file(directory / name, ignored)) continue;
    throw ToolError(run.tool + " left out a report", {.where = log.string(),
                                                      .found = "no file " + (directory / name).string() + ": " + log_tail(result.output, 3),
                                                      .expected = "the report as " + params.script + " asks for it",
                                                      .hint = "look at the log in that folder"});
  }
  for (const auto* names : {&params.reports, &params.optional_reports}) {
    for (const std::string& name : *names) {
      if (fs::is_regular_file(directory / name, ignored)) run.reports[name] = read_report(directory / name);
    }
  }
  if (!key.empty()) store_vendor_run(params.cache, key, run);
  return run;
}

}  // namespace snac::toolchain
