// snac report: one HTML page of a study, from its store; again and again while a search runs.
#include <chrono>
#include <memory>
#include <thread>

#include "commands.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/report/page.hpp"
#include "snac/report/study_view.hpp"
#include "snac/store/store.hpp"

namespace snac::app {
namespace {

struct Options {
  std::string run, config, study, output;
  std::vector<std::string> overrides;
  int watch = 0;
  bool json = false;
};

/// Where the store is and which study of it is meant.
struct Place {
  std::string run, study;
  std::string folder = {};  ///< where the page goes; "" = beside the study
};

Place place_of(const Options& options) {
  if (options.run.empty() == options.config.empty()) {
    throw Error(ExitCode::usage, "which study?",
                {.where = "snac report",
                 .found = options.run.empty() ? "neither a folder nor a configuration" : "a folder and a configuration",
                 .expected = "one of both",
                 .hint = "snac report runs/jets_quick, or snac report --config configs/jets_quick.yaml"});
  }
  if (!options.run.empty()) return {options.run, options.study, store::is_server(options.run) ? "." : ""};
  const flow::StudyConfig config = flow::load_config(options.config, options.overrides);
  return {flow::storage_of(config), options.study.empty() ? config.study : options.study, config.output_folder()};
}

std::string default_output(const Place& place) {
  if (!place.folder.empty()) return (std::filesystem::path(place.folder) / "report.html").string();
  const std::filesystem::path path(store::sqlite_path(place.run));
  return ((std::filesystem::is_directory(path) ? path : path.parent_path()) / "report.html").string();
}

/// Returns when a stop was asked for or the time is over.
void wait(int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!interrupt_requested() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

int write(const Options& options) {
  const Place place = place_of(options);
  const auto store = report::open_run(place.run);
  const std::string study = report::find_study(*store, place.study);
  const std::string output = options.output.empty() ? default_output(place) : options.output;
  const auto once = [&](int refresh) {
    Progress progress("report", 0, "", 0, kQuietSeconds);
    const Progress::Running running(&progress, "page of " + study);
    report::write_page(output, report::study_view(*store, study), {.refresh_seconds = refresh});
  };
  if (options.watch > 0) {
    spdlog::info("{} is written every {} s until Ctrl-C", output, options.watch);
    do {
      once(options.watch);
      wait(options.watch);
    } while (!interrupt_requested());
  }
  once(0);  // the page that stays does not reload itself
  if (options.json)
    print_json({{"study", study}, {"page", output}});
  else
    print(output + "\n");
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "report", "Write one HTML page with tables and figures of a study, also while it runs",
      {.about = "Fronts of any two metrics, progress of the search, importance of parameters, curves of the local search, confusion matrix "
                "and ROC curves, resources and pipeline of the circuit, provenance. The page needs no network; every figure can be saved. "
                "The name of the page is printed.",
       .examples = {{"snac report runs/jets_quick", "writes runs/jets_quick/report.html"},
                    {"snac report --config configs/jets_quick.yaml -o talk.html", ""},
                    {"snac report runs/jets_quick --watch 10", "every 10 s while a search runs in another terminal"}},
       .see = {"snac front", "docs/results.md"}});
  command->group(kStudyCommands);
  command->add_option("run", options->run, "Folder of the study, for instance runs/jets_quick, or the address of its database")->type_name(kFolder);
  command->add_option("-c,--config", options->config, "Instead of the folder: the configuration of the study (YAML)")->type_name(kFile);
  add_settings(*command, options->overrides);
  command->add_option("--study", options->study, "Name of the study, if the store holds several");
  command->add_option("-o,--output", options->output, "The page; default: report.html in the study's folder")->type_name(kFile);
  command->add_option("--watch", options->watch, "Write the page every so many seconds until Ctrl-C; the page reloads itself")
      ->check(CLI::Range(1, 86400))
      ->type_name("SECONDS")
      ->default_str("");
  command->add_flag("--json", options->json, "Print the page's name as JSON");
  command->callback([&action, options] { action = [options] { return write(*options); }; });
}

}  // namespace snac::app
