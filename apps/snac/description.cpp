#include "description.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace snac::app {
namespace {

constexpr const char* kGeneral = "General";

/// "TEXT:{a,b}" or "INT:INT in [1 - 16]" as CLI11 composes it of a type and its checks.
void read_type(const std::string& type, OptionDescription& option) {
  std::size_t at = 0;
  for (bool first = true; at <= type.size(); first = false) {
    std::size_t end = at, depth = 0;
    for (; end < type.size() && (type[end] != ':' || depth > 0); ++end) {
      if (type[end] == '{') ++depth;
      if (type[end] == '}' && depth > 0) --depth;
    }
    const std::string part = type.substr(at, end - at);
    at = end + 1;
    if (first) {
      option.value = part == "INT" || part == "UINT" || part == "FLOAT" ? "N" : part == "TEXT" ? "WORD" : part;
    } else if (part.starts_with('{') && part.ends_with('}')) {
      for (std::size_t from = 1; from < part.size();) {
        const std::size_t to = part.find_first_of(",}", from);
        option.choices.push_back(part.substr(from, to - from));
        from = to + 1;
      }
    } else if (const std::size_t range = part.find(" in ["); range != std::string::npos) {
      const std::string ends = part.substr(range + 5, part.size() - range - 6);
      const std::size_t dash = ends.find(" - ");
      option.range = "from " + ends.substr(0, dash) + " to " + ends.substr(dash + 3);
    } else if (part == "FILE" && option.value == "WORD") {
      option.value = kFile;
    }
  }
}

OptionDescription describe(const CLI::Option& option) {
  OptionDescription result;
  if (option.get_positional()) {
    result.names = {option.get_name(true, false)};
  } else {
    for (const auto& name : option.get_snames()) result.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) result.names.push_back("--" + name);
  }
  if (option.get_type_size() != 0) read_type(option.get_type_name(), result);
  const std::string standard = option.get_default_str();
  if (!standard.empty() && standard != "[]" && standard != "\"\"" && standard != "{}") result.default_value = standard;
  result.help = option.get_description();
  result.required = option.get_required();
  result.repeated = option.get_type_size() != 0 && option.get_expected_max() > 1;
  for (const CLI::Option* other : option.get_needs()) result.needs.push_back(other->get_name());
  for (const CLI::Option* other : option.get_excludes()) result.excludes.push_back(other->get_name());
  // Sets of pointers have no order of their own.
  std::sort(result.needs.begin(), result.needs.end());
  std::sort(result.excludes.begin(), result.excludes.end());
  return result;
}

void add_options(const CLI::App& app, bool of_root, CommandDescription& command, OptionGroup& general) {
  std::vector<std::string> titles;  // in the order of their first option, help aside
  for (const CLI::Option* option : app.get_options()) {
    if ((option != app.get_help_ptr() || of_root) && std::find(titles.begin(), titles.end(), option->get_group()) == titles.end())
      titles.push_back(option->get_group());
  }
  if (std::find(titles.begin(), titles.end(), "Options") == titles.end()) titles.emplace_back("Options");  // that of help
  for (const std::string& title : titles) {
    OptionGroup group{title, {}};
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() != title || title.empty()) continue;
      const bool help = option == app.get_help_ptr();
      if (of_root && app.get_parent() == nullptr && command.name != app.get_name() && (help || option == app.get_version_ptr())) continue;
      if (option->get_positional()) {
        command.arguments.push_back(describe(*option));
      } else {
        (help || of_root ? general : group).options.push_back(describe(*option));
      }
    }
    if (!group.options.empty()) command.groups.push_back(std::move(group));
  }
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

}  // namespace

std::string CommandDescription::heading(const OptionDescription& option) {
  std::string text = fmt::format("{}", fmt::join(option.names, ", "));
  if (!option.value.empty() && option.names.front().starts_with('-')) text += " " + option.value;
  return text;
}

std::string CommandDescription::meaning(const OptionDescription& option) {
  std::string text = option.help;
  std::string separator = " (";
  const auto add = [&](const std::string& part) {
    text += separator + part;
    separator = "; ";
  };
  if (option.required) add("required");
  if (!option.choices.empty() && option.choices.size() <= 12) add(fmt::format("one of {}", fmt::join(option.choices, ", ")));
  if (!option.range.empty()) add(option.range);
  if (!option.default_value.empty()) add("default " + option.default_value);
  if (option.repeated) add("may be repeated");
  if (!option.needs.empty()) add(fmt::format("with {}", fmt::join(option.needs, ", ")));
  if (!option.excludes.empty()) add(fmt::format("not with {}", fmt::join(option.excludes, ", ")));
  return separator == "; " ? text + ")" : text;
}

std::string CommandDescription::usage() const {
  std::string text = name;
  for (const OptionGroup& each : groups) {
    for (const OptionDescription& option : each.options) {
      if (option.required) text += " " + option.names.front() + " " + option.value;
    }
  }
  if (!commands.empty()) text += " COMMAND";
  for (const OptionDescription& argument : arguments) {
    const std::string word = argument.names.front() + (argument.repeated ? "..." : "");
    text += argument.required ? " " + word : " [" + word + "]";
  }
  return text + " [options]";
}

CommandDescription describe(const CLI::App& app) {
  CommandDescription command{full_name(app), app.get_description(), app.get_group(), {}, {}, {}, {}};
  if (const auto* with_guide = dynamic_cast<const Command*>(&app)) {
    command.guide = with_guide->guide();
  } else {
    command.guide.about = app.get_footer();
  }
  OptionGroup general{kGeneral, {}};
  const CLI::App* root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  if (&app != root) add_options(app, false, command, general);
  add_options(*root, true, command, general);
  command.groups.push_back(std::move(general));
  for (const CLI::App* each : app.get_subcommands({})) command.commands.push_back(describe(*each));
  return command;
}

Facts exit_codes() {
  return {{"0", "all is well"},
          {"1", "a defect of snac: please report it"},
          {"2", "the command line cannot be understood"},
          {"3", "a configuration or search space is wrong"},
          {"4", "a data set is missing, damaged or unusable"},
          {"5", "an external tool is missing or failed"},
          {"6", "reading or writing failed: a full disk, a missing permission, a closed pipe"},
          {"7", "engines disagree: the model is not bit-exact"},
          {"8", "nothing satisfies the budgets"},
          {"130", "stopped by Ctrl-C or SIGTERM; the same command goes on where it was"}};
}

Facts environment() {
  return {{"COLUMNS", "width of tables on a terminal, if it should not be the terminal's own; files and pipes get tables of any width"},
          {"NO_COLOR", "if not empty: no colours on a terminal"},
          {"PATH", "where yosys, verilator, iverilog, g++ and vendors' tools are looked for"},
          {"SNAC_KERNELS", "arithmetic of training: avx512, avx2, portable or reference; default: the best that the processor has"},
          {"SNAC_PYTHON", "the Python with the packages qonnx and onnxruntime, for 'snac verify'; default: python3"}};
}

Facts files() {
  return {
      {"runs/STUDY/", "what a study writes, below the folder where it is started; 'output' of its configuration or --output name another"},
      {"runs/STUDY/study.sqlite", "the record: every trial, model and figure; what makes a run go on where it was"},
      {"runs/STUDY/report.html", "one page with all figures, which needs no network"},
      {"runs/STUDY/hardware/MODEL/",
       "Verilog, test bench and vectors, fixed_net.json (the model in integers), scripts for vendors' tools"}};
}

}  // namespace snac::app
