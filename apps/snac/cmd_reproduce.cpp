// snac reproduce: a published experiment run again, ours beside the published figures.
#include <memory>

#include "commands.hpp"
#include "snac/core/files.hpp"
#include "snac/core/log.hpp"
#include "snac/flow/published.hpp"
#include "snac/flow/reproduction.hpp"
#include "snac/report/page.hpp"
#include "snac/report/reproduction_page.hpp"
#include "snac/report/study_view.hpp"

namespace snac::app {
namespace {

struct Options {
  flow::ReproductionParams params;
  bool json = false;
};

std::string known_list() {
  std::string text = "Experiments:\n";
  for (const auto& [name, title] : flow::known_experiments()) text += "  " + name + "  " + title + "\n";
  return text;
}

int reproduce(const Options& options) {
  if (options.params.experiment.empty()) {
    print(known_list());
    return 0;
  }
  const Json document = flow::reproduce(options.params, [](const flow::Study& study) {
    report::write_page(study.folder() + "/report.html", report::study_view(study.store(), study.name()));
  });
  const std::string folder = options.params.output_folder(), page = folder + "/reproduction.html", data = folder + "/reproduction.json";
  report::write_reproduction_page(page, document);
  write_file_atomically(data, document.dump(1) + "\n");
  if (options.json)
    print_json(document);
  else
    print_text(flow::reproduction_text(document));
  spdlog::info("the same with figures: {}; as data: {}", page, data);
  return 0;
}

}  // namespace

void add_reproduce(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "reproduce", "Run a published experiment again; its tables and figures beside the published ones",
      {.about = "Without a name it lists the experiments. Stopped, the same command goes on. In its folder it leaves the page "
                "reproduction.html, the same as data, and every part as an ordinary study.",
       .examples = {{"snac reproduce paper --scale 0.1", "a first look, minutes"},
                    {"snac reproduce paper --seeds 3", "the full budget, with spread"},
                    {"snac reproduce paper --set data.train=train.h5 --set data.test=test.h5 --set 'select.where=[accuracy >= 0.638]'",
                     "the published files and bar"},
                    {"snac reproduce paper --set target.rule4ml.folder=rule4ml/models/weights", "guided by the paper's own estimator"}},
       .see = {"snac run", "snac front", "docs/reproduce.md"}});
  command->group(kStudyCommands);
  flow::ReproductionParams& params = options->params;
  params.experiment.clear();
  command->add_option("experiment", params.experiment, "Its name: paper");
  command->add_option("-c,--config", params.config, "Data, target, space and full budget (YAML)")->type_name(kFile)->capture_default_str();
  add_settings(*command, params.overrides);
  command->add_option("--scale", params.scale, "Share of the full budget, above 0, at most 1")->capture_default_str();
  command->add_option("--seeds", params.seeds, "So many times with different seeds, for a spread")->capture_default_str();
  command->add_option("--threads", params.threads, "Worker threads; 0 = all (never changes a result)")
      ->check(CLI::Range(0, 1024))
      ->default_str("");
  command->add_option("-o,--output", params.output, "Folder; default: runs/reproduce_paper, with -SCALE for a smaller budget")
      ->type_name(kFolder);
  command->add_flag("--json", options->json, "Print the document as JSON");
  command->callback([&action, options] { action = [options] { return reproduce(*options); }; });
}

}  // namespace snac::app
