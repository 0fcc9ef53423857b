#include "snac/flow/hardware.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "snac/codegen/synthesis_scripts.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/class_scores.hpp"
#include "snac/flow/design_record.hpp"
#include "snac/flow/hardware_page.hpp"

namespace snac::flow {
namespace {

bool wants(const StudyConfig& config, const std::string& tool) {
  return std::find(config.synth.tools.begin(), config.synth.tools.end(), tool) != config.synth.tools.end();
}

std::vector<std::string> simulators_of(const StudyConfig& config) {
  std::vector<std::string> simulators;
  for (const char* name : {"verilator", "icarus"}) {
    if (wants(config, name)) simulators.emplace_back(name);
  }
  return simulators;
}

bool uses_dsp(const Design& design) { return design.is_folded() && design.folded()->params.multiplier == circuit::Multiplier::dsp; }

std::vector<std::uint32_t> first_rows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

std::vector<std::int64_t> test_inputs(const Study& study, const fixed::FixedNet& net, std::size_t rows) {
  const std::size_t values = rows * static_cast<std::size_t>(study.test().num_features);
  return fixed::quantize_inputs(net, std::span(study.test().features).first(values));
}

Json verify_record(const Verification& verification) {
  Json json = verification_json(verification);
  if (verification.simulation) {
    json["latency_cycles"] = verification.simulation->latency_cycles;
    json["initiation_interval"] = verification.simulation->initiation_interval;
    json["seconds"] = verification.simulation->seconds;
  }
  return json;
}

/// The work on one model: verification and synthesis are independent and each is recorded when done.
class HardwareJob {
 public:
  HardwareJob(Study& study, std::string stage, const CompressedModel& model)
      : study_(study),
        stage_(std::move(stage)),
        model_(model),
        net_(load_fixed_net(study, model)),
        design_(design(net_, target_of(study.config().target, model.values), calibration_of(study.config()))),
        directory_(study.folder() + "/hardware/" + model.name) {}

  std::string verify_key() const { return model_.name + "/verify"; }
  std::string yosys_key() const { return model_.name + "/yosys"; }
  std::string test_key() const { return model_.name + "/test"; }
  std::string circuit_key() const { return model_.name + "/circuit"; }
  std::string vendor_key(toolchain::VendorTool tool) const { return model_.name + "/" + toolchain::to_string(tool); }
  std::optional<Json> record(const std::string& key) const { return study_.store().find_record(study_.name(), stage_, key); }

  /// Records older than confusion matrices are made again.
  bool scored() const {
    const auto known = record(test_key());
    return known && known->contains("confusion");
  }
  void score_test_set() {
    study_.store().put_record(study_.name(), stage_, test_key(),
                              class_scores_json(class_scores(net_, study_.test()), study_.test().class_names));
  }
  void record_design() { study_.store().put_record(study_.name(), stage_, circuit_key(), design_record(design_, study_.config())); }

  /// The record outlives the folder: who deletes the folder gets the same project again.
  void restore_project() {
    const bool has_verilog = std::filesystem::exists(directory_ + "/" + kTop + ".v");
    const bool has_hls = !hls() || std::filesystem::exists(directory_ + "/hls/project.tcl");
    if (has_verilog && has_hls) return;
    const auto inputs = test_inputs(study_, net_, simulated_rows());
    const auto expected = fixed::run(net_, inputs, study_.threads());
    if (!has_verilog) write_verilog_project(net_, design_, directory_, inputs, expected, script_target());
    if (!has_hls) write_hls_project(net_, *hls(), directory_ + "/hls", inputs, expected);
  }

  void verify_engines() {
    const auto rows = first_rows(simulated_rows());
    const auto inputs = test_inputs(study_, net_, rows.size());
    const auto qat = [&] {
      return nn::predict_exact(load_weights(study_, model_.mlp), compress::quantizer_from_json(model_.quantizer, model_.name),
                               study_.test(), rows);
    };
    const Verification verification =
        verify(net_, design_, inputs,
               {.simulators = simulators_of(study_.config()), .directory = directory_, .target = script_target(), .hls = hls()}, qat);
    if (!verification.bit_exact()) {
      throw MismatchError("the engines disagree", {.where = directory_,
                                                   .found = matrix_text(verification),
                                                   .expected = "the same integers everywhere",
                                                   .hint = "this is a defect of snac: please report it with that folder"});
    }
    study_.store().put_record(study_.name(), stage_, verify_key(), verify_record(verification));
  }

