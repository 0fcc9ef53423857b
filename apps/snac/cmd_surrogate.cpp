// snac surrogate: makes data for the architecture surrogate, trains it, says how far off it is.
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "snac/core/files.hpp"
#include "snac/core/text_table.hpp"
#include "snac/cost/surrogate.hpp"
#include "snac/flow/surrogate_data.hpp"

namespace snac::app {
namespace {

using flow::SurrogateDataParams;

struct GenerateOptions {
  StudyOptions study;
  bool json = false;
  SurrogateDataParams params;
  std::string weight_bits = "3-10", activation_bits = "3-10", sparsity = "0-0.9", adders_per_stage = "1-4", file;
};

/// "3-10" or "8".
template <class T>
SurrogateDataParams::Range<T> range_of(const std::string& text, const char* option) {
  const auto number = [&](std::string_view part) {
    T value{};
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || part.empty()) {
      throw Error(ExitCode::usage, "a range is malformed",
                  {.where = option, .found = "'" + text + "'", .expected = "one number or two, as in 3-10", .hint = {}});
    }
    return value;
  };
  const std::size_t dash = text.find('-');
  const T low = number(std::string_view(text).substr(0, dash));
  return {low, dash == std::string::npos ? low : number(std::string_view(text).substr(dash + 1))};
}

int run_generate(GenerateOptions options) {
  options.params.weight_bits = range_of<int>(options.weight_bits, "--weight-bits");
  options.params.activation_bits = range_of<int>(options.activation_bits, "--activation-bits");
  options.params.sparsity = range_of<double>(options.sparsity, "--sparsity");
  options.params.adders_per_stage = range_of<int>(options.adders_per_stage, "--adders-per-stage");
  options.params.validate();
  const flow::Study study(options.study.load(), flow::StudyParts::data);
  const int rows = flow::generate_surrogate_data(study, options.params, options.file);
  if (options.json)
    print_json({{"file", options.file}, {"rows_added", rows}});
  else
    print_text(fmt::format("{}: {} rows added\n", options.file, rows));
  return 0;
}

void add_generate(CLI::App& parent, Action& action) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = add_command(
      parent, "generate", "Train, compress and count random candidates of a study's search space",
      {.about =
           "Every network is trained on the study's data as 'search' says, compressed to several targets drawn from the ranges below as "
           "'search.circuit' says, and counted as hardware. Interrupted, it goes on where it was; a larger --networks continues a file. "
           "About half a second of processor time per network with the shipped sample.",
       .examples = {{"snac surrogate generate -c configs/jets_quick.yaml --networks 1000 -o jets.jsonl", ""},
                    {"snac surrogate generate -c configs/jets_quick.yaml --networks 200 --seed 7 -o fresh.jsonl", "rows to judge by"}},
       .see = {"snac surrogate train", "docs/estimation.md"}});
  options->study.add_to(*command);
  // CLI11 keeps the study's -o for its folder elsewhere; here the only thing written is the file.
  command->remove_option(command->get_option("--output"));
  command->add_option("-o,--output", options->file, "File of rows to write or continue (JSON lines)")->required()->type_name(kFile);
  command->add_option("--networks", options->params.networks, "Networks in the file")->check(CLI::Range(1, 1'000'000));
  command->add_option("--targets", options->params.targets, "Compressions of each network")->check(CLI::Range(1, 1000));
  command->add_option("--seed", options->params.seed, "Of choices, targets and trainings");
  command->add_option("--weight-bits", options->weight_bits, "Range of weight widths");
  command->add_option("--activation-bits", options->activation_bits, "Range of activation widths");
  command->add_option("--sparsity", options->sparsity, "Range of shares of zero weights");
  command->add_option("--adders-per-stage", options->adders_per_stage, "Range of adder levels per pipeline stage");
  command->add_option("--reuse-factors", options->params.reuse_factors, "Reuse factors to draw from; 1 = unrolled")->delimiter(',');
  command->add_option("--argmax-share", options->params.argmax_share, "Share of targets that give the class");
  command->add_option("--softmax-share", options->params.softmax_share, "Share of targets that give probabilities");
  command->add_option("--synthesised", options->params.synthesised, "Networks of which one target is also synthesised with Yosys");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_generate(*options); }; });
}

struct TrainOptions {
  std::vector<std::string> files;
  std::string output;
  cost::SurrogateTraining training;
  bool json = false;
};

struct EvaluateOptions {
  std::vector<std::string> files;
  std::string surrogate;
  bool json = false;
};

/// One table per kind of hardware.
std::string report(const cost::SurrogateEvaluations& evaluations) {
  std::string text;
  for (const auto& [kind, evaluation] : evaluations) {
    text += fmt::format("{} hardware: {} rows of {} networks\n", kind, evaluation.rows, evaluation.networks);
    TextTable table({"estimate of", "median error %", "mean %", "90 % below %", "bias %", "rank correlation"});
    const auto add = [&](const std::string& name, const cost::SurrogateError& error) {
      table.add_row({name, fmt::format("{:.2f}", error.median_absolute), fmt::format("{:.2f}", error.mean_absolute),
                     fmt::format("{:.2f}", error.p90_absolute), fmt::format("{:+.2f}", error.bias),
                     fmt::format("{:.4f}", error.rank_correlation)});
    };
    for (const auto& [name, error] : evaluation.error) add(name, error);
    if (evaluation.synthesised > 0) add(fmt::format("lut, {} synthesised", evaluation.synthesised), evaluation.synthesised_lut);
    text += table.str();
    text += fmt::format(
        "latency exact {:.1f} %, within a cycle {:.1f} %; initiation interval exact {:.1f} %; LUT within its 90 % interval {:.1f} %\n\n",
        100 * evaluation.latency_exact, 100 * evaluation.latency_within_one, 100 * evaluation.interval_exact, 100 * evaluation.covered);
  }
  return text;
}

