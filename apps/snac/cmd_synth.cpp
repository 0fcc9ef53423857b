// snac synth: Verilog and resource counts for one network.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "snac/core/text_table.hpp"
#include "snac/cost/device.hpp"
#include "snac/flow/hardware.hpp"

namespace snac::app {
namespace {

struct Options {
  std::string model, output, device = "xcvu13p";
  DesignOptions design;
  bool no_yosys = false, json = false;
};

/// The reuse factor that each layer gets.
Json layers_json(const circuit::FoldedDesign& design) {
  Json layers = Json::array();
  for (const circuit::FoldedLayer& layer : design.layers) {
    layers.push_back({{"name", layer.name},
                      {"cycles", layer.cycles()},
                      {"multipliers", layer.num_multipliers()},
                      {"slots", layer.slots},
                      {"sums_per_unit", layer.groups},
                      {"latency_cycles", layer.latency()}});
  }
  return layers;
}

std::string layers_text(const flow::Design& design) {
  if (!design.is_folded()) return "";
  TextTable table({"layer", "reuse factor", "multipliers", "cycles to its result"});
  for (const circuit::FoldedLayer& layer : design.folded()->layers) {
    table.add_row({layer.name, with_thousands(layer.cycles()), with_thousands(layer.num_multipliers()), with_thousands(layer.latency())});
  }
  return table.str();
}

int synth(const Options& options) {
  const fixed::FixedNet net = fixed::load_fixed_net(options.model);
  const cost::Device& device = cost::find_device(options.device);
  const flow::Design design = flow::design(net, options.design.params);
  const auto sources = flow::write_verilog_project(net, design, options.output, {}, {});
  const cost::Resources& estimate = design.resources();
  Json json{{"model", options.model},
            {"directory", options.output},
            {"device", device.name},
            {"latency_cycles", design.latency()},
            {"initiation_interval", design.initiation_interval()}};
  if (const circuit::FoldedDesign* folded = design.folded()) {
    json["folded"] = {{"lut", estimate.lut},
                      {"ff", estimate.ff},
                      {"dsp", estimate.dsp},
                      {"bram18", estimate.bram18},
                      {"multipliers", folded->multipliers},
                      {"layers", layers_json(*folded)}};
  } else {
    const circuit::LogicCost& cost = design.unrolled()->cost;
    json["circuit"] = {{"lut", estimate.lut}, {"ff", estimate.ff}, {"adders", cost.adders}, {"adder_depth", cost.adder_depth}};
  }
  const auto whole = [](double value) { return with_thousands(static_cast<long long>(value + 0.5)); };
  std::vector<std::string> header{"", design.is_folded() ? "folded estimate" : "circuit estimate"};
  std::vector<std::vector<std::string>> rows{
      {"LUT", whole(estimate.lut)}, {"FF", whole(estimate.ff)}, {"DSP", whole(estimate.dsp)}, {"BRAM18", whole(estimate.bram18)}};
  if (!options.no_yosys) {
    const auto yosys = flow::synthesize(design, sources, options.output, device);
    json["yosys"] = flow::synthesis_json(yosys);
    header.push_back(yosys.version);
    const std::vector<std::int64_t> counts{yosys.lut, yosys.ff, yosys.dsp, yosys.bram18};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(with_thousands(counts[i]));
  }
  TextTable table(header);
  for (auto& row : rows) table.add_row(std::move(row));
  print(options.json ? json.dump(2) + "\n"
                     : table.str() + layers_text(design) +
                           fmt::format("latency {} cycles, initiation interval {} (exact); Verilog in {}\n", design.latency(),
                                       design.initiation_interval(), options.output));
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("synth", "Write the Verilog of a network and count its resources with Yosys");
  command->add_option("-m,--model", options->model, "A fixed_net.json")->required();
  command->add_option("-o,--output", options->output, "Folder for the Verilog")->required();
  command->add_option("--device", options->device, "Part or board (see snac devices)");
  options->design.add_to(*command);
  command->add_flag("--no-yosys", options->no_yosys, "Estimate only");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return synth(*options); }; });
}

}  // namespace snac::app
