// Hardware: Verilog project, simulation against the other engines, synthesis; kept in the record.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snac/flow/design.hpp"
#include "snac/flow/verify.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::flow {

inline constexpr const char* kTop = "snac_top";  ///< of Verilog projects

struct HardwareResult {
  CompressedModel model;
  std::string directory;
  double test_accuracy = 0;  ///< of the integers, on the whole test set, once
  std::int64_t vectors = 0, mismatches = 0;
  Json verification, synthesis;  ///< as recorded; null if the tool was not asked for
  Json vendor = Json::object();  ///< "vivado" -> its record (flow/vendor.hpp), for each vendor tool
  Values values;                 ///< circuit figures plus yosys_lut, yosys_ff, ...
};

/// Under which name the store keeps this configuration's hardware.
std::string hardware_stage(const StudyConfig& config);

/// @throws ToolError before any work if a tool that the configuration asks for is not installed.
void require_tools(const StudyConfig& config);

/// Runs what is missing for each model. @throws MismatchError if an engine disagrees (the folder is kept for inspection).
std::vector<HardwareResult> hardware(Study& study, const std::vector<CompressedModel>& models);

/// Writes the Verilog project (sources, test bench, vectors, fixed_net.json; with a part also scripts for vendor
/// tools and a README.md, see hardware_page.hpp) into a folder.
/// @returns source file names in compile order.
std::vector<std::string> write_verilog_project(const fixed::FixedNet& net, const Design& design, const std::string& directory,
                                               std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected,
                                               const ScriptTarget& target = {});

/// Synthesis of a project that write_verilog_project wrote, whole or layer by layer; DSP slices and block RAM only for a folded design.
/// `cache` as in YosysParams. @throws ToolError, see synthesize_with_yosys.
toolchain::YosysResult synthesize(const Design& design, const std::vector<std::string>& sources, const std::string& directory,
                                  const cost::Device& device, const YosysConfig& config, const std::string& cache, int threads);

Json synthesis_json(const toolchain::YosysResult& result);

}  // namespace snac::flow
