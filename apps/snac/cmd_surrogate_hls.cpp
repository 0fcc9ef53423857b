// snac surrogate fit-hls | evaluate-hls | estimate-hls | rule4ml: HLS flows.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/text_table.hpp"
#include "snac/cost/hls_surrogate.hpp"
#include "snac/cost/rule4ml.hpp"

namespace snac::app {
namespace {

struct ReportOptions {
  std::vector<std::string> files, where;

  void add_to(CLI::App& command) {
    command.add_option("--reports", files, "Files of reports: CSV tables of layers or networks, or JSON of wa-hls4ml")
        ->required()
        ->type_name(kFile);
    command.add_option("--where", where, "Use only rows whose column matches, with * and ?: --where 'project=*/DSP_reuse1'")
        ->type_name("COLUMN=PATTERN");
  }
  std::vector<cost::HlsFilter> filters() const {
    std::vector<cost::HlsFilter> result;
    for (const std::string& each : where) {
      const std::size_t equals = each.find('=');
      if (equals == std::string::npos || equals == 0) {
        throw ConfigError("a filter is malformed",
                          {.where = "--where", .found = "'" + each + "'", .expected = "COLUMN=PATTERN", .hint = "quote it for the shell"});
      }
      result.push_back({each.substr(0, equals), each.substr(equals + 1)});
    }
    return result;
  }
  /// All samples; what was read and left out goes to `sources` and `notes`.
  std::vector<cost::HlsSample> read(std::vector<cost::HlsSurrogate::Source>& sources, std::vector<std::string>& notes) const {
    std::vector<cost::HlsSample> samples;
    for (const std::string& file : files) {
      const std::string text = read_file(file);
      cost::HlsReports reports = cost::parse_hls_reports(text, file, filters());
      sources.push_back({std::filesystem::path(file).filename().string(), sha256(text), static_cast<int>(reports.samples.size())});
      samples.insert(samples.end(), reports.samples.begin(), reports.samples.end());
      notes.insert(notes.end(), reports.notes.begin(), reports.notes.end());
    }
    for (const std::string& each : where) notes.push_back("only rows with " + each);
    return samples;
  }
};

std::string r2_text(const cost::RegressionErrors& errors) { return errors.r2 ? fmt::format("{:.4f}", *errors.r2) : "-"; }

std::vector<std::string> errors_row(std::string figure, std::string estimator, int networks, const cost::RegressionErrors& errors) {
  return {std::move(figure),
          std::move(estimator),
          fmt::format("{}", errors.rows),
          fmt::format("{}", networks),
          r2_text(errors),
          fmt::format("{:.2f}", errors.smape),
          fmt::format("{:.4g}", errors.rmse)};
}

/// "exp(a) * nonzeros, corrected by clock_ns, outputs"
std::string form_of(const cost::HlsTargetModel& model) {
  std::string text;
  for (const cost::HlsCount& count : model.counts) {
    text += text.empty() ? "" : " + ";
    text += model.counts.size() > 1 ? fmt::format("{:.3g} {}", count.coefficient, count.name) : count.name;
  }
  text += fmt::format(" (ridge {:g})", model.ridge);
  for (std::size_t k = 0; k < model.terms.size(); ++k) text += (k ? ", " : "; corrected by ") + model.terms[k].condition;
  return text;
}

std::string notes_text(const std::vector<std::string>& notes) {
  std::string text;
  for (const auto& each : notes) text += "note: " + each + "\n";
  return text;
}

struct FitOptions {
  ReportOptions reports;
  std::string output, stage, level;
  bool json = false;
};

int run_fit(const FitOptions& options) {
  cost::HlsFitParams params;
  if (!options.stage.empty()) params.stage = cost::hls_stage_from_string(options.stage);
  if (!options.level.empty()) params.level = cost::hls_level_from_string(options.level);
  std::vector<cost::HlsSurrogate::Source> sources;
  std::vector<std::string> notes;
  const std::vector<cost::HlsSample> samples = options.reports.read(sources, notes);
  Progress progress("fit", 0, "", 0, kQuietSeconds);
  std::optional<Progress::Running> running(std::in_place, &progress, fmt::format("{} samples", samples.size()));
  cost::HlsSurrogate surrogate = cost::fit_hls_surrogate(samples, params);
  running.reset();
  surrogate.sources = sources;
  surrogate.notes.insert(surrogate.notes.begin(), notes.begin(), notes.end());
  const Json file = cost::to_json(surrogate);
  if (!options.output.empty()) write_file_atomically(options.output, file.dump(2) + "\n");
  if (options.json) {
    print_json(file);
    return 0;
  }
  TextTable errors({"figure", "estimator", "rows", "networks", "R2", "SMAPE %", "RMSE"});
  TextTable forms({"figure", "proportional to", "nine of ten within"});
  for (const cost::HlsTargetModel& model : surrogate.models) {
    const cost::HlsTargetCard& card = model.card;
    const std::string name = cost::to_string(model.target);
    const std::string baseline = card.baseline_base == "one" ? fmt::format("{:.3g} always", card.baseline_value)
                                                             : fmt::format("{:.3g} x {}", card.baseline_value, card.baseline_base);
    errors.add_row(errors_row(name, baseline, card.networks, card.baseline));
    errors.add_row(errors_row(name, "this model", card.networks, card.left_out));
    forms.add_row({name, form_of(model), fmt::format("x {:.2f}", std::exp(1.645 * model.log_sd))});
  }
  print_text(fmt::format("Estimates of a {}, {}; errors on networks that were left out\n", cost::to_string(surrogate.level),
                         cost::to_string(surrogate.stage)) +
             errors.str() + "\n" + forms.str() + notes_text(surrogate.notes));
  return 0;
}

struct EvaluateOptions {
  ReportOptions reports;
  std::string surrogate;
  bool json = false;
};

int run_evaluate(const EvaluateOptions& options) {
  const cost::HlsSurrogate surrogate = cost::load_hls_surrogate(options.surrogate);
  std::vector<cost::HlsSurrogate::Source> sources;
  std::vector<std::string> notes;
  const std::vector<cost::HlsSample> samples = options.reports.read(sources, notes);
  const std::vector<cost::HlsEvaluation> results = cost::evaluate_hls_surrogate(surrogate, samples);
  if (results.empty()) {
    throw DataError("nothing to judge a surrogate by",
                    {.where = options.surrogate,
                     .found = fmt::format("{} samples", samples.size()),
                     .expected = fmt::format("figures of a {} {}", cost::to_string(surrogate.level), cost::to_string(surrogate.stage)),
                     .hint = "the reports must be of the stage that the surrogate was fitted to"});
  }
  Json list = Json::array();
  TextTable table({"figure", "rows", "R2", "SMAPE %", "RMSE", "within range %", "unlike the fitted", "not estimated"});
  for (const cost::HlsEvaluation& e : results) {
    list.push_back({{"figure", cost::to_string(e.target)},
                    {"rows", e.errors.rows},
                    {"r2", e.errors.r2 ? Json(*e.errors.r2) : Json(nullptr)},
                    {"smape_percent", e.errors.smape},
                    {"rmse", e.errors.rmse},
                    {"within_range", e.covered},
                    {"unlike_the_fitted", e.outside},
                    {"not_estimated", e.unusable}});
    table.add_row({cost::to_string(e.target), fmt::format("{}", e.errors.rows), r2_text(e.errors), fmt::format("{:.2f}", e.errors.smape),
                   fmt::format("{:.4g}", e.errors.rmse), fmt::format("{:.0f}", 100 * e.covered), fmt::format("{}", e.outside),
                   fmt::format("{}", e.unusable)});
  }
  if (options.json)
    print_json({{"figures", list}, {"notes", notes}});
  else
    print_text(table.str() + notes_text(notes));
  return 0;
}

/// "24-64-32-5": widths from input to logits.
space::ArchSpec network_from(const std::string& text, const std::string& activation, bool batch_norm) {
  const std::vector<int> widths = layer_sizes(text);
  if (widths.size() < 2) {
    throw ConfigError("a network is malformed", {.where = "--network",
                                                 .found = fmt::format("'{:.80}'", text),
                                                 .expected = "widths from input to logits, such as 24-64-32-5",
                                                 .hint = {}});
  }
  return space::mlp(widths.front(), {widths.begin() + 1, widths.end() - 1}, widths.back(), space::activation_from_string(activation),
                    batch_norm);
}

struct EstimateOptions {
  std::string surrogate, network, model, strategy = "latency";
  cost::HlsTargetSetup setup;
  bool json = false;
};

int run_estimate(const EstimateOptions& options) {
  const cost::HlsSurrogate surrogate = cost::load_hls_surrogate(options.surrogate);
  cost::HlsTargetSetup setup = options.setup;
  setup.strategy = cost::hls_strategy_from_string(options.strategy);
  const cost::HlsDesign design = options.model.empty() ? cost::hls_design(network_from(options.network, "relu", false), setup)
                                                       : cost::hls_design(fixed::load_fixed_net(options.model), setup);
  Json list = Json::array();
  TextTable table({"figure", "estimate", "low", "high"});
  std::vector<std::string> notes;
  for (const cost::HlsTargetModel& model : surrogate.models) {
    const std::string name = cost::to_string(model.target);
    const cost::HlsEstimate e = *surrogate.estimate(design, model.target);
    list.push_back({{"figure", name}, {"estimate", e.value}, {"low", e.low}, {"high", e.high}, {"outside", e.outside}});
    table.add_row({name, fmt::format("{:.4g}", e.value), fmt::format("{:.4g}", e.low), fmt::format("{:.4g}", e.high)});
    for (const auto& each : e.outside) notes.push_back(fmt::format("{}: unlike the fitted: {}", name, each));
  }
  const std::string source =
      fmt::format("HLS surrogate ({} level, {})", cost::to_string(surrogate.level), cost::to_string(surrogate.stage));
  if (options.json)
    print_json({{"source", source}, {"figures", list}});
  else
    print_text(table.str() + "source: " + source + "\n" + notes_text(notes));
  return 0;
}

struct Rule4mlOptions {
  std::string folder, network, activation = "relu", strategy = "latency";
  cost::Rule4mlSetup setup;
  bool batch_norm = false, sequential = false, exact = false, logits = false, json = false;
};

int run_rule4ml(const Rule4mlOptions& options) {
  cost::Rule4mlSetup setup = options.setup;
  setup.strategy = cost::hls_strategy_from_string(options.strategy);
  if (options.sequential) setup.model = cost::Rule4mlSetup::Model::sequential;
  if (options.exact) setup.reuse = cost::Rule4mlSetup::Reuse::exact;
  setup.softmax = !options.logits;
  const space::ArchSpec network = network_from(options.network, options.activation, options.batch_norm);
  const cost::Rule4ml rule4ml(options.folder);
  const cost::Rule4mlEstimate e = rule4ml.predict(std::span(&network, 1), setup).front();
  if (options.json) {
    Json out{{"source", e.resources.source},  {"lut", e.resources.lut},       {"ff", e.resources.ff},
             {"dsp", e.resources.dsp},        {"bram18", e.resources.bram18}, {"average_resource_percent", e.average_resource_percent},
             {"clock_cycles", e.clock_cycles}};
    if (e.initiation_interval) out["initiation_interval"] = *e.initiation_interval;
    print_json(out);
    return 0;
  }
  TextTable table({"figure", "estimate", "% of " + cost::find_device(setup.device).name});
  const auto row = [&](const char* name, double count, double percent) {
    table.add_row({name, fmt::format("{:.2f}", count), fmt::format("{:.2f}", percent)});
  };
  row("LUT", e.resources.lut, e.percent.lut);
  row("FF", e.resources.ff, e.percent.ff);
  row("DSP", e.resources.dsp, e.percent.dsp);
  row("BRAM18", e.resources.bram18, e.percent.bram);
  table.add_row({"average resource", "", fmt::format("{:.2f}", e.average_resource_percent)});
  table.add_row({"cycles", fmt::format("{:.2f}", e.clock_cycles), ""});
  if (e.initiation_interval) table.add_row({"II", fmt::format("{:.2f}", *e.initiation_interval), ""});
  print_text(table.str() + "source: " + e.resources.source + "\n");
  return 0;
}

void add_fit(CLI::App& surrogate, Action& action) {
  auto options = std::make_shared<FitOptions>();
  CLI::App* command = add_command(
      surrogate, "fit-hls", "Fit estimators of an HLS flow to its reports, and measure their errors",
      {.about = "Every network is left out in turn; the errors printed are of the networks left out, beside those of one coefficient per "
                "non-zero weight. Stages (C-synthesis, post-synthesis) and levels (layer, network) are never mixed.",
       .examples = {{"snac surrogate fit-hls --reports layers.csv -o hls.json", ""},
                    {"snac surrogate fit-hls --reports layers.csv --where 'project=*/DSP_reuse1' -o hls.json", "some rows only"}},
       .see = {"snac surrogate estimate-hls", "docs/estimation.md"}});
  options->reports.add_to(*command);
  command->add_option("-o,--output", options->output, "File to write")->type_name(kFile);
  command->add_option("--stage", options->stage, "Needed if the reports have both")->check(known_values({"c-synthesis", "post-synthesis"}));
  command->add_option("--level", options->level, "Needed if the reports have both")->check(known_values({"layer", "network"}));
  command->add_flag("--json", options->json, "Print the file's content as JSON");
  command->callback([&action, options] { action = [options] { return run_fit(*options); }; });
}

void add_evaluate(CLI::App& surrogate, Action& action) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command = add_command(surrogate, "evaluate-hls", "Errors of a fitted file on other reports",
                                  {.examples = {{"snac surrogate evaluate-hls --surrogate hls.json --reports other.csv", ""},
                                                {"snac surrogate evaluate-hls --surrogate hls.json --reports other.csv --json", ""}},
                                   .see = {"snac surrogate fit-hls", "docs/estimation.md"}});
  command->add_option("--surrogate", options->surrogate, "File of 'snac surrogate fit-hls'")->required()->type_name(kFile);
  options->reports.add_to(*command);
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_evaluate(*options); }; });
}

