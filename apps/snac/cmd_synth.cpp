// snac synth: Verilog and resource counts for one network.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "commands.hpp"
#include "snac/core/text_table.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/cost/device.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/hardware.hpp"

namespace snac::app {
namespace {

struct Options {
  ModelOptions model;
  DesignOptions design;
  std::string output;
  flow::YosysConfig yosys;
  bool no_yosys = false, layers = false, json = false;
  HlsOptions hls;
};

constexpr int kHlsVectors = 1000;  ///< random and corner vectors for the test bench

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
  const fixed::FixedNet net = options.model.load();
  const flow::StudyConfig study = options.design.apply(options.model.study());
  const cost::Device& device = cost::find_device(study.target.device);
  const flow::Design design = flow::design(net, study);
  const auto sources =
      flow::write_verilog_project(net, design, options.output, {}, {}, {cost::part_number(study.target.device), study.target.clock_ns});
  const cost::Resources& estimate = design.resources();
  Json json{{"model", options.model.model},
            {"directory", options.output},
            {"device", device.name},
            {"latency_cycles", design.latency()},
            {"initiation_interval", design.initiation_interval()}};
  std::int64_t srl = 0;
  if (const circuit::FoldedDesign* folded = design.folded()) {
    json["folded"] = {{"lut", estimate.lut},
                      {"ff", estimate.ff},
                      {"dsp", estimate.dsp},
                      {"bram18", estimate.bram18},
                      {"multipliers", folded->multipliers},
                      {"layers", layers_json(*folded)}};
  } else {
    const flow::CircuitDesign& unrolled = *design.unrolled();
    srl = unrolled.mapping.srl;
    json["slowest_stage_ns"] = {{"value", unrolled.period_ns}, {"source", "delay model, not timing: " + cost::delay_model(device).source}};
    json["circuit"] = {{"source", estimate.source},
                       {"lut", estimate.lut},
                       {"lut_raw", cost::lut_of(unrolled.mapping, cost::raw_lut_per_sort())},
                       {"ff", estimate.ff},
                       {"srl", srl},
                       {"adders", unrolled.cost.adders},
                       {"adder_depth", unrolled.cost.adder_depth}};
  }
  const auto whole = [](double value) { return with_thousands(std::llround(value)); };
  std::vector<std::string> header{"", estimate.source};
  std::vector<std::vector<std::string>> rows{{"LUT", whole(estimate.lut)},
                                             {"LUT as shift register", design.is_folded() ? "-" : with_thousands(srl)},
                                             {"FF", whole(estimate.ff)},
                                             {"DSP", whole(estimate.dsp)},
                                             {"BRAM18", whole(estimate.bram18)}};
  if (!options.no_yosys) {
    flow::YosysConfig config = options.yosys;
    if (options.layers) config.scope = flow::YosysScope::layers;
    const std::string cache = config.cache.empty() ? options.output + "/cache" : config.cache;
    const auto yosys = flow::synthesize(design, sources, options.output, device, config, cache, hardware_threads());
    json["yosys"] = flow::synthesis_json(yosys);
    header.push_back(yosys.version);
    const std::vector<std::int64_t> counts{yosys.lut, yosys.srl, yosys.ff, yosys.dsp, yosys.bram18};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(with_thousands(counts[i]));
  }
  std::string notes;
  if (options.hls.wanted) {
    const std::string folder = options.output + "/hls";
    const auto inputs = flow::random_inputs(net, kHlsVectors, 1);
    const auto project =
        flow::write_hls_project(net, options.hls.job(study.target.device, study.target.clock_ns), folder, inputs, fixed::run(net, inputs));
    json["hls"] = flow::hls_json(project);
    json["hls"]["directory"] = folder;
    notes = fmt::format("HLS project in {}\n", folder);
    for (const auto& layer : project.dense_layers) {
      if (layer.reuse_factor == options.hls.reuse_factor) continue;
      notes += fmt::format("  {}: reuse factor {} is not legal for {} inputs and {} outputs, {} is the nearest that is\n", layer.node,
                           options.hls.reuse_factor, layer.inputs, layer.outputs, layer.reuse_factor);
    }
  }
  TextTable table(header);
  for (auto& row : rows) table.add_row(std::move(row));
  std::string closing = fmt::format("latency {} cycles, initiation interval {} (exact)", design.latency(), design.initiation_interval());
  if (const flow::CircuitDesign* unrolled = design.unrolled()) {
    closing += fmt::format("; slowest stage {:.2f} ns by the delay model, which is no timing analysis", unrolled->period_ns);
  }
  print(options.json ? json.dump(2) + "\n"
                     : table.str() + layers_text(design) + closing + fmt::format("; Verilog in {}\n", options.output) + notes);
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("synth", "Write the Verilog of a network and count its resources with Yosys");
  options->model.add_to(*command);
  command->add_option("-o,--output", options->output, "Folder for the Verilog")->required();
  options->design.add_to(*command);
  command->add_flag("--no-yosys", options->no_yosys, "Estimate only");
  command->add_flag("--layers", options->layers, "Synthesise every layer on its own, in parallel, and add up");
  command->add_option("--time-limit", options->yosys.time_limit_s, "Seconds for a run of Yosys; 0 = no limit")->check(CLI::Range(0.0, 1e7));
  command->add_option("--memory-limit", options->yosys.memory_limit_mib, "MiB for a run of Yosys; 0 = no limit")
      ->check(CLI::Range(0, 1 << 24));
  command->add_option("--cache", options->yosys.cache, "Folder of results by content; default: cache in the output folder");
  options->hls.add_to(*command, "Also write an HLS C++ project, to <output>/hls");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return synth(*options); }; });
}

}  // namespace snac::app