  void synthesize(int threads) {
    // A folder of its own: the tools write beside their sources.
    const std::string folder = directory_ + "/yosys";
    const auto sources = write_verilog_project(net_, design_, folder, {}, {});
    const YosysConfig& yosys = study_.config().synth.yosys;
    const std::string cache = yosys.cache.empty() ? study_.folder() + "/cache/yosys" : yosys.cache;
    const auto result = flow::synthesize(design_, sources, folder, study_.device(), yosys, cache, threads);
    write_file_atomically(folder + "/report.json", synthesis_json(result).dump(2) + "\n");
    study_.store().put_record(study_.name(), stage_, yosys_key(), synthesis_json(result));
  }

  void synthesize_with(toolchain::VendorTool tool, const std::function<void(std::string_view)>& on_line) {
    const StudyConfig& config = study_.config();
    VendorJob job;
    job.folder = directory_;
    job.target = script_target();
    job.config = config.synth.vendor;
    job.cache = job.config.cache.empty() ? study_.folder() + "/cache/vendor" : job.config.cache;
    job.on_line = on_line;
    std::vector<std::int64_t> inputs, expected;
    if (tool == toolchain::VendorTool::vitis) {
      job.hls = hls_job(config.synth.hls, config.target.device, config.target.clock_ns);
      inputs = test_inputs(study_, net_, simulated_rows());
      expected = fixed::run(net_, inputs, study_.threads());
    }
    const Json record = synthesize_with_vendor(tool, net_, design_, job, inputs, expected);
    write_file_atomically(directory_ + "/" + toolchain::to_string(tool) + "/report.json", record.dump(2) + "\n");
    study_.store().put_record(study_.name(), stage_, vendor_key(tool), record);
  }

  HardwareResult result() const {
    HardwareResult result{.model = model_,
                          .directory = directory_,
                          .test_accuracy = 0,
                          .verification = {},
                          .synthesis = {},
                          .vendor = Json::object(),
                          .values = model_.values};
    result.test_accuracy = json_get<double>(record(test_key()).value(), "accuracy", test_key());
    result.verification = record(verify_key()).value();
    result.vectors = json_get<std::int64_t>(result.verification, "vectors", verify_key());
    for (const Json& engine : result.verification["engines"])
      result.mismatches = std::max(result.mismatches, engine["mismatches"].get<std::int64_t>());
    if (const auto synthesis = record(yosys_key())) {
      result.synthesis = *synthesis;
      for (const char* name : {"lut", "ff", "srl", "carry8", "dsp", "bram18"})
        result.values[std::string("yosys_") + name] = json_get<double>(*synthesis, name, yosys_key());
    }
    for (const toolchain::VendorTool tool : vendor_tools(study_.config().synth.tools)) {
      if (const auto found = record(vendor_key(tool))) result.vendor[toolchain::to_string(tool)] = *found;
    }
    return result;
  }

 private:
  std::optional<HlsJob> hls() const {
    const StudyConfig& config = study_.config();
    if (!wants(config, "hls")) return {};
    return hls_job(config.synth.hls, config.target.device, config.target.clock_ns);
  }
  ScriptTarget script_target() const {
    const TargetConfig& target = study_.config().target;
    return {cost::part_number(target.device), target.clock_ns, study_.config().synth.vendor.quartus_device};
  }
  std::size_t simulated_rows() const { return std::min(study_.test().size(), static_cast<std::size_t>(study_.config().synth.vectors)); }

