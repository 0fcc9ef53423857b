#include "snac/flow/calibrate.hpp"

#include <fmt/format.h>

#include <atomic>

#include "snac/circuit/lower.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/cost/calibration_networks.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::flow {
namespace {

constexpr const char* kTop = "snac_top";

void check_range(const char* field, int value, int min, int max) {
  if (value >= min && value <= max) return;
  throw ConfigError("a calibration cannot be made so",
                    {.where = field, .found = fmt::format("{}", value), .expected = fmt::format("{} to {}", min, max), .hint = {}});
}

/// "Yosys 0.23" of "Yosys 0.23 (git sha1 ...)".
std::string short_version(const std::string& version) { return version.substr(0, version.find(" (")); }

cost::CalibrationSample sample_of(const cost::CalibrationNetwork& network, const CalibrateParams& params, std::atomic<int>& synthesised) {
  cost::CalibrationSample sample{.name = network.name, .held_out = network.held_out, .mapping = {}};
  const circuit::Circuit circuit = circuit::lower(network.net);
  const circuit::Schedule schedule = circuit::schedule(circuit, {.adders_per_stage = network.adders_per_stage});
  sample.mapping = circuit::map_bits(circuit, schedule);
  const codegen::Files files = codegen::verilog(circuit, schedule, {.top = kTop});
  const TemporaryDirectory folder("snac-calibrate");
  for (const auto& [name, text] : files) write_file_atomically(folder.path() / name, text);
  const auto result = toolchain::synthesize_with_yosys(
      {.top = kTop, .sources = codegen::source_names(files), .directory = folder.path(), .family = params.family, .cache = params.cache});
  if (!result.cached) ++synthesised;
  sample.lut = result.lut;
  sample.ff = result.ff;
  sample.srl = result.srl;
  return sample;
}

}  // namespace

void CalibrateParams::validate() const {
  check_range("networks", networks, 12, 10000);
  check_range("large", large, 0, 1000);
  check_range("threads", threads, 0, 1024);
}

CalibrationRun calibrate(const CalibrateParams& params) {
  params.validate();
  const std::string tool = toolchain::tool_version("yosys", {"-V"});
  ensure_writable_directory(params.cache);
  const auto networks = cost::calibration_networks(params.seed, params.networks, params.large);
  CalibrationRun run;
  run.samples.resize(networks.size());
  std::atomic<int> synthesised = 0;
  {
    Progress progress("calibration", networks.size(), "networks");
    // The large ones come last in the set but take longest: they go first.
    parallel_for(networks.size(), params.threads > 0 ? params.threads : hardware_threads(), [&](std::size_t i, int) {
      throw_if_interrupted();
      const std::size_t k = networks.size() - 1 - i;
      run.samples[k] = sample_of(networks[k], params, synthesised);
      progress.advance(1, networks[k].name);
    });
  }
  run.synthesised = synthesised;
  // Drawn weights may all but vanish: a network that is a constant, for Yosys as for the count, has no relative error.
  std::erase_if(run.samples, [](const cost::CalibrationSample& sample) {
    const bool constant = sample.lut == 0 && cost::lut_of(sample.mapping, cost::raw_lut_per_sort()) == 0;
    if (constant) spdlog::warn("{}: a constant network without logic is left out", sample.name);
    return constant;
  });
  run.calibration = cost::fit_calibration(run.samples);
  run.calibration.tool = short_version(tool);
  run.calibration.recipe = sha256(toolchain::yosys_recipe());
  run.calibration.families = params.family + ": LUT6 and carry chains of Series 7 to UltraScale+, which the recipe maps alike";
  run.calibration.seed = params.seed;
  run.calibration.networks = params.networks;
  run.calibration.large = params.large;
  return run;
}

Json samples_json(const CalibrationRun& run) {
  Json samples = Json::array();
  for (const cost::CalibrationSample& s : run.samples) {
    Json counts = Json::object();
    for (std::size_t k = 0; k < circuit::kNumLutSorts; ++k) {
      counts[std::string(circuit::to_string(static_cast<circuit::LutSort>(k)))] = s.mapping.luts[k];
    }
    samples.push_back({{"network", s.name},
                       {"held_out", s.held_out},
                       {"tool", {{"lut", s.lut}, {"ff", s.ff}, {"srl", s.srl}}},
                       {"lut_raw", cost::lut_of(s.mapping, cost::raw_lut_per_sort())},
                       {"lut", cost::lut_of(s.mapping, run.calibration.lut_per_sort)},
                       {"ff", s.mapping.ff},
                       {"srl", s.mapping.srl},
                       {"luts_by_sort", counts}});
  }
  return samples;
}

}  // namespace snac::flow
