// snac synth: Verilog and resource counts for one network.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "snac/core/progress.hpp"
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
  std::optional<double> time_limit;
  std::optional<int> memory_limit;
  bool no_yosys = false, layers = false, json = false, route = false;
  std::vector<std::string> tools;  ///< of vendors
  HlsOptions hls;
};

/// Columns of the table: "Yosys 0.23" and its counts by name.
struct Column {
  std::string source;
  Json counts;
};

std::string table_text(const std::vector<Column>& columns) {
  std::vector<std::string> header{""};
  for (const Column& column : columns) header.push_back(column.source);
  TextTable table(header);
  const std::vector<std::pair<const char*, const char*>> rows{
      {"LUT", "lut"},           {"LUT as shift register", "srl"}, {"FF", "ff"}, {"DSP", "dsp"}, {"BRAM18", "bram18"}, {"ALM", "alm"},
      {"logic elements", "le"}, {"RAM blocks", "ram_blocks"}};
  for (const auto& [label, key] : rows) {
    std::vector<std::string> cells{label};
    bool any = false;
    for (const Column& column : columns) {
      const bool known = column.counts.contains(key);
      any = any || known;
      cells.push_back(known ? with_thousands(std::llround(column.counts[key].get<double>())) : "-");
    }
    if (any) table.add_row(std::move(cells));
  }
  return table.str();
}

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
  std::optional<Progress> progress;
  progress.emplace("synthesis", 0, "tools", 0, kQuietSeconds);
  std::optional<Progress::Running> running;
  running.emplace(&*progress, "circuit");
  const flow::Design design = options.model.design(net, study);
  running.reset();
  flow::VendorConfig vendor = study.synth.vendor;
  vendor.route = vendor.route || options.route;
  vendor.time_limit_s = options.time_limit.value_or(vendor.time_limit_s);
  vendor.memory_limit_mib = options.memory_limit.value_or(vendor.memory_limit_mib);
  const auto vendor_tools = flow::vendor_tools(options.tools);
  for (const toolchain::VendorTool tool : vendor_tools) flow::require_vendor_tool(tool, vendor, "--tool");
  const flow::ScriptTarget target{cost::part_number(study.target.device), study.target.clock_ns, vendor.quartus_device};
  const auto sources = flow::write_verilog_project(net, design, options.output, {}, {}, target);
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
  std::vector<Column> columns{
      {estimate.source, {{"lut", estimate.lut}, {"ff", estimate.ff}, {"dsp", estimate.dsp}, {"bram18", estimate.bram18}}}};
  if (!design.is_folded()) columns.front().counts["srl"] = srl;
  if (!options.no_yosys) {
    flow::YosysConfig config = options.yosys;
    config.time_limit_s = options.time_limit.value_or(config.time_limit_s);
    config.memory_limit_mib = options.memory_limit.value_or(config.memory_limit_mib);
    if (options.layers) config.scope = flow::YosysScope::layers;
    running.emplace(&*progress, "Yosys");
    const std::string cache = config.cache.empty() ? options.output + "/cache" : config.cache;
    const auto yosys = flow::synthesize(design, sources, options.output, device, config, cache, hardware_threads());
    running.reset();
    json["yosys"] = flow::synthesis_json(yosys);
    columns.push_back({yosys.version, json["yosys"]});
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
  progress.reset();
  for (const toolchain::VendorTool tool : vendor_tools) {
    const std::string name = toolchain::to_string(tool);
    flow::VendorJob job;
    job.folder = options.output;
    job.target = target;
    job.config = vendor;
    job.cache = (options.yosys.cache.empty() ? options.output + "/cache" : options.yosys.cache) + "/vendor";
    std::vector<std::int64_t> inputs, expected;
    if (tool == toolchain::VendorTool::vitis) {
      job.hls = options.hls.job(study.target.device, study.target.clock_ns);
      inputs = flow::random_inputs(net, kHlsVectors, 1);
      expected = fixed::run(net, inputs);
    }
    Progress log(name, 0, "lines of its log");
    job.on_line = [&](std::string_view line) { log.advance(1, line.substr(0, 80)); };
    json[name] = flow::synthesize_with_vendor(tool, net, design, job, inputs, expected);
    columns.push_back({json[name]["source"], json[name]});
    if (const std::string timing = flow::timing_text(json[name]); !timing.empty()) notes += timing + "\n";
  }
  std::string closing = fmt::format("latency {} cycles, initiation interval {} (exact)", design.latency(), design.initiation_interval());
  if (const flow::CircuitDesign* unrolled = design.unrolled()) {
    closing += fmt::format("; slowest stage {:.2f} ns by the delay model, which is no timing analysis", unrolled->period_ns);
  }
  if (options.json)
    print_json(json);
  else
    print_text(table_text(columns) + layers_text(design) + closing + fmt::format("; Verilog in {}\n", options.output) + notes);
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, "synth", "Write the Verilog of a network and count its resources with Yosys or vendor tools",
      {.about =
           "The model is a fixed_net.json, or with --config the name of a compressed model of a study. Latency and initiation interval are "
           "exact; every resource figure names its source.",
       .examples = {{"snac synth -m runs/jets_quick/hardware/m136-learned-e320/fixed_net.json -o build_m136", ""},
                    {"snac synth --config configs/jets_quick.yaml -m m136-learned-e320 -o build_m136 --reuse-factor 8",
                     "folded: multipliers shared over eight cycles"},
                    {"snac synth -m fixed_net.json -o build --tool vivado --route", "where Vivado is installed"},
                    {"snac synth -m fixed_net.json -o build --no-yosys --hls --json", "Verilog and an HLS project, figures as JSON"}},
       .see = {"snac verify", "snac estimate", "docs/cost-model.md"}});
  command->group(kNetworkCommands);
  options->model.add_to(*command);
  command->add_option("-o,--output", options->output, "Folder for the Verilog")->required()->type_name(kFolder);
  options->design.add_to(*command);
  const CLI::OptionDefaults before = *command->option_defaults();
  command->option_defaults()->group("Tools");
  command->add_flag("--no-yosys", options->no_yosys, "Leave Yosys out");
  command
      ->add_option("--tool", options->tools,
                   "Also run a vendor's tool, if it is on PATH: vivado, quartus (the Verilog) or vitis (the HLS project)")
      ->check(CLI::IsMember({"vivado", "vitis", "quartus"}));
  command->add_flag("--route", options->route, "With --tool vivado: place and route as well");
  command->add_flag("--layers", options->layers, "Synthesise every layer on its own, in parallel, and add up");
  command->add_option("--time-limit", options->time_limit, "Seconds for a run of a tool; 0 = no limit; default 3600, vendors' tools 14400")
      ->check(CLI::Range(0.0, 1e7));
  command->add_option("--memory-limit", options->memory_limit, "MiB for a run of a tool; 0 = no limit, the default")
      ->check(CLI::Range(0, 1 << 24));
  command->add_option("--cache", options->yosys.cache, "Folder of results by content; default: cache in the output folder")
      ->type_name(kFolder);
  *command->option_defaults() = before;
  options->hls.add_to(*command, "Also write an HLS C++ project, to <output>/hls");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([&action, options] { action = [options] { return synth(*options); }; });
}

}  // namespace snac::app
