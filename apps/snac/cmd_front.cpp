// snac front: the Pareto fronts that a study holds so far; works beside a running search.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "snac/flow/results.hpp"

namespace snac::app {
namespace {

struct Options {
  StudyOptions study;
  std::string stage = "search";
  std::vector<std::string> metrics;
  bool csv = false, json = false, all = false;
};

/// One row per network: name, architecture and every measured figure.
struct Row {
  std::string name, network;
  bool on_front = false;
  flow::Values values;
};

std::vector<Row> rows_of(const flow::RunResult& result, const Options& options) {
  std::vector<Row> rows;
  if (options.stage == "search") {
    for (std::size_t i = 0; i < result.trials.size(); ++i) {
      const auto& trial = result.trials[i];
      const bool on_front = std::find(result.search_front.begin(), result.search_front.end(), i) != result.search_front.end();
      if (!trial.failed && (on_front || options.all))
        rows.push_back({fmt::format("m{}", trial.order), space::summary(trial.arch), on_front, trial.values});
    }
  } else {
    for (std::size_t i = 0; i < result.compressed.size(); ++i) {
      const auto& model = result.compressed[i];
      const bool on_front = std::find(result.compressed_front.begin(), result.compressed_front.end(), i) != result.compressed_front.end();
      if (on_front || options.all) rows.push_back({model.name, space::summary(model.arch), on_front, model.values});
    }
  }
  return rows;
}

std::string csv_of(const std::vector<Row>& rows) {
  std::string text = "name,network,front";
  if (rows.empty()) return text + "\n";
  for (const auto& [name, value] : rows.front().values) text += "," + name;
  text += "\n";
  for (const auto& row : rows) {
    text += fmt::format("{},\"{}\",{}", row.name, row.network, row.on_front ? 1 : 0);
    for (const auto& [name, value] : row.values) text += fmt::format(",{}", value);
    text += "\n";
  }
  return text;
}

Json json_of(const std::vector<Row>& rows) {
  Json json = Json::array();
  for (const auto& row : rows)
    json.push_back({{"name", row.name}, {"network", row.network}, {"front", row.on_front}, {"values", row.values}});
  return json;
}

}  // namespace

void add_front(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "front", "Print the Pareto front of a study, also while it runs",
      {.about =
           "Candidates of the global search, or with --stage compress the models of the local search, that no other one beats in every "
           "objective. For people a table, no wider than the terminal; --csv and --json give every figure that was measured.",
       .examples = {{"snac front --config configs/jets_quick.yaml", "searched networks"},
                    {"snac front --config configs/jets_quick.yaml --stage compress --metrics accuracy,lut,latency_ns", "compressed models"},
                    {"snac front --config configs/jets_quick.yaml --all --csv > trials.csv", "all candidates, for a spreadsheet"}},
       .see = {"snac report", "snac synth", "docs/configuration.md"}});
  command->group(kStudyCommands);
  options->study.add_to(*command);
  command->add_option("--stage", options->stage, "Whose front")->check(CLI::IsMember({"search", "compress"}));
  command
      ->add_option("--metrics", options->metrics,
                   "What spans the front, for instance accuracy,lut,latency_ns; default: the objectives, "
                   "and for compressed models accuracy, LUT and cycles")
      ->delimiter(',')
      ->type_name("NAMES");
  command->add_flag("--all", options->all, "All candidates, not the front only (with --csv or --json)");
  auto* csv = command->add_flag("--csv", options->csv, "Comma-separated values");
  command->add_flag("--json", options->json, "JSON")->excludes(csv);
  command->callback([&action, options] {
    action = [options] {
      const flow::StudyConfig config = options->study.load();
      flow::FrontMetrics metrics;
      (options->stage == "search" ? metrics.search : metrics.compressed) = options->metrics;
      const flow::RunResult result = flow::stored_results(config, metrics);
      if (options->csv)
        print(csv_of(rows_of(result, *options)));
      else if (options->json)
        print_json(json_of(rows_of(result, *options)));
      else
        print_text(options->stage == "search" ? flow::trials_table(result, config) : flow::compressed_table(result, config));
      return 0;
    };
  });
}

}  // namespace snac::app
