// snac verify: every engine on the same inputs, compared bit by bit.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numeric>

#include "commands.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/progress.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/readers.hpp"
#include "snac/exchange/qonnx_export.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/results.hpp"
#include "snac/flow/verify.hpp"
#include "snac/nn/forward.hpp"
#include "snac/toolchain/process.hpp"
#include "snac/toolchain/qonnx.hpp"

namespace snac::app {
namespace {

struct Options {
  ModelOptions model;
  DesignOptions design;
  std::string data, simulator = "all", label = "label", qonnx;
  int vectors = 10000;
  std::uint64_t seed = 1;
  bool json = false, no_hls = false;
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

/// The training side's logits of raw inputs: the features that these integers stand for.
std::vector<std::int64_t> trained_logits(const flow::TrainedModel& model, const fixed::FixedNet& net, std::span<const std::int64_t> raw) {
  const std::size_t width = net.input.size();
  data::Dataset data;
  data.num_features = static_cast<int>(width);
  data.num_classes = static_cast<int>(net.num_classes());
  data.labels.assign(raw.size() / width, 0);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    // At most 23 bits (nn::require_fits): single precision holds them.
    data.features.push_back(static_cast<float>(std::ldexp(static_cast<double>(raw[i]), -net.input.type(i % width).fraction_bits())));
  }
  std::vector<std::uint32_t> rows(raw.size() / width);
  std::iota(rows.begin(), rows.end(), 0U);
  return nn::predict_exact(model.mlp, model.quantizer, data, rows);
}

/// The simulators to run: those asked for, or all that are installed.
void choose_simulators(const Options& options, flow::VerifyParams& params) {
  params.simulators.clear();
  for (const auto& [name, program] : {std::pair{"verilator", "verilator"}, {"icarus", "iverilog"}}) {
    const std::string engine = std::string("Verilog in ") + name;
    if (options.simulator == name) {
      params.simulators.emplace_back(name);
    } else if (options.simulator != "all") {
      params.absent.push_back({engine, "left out by --simulator " + options.simulator});
    } else if (toolchain::find_program(program).empty()) {
      params.absent.push_back({engine, std::string("no program '") + program + "' on PATH"});
    } else {
      params.simulators.emplace_back(name);
    }
  }
}

/// Asked for, the HLS project has to compile; else its absence has a reason.
void choose_hls(const Options& options, const fixed::FixedNet& net, const flow::StudyConfig& config, flow::VerifyParams& params) {
  const auto job = [&] { return options.hls.job(config.target.device, config.target.clock_ns); };
  if (options.hls.wanted) {
    params.hls = job();
  } else if (options.no_hls) {
    params.absent.push_back({"HLS C++", "left out by --no-hls"});
  } else if (toolchain::find_program("g++").empty()) {
    params.absent.push_back({"HLS C++", "no program 'g++' on PATH"});
  } else {
    try {
      codegen::hls_project(net, job().params, std::vector<std::int64_t>(net.input.size(), 0),
                           fixed::run(net, std::vector<std::int64_t>(net.input.size(), 0)));
      params.hls = job();
    } catch (const DataError& error) {
      params.absent.push_back({"HLS C++", error.summary() + ": " + error.text().found});
    }
  }
}

/// The file that was given, or one written now if a Python has the qonnx package.
void choose_qonnx(const Options& options, const fixed::FixedNet& net, flow::VerifyParams& params) {
  if (!options.qonnx.empty()) {
    params.external.push_back(flow::qonnx_engine(net, options.qonnx));
    return;
  }
  if (toolchain::find_qonnx_python().empty()) {
    params.absent.push_back({"QONNX", "no Python with the qonnx package: SNAC_PYTHON names one"});
    return;
  }
  try {
    const std::string file = params.directory + "/model.onnx";
    write_file_atomically(file, exchange::to_qonnx(net).bytes);
    params.external.push_back(flow::qonnx_engine(net, file));
  } catch (const Error& error) {
    params.absent.push_back({"QONNX", error.summary() + (error.text().found.empty() ? "" : ": " + error.text().found)});
  }
}

int verify(const Options& options) {
  const fixed::FixedNet net = options.model.load();
  const flow::StudyConfig config = options.design.apply(options.model.study());
  const TemporaryDirectory folder;
  flow::VerifyParams params;
  params.directory = folder.path().string();
  choose_simulators(options, params);
  choose_hls(options, net, config, params);
  choose_qonnx(options, net, params);
  const auto inputs = inputs_of(net, options);
  Progress progress("verification", 0, "engines", 0, kQuietSeconds);
  params.progress = &progress;
  std::function<std::vector<std::int64_t>()> qat;
  if (options.model.config.empty()) {
    params.absent.push_back({"QAT forward pass", "the model is a file; --config and the model's name bring the weights"});
  } else {
    qat = [&] { return trained_logits(flow::stored_weights(config, options.model.model), net, inputs); };
  }
  const auto result = flow::verify(net, options.model.design(net, config), inputs, params, qat);
  if (options.json) {
    Json json{{"model", options.model.model}};
    json.update(flow::verification_json(result));
    print_json(json);
  } else {
    print_text(flow::matrix_text(result) + result.summary() + "\n");
  }
  return static_cast<int>(result.bit_exact() ? ExitCode::ok : ExitCode::mismatch);
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "verify", "Compare all engines bit by bit: training, FixedNet, circuit or folded design, Verilog in simulation, HLS C++",
      {.about =
           "Every engine that is present computes the same inputs; the table says on how many vectors each pair differs, and why other "
           "engines are absent. The exit code is 7 if any two differ.",
       .examples = {{"snac verify -m runs/jets_quick/hardware/m136-learned-e320/fixed_net.json", "random and corner vectors"},
                    {"snac verify -m runs/jets_quick/hardware/m136-learned-e320/fixed_net.json --data data/jets8_test.h5 --vectors 2000",
                     "real rows"},
                    {"snac verify --config configs/jets_quick.yaml -m m136-learned-e320 --simulator verilator --json",
                     "also the forward pass of training"}},
       .see = {"snac synth", "docs/configuration.md"}});
  command->group(kNetworkCommands);
  options->model.add_to(*command);
  command->add_option("--data", options->data, "Real rows to use (prepared as the model says); without it random and corner vectors")
      ->type_name(kFile);
  command->add_option("--label", options->label, "CSV: name of the label column");
  command->add_option("--vectors", options->vectors, "Rows")->check(CLI::Range(1, 10000000));
  command->add_option("--simulator", options->simulator, "Simulators of the Verilog; all: that are installed")
      ->check(CLI::IsMember({"all", "verilator", "icarus", "none"}));
  options->design.add_to(*command);
  command->add_option("--seed", options->seed, "Of the random vectors");
  options->hls.add_to(*command, "Fail without HLS C++, compiled by g++; without this flag it is compared where it can be");
  command->add_flag("--no-hls", options->no_hls, "Leave the HLS C++ project out")->excludes("--hls");
  command
      ->add_option("--qonnx", options->qonnx,
                   "A QONNX file of the same network: compared as well, by the qonnx package of $SNAC_PYTHON or python3")
      ->check(CLI::ExistingFile);
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return verify(*options); }; });
}

}  // namespace snac::app
