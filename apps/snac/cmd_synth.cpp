// snac synth: Verilog and resource counts for one network.
#include <fmt/format.h>

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
  std::string output, device = "xcvu13p";
  int adders_per_stage = 2;
  double clock_ns = 5;
  flow::YosysConfig yosys;
  bool no_yosys = false, layers = false, json = false;
  HlsOptions hls;
};

constexpr int kHlsVectors = 1000;  ///< random and corner vectors for the test bench

int synth(const Options& options) {
  const fixed::FixedNet net = options.model.load();
  const cost::Device& device = cost::find_device(options.device);
  const auto design = flow::design_circuit(net, options.adders_per_stage);
  const auto sources =
      flow::write_verilog_project(net, design, options.output, {}, {}, {cost::part_number(options.device), options.clock_ns});
  Json json{{"model", options.model.model},
            {"directory", options.output},
            {"device", device.name},
            {"latency_cycles", design.schedule.latency},
            {"initiation_interval", design.schedule.initiation_interval},
            {"circuit",
             {{"lut", design.cost.lut}, {"ff", design.cost.ff}, {"adders", design.cost.adders}, {"adder_depth", design.cost.adder_depth}}}};
  TextTable table({"", "circuit estimate"});
  std::vector<std::vector<std::string>> rows{{"LUT", with_thousands(static_cast<long long>(design.cost.lut + 0.5))},
                                             {"FF", with_thousands(static_cast<long long>(design.cost.ff + 0.5))},
                                             {"DSP", "0"},
                                             {"BRAM18", "0"}};
  if (!options.no_yosys) {
    flow::YosysConfig config = options.yosys;
    if (options.layers) config.scope = flow::YosysScope::layers;
    const std::string cache = config.cache.empty() ? options.output + "/cache" : config.cache;
    const auto yosys = flow::synthesize_project(sources, options.output, device, config, cache, hardware_threads());
    json["yosys"] = flow::synthesis_json(yosys);
    table = TextTable({"", "circuit estimate", yosys.version});
    const std::vector<std::int64_t> counts{yosys.lut, yosys.ff, yosys.dsp, yosys.bram18};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(with_thousands(counts[i]));
  }
  std::string notes;
  if (options.hls.wanted) {
    const std::string folder = options.output + "/hls";
    const auto inputs = flow::random_inputs(net, kHlsVectors, 1);
    const auto project =
        flow::write_hls_project(net, options.hls.job(options.device, options.clock_ns), folder, inputs, fixed::run(net, inputs));
    json["hls"] = flow::hls_json(project);
    json["hls"]["directory"] = folder;
    notes = fmt::format("HLS project in {}\n", folder);
    for (const auto& layer : project.dense_layers) {
      if (layer.reuse_factor == options.hls.reuse_factor) continue;
      notes += fmt::format("  {}: reuse factor {} is not legal for {} inputs and {} outputs, {} is the nearest that is\n", layer.node,
                           options.hls.reuse_factor, layer.inputs, layer.outputs, layer.reuse_factor);
    }
  }
  for (auto& row : rows) table.add_row(std::move(row));
  print(options.json ? json.dump(2) + "\n"
                     : table.str() +
                           fmt::format("latency {} cycles, initiation interval {} (exact); Verilog in {}\n", design.schedule.latency,
                                       design.schedule.initiation_interval, options.output) +
                           notes);
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("synth", "Write the Verilog of a network and count its resources with Yosys");
  options->model.add_to(*command);
  command->add_option("-o,--output", options->output, "Folder for the Verilog")->required();
  command->add_option("--device", options->device, "Part or board (see snac devices)");
  command->add_option("--clock", options->clock_ns, "Clock period in ns, for the scripts of vendor tools")->check(CLI::Range(0.1, 1e6));
  command->add_option("--adders-per-stage", options->adders_per_stage, "Adder levels between two registers")->check(CLI::Range(1, 1000));
  command->add_flag("--no-yosys", options->no_yosys, "Circuit estimate only");
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
