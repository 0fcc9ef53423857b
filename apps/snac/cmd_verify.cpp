// snac verify: every engine on the same inputs, compared bit by bit.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "snac/core/files.hpp"
#include "snac/core/text_table.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/readers.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/verify.hpp"

namespace snac::app {
namespace {

struct Options {
  ModelOptions model;
  DesignOptions design;
  std::string data, simulator = "verilator", label = "label";
  int vectors = 10000;
  std::uint64_t seed = 1;
  bool json = false;
  HlsOptions hls;
};

/// Raw inputs: real rows prepared as the model was trained, or random and corner vectors.
std::vector<std::int64_t> inputs_of(const fixed::FixedNet& net, const Options& options) {
  if (options.data.empty()) return flow::random_inputs(net, options.vectors, options.seed);
  if (net.preprocessing.is_null()) {
    throw ConfigError("the model does not say how its inputs are prepared", {.where = options.model.model,
                                                                             .found = "no 'preprocessing'",
                                                                             .expected = "a model written by snac run",
                                                                             .hint = "leave out --data to verify on random vectors"});
  }
  const auto raw = data::read_dataset(options.data, {.label_column = options.label, .max_rows = static_cast<std::size_t>(options.vectors)});
  const auto rows = data::Preprocessor::from_json(net.preprocessing, options.model.model).apply(raw, "test");
  if (static_cast<std::size_t>(rows.num_features) != net.input.size()) {
    throw DataError("the data do not fit the model", {.where = options.data,
                                                      .found = fmt::format("{} features", rows.num_features),
                                                      .expected = fmt::format("{} features", net.input.size()),
                                                      .hint = {}});
  }
  return fixed::quantize_inputs(net, rows.features);
}

int verify(const Options& options) {
  const fixed::FixedNet net = options.model.load();
  const flow::StudyConfig config = options.design.apply(options.model.study());
  const TemporaryDirectory folder;
  flow::VerifyParams params;
  params.simulator = options.simulator == "none" ? "" : options.simulator;
  params.directory = folder.path().string();
  if (options.hls.wanted) params.hls = options.hls.job(config.target.device, config.target.clock_ns);
  const auto result = flow::verify(net, flow::design(net, config), inputs_of(net, options), params);
  if (options.json) {
    Json engines = Json::array();
    for (const auto& e : result.engines) engines.push_back({{"engine", e.engine}, {"vectors", e.vectors}, {"mismatches", e.mismatches}});
    print(
        Json{
            {"model", options.model.model}, {"vectors", result.vectors}, {"bit_exact", result.bit_exact()}, {"engines", std::move(engines)}}
            .dump(2) +
        "\n");
  } else {
    TextTable table({"engine", "vectors", "differ from FixedNet"});
    for (const auto& e : result.engines) table.add_row({e.engine, with_thousands(e.vectors), with_thousands(e.mismatches)});
    print(table.str() + result.summary() + "\n");
  }
  return static_cast<int>(result.bit_exact() ? ExitCode::ok : ExitCode::mismatch);
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("verify", "Compare all engines bit by bit: FixedNet, circuit or folded design, Verilog in simulation, HLS C++");
  options->model.add_to(*command);
  command->add_option("--data", options->data, "Real rows to use (prepared as the model says); without it random and corner vectors");
  command->add_option("--label", options->label, "CSV: name of the label column");
  command->add_option("--vectors", options->vectors, "Rows")->check(CLI::Range(1, 10000000));
  command->add_option("--simulator", options->simulator, "verilator, icarus or none")
      ->check(CLI::IsMember({"verilator", "icarus", "none"}));
  options->design.add_to(*command);
  command->add_option("--seed", options->seed, "Of the random vectors");
  options->hls.add_to(*command, "Also compile the HLS C++ project with g++ and compare it");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return verify(*options); }; });
}

}  // namespace snac::app
