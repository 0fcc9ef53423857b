// snac estimate: what a network that has no weights yet would take, by every estimator at hand, with sources and uncertainties.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/text_table.hpp"
#include "snac/cost/operations.hpp"
#include "snac/cost/surrogate.hpp"
#include "snac/exchange/import.hpp"
#include "snac/flow/estimation.hpp"

namespace snac::app {
namespace {

struct Options {
  std::vector<std::string> networks;
  std::string config, activation = "relu";
  std::vector<std::string> overrides;
  bool batch_norm = false, json = false;
  int weight_bits = 0, activation_bits = 0;
  double sparsity = -1;
  std::string surrogate, rule4ml;
  DesignOptions design;
};

/// "24-64-32-5": inputs, hidden layers, logits.
space::ArchSpec network_of(const std::string& text, const Options& options) {
  const std::vector<int> sizes = layer_sizes(text);
  if (sizes.empty()) {
    throw Error(ExitCode::usage, "a network is malformed",
                {.where = "network", .found = "'" + text + "'", .expected = "sizes from input to logits, as in 24-64-32-5", .hint = {}});
  }
  if (sizes.size() < 2) {
    throw Error(ExitCode::usage, "a network is malformed",
                {.where = "network", .found = "'" + text + "'", .expected = "at least inputs and logits, as in 24-5", .hint = {}});
  }
  return space::mlp(sizes.front(), {sizes.begin() + 1, sizes.end() - 1}, sizes.back(), space::activation_from_string(options.activation),
                    options.batch_norm);
}

/// A float model's architecture: of any file that 'snac import' reads.
space::ArchSpec architecture_of(const std::string& network, const Options& options) {
  if (!std::filesystem::is_regular_file(network)) return network_of(network, options);
  return std::get<nn::Mlp>(exchange::import_float_model(network).network).spec;
}

/// A file of integers has its weights: its circuit is counted.
std::optional<fixed::FixedNet> integers_of(const std::string& network) {
  if (!network.ends_with(".json") || !std::filesystem::is_regular_file(network)) return std::nullopt;
  return fixed::load_fixed_net(network);
}

flow::StudyConfig config_of(const Options& options) {
  flow::StudyConfig config = options.config.empty() ? flow::StudyConfig{} : flow::load_config(options.config, options.overrides);
  config = options.design.apply(std::move(config));
  flow::TargetConfig& target = config.target;
  if (options.weight_bits > 0) target.precision.weight_bits = options.weight_bits;
  if (options.activation_bits > 0) target.precision.activation_bits = options.activation_bits;
  if (options.sparsity >= 0) target.sparsity = options.sparsity;
  if (!options.surrogate.empty()) target.surrogate = options.surrogate;
  if (!options.rule4ml.empty()) target.rule4ml.folder = options.rule4ml;
  return config;
}

/// The two estimators of our own back-end; rule4ml's figures stand with the first.
struct Estimates {
  flow::EstimatedFigures sample, surrogate;
  std::vector<std::string> outside;
};

Estimates estimate(const space::ArchSpec& arch, const flow::StudyConfig& config) {
  flow::StudyConfig one = config;
  one.target.estimator = flow::Estimator::sample;
  Estimates estimates{.sample = flow::Estimation(one).estimate(arch), .surrogate = {}, .outside = {}};
  one.target.estimator = flow::Estimator::surrogate;
  one.target.rule4ml.folder.clear();
  estimates.surrogate = flow::Estimation(one).estimate(arch);
  const auto target = flow::hardware_target(config.target);
  estimates.outside = config.target.surrogate.empty()
                          ? cost::ArchitectureSurrogate::shipped().outside(arch, target)
                          : cost::ArchitectureSurrogate::load(config.resolve(config.target.surrogate)).outside(arch, target);
  return estimates;
}

std::string report(const space::ArchSpec& arch, const Estimates& estimates, const flow::StudyConfig& config) {
  const cost::Device& device = cost::find_device(config.target.device);
  std::string text =
      fmt::format("{} at {} and {:.0f} % zeros, reuse factor {}, on {}\n", space::summary(arch),
                  compress::to_string(config.target.precision), 100 * config.target.sparsity, config.target.reuse_factor, device.name);
  TextTable table({"figure", "estimate", "90 % interval", "of device %", "source"});
  const auto number = [](double value) {
    return value >= 100 ? with_thousands(static_cast<long long>(std::llround(value))) : fmt::format("{:.4g}", value);
  };
  const auto add = [&](const std::string& name, const flow::EstimatedFigures& figures, double available, const std::string& error) {
    const double value = figures.values.at(name);
    std::string interval = "-";
    if (const auto e = figures.values.find(error); e != figures.values.end())
      interval = fmt::format("{} to {}", number(value / (1 + e->second)), number(value * (1 + e->second)));
    table.add_row(
        {name, number(value), interval, available > 0 ? fmt::format("{:.2f}", 100 * value / available) : "-", figures.sources.at(name)});
  };
  for (const cost::NamedCount& count : cost::operation_counts()) add(count.name, estimates.sample, 0, "");
  for (const flow::EstimatedFigures* figures : {&estimates.surrogate, &estimates.sample}) {
    add("lut", *figures, device.lut, "lut_error");
    add("ff", *figures, device.ff, "ff_error");
    add("dsp", *figures, device.dsp, "");
    add("bram18", *figures, device.bram18, "");
    add("average_resource", *figures, 0, "");
    add("clock_cycles", *figures, 0, "");
    add("initiation_interval", *figures, 0, "");
  }
  for (const auto& [name, value] : estimates.sample.values) {
    if (name.starts_with("rule4ml_")) add(name, estimates.sample, 0, "");
  }
  text += table.str();
  for (const std::string& reason : estimates.outside)
    text += fmt::format("beyond what the surrogate was trained on, intervals widened: {}\n", reason);
  return text;
}

int run_estimate(const Options& options) {
  const flow::StudyConfig config = config_of(options);
  Json json = Json::array();
  std::string text;
  Progress progress("estimates", options.networks.size(), "networks", 0, kQuietSeconds);
  for (const std::string& network : options.networks) {
    const Progress::Running running(&progress, network);
    if (const auto net = integers_of(network)) {
      const flow::Design design = flow::design(*net, config);
      const cost::Resources& used = design.resources();
      const cost::Device& device = cost::find_device(config.target.device);
      json.push_back({{"network", network},
                      {"device", device.name},
                      {"circuit",
                       {{"values",
                         {{"lut", used.lut},
                          {"ff", used.ff},
                          {"dsp", used.dsp},
                          {"bram18", used.bram18},
                          {"average_resource", cost::average_resource_percent(used, device)},
                          {"clock_cycles", design.latency()},
                          {"initiation_interval", design.initiation_interval()}}},
                        {"source", used.source}}}});
      TextTable table({"figure", "estimate", "source"});
      for (const auto& [name, value] : json.back()["circuit"]["values"].items())
        table.add_row({name, fmt::format("{:.6g}", value.get<double>()),
                       name == "clock_cycles" || name == "initiation_interval" ? "exact" : used.source});
      text += fmt::format("{}{}: integers, on {}\n{}", text.empty() ? "" : "\n", network, device.name, table.str());
      continue;
    }
    const space::ArchSpec arch = architecture_of(network, options);
    const Estimates estimates = estimate(arch, config);
    if (!text.empty()) text += "\n";
    text += report(arch, estimates, config);
    const auto figures = [](const flow::EstimatedFigures& f) { return Json{{"values", f.values}, {"sources", f.sources}}; };
    json.push_back({{"network", space::summary(arch)},
                    {"device", cost::find_device(config.target.device).name},
                    {"sample", figures(estimates.sample)},
                    {"surrogate", figures(estimates.surrogate)},
                    {"outside", estimates.outside}});
  }
  if (options.json)
    print_json(json);
  else
    print_text(text);
  return 0;
}

}  // namespace

void add_estimate(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "estimate", "What networks would take, before they are trained",
      {.about =
           "Two estimators of this program's own hardware: the surrogate, learnt from trained and compressed networks, with an interval "
           "that holds the truth nine times of ten; and the sample, a circuit of drawn weights. With --rule4ml its predictors of an HLS "
           "flow beside them. For a network that has its weights, 'snac synth' counts the circuit instead.",
       .examples = {{"snac estimate 24-64-32-16-5 --weights 8 --activations 8 --sparsity 0.5 --device vu13p", ""},
                    {"snac estimate 24-64-32-16-5 24-120-60-32-5 -c configs/jets_paper.yaml --reuse-factor 8 --json",
                     "two networks, for the target of a study"},
                    {"snac estimate model.onnx fixed_net.json", "models made elsewhere"}},
       .see = {"snac synth", "snac surrogate", "docs/estimation.md"}});
  command->group(kNetworkCommands);
  command
      ->add_option("networks", options->networks,
                   "Sizes from input to logits, as in 24-64-32-5; or files: float models as in 'snac import', or fixed_net.json")
      ->required();
  command->add_option("-c,--config", options->config, "Study whose target is meant (YAML); default: the defaults of every key")
      ->type_name(kFile);
  add_settings(*command, options->overrides);
  command->add_option("--activation", options->activation, "Of the hidden layers")->check(known_values(kActivations));
  command->add_flag("--batch-norm", options->batch_norm, "Hidden layers have batch normalisation");
  command->add_option("--weights", options->weight_bits, "Bits of a weight; default: the study's")
      ->check(CLI::Range(2, 16))
      ->default_str("");
  command->add_option("--activations", options->activation_bits, "Bits of an activation; default: the study's")
      ->check(CLI::Range(2, 16))
      ->default_str("");
  command->add_option("--sparsity", options->sparsity, "Share of zero weights; default: the study's")
      ->check(CLI::Range(0.0, 0.99))
      ->default_str("");
  command
      ->add_option("--surrogate", options->surrogate, "Surrogate of 'snac surrogate train'; default: the one that comes with the program")
      ->type_name(kFile);
  command->add_option("--rule4ml", options->rule4ml, "Folder of rule4ml's predictor files")->type_name(kFolder);
  options->design.add_to(*command);
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_estimate(*options); }; });
}

}  // namespace snac::app
