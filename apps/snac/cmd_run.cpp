// snac run | search | compress: the stages of a study, each doing only what the store does not hold yet.
#include <memory>

#include "commands.hpp"
#include "snac/core/log.hpp"
#include "snac/flow/results.hpp"
#include "snac/report/page.hpp"
#include "snac/report/study_view.hpp"

namespace snac::app {
namespace {

struct Options {
  StudyOptions study;
  bool json = false;
};

std::string text_of(const flow::RunResult& result, const flow::Study& study, flow::Stage last) {
  std::string text = flow::trials_table(result, study.config());
  if (last != flow::Stage::search) text += "\n" + flow::compressed_table(result, study.config());
  if (last == flow::Stage::hardware) text += "\n" + flow::final_table(result, study);
  return text;
}

void add_stage(CLI::App& app, Action& action, const char* name, const char* help, flow::Stage last) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, help);
  options->study.add_to(*command);
  command->add_flag("--json", options->json, "Print the results as JSON");
  command->callback([&action, options, last] {
    action = [options, last] {
      flow::Study study(options->study.load());
      const flow::RunResult result = flow::run(study, last);
      print(options->json ? flow::to_json(result, study).dump(2) + "\n" : text_of(result, study, last));
      const std::string page = study.folder() + "/report.html";
      report::write_page(page, report::study_view(study.store(), study.name()));
      spdlog::info("figures of all of it: {}", page);
      return 0;
    };
  });
}

}  // namespace

void add_run_commands(CLI::App& app, Action& action) {
  add_stage(app, action, "run", "The whole way: search, compression, Verilog, simulation, synthesis", flow::Stage::hardware);
  add_stage(app, action, "search", "Global search: train and estimate candidates, print the Pareto front", flow::Stage::search);
  add_stage(app, action, "compress", "Local search: quantise and prune the selected networks (searches first if needed)",
            flow::Stage::compress);
}

}  // namespace snac::app
