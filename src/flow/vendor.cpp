#include "snac/flow/vendor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "snac/core/error.hpp"
#include "snac/flow/hardware.hpp"
#include "snac/toolchain/process.hpp"
#include "snac/toolchain/reports.hpp"

namespace snac::flow {
namespace {

using toolchain::VendorTool;

const std::vector<std::string> kHlsSteps{"csim", "csynth", "cosim", "export", "vsynth"};

bool has_step(const VendorConfig& config, const std::string& step) {
  return std::find(config.hls_steps.begin(), config.hls_steps.end(), step) != config.hls_steps.end();
}

toolchain::VendorParams limits_of(VendorTool tool, const VendorJob& job) {
  toolchain::VendorParams params;
  params.tool = tool;
  params.directory = job.folder + "/" + toolchain::to_string(tool);
  params.time_limit = std::chrono::seconds(static_cast<std::int64_t>(std::ceil(job.config.time_limit_s)));
  params.memory_limit_mib = job.config.memory_limit_mib;
  params.cache = job.cache;
  params.on_line = job.on_line;
  return params;
}

/// Members of `from` that `to` does not have.
void add_missing(Json& to, const Json& from) {
  for (const auto& [key, value] : from.items()) {
    if (!to.contains(key)) to[key] = value;
  }
}

Json record_of(const toolchain::VendorRun& run, const std::string& stage) {
  return {{"tool", run.tool},       {"source", run.tool + ", " + stage},      {"command", run.command},
          {"seconds", run.seconds}, {"peak_memory_kib", run.peak_memory_kib}, {"cached", run.cached}};
}

/// Figures of a netlist in the record: resources, then timing against the clock that was asked for.
void add_netlist(Json& record, const toolchain::UtilizationReport& utilization, toolchain::TimingReport timing, double clock_ns) {
  if (!timing.period_ns) timing.period_ns = clock_ns;
  add_missing(record, to_json(utilization.used));
  const Json times = to_json(timing);
  for (const char* key : {"period_ns", "wns_ns", "achieved_mhz"}) {
    if (times.contains(key)) record[key] = times[key];
  }
  record["utilization"] = to_json(utilization);
  record["timing"] = times;
}

Json vivado(const fixed::FixedNet& net, const Design& design, const VendorJob& job) {
  toolchain::VendorParams params = limits_of(VendorTool::vivado, job);
  params.inputs = write_verilog_project(net, design, params.directory.string(), {}, {}, job.target);
  params.inputs.push_back(std::string(kTop) + "_clock.xdc");
  params.script = std::string(kTop) + "_vivado.tcl";
  if (job.config.route) params.arguments = {"route"};
  const std::string stage = job.config.route ? "route" : "synth";
  const std::string utilization = fmt::format("{}_{}_utilization.rpt", kTop, stage), timing = fmt::format("{}_{}_timing.rpt", kTop, stage);
  params.reports = {utilization, timing};
  params.optional_reports = {std::string(kTop) + "_synth_hierarchy.rpt"};
  const toolchain::VendorRun run = toolchain::run_vendor_tool(params);
  Json record = record_of(run, job.config.route ? "routed" : "synthesised");
  const std::string folder = params.directory.string() + "/";
  add_netlist(record, toolchain::parse_vivado_utilization(run.reports.at(utilization), folder + utilization),
              toolchain::parse_vivado_timing(run.reports.at(timing), folder + timing), job.target.clock_ns);
  return record;
}

Json quartus(const fixed::FixedNet& net, const Design& design, const VendorJob& job) {
  toolchain::VendorParams params = limits_of(VendorTool::quartus, job);
  params.inputs = write_verilog_project(net, design, params.directory.string(), {}, {}, job.target);
  params.inputs.push_back(std::string(kTop) + "_clock.sdc");
  params.script = std::string(kTop) + "_quartus.tcl";
  const std::string fit = std::string(kTop) + "_quartus.fit.summary", timing = std::string(kTop) + "_quartus.sta.summary";
  params.reports = {fit, timing};
  const toolchain::VendorRun run = toolchain::run_vendor_tool(params);
  const std::string folder = params.directory.string() + "/";
  const auto fitted = toolchain::parse_quartus_summary(run.reports.at(fit), folder + fit);
  if (!fitted.successful) {
    throw ToolError(run.tool + " did not fit the design", {.where = folder + fit,
                                                           .found = "a fitter status that is not 'Successful'",
                                                           .expected = {},
                                                           .hint = "take a larger device (synth.vendor.quartus_device)"});
  }
  Json record = record_of(run, "fitted");
  add_netlist(record, fitted, toolchain::parse_quartus_timing(run.reports.at(timing), folder + timing), job.target.clock_ns);
  if (!fitted.device.empty()) record["device"] = fitted.device;
  return record;
}

Json vitis(const fixed::FixedNet& net, const VendorJob& job, std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  toolchain::VendorParams params = limits_of(VendorTool::vitis, job);
  const codegen::HlsProject project = write_hls_project(net, job.hls, params.directory.string(), inputs, expected);
  params.script = "build_hls.tcl";
  for (const auto& [name, text] : project.files) {
    // Headers of our own are for machines without the tool's.
    if (name != params.script && name != "README.md" && name != "build.sh" && !name.starts_with("ap_types/")) params.inputs.push_back(name);
  }
  params.environment = {{"SNAC_HLS_STEPS", fmt::format("{}", fmt::join(job.config.hls_steps, " "))}};
  const std::string& top = job.hls.params.top;
  const std::string solution = top + "_prj/solution1/", xml = solution + "syn/report/" + top + "_csynth.xml";
  const std::string cosim = solution + "sim/report/" + top + "_cosim.rpt", utilization = "vivado_synth.rpt", timing = "vivado_timing.rpt";
  params.reports = {xml};
  if (has_step(job.config, "cosim")) params.reports.push_back(cosim);
  if (has_step(job.config, "vsynth")) params.reports.insert(params.reports.end(), {utilization, timing});
  params.optional_reports = {solution + "syn/report/" + top + "_csynth.rpt", solution + "syn/report/csynth.rpt"};
  const toolchain::VendorRun run = toolchain::run_vendor_tool(params);
  const std::string folder = params.directory.string() + "/";
  const auto csynth = toolchain::parse_csynth_xml(run.reports.at(xml), folder + xml);
  Json record;
  if (has_step(job.config, "vsynth")) {
    // Logic synthesis knows; what C synthesis estimates stays in the record.
    const auto netlist = toolchain::parse_vivado_utilization(run.reports.at(utilization), folder + utilization);
    record = record_of(run, "logic synthesis by " + (netlist.tool.empty() ? "Vivado" : netlist.tool));
    add_netlist(record, netlist, toolchain::parse_vivado_timing(run.reports.at(timing), folder + timing), job.target.clock_ns);
  } else {
    record = record_of(run, "C synthesis estimate");
    add_missing(record, to_json(csynth.used));
    if (csynth.target_ns) record["period_ns"] = *csynth.target_ns;
    if (csynth.estimated_ns) record["estimated_ns"] = *csynth.estimated_ns;
  }
  record["csynth"] = to_json(csynth);
  for (const char* key : {"latency_cycles", "interval_cycles"}) {
    if (record["csynth"].contains(key)) record[key] = record["csynth"][key];
  }
  if (has_step(job.config, "cosim")) {
    const auto simulated = toolchain::parse_cosim_rpt(run.reports.at(cosim), folder + cosim);
    record["cosim"] = to_json(simulated);
    if (!simulated.passed) {
      throw MismatchError(
          "co-simulation differs from C simulation",
          {.where = folder + cosim, .found = simulated.rtl + ": Fail", .expected = "Pass", .hint = "look at the log in that folder"});
    }
  }
  return record;
}

std::string cycles_text(const Json& range) {
  const auto end = [&](const char* key) { return range.contains(key) ? fmt::format("{}", range[key].get<std::int64_t>()) : "?"; };
  return end("min") == end("max") ? end("min") : end("min") + " to " + end("max");
}

}  // namespace

void describe(Fields& f, VendorConfig& p) {
  f.flag("route", p.route, "Vivado: place and route as well; figures are then those of the routed design");
  f.texts("hls_steps", p.hls_steps, "Vitis HLS or Vivado HLS: csynth and any of csim, cosim, export, vsynth (needs vivado)");
  f.text("quartus_device", p.quartus_device, "Intel device for quartus; empty = that of the script, an Arria 10 GX 1150");
  f.quantity("time_limit", p.time_limit_s, "s", {.min = 0, .max = 1e7}, "Time limit of a run; 0 = none");
  f.integer("memory_limit", p.memory_limit_mib, {.min = 0, .max = 1 << 24}, "Memory limit of a run in MiB; 0 = none");
  f.text("cache", p.cache, "Folder of runs by content; empty = cache/vendor in the study's folder");
}

void check(const VendorConfig& config, const std::string& where) {
  for (const std::string& step : config.hls_steps) {
    if (std::find(kHlsSteps.begin(), kHlsSteps.end(), step) == kHlsSteps.end()) {
      throw ConfigError("unknown step", {.where = where + ".hls_steps",
                                         .found = "'" + step + "'",
                                         .expected = fmt::format("{}", fmt::join(kHlsSteps, ", ")),
                                         .hint = suggest(step, kHlsSteps)});
    }
  }
  if (!has_step(config, "csynth")) {
    throw ConfigError("no C synthesis", {.where = where + ".hls_steps",
                                         .found = fmt::format("[{}]", fmt::join(config.hls_steps, ", ")),
                                         .expected = "csynth among the steps: its report has the figures",
                                         .hint = {}});
  }
}

std::vector<VendorTool> vendor_tools(const std::vector<std::string>& tools) {
  std::vector<VendorTool> found;
  for (const std::string& name : tools) {
    if (const auto tool = toolchain::vendor_tool_from(name)) found.push_back(*tool);
  }
  return found;
}

void require_vendor_tool(VendorTool tool, const VendorConfig& config, const std::string& where) {
  toolchain::require_vendor_program(tool, where);
  if (tool == VendorTool::vitis && has_step(config, "vsynth"))
    toolchain::require_vendor_program(VendorTool::vivado, where + ": step vsynth");
}

Json synthesize_with_vendor(VendorTool tool, const fixed::FixedNet& net, const Design& design, const VendorJob& job,
                            std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  switch (tool) {
    case VendorTool::vivado:
      return vivado(net, design, job);
    case VendorTool::vitis:
      return vitis(net, job, inputs, expected);
    case VendorTool::quartus:
      return quartus(net, design, job);
  }
  return {};
}

std::string timing_text(const Json& record) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto real = [&](const char* key) { return record[key].get<double>(); };
  if (record.contains("latency_cycles")) add("latency " + cycles_text(record["latency_cycles"]) + " cycles");
  if (record.contains("interval_cycles")) add("interval " + cycles_text(record["interval_cycles"]));
  if (record.contains("wns_ns") && record.contains("period_ns")) {
    add(fmt::format("worst slack {:.3f} ns at {:g} ns{}", real("wns_ns"), real("period_ns"), real("wns_ns") < 0 ? " (not met)" : ""));
  } else if (record.contains("estimated_ns") && record.contains("period_ns")) {
    add(fmt::format("clock {:g} ns of {:g} ns", real("estimated_ns"), real("period_ns")));
  }
  if (record.contains("achieved_mhz")) add(fmt::format("{:.1f} MHz", real("achieved_mhz")));
  return text.empty() ? text : record["source"].get<std::string>() + ": " + text;
}

}  // namespace snac::flow
