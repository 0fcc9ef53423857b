// snac import: a model made elsewhere, as a file of ours.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/exchange/import.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::app {
namespace {

struct Options {
  std::string file, output, input, output_name;
  bool as_float = false, json = false;
};

/// "8-16-5" and the types between, for people.
std::string network_text(const fixed::FixedNet& net) {
  std::string text = fmt::format("{} inputs {}", net.input.size(), fixed::to_string(net.input.type(0)));
  for (const fixed::Node& node : net.nodes) {
    text += fmt::format("\n  {}: {} x {}{}", node.name, node.output.size(), fixed::to_string(node.output.type(0)),
                        node.output.types.size() > 1 ? ", ..." : "");
  }
  return text;
}

int run_import(const Options& options) {
  exchange::ImportParams params{.output = options.output_name, .input = {}, .as_float = options.as_float};
  if (!options.input.empty()) params.input = fixed::fixed_type_from_string(options.input);
  const exchange::ImportedModel model = exchange::import_model(options.file, params);
  Json json{
      {"file", options.file}, {"producer", model.producer}, {"kind", model.quantised() ? "fixed_net" : "mlp"}, {"notes", model.notes}};
  std::string network, next;
  if (model.quantised()) {
    const auto& net = std::get<fixed::FixedNet>(model.network);
    network = network_text(net);
    json["inputs"] = net.input.size();
    json["outputs"] = net.output().size();
    if (!options.output.empty()) fixed::save(net, options.output);
    next = fmt::format("  snac verify -m {0}\n  snac synth -m {0} -o build_folder\n", options.output);
  } else {
    const auto& mlp = std::get<nn::Mlp>(model.network);
    network = space::summary(mlp.spec);
    json["inputs"] = mlp.layers.front().inputs;
    json["outputs"] = mlp.layers.back().outputs;
    if (!options.output.empty()) {
      const auto bytes = nn::serialize(mlp);
      write_file_atomically(options.output, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    next = options.output.empty() ? ""
                                  : fmt::format("  snac compress --config STUDY.yaml --set 'models=[{}]' --set study=NAME\n",
                                                std::filesystem::absolute(options.output).string());
  }
  json["network"] = network;
  if (!options.output.empty()) json["output"] = options.output;
  if (options.json) {
    print_json(json);
    return 0;
  }
  std::string text =
      fmt::format("{}: {}, {}\n{}\n", options.file, model.producer, model.quantised() ? "a network of integers" : "a float model", network);
  for (const std::string& note : model.notes) text += "note: " + note + "\n";
  if (!options.output.empty()) text += fmt::format("written to {}. What next:\n{}", options.output, next);
  print_text(text);
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "import", "Read a model made elsewhere: ONNX, QONNX, Keras .h5 or .keras (MLPs)",
      {.about =
           "A quantised file (Quant or QuantizeLinear nodes) becomes a network of integers, fixed_net.json: verify, synth and export "
           "take it.\n\n"
           "A float file becomes a .mlp file. To compress it and make hardware of it, name it in a study instead of a search space:\n"
           "  study: mine\n"
           "  data: {train: train.h5, test: test.h5, scaling: none}  # as the model was trained\n"
           "  models: [model.onnx]                                   # .onnx, .keras, .h5 or .mlp\n"
           "Then 'snac run', 'compress', 'front', 'synth' and 'verify' with that study work on it without a search; the model is trial "
           "m0. Without -o the file is read and described only.",
       .examples = {{"snac import model.keras", "what it is"},
                    {"snac import brevitas.onnx -o fixed_net.json --input 'fixed<16,6>'", ""},
                    {"snac import classifier.onnx --output-name probabilities -o model.mlp", ""}},
       .see = {"snac compress", "snac verify", "docs/exchange.md"}});
  command->group(kNetworkCommands);
  command->add_option("file", options->file, "Model: .onnx, .keras, .h5; what it is, is told by its content")->required()->type_name(kFile);
  command->add_option("-o,--output", options->output, "File to write: fixed_net.json of a quantised model, .mlp of a float one")
      ->type_name(kFile);
  command->add_option("--input", options->input,
                      "Type of the inputs of a quantised model that does not quantise them, for instance fixed<16,6>");
  command->add_option("--output-name", options->output_name, "ONNX: the value to read as the model's output, if there are several");
  command->add_flag("--float", options->as_float,
                    "Read a quantised model as a float one: its weights, without the quantisers of activations");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_import(*options); }; });
}

}  // namespace snac::app