void add_estimate_hls(CLI::App& surrogate, Action& action) {
  auto options = std::make_shared<EstimateOptions>();
  CLI::App* command = add_command(
      surrogate, "estimate-hls", "Figures of one network by a fitted file",
      {.examples = {{"snac surrogate estimate-hls --surrogate hls.json --network 24-64-32-5 --sparsity 0.5 --clock 5 --device pynq-z2", ""},
                    {"snac surrogate estimate-hls --surrogate hls.json -m fixed_net.json --reuse-factor 4", "with the weights it has"}},
       .see = {"snac surrogate fit-hls", "docs/estimation.md"}});
  command->add_option("--surrogate", options->surrogate, "File of 'snac surrogate fit-hls'")->required()->type_name(kFile);
  auto* network = command->add_option("--network", options->network, "Widths from input to logits: 24-64-32-5");
  auto* model =
      command->add_option("-m,--model", options->model, "A fixed_net.json: non-zeros and digits of its own weights")->type_name(kFile);
  network->excludes(model);
  command->add_option("--device", options->setup.device, "Part or board")->type_name(kDevice);
  command->add_option("--clock", options->setup.clock_ns, "Period in ns");
  command->add_option("--strategy", options->strategy, "A multiplier per weight, or shared ones")
      ->check(known_values({"latency", "resource"}));
  command->add_option("--reuse-factor", options->setup.reuse_factor, "Each layer takes the nearest legal one");
  command->add_option("--weight-bits", options->setup.weight_bits, "With --network");
  command->add_option("--sparsity", options->setup.sparsity, "Share of zero weights, with --network");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options, network, model] {
    if (network->count() + model->count() == 0) throw CLI::RequiredError("--network or --model");
    action = [options] { return run_estimate(*options); };
  });
}

