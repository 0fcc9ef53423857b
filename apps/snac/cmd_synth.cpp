// snac synth: Verilog and resource counts for one network.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "commands.hpp"
#include "snac/core/text_table.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/cost/device.hpp"
#include "snac/flow/hardware.hpp"

namespace snac::app {
namespace {

struct Options {
  ModelOptions model;
  std::string output, device = "xcvu13p", pipelining = "levels", calibration;
  int adders_per_stage = 2, stages = 10;
  double clock_ns = 5;
  flow::YosysConfig yosys;
  bool no_yosys = false, layers = false, json = false;
};

circuit::ScheduleParams pipeline_of(const Options& options, const cost::Device& device) {
  const circuit::Pipelining pipelining = options.pipelining == "clock"    ? circuit::Pipelining::period
                                         : options.pipelining == "stages" ? circuit::Pipelining::stages
                                                                          : circuit::Pipelining::levels;
  return {.adders_per_stage = options.adders_per_stage,
          .pipelining = pipelining,
          .period_ns = options.clock_ns,
          .num_stages = options.stages,
          .delay = cost::delay_model(device)};
}

int synth(const Options& options) {
  const fixed::FixedNet net = options.model.load();
  const cost::Device& device = cost::find_device(options.device);
  const cost::Calibration calibration =
      options.calibration.empty() ? cost::shipped_calibration() : cost::load_calibration(options.calibration);
  const circuit::ScheduleParams pipeline = pipeline_of(options, device);
  const auto design = flow::design_circuit(net, pipeline, calibration);
  const auto sources =
      flow::write_verilog_project(net, design, options.output, {}, {}, {flow::part_for_scripts(options.device), options.clock_ns});
  Json json{{"model", options.model.model},
            {"directory", options.output},
            {"device", device.name},
            {"latency_cycles", design.schedule.latency},
            {"initiation_interval", design.schedule.initiation_interval},
            {"slowest_stage_ns", {{"value", design.period_ns}, {"source", "delay model, not timing: " + pipeline.delay.source}}},
            {"circuit",
             {{"source", design.resources.source},
              {"lut", design.resources.lut},
              {"lut_raw", cost::lut_of(design.mapping, cost::raw_lut_per_sort())},
              {"ff", design.resources.ff},
              {"srl", design.mapping.srl},
              {"adders", design.cost.adders},
              {"adder_depth", design.cost.adder_depth}}}};
  TextTable table({"", design.resources.source});
  std::vector<std::vector<std::string>> rows{{"LUT", with_thousands(std::llround(design.resources.lut))},
                                             {"LUT as shift register", with_thousands(design.mapping.srl)},
                                             {"FF", with_thousands(std::llround(design.resources.ff))},
                                             {"DSP", "0"},
                                             {"BRAM18", "0"}};
  if (!options.no_yosys) {
    flow::YosysConfig config = options.yosys;
    if (options.layers) config.scope = flow::YosysScope::layers;
    const std::string cache = config.cache.empty() ? options.output + "/cache" : config.cache;
    const auto yosys = flow::synthesize_project(sources, options.output, device, config, cache, hardware_threads());
    json["yosys"] = flow::synthesis_json(yosys);
    table = TextTable({"", design.resources.source, yosys.version});
    const std::vector<std::int64_t> counts{yosys.lut, yosys.srl, yosys.ff, yosys.dsp, yosys.bram18};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(with_thousands(counts[i]));
  }
  for (auto& row : rows) table.add_row(std::move(row));
  print(options.json
            ? json.dump(2) + "\n"
            : table.str() +
                  fmt::format("latency {} cycles, initiation interval {} (exact); slowest stage {:.2f} ns by the delay model, which is no "
                              "timing analysis; Verilog in {}\n",
                              design.schedule.latency, design.schedule.initiation_interval, design.period_ns, options.output));
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("synth", "Write the Verilog of a network and count its resources with Yosys");
  options->model.add_to(*command);
  command->add_option("-o,--output", options->output, "Folder for the Verilog")->required();
  command->add_option("--device", options->device, "Part or board (see snac devices)");
  command->add_option("--clock", options->clock_ns, "Clock period in ns, for the scripts of vendor tools and for --pipelining clock")
      ->check(CLI::Range(0.1, 1e6));
  command->add_option("--adders-per-stage", options->adders_per_stage, "Adder levels between two registers")->check(CLI::Range(1, 1000));
  command
      ->add_option("--pipelining", options->pipelining,
                   "Where registers stand: levels (--adders-per-stage), clock (--clock), stages (--stages)")
      ->check(CLI::IsMember({"levels", "clock", "stages"}));
  command
      ->add_option("--stages", options->stages, "With --pipelining stages: so many at most, the slowest as fast as possible (delay model)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--calibration", options->calibration, "A file of 'snac calibrate'; without it the shipped one");
  command->add_flag("--no-yosys", options->no_yosys, "Circuit estimate only");
  command->add_flag("--layers", options->layers, "Synthesise every layer on its own, in parallel, and add up");
  command->add_option("--time-limit", options->yosys.time_limit_s, "Seconds for a run of Yosys; 0 = no limit")->check(CLI::Range(0.0, 1e7));
  command->add_option("--memory-limit", options->yosys.memory_limit_mib, "MiB for a run of Yosys; 0 = no limit")
      ->check(CLI::Range(0, 1 << 24));
  command->add_option("--cache", options->yosys.cache, "Folder of results by content; default: cache in the output folder");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return synth(*options); }; });
}

}  // namespace snac::app
