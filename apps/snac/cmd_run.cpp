// snac run | search | compress: the stages of a study, each doing only what the store does not hold yet.
#include <memory>

#include "commands.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
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

void add_stage(CLI::App& app, Action& action, const char* name, const char* help, Guide guide, flow::Stage last) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, name, help, std::move(guide));
  command->group(kStudyCommands);
  options->study.add_to(*command);
  command->add_flag("--json", options->json, "Print the results as JSON");
  command->callback([&action, options, last] {
    action = [options, last] {
      flow::Study study(options->study.load());
      const flow::RunResult result = flow::run(study, last);
      if (options->json)
        print_json(flow::to_json(result, study));
      else
        print_text(text_of(result, study, last));
      Progress progress("report", 0, "", 0, kQuietSeconds);
      const std::string page = study.folder() + "/report.html";
      report::write_page(page, report::study_view(study.store(), study.name()));
      spdlog::info("figures of all of it: {}", page);
      return 0;
    };
  });
}

}  // namespace

void add_run_commands(CLI::App& app, Action& action) {
  add_stage(
      app, action, "run", "The whole way: search, compression, Verilog, simulation, synthesis",
      {.about = "Searches architectures and trains them, compresses the best ones to integers, chooses by your budgets, writes Verilog, "
                "proves it bit-exact by simulation and counts its resources. Everything finished is stored at once: after Ctrl-C or "
                "a power cut the same command goes on where it was, and run again it only prints the results.",
       .examples = {{"snac run --config configs/jets_quick.yaml", "about two minutes on two cores"},
                    {"snac run --config configs/jets_quick.yaml --set search.trials=40 --set study=small -o runs/small",
                     "a smaller study of another name"},
                    {"snac run --config configs/jets_quick.yaml --json > results.json", "every trial, model and figure"}},
       .see = {"snac front", "snac report", "snac show-config", "docs/configuration.md"}},
      flow::Stage::hardware);
  add_stage(app, action, "search", "Global search: train and estimate candidates, print the Pareto front",
            {.about = "The first stage of 'snac run', which can go on from it.",
             .examples = {{"snac search --config configs/jets_quick.yaml", ""},
                          {"snac search --config configs/jets_quick.yaml --set search.hardware=circuit --set study=measured",
                           "with hardware figures of compressed candidates instead of estimates"}},
             .see = {"snac compress", "snac front", "docs/configuration.md"}},
            flow::Stage::search);
  add_stage(
      app, action, "compress", "Local search: quantise and prune the selected networks (searches first if needed)",
      {.about = "The second stage of 'snac run': every selected network becomes a series of models with fewer bits and weights, scored as "
                "integers and costed as circuits.",
       .examples = {{"snac compress --config configs/jets_quick.yaml", ""},
                    {"snac compress --config configs/jets_pruning.yaml --set compress.precisions=[8,6,4]", ""}},
       .see = {"snac front", "snac run", "docs/configuration.md"}},
      flow::Stage::compress);
}

}  // namespace snac::app