int run_train(const TrainOptions& options) {
  std::vector<cost::SurrogateRows> data;
  for (const std::string& file : options.files) data.push_back(cost::load_surrogate_rows(file));
  const auto surrogate = cost::ArchitectureSurrogate::train(data, options.training);
  write_file_atomically(options.output, surrogate.to_json().dump() + "\n");
  if (options.json)
    print_json({{"source", surrogate.source()}, {"card", cost::to_json(surrogate.card())}});
  else
    print_text(
        fmt::format("{}: {}\nOn networks that it was not trained on:\n\n{}", options.output, surrogate.source(), report(surrogate.card())));
  return 0;
}

int run_evaluate(const EvaluateOptions& options) {
  std::optional<cost::ArchitectureSurrogate> loaded;
  if (!options.surrogate.empty()) loaded = cost::ArchitectureSurrogate::load(options.surrogate);
  const cost::ArchitectureSurrogate& surrogate = loaded ? *loaded : cost::ArchitectureSurrogate::shipped();
  std::vector<cost::SurrogateRow> rows;
  for (const std::string& file : options.files) {
    for (cost::SurrogateRow& row : cost::load_surrogate_rows(file).rows) {
      row.network = file + "/" + row.network;
      rows.push_back(std::move(row));
    }
  }
  const cost::SurrogateEvaluations evaluations = cost::evaluate(surrogate, rows);
  if (options.json)
    print_json({{"source", surrogate.source()}, {"evaluation", cost::to_json(evaluations)}});
  else
    print_text(surrogate.source() + "\n\n" + report(evaluations));
  return 0;
}

void add_train(CLI::App& parent, Action& action) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = add_command(
      parent, "train", "Train an architecture surrogate on files of 'generate'",
      {.about = "Four fifths of the networks are fitted to, a tenth sets the widths of the 90 % intervals, a tenth is held out: the errors "
                "printed, and kept in the file, are those of the last tenth. A minute or two for 1,000 networks.",
       .examples = {{"snac surrogate train jets.jsonl more.jsonl -o my_surrogate.json", ""},
                    {"snac search -c study.yaml --set target.estimator=surrogate --set target.surrogate=my_surrogate.json",
                     "a search with it"}},
       .see = {"snac surrogate evaluate", "snac estimate", "docs/estimation.md"}});
  command->add_option("rows", options->files, "Files of rows")->required()->check(CLI::ExistingFile);
  command->add_option("-o,--output", options->output, "Surrogate file to write (JSON)")->required()->type_name(kFile);
  command->add_option("--epochs", options->training.epochs, "Of the training");
  command->add_option("--seed", options->training.seed, "Of initial weights and order");
  command->add_flag("--json", options->json, "Print the card as JSON");
  command->callback([&action, options] { action = [options] { return run_train(*options); }; });
}

void add_evaluate(CLI::App& parent, Action& action) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command =
      add_command(parent, "evaluate", "Compare a surrogate with files of 'generate'",
                  {.about = "Honest only for rows that the surrogate was not trained on: make them with another seed or study.",
                   .examples = {{"snac surrogate evaluate fresh.jsonl --surrogate my_surrogate.json", ""},
                                {"snac surrogate evaluate fresh.jsonl --json", "the one that comes with the program"}},
                   .see = {"snac surrogate train", "docs/estimation.md"}});
  command->add_option("rows", options->files, "Files of rows")->required()->check(CLI::ExistingFile);
  command->add_option("--surrogate", options->surrogate, "Surrogate file; without it the one that comes with the program")
      ->type_name(kFile);
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_evaluate(*options); }; });
}

}  // namespace

void add_surrogate(CLI::App& app, Action& action) {
  CLI::App* command = add_command(
      app, "surrogate", "Estimators before training: make their data, train and evaluate them",
      {.about =
           "generate, train and evaluate are for this program's own hardware: a surrogate of your data and search space instead of the "
           "shipped one. fit-hls, evaluate-hls and estimate-hls learn an HLS flow from its reports; rule4ml runs its predictors.",
       .examples = {{"snac surrogate generate -c configs/jets_quick.yaml --networks 1000 -o jets.jsonl", ""},
                    {"snac surrogate train jets.jsonl -o my_surrogate.json", ""},
                    {"snac estimate 24-64-32-5 --surrogate my_surrogate.json", ""}},
       .see = {"snac estimate", "docs/estimation.md"}});
  command->group(kEstimatorCommands);
  command->require_subcommand(1);
  add_generate(*command, action);
  add_train(*command, action);
  add_evaluate(*command, action);
  add_hls_surrogate(*command, action);
}

}  // namespace snac::app
