#include "snac/codegen/hls.hpp"

#include "hls_plan.hpp"

namespace snac::codegen {

HlsProject hls_project(const fixed::FixedNet& net, const HlsParams& params, std::span<const std::int64_t> inputs,
                       std::span<const std::int64_t> expected) {
  const HlsPlan plan = plan_hls(net, params);
  HlsProject project;
  project.files = hls_embedded_files();
  if (!plan.is_stream()) project.files.erase("firmware/snac_streams.h");
  for (Files files : {hls_firmware(plan), hls_testbench(plan, inputs, expected), hls_scripts(plan)}) project.files.merge(files);
  project.sources = {"firmware/" + params.top + ".cpp", params.top + "_test.cpp"};
  project.include_directories = {"ap_types"};
  for (const HlsNode& node : plan.nodes) {
    const auto* op = std::get_if<fixed::DenseOp>(&node.node->op);
    if (!op) continue;
    project.dense_layers.push_back({.node = node.node->name,
                                    .inputs = op->inputs,
                                    .outputs = op->outputs,
                                    .reuse_factor = node.dense->reuse_factor,
                                    .multipliers = static_cast<std::int64_t>(op->weights.size()) / node.dense->reuse_factor,
                                    .accumulator_bits = node.dense->accumulator.width});
  }
  return project;
}

}  // namespace snac::codegen
