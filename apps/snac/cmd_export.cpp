// snac export: a model for other tools, as QONNX or ONNX.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/log.hpp"
#include "snac/exchange/import.hpp"
#include "snac/exchange/onnx_export.hpp"
#include "snac/exchange/qonnx_export.hpp"
#include "snac/flow/results.hpp"

namespace snac::app {
namespace {

struct Options {
  ModelOptions model;
  std::string output, format = "qonnx";
  bool json = false;
};

Json export_qonnx(const Options& options) {
  const exchange::QonnxFile file = exchange::to_qonnx(options.model.load());
  write_file_atomically(options.output, file.bytes);
  return {{"bytes", file.bytes.size()}, {"for_hls4ml", file.for_hls4ml}, {"notes", file.notes}};
}

/// A trial of the study, or a model file.
Json export_onnx(const Options& options) {
  std::string bytes;
  if (options.model.config.empty()) {
    const exchange::ImportedModel model = exchange::import_float_model(options.model.model);
    bytes = exchange::to_onnx(std::get<nn::Mlp>(model.network), model.class_names, model.preprocessing);
  } else {
    bytes = exchange::to_onnx(flow::stored_float_network(options.model.study(), options.model.model));
  }
  write_file_atomically(options.output, bytes);
  return {{"bytes", bytes.size()}};
}

int run_export(const Options& options) {
  Json json{{"model", options.model.model}, {"format", options.format}, {"file", options.output}};
  json.update(options.format == "qonnx" ? export_qonnx(options) : export_onnx(options));
  if (options.json) {
    print_json(json);
    return 0;
  }
  std::string text = fmt::format("{} written to {}\n", options.format == "qonnx" ? "QONNX" : "ONNX", options.output);
  if (json.contains("notes")) {
    for (const Json& note : json["notes"]) text += "  " + note.get<std::string>() + "\n";
    text += json["for_hls4ml"].get<bool>() ? "hls4ml reads it to the same integers (docs/exchange.md says how)\n"
                                           : "hls4ml does not read it to the same integers; the qonnx package does\n";
  }
  print_text(text);
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "export", "Write a model for other tools: QONNX (integers, for qonnx and hls4ml) or ONNX (float)",
      {.about =
           "QONNX says every type with Quant nodes: the qonnx package executes it and hls4ml makes firmware of it, with the same "
           "integers as snac's. What it cannot say exactly is refused with the reason; softmax outputs, for instance: take "
           "--output-stage logits. The inputs of the file are features prepared as the model says, on the grid of its input type.\n\n"
           "ONNX is for float models: a trial of a study by its name (m12, see 'snac front'), a .mlp file of 'snac import', or any file "
           "that 'snac import' reads.",
       .examples = {{"snac export -m runs/jets_quick/hardware/m136-learned-e320/fixed_net.json -o jets.onnx", ""},
                    {"snac export --config configs/jets_quick.yaml -m m136-learned-e320 -o jets.onnx", "the same from the study's record"},
                    {"snac export --config configs/jets_quick.yaml -m m136 --format onnx -o float.onnx", "the float network of a trial"}},
       .see = {"snac import", "docs/exchange.md"}});
  command->group(kNetworkCommands);
  options->model.add_to(*command);
  command->add_option("-o,--output", options->output, "File to write (.onnx)")->required()->type_name(kFile);
  command->add_option("--format", options->format, "qonnx (a compressed model) or onnx (a float model)")
      ->check(CLI::IsMember({"qonnx", "onnx"}));
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return run_export(*options); }; });
}

}  // namespace snac::app
