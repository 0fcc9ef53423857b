#include "snac/flow/hls.hpp"

#include <filesystem>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/cost/device.hpp"

namespace snac::flow {

void describe(Fields& f, HlsConfig& p) {
  using codegen::HlsInterface;
  using codegen::HlsStrategy;
  f.choice<HlsInterface>("interface", p.interface, {{"parallel", HlsInterface::parallel}, {"stream", HlsInterface::stream}},
                         "parallel: every element at its own pins; stream: one vector per word of an hls::stream");
  f.choice<HlsStrategy>("strategy", p.strategy, {{"latency", HlsStrategy::latency}, {"resource", HlsStrategy::resource}},
                        "latency: a multiplier per weight; resource: reuse_factor cycles share one");
  f.integer("reuse_factor", p.reuse_factor, {.min = 1, .max = 1000000},
            "With strategy resource; each layer takes the nearest legal one and the project says which");
  f.text("include", p.include, "Folder of the vendor's ap_fixed.h for C simulation; empty = headers of our own");
}

HlsJob hls_job(const HlsConfig& config, const std::string& device, double clock_ns) {
  if (config.strategy == codegen::HlsStrategy::latency && config.reuse_factor != 1) {
    throw ConfigError("a reuse factor without shared multipliers", {.where = "hls: reuse_factor",
                                                                    .found = std::to_string(config.reuse_factor) + " with strategy latency",
                                                                    .expected = "1",
                                                                    .hint = "or strategy resource"});
  }
  HlsJob job;
  job.params.interface = config.interface;
  job.params.strategy = config.strategy;
  job.params.reuse_factor = config.reuse_factor;
  job.params.part = cost::part_number(device);
  job.params.clock_ns = clock_ns;
  if (!config.include.empty()) {
    job.include = std::filesystem::absolute(config.include).string();
    if (!std::filesystem::is_regular_file(std::filesystem::path(job.include) / "ap_fixed.h")) {
      throw ConfigError("no fixed-point headers there", {.where = "hls: include",
                                                         .found = "no ap_fixed.h in '" + config.include + "'",
                                                         .expected = "the include folder of Vitis HLS or of its open headers",
                                                         .hint = "leave it out to use the project's own headers"});
    }
  }
  return job;
}

codegen::HlsProject write_hls_project(const fixed::FixedNet& net, const HlsJob& job, const std::string& directory,
                                      std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  codegen::HlsProject project = codegen::hls_project(net, job.params, inputs, expected);
  for (const auto& [name, text] : project.files) write_file_atomically(std::filesystem::path(directory) / name, text);
  return project;
}

toolchain::HlsCppResult run_hls_project(const fixed::FixedNet& net, const HlsJob& job, const std::string& directory,
                                        std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  const codegen::HlsProject project = write_hls_project(net, job, directory, inputs, expected);
  toolchain::HlsCppParams params{.directory = directory, .sources = project.sources, .include_directories = {}};
  if (!job.include.empty()) params.include_directories.emplace_back(job.include);
  for (const std::string& folder : project.include_directories) params.include_directories.emplace_back(folder);
  return toolchain::run_hls_with_cpp(params);
}

Json hls_json(const codegen::HlsProject& project) {
  Json layers = Json::array();
  for (const codegen::HlsDenseLayer& layer : project.dense_layers) {
    layers.push_back({{"node", layer.node},
                      {"inputs", layer.inputs},
                      {"outputs", layer.outputs},
                      {"reuse_factor", layer.reuse_factor},
                      {"multipliers", layer.multipliers},
                      {"accumulator_bits", layer.accumulator_bits}});
  }
  return {{"dense_layers", std::move(layers)}};
}

}  // namespace snac::flow