void add_rule4ml(CLI::App& surrogate, Action& action) {
  auto options = std::make_shared<Rule4mlOptions>();
  CLI::App* command = add_command(
      surrogate, "rule4ml", "Figures of one network by rule4ml's predictors",
      {.about = "The predictors are not part of snac. 'pip download rule4ml==0.1.1 --no-deps' gets a wheel (a zip); the folder is "
                "rule4ml/models/weights in it, or rule4ml/models/weights/v1/mlp or v2/mlp of release 0.2.0.",
       .examples = {{"snac surrogate rule4ml --folder weights --network 24-120-60-32-64-64-64-32-44-5 --device alveo-u200",
                     "the baseline of the SNAC-Pack paper: 7.10 %, 183.74 cycles"},
                    {"snac surrogate rule4ml --folder weights --network 24-64-32-5 --batch-norm --json", ""}},
       .see = {"snac estimate", "docs/estimation.md"}});
  command->add_option("--folder", options->folder, "Folder with the predictors")->required()->type_name(kFolder);
  command->add_option("--network", options->network, "Widths from input to logits: 24-64-32-5")->required();
  command->add_option("--activation", options->activation, "Of the hidden layers")
      ->check(known_values({"linear", "relu", "sigmoid", "tanh"}));
  command->add_flag("--batch-norm", options->batch_norm, "Behind every hidden layer");
  command->add_option("--device", options->setup.device, "Part or board")->type_name(kDevice);
  command->add_option("--weight-bits", options->setup.weight_bits, "W of fixed<W,I>");
  command->add_option("--reuse-factor", options->setup.reuse_factor, "Each layer takes the nearest legal one");
  command->add_flag("--exact-reuse", options->exact, "Refuse a reuse factor that is not legal for a layer");
  command->add_option("--strategy", options->strategy, "A multiplier per weight, or shared ones")
      ->check(known_values({"latency", "resource"}));
  command->add_flag("--sequential", options->sequential, "As a sequential Keras model shows its layers");
  command->add_flag("--logits", options->logits, "Without a softmax at the end");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_rule4ml(*options); }; });
}

}  // namespace

void add_hls_surrogate(CLI::App& surrogate, Action& action) {
  add_fit(surrogate, action);
  add_evaluate(surrogate, action);
  add_estimate_hls(surrogate, action);
  add_rule4ml(surrogate, action);
}

}  // namespace snac::app
