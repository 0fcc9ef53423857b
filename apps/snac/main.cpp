// snac: from a data set to verified FPGA firmware. Data goes to standard output, talk to standard error.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "commands.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"

namespace snac::app {

void StudyOptions::add_to(CLI::App& command) {
  command.add_option("-c,--config", config, "Configuration of the study (YAML)")->required();
  command.add_option("--set", overrides, "Change one key: --set search.trials=100 (may be repeated)");
  command.add_option("--threads", threads, "Worker threads; 0 = all (never changes a result)")->check(CLI::Range(0, 1024));
  command.add_option("-o,--output", output, "Folder of the study");
}

flow::StudyConfig StudyOptions::load() const {
  flow::StudyConfig study = flow::load_config(config, overrides);
  if (threads >= 0) study.threads = threads;
  if (!output.empty()) study.output = output;
  return study;
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError("cannot write the output", {.where = "standard output", .found = std::strerror(errno), .expected = {}, .hint = {}});
  }
}

namespace {

int report(const Error& error, const std::string& resume) {
  std::fprintf(stderr, "snac: %s\n", error.what());
  if (error.code() == ExitCode::interrupted && !resume.empty())
    std::fprintf(stderr, "Finished work is stored. To go on: %s\n", resume.c_str());
  return static_cast<int>(error.code());
}

int run(int argc, char** argv) {
  CLI::App app{
      "snac: from a data set to verified FPGA firmware.\n"
      "A study is one YAML file. 'snac run' does everything and can be stopped and started again at any time."};
  app.footer(
      "Examples:\n"
      "  snac run --config configs/jets_quick.yaml          the whole way: search, compression, Verilog, proof\n"
      "  snac front --config configs/jets_quick.yaml --csv  the Pareto front so far, as data\n"
      "  snac report runs/jets_quick -o report.html         a page with figures of all of it, also while it runs (--watch 10)\n"
      "  snac reproduce paper --scale 0.1                   the published experiment, smaller, beside the published figures\n"
      "  snac verify --model runs/jets_quick/hardware/<model>/fixed_net.json\n"
      "  snac show-config --keys                            every key of a configuration\n"
      "Exit codes: 0 good, 2 command line, 3 configuration, 4 data, 5 tool, 6 reading or writing, 7 engines disagree,\n"
      "8 nothing satisfies the budgets, 130 interrupted, 1 a defect of snac.");
  app.set_version_flag("--version", "snac 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
  std::string level = "normal";
  std::string progress = "auto";
  app.add_flag_callback(
      "-q,--quiet", [&] { level = "quiet"; }, "Errors only");
  app.add_flag_callback(
      "-v,--verbose", [&] { level = "verbose"; }, "More talk");
  app.add_option("--progress", progress, "auto, bar, lines or silent")->check(CLI::IsMember({"auto", "bar", "lines", "silent"}));

  Action action;
  add_run_commands(app, action);
  add_front(app, action);
  add_report(app, action);
  add_reproduce(app, action);
  add_synth(app, action);
  add_verify(app, action);
  add_export(app, action);
  add_import(app, action);
  add_show_config(app, action);
  add_data(app, action);
  add_devices(app, action);
  add_estimate(app, action);
  add_calibrate(app, action);
  add_surrogate(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  configure_log(level);
  set_progress_mode(level == "quiet" || progress == "silent" ? ProgressMode::silent
                    : progress == "bar"                      ? ProgressMode::bar
                    : progress == "lines"                    ? ProgressMode::lines
                                                             : ProgressMode::automatic);
  install_interrupt_handler();

  std::string resume;
  for (int i = 0; i < argc; ++i) resume += (i ? " " : "") + std::string(argv[i]);
  try {
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
}  // namespace snac::app

int main(int argc, char** argv) { return snac::app::run(argc, argv); }
