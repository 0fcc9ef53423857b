// snac: from a data set to verified FPGA firmware. Data goes to standard output, talk to standard error.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "commands.hpp"
#include "description.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/terminal.hpp"
#include "snac/core/text_layout.hpp"
#include "snac/core/text_table.hpp"

namespace snac::app {

void StudyOptions::add_to(CLI::App& command) {
  constexpr const char* kGroup = "The study";
  command.add_option("-c,--config", config, "Configuration of the study (YAML)")->required()->type_name(kFile)->group(kGroup);
  add_settings(command, overrides)->group(kGroup);
  command.add_option("--threads", threads, "Worker threads; 0, the default, = all (never changes a result)")
      ->check(CLI::Range(0, 1024))
      ->default_str("")
      ->group(kGroup);
  command.add_option("-o,--output", output, "Folder of the study; default: as the configuration says, or runs/STUDY")
      ->type_name(kFolder)
      ->group(kGroup);
}

CLI::Option* add_settings(CLI::App& command, std::vector<std::string>& settings) {
  return command.add_option("--set", settings, "Change a key of the configuration: --set search.trials=100")->type_name(kSetting);
}

flow::StudyConfig StudyOptions::load() const {
  flow::StudyConfig study = flow::load_config(config, overrides);
  if (threads >= 0) study.threads = threads;
  if (!output.empty()) study.output = output;
  return study;
}

void print_json(const Json& json) { print(json.dump(2) + "\n"); }

void print_text(const std::string& text) { print(wrap_lines(text, static_cast<std::size_t>(terminal_width(STDOUT_FILENO)))); }

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError("cannot write the output", {.where = "standard output", .found = std::strerror(errno), .expected = {}, .hint = {}});
  }
}

namespace {

/// Help of our own instead of CLI11's.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override { return help_text(*app); }
};

/// Options that every command has.
struct GeneralOptions {
  std::string level = "normal", progress = "auto";
};

void add_everything(CLI::App& app, GeneralOptions& general, Action& action) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.option_defaults()->always_capture_default();
  app.set_help_flag("-h,--help", "Explain and stop");
  app.set_version_flag("--version", "snac " SNAC_VERSION, "Print the version and stop");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag_callback(
      "-q,--quiet", [&] { general.level = "quiet"; }, "Errors only");
  app.add_flag_callback(
      "-v,--verbose", [&] { general.level = "verbose"; }, "More talk");
  app.add_option("--progress", general.progress, "bar: a line that redraws; lines: for logs; auto: bar on a terminal, lines elsewhere")
      ->type_name("MODE")
      ->check(CLI::IsMember({"auto", "bar", "lines", "silent"}));
  add_run_commands(app, action);
  add_front(app, action);
  add_report(app, action);
  add_reproduce(app, action);
  add_show_config(app, action);
  add_estimate(app, action);
  add_synth(app, action);
  add_verify(app, action);
  add_import(app, action);
  add_export(app, action);
  add_surrogate(app, action);
  add_calibrate(app, action);
  add_data(app, action);
  add_devices(app, action);
  add_completion(app, action);
  add_docs(app, action);
  add_help(app, action);
}

const std::string kSummary =
    "From a data set, an FPGA and a budget to verified firmware: searches, trains, compresses and proves neural networks.";

Guide program_guide() {
  return {
      .about =
          "A study is one YAML file: data, device, search space, budgets. 'snac run' does everything, can be stopped at any time and "
          "goes on where it was. Everything else looks at a study or works on one network.",
      .examples = {{"snac run --config configs/jets_quick.yaml", "the whole way on the shipped jets: search, compression, Verilog, proof"},
                   {"snac front --config configs/jets_quick.yaml", "the Pareto front so far, also while it runs"},
                   {"snac report runs/jets_quick", "one page with figures of all of it"},
                   {"snac estimate 24-64-32-5 --device vu13p", "what a network would take before it is trained"},
                   {"snac show-config --keys", "every key of a configuration"},
                   {"source <(snac completion bash)", "completion of commands, options and keys with the tabulator key"}},
      .see = {"snac run", "snac show-config", "README.md", "docs/configuration.md"}};
}

int report(const Error& error, const std::string& resume) {
  std::fprintf(stderr, "snac: %s\n", error.what());
  if (error.code() == ExitCode::interrupted && !resume.empty())
    std::fprintf(stderr, "Finished work is stored. To go on: %s\n", resume.c_str());
  return static_cast<int>(error.code());
}

/// The command that was meant: the last one that could be read.
const CLI::App& innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.back());
}

