// The HLS project of a network: written next to the Verilog, compiled and run by a plain C++ compiler.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "snac/codegen/hls.hpp"
#include "snac/core/fields.hpp"
#include "snac/core/json.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/toolchain/hls_cpp.hpp"

namespace snac::flow {

/// What a user chooses; part and clock come from the target.
struct HlsConfig {
  codegen::HlsInterface interface = codegen::HlsInterface::parallel;
  codegen::HlsStrategy strategy = codegen::HlsStrategy::latency;
  int reuse_factor = 1;
  std::string include;  ///< folder of the vendor's ap_fixed.h for C simulation; empty = the project's own headers
};

void describe(Fields& fields, HlsConfig& config);

/// A project to write and to run.
struct HlsJob {
  codegen::HlsParams params;
  std::string include;
};
/// @throws ConfigError for an unknown device or choices that do not go together.
HlsJob hls_job(const HlsConfig& config, const std::string& device, double clock_ns);

codegen::HlsProject write_hls_project(const fixed::FixedNet& net, const HlsJob& job, const std::string& directory,
                                      std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);

/// Writes the project and runs its test bench. Mismatches are a result. @throws ToolError.
toolchain::HlsCppResult run_hls_project(const fixed::FixedNet& net, const HlsJob& job, const std::string& directory,
                                        std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);

/// Layers with the reuse factors they got.
Json hls_json(const codegen::HlsProject& project);

}  // namespace snac::flow