  Study& study_;
  std::string stage_;
  const CompressedModel& model_;
  fixed::FixedNet net_;
  Design design_;
  std::string directory_;
};

}  // namespace

std::string hardware_stage(const StudyConfig& config) { return stage_key(config, "hardware", {"compress", "synth"}); }

void require_tools(const StudyConfig& config) {
  for (const toolchain::VendorTool tool : vendor_tools(config.synth.tools)) {
    require_vendor_tool(tool, config.synth.vendor, config.file + ": synth.tools");
  }
  for (const auto& tool : config.synth.tools) {
    if (toolchain::vendor_tool_from(tool)) continue;
    const std::string program = tool == "icarus" ? "iverilog" : tool == "hls" ? "g++" : tool;
    if (toolchain::find_program(program).empty()) {
      throw ToolError("a tool is missing", {.where = config.file + ": synth.tools",
                                            .found = "no program '" + program + "' on PATH",
                                            .expected = "it to be installed",
                                            .hint = "scripts/setup installs it; or leave it out with --set synth.tools=[]"});
    }
  }
}

std::vector<std::string> write_verilog_project(const fixed::FixedNet& net, const Design& design, const std::string& directory,
                                               std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected,
                                               const ScriptTarget& target) {
  const codegen::VerilogParams params{.top = kTop, .title = std::filesystem::path(directory).filename().string()};
  const codegen::Files files = design.verilog(params);
  std::vector<std::string> sources;
  for (const auto& [name, text] : files) {
    write_file_atomically(std::filesystem::path(directory) / name, text);
    sources.push_back(name);
  }
  if (!inputs.empty()) {
    for (const auto& [name, text] : design.testbench(params, inputs, expected)) {
      write_file_atomically(std::filesystem::path(directory) / name, text);
    }
  }
  if (!target.part.empty()) {
    codegen::SynthesisScriptParams scripts{.top = kTop, .sources = sources, .part = target.part, .clock_ns = target.clock_ns};
    scripts.dsp = uses_dsp(design);
    if (!target.quartus_device.empty()) scripts.quartus_device = target.quartus_device;
    for (const auto& [name, text] : codegen::synthesis_scripts(scripts)) {
      write_file_atomically(std::filesystem::path(directory) / name, text);
    }
    write_file_atomically(std::filesystem::path(directory) / "README.md", hardware_page(net, design, params.title, kTop, !inputs.empty()));
  }
  fixed::save(net, directory + "/fixed_net.json");
  return sources;
}

toolchain::YosysResult synthesize(const Design& design, const std::vector<std::string>& sources, const std::string& directory,
                                  const cost::Device& device, const YosysConfig& config, const std::string& cache, int threads) {
  const circuit::FoldedDesign* folded = design.folded();
  const toolchain::YosysParams params{.top = kTop,
                                      .sources = sources,
                                      .directory = directory,
                                      .family = device.yosys_family,
                                      .dsp = uses_dsp(design),
                                      .block_ram = folded != nullptr,
                                      .time_limit = std::chrono::seconds(static_cast<std::int64_t>(std::ceil(config.time_limit_s))),
                                      .memory_limit_mib = config.memory_limit_mib,
                                      .cache = cache};
  if (config.scope == YosysScope::whole) return toolchain::synthesize_with_yosys(params);
  return toolchain::synthesize_layers_with_yosys(params, threads);
}

Json synthesis_json(const toolchain::YosysResult& r) {
  Json json{{"tool", r.version},
            {"lut", r.lut},
            {"ff", r.ff},
            {"srl", r.srl},
            {"carry8", r.carry8},
            {"dsp", r.dsp},
            {"bram18", r.bram18},
            {"cells", r.cells},
            {"script", r.script},
            {"seconds", r.seconds},
            {"peak_memory_kib", r.peak_memory_kib}};
  if (!r.modules.empty()) json["modules"] = r.modules;  // synthesised layer by layer
  return json;
}

std::vector<HardwareResult> hardware(Study& study, const std::vector<CompressedModel>& models) {
  const StudyConfig& config = study.config();
  const std::string stage = hardware_stage(config);
  std::vector<std::unique_ptr<HardwareJob>> jobs;
  std::vector<std::pair<std::string, std::function<void()>>> tasks;  ///< with what they are called while they run
  std::function<void(const std::string&)> live;                      // shows a line of a running tool's log
  for (const auto& model : models) {
    jobs.push_back(std::make_unique<HardwareJob>(study, stage, model));
    HardwareJob* job = jobs.back().get();
    if (!job->scored()) job->score_test_set();
    if (!job->record(job->circuit_key())) job->record_design();
    if (!job->record(job->verify_key())) tasks.emplace_back("simulation of " + model.name, [job] { job->verify_engines(); });
    if (wants(config, "yosys") && !job->record(job->yosys_key()))
      tasks.emplace_back("yosys of " + model.name, [job, &tasks, &study] {
        // Layers share the threads that the other tasks leave.
        job->synthesize(std::max(1, study.threads() / static_cast<int>(tasks.size())));
      });
    for (const toolchain::VendorTool tool : vendor_tools(config.synth.tools)) {
      if (job->record(job->vendor_key(tool))) continue;
      tasks.emplace_back(toolchain::to_string(tool) + " of " + model.name, [job, tool, &live] {
        job->synthesize_with(tool,
                             [&](std::string_view line) { live(toolchain::to_string(tool) + ": " + std::string(line.substr(0, 60))); });
      });
    }
  }
  {
    Progress progress("hardware", tasks.size(), "simulations and syntheses");
    live = [&progress](const std::string& note) { progress.advance(0, note); };
    parallel_for(tasks.size(), study.threads(), [&](std::size_t i, int) {
      throw_if_interrupted();
      {
        const Progress::Running running(&progress, tasks[i].first);
        tasks[i].second();
      }
      progress.advance();
    });
  }
  std::vector<HardwareResult> results;
  for (const auto& job : jobs) {
    job->restore_project();
    results.push_back(job->result());
  }
  return results;
}

}  // namespace snac::flow