/// What CLI11 found wrong, with the nearest name of what there is.
Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CommandDescription command = describe(innermost(app));
  ErrorText text{.where = command.name, .found = error.what(), .expected = {}, .hint = command.name + " --help explains it"};
  std::string summary = "the command line cannot be understood";
  std::vector<std::string> rest = app.remaining(true);
  std::erase(rest, "--");
  if (!rest.empty()) {
    const std::string& word = rest.front();
    std::vector<std::string> names;
    if (word.starts_with('-')) {
      summary = "unknown option";
      for (const OptionGroup& group : command.groups) {
        for (const OptionDescription& option : group.options) names.insert(names.end(), option.names.begin(), option.names.end());
      }
      text.expected = "an option of " + command.name;
    } else if (!command.commands.empty()) {
      summary = "unknown command";
      for (const CommandDescription& each : command.commands) names.push_back(each.last_name());
      text.expected = "a command of " + command.name;
    } else {
      summary = "too many arguments";
      text.expected = command.usage();
      if ((word.ends_with(".yaml") || word.ends_with(".yml")) && innermost(app).get_option_no_throw("--config") != nullptr)
        text.hint = fmt::format("did you mean '{} --config {}'? {}", command.name, word, text.hint);
    }
    text.found = "'" + word + "'";
    const std::string near = nearest_name(word.substr(0, word.find('=')), names);
    if (!near.empty()) text.hint = fmt::format("did you mean '{}'? {}", near, text.hint);
  } else if (const std::size_t open = text.found.rfind(" not in {"); open != std::string::npos) {
    // "--stage: foo not in {search,compress}"
    const std::size_t colon = text.found.find(": ");
    const std::string option = text.found.substr(0, colon), value = text.found.substr(colon + 2, open - colon - 2);
    OptionDescription known;
    for (const OptionGroup& group : command.groups) {
      for (const OptionDescription& each : group.options) {
        if (std::find(each.names.begin(), each.names.end(), option) != each.names.end()) known = each;
      }
    }
    summary = "a value is not one of those that are known";
    text.where = command.name + " " + option;
    text.found = "'" + value + "'";
    text.expected = fmt::format("one of {}", fmt::join(known.choices, ", "));
    const std::string near = nearest_name(value, known.choices);
    if (!near.empty()) text.hint = fmt::format("did you mean '{}'? {}", near, text.hint);
  }
  if (rest.empty() && !command.commands.empty()) {
    summary = "a command is missing";
    text.found = "none";
    text.expected = "one of";
    for (const CommandDescription& each : command.commands)
      text.expected += (text.expected.ends_with("of") ? " " : ", ") + each.last_name();
  }
  return {ExitCode::usage, summary, text};
}

int run(int argc, char** argv) {
  GeneralOptions general;
  Action action;
  Program app(kSummary, program_guide());
  add_everything(app, general, action);
  set_table_format({.width = static_cast<std::size_t>(terminal_width(STDOUT_FILENO)), .bold_header = terminal_colours(STDOUT_FILENO)});
  std::string resume;
  for (int i = 0; i < argc; ++i) resume += (i ? " " : "") + std::string(argv[i]);
  try {
    if (argc <= 1) {
      std::fputs(help_text(app).c_str(), stderr);
      return static_cast<int>(ExitCode::usage);
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      print(help_text(innermost(app)));
      return 0;
    } catch (const CLI::CallForVersion& version) {
      print(std::string(version.what()) + "\n");
      return 0;
    } catch (const CLI::ParseError& error) {
      return report(usage_error(app, error), "");
    }
    configure_log(general.level);
    set_progress_mode(general.level == "quiet" || general.progress == "silent" ? ProgressMode::silent
                      : general.progress == "bar"                              ? ProgressMode::bar
                      : general.progress == "lines"                            ? ProgressMode::lines
                                                                               : ProgressMode::automatic);
    install_interrupt_handler();
    return action();
  } catch (const Error& error) {
    return report(error, resume);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "snac: out of memory\n");
    return static_cast<int>(ExitCode::io);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "snac: a defect of snac, please report it: %s\n", error.what());
    return static_cast<int>(ExitCode::internal);
  }
}

}  // namespace

void require_readable(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool any = false;
  for (const char c : line) {
    if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      quote = quote != 0 ? '\0' : c;
      any = true;
    } else if (c == ' ' && quote == 0) {
      if (any || !word.empty()) words.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
    }
  }
  if (any || !word.empty()) words.push_back(word);
  GeneralOptions general;
  Action action;
  Program app(kSummary, program_guide());
  add_everything(app, general, action);
  std::reverse(words.begin(), words.end());
  words.pop_back();  // snac
  try {
    app.parse(std::move(words));
  } catch (const CLI::ValidationError& error) {
    if (std::string(error.what()).find("does not exist") == std::string::npos) throw usage_error(app, error);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw usage_error(app, error);
  }
}

}  // namespace snac::app

int main(int argc, char** argv) { return snac::app::run(argc, argv); }
