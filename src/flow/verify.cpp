#include "snac/flow/verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "snac/core/rng.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/flow/hardware.hpp"

namespace snac::flow {
namespace {

/// Rows that differ anywhere.
std::int64_t differing_rows(std::span<const std::int64_t> a, std::span<const std::int64_t> b, std::size_t width) {
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < a.size(); i += width) {
    rows += std::equal(a.begin() + static_cast<std::ptrdiff_t>(i), a.begin() + static_cast<std::ptrdiff_t>(i + width),
                       b.begin() + static_cast<std::ptrdiff_t>(i))
                ? 0
                : 1;
  }
  return rows;
}

}  // namespace

bool Verification::bit_exact() const {
  return std::all_of(engines.begin(), engines.end(), [this](const EngineResult& e) { return e.mismatches == 0 && e.vectors == vectors; }) &&
         (!simulation || simulation->passed);
}

std::string Verification::summary() const {
  std::int64_t worst = 0;
  for (const auto& engine : engines) worst = std::max(worst, engine.mismatches + (vectors - engine.vectors));
  return fmt::format("bit-exact: {}/{}", vectors - worst, vectors);
}

Verification verify(const fixed::FixedNet& net, const Design& design, std::span<const std::int64_t> inputs, const VerifyParams& params,
                    const std::function<std::vector<std::int64_t>()>& qat) {
  const std::size_t outputs = net.output().size();
  const auto expected = fixed::run(net, inputs, params.threads);
  Verification result;
  result.vectors = static_cast<std::int64_t>(inputs.size() / net.input.size());
  result.engines.push_back({"FixedNet interpreter", result.vectors, 0});
  if (qat) {  // training knows the logits only
    const fixed::FixedNet logits = fixed::logits_net(net);
    result.engines.push_back(
        {"QAT forward pass", result.vectors, differing_rows(fixed::run(logits, inputs, params.threads), qat(), logits.output().size())});
  }
  result.engines.push_back({design.engine(), result.vectors, differing_rows(expected, design.simulate(inputs, params.threads), outputs)});
  if (params.hls) {
    const auto hls = run_hls_project(net, *params.hls, params.directory + "/hls", inputs, expected);
    result.engines.push_back({"HLS C++ by " + hls.tool, hls.vectors, hls.mismatches});
  }
  if (params.simulator.empty()) return result;

  toolchain::SimulationParams simulation{.sources = write_verilog_project(net, design, params.directory, inputs, expected, params.target),
                                         .directory = params.directory};
  simulation.sources.push_back("testbench.v");
  result.simulation =
      params.simulator == "icarus" ? toolchain::simulate_with_icarus(simulation) : toolchain::simulate_with_verilator(simulation);
  result.engines.push_back({"Verilog in " + result.simulation->tool, result.simulation->vectors, result.simulation->mismatches});
  if (result.simulation->latency_cycles != design.latency() || result.simulation->initiation_interval != design.initiation_interval()) {
    result.simulation->passed = false;
    result.engines.back().mismatches = std::max<std::int64_t>(1, result.engines.back().mismatches);
  }
  return result;
}

std::vector<std::int64_t> random_inputs(const fixed::FixedNet& net, int rows, std::uint64_t seed) {
  Rng rng = Rng::stream(seed, "verify");
  std::vector<std::int64_t> inputs;
  for (int row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < net.input.size(); ++i) {
      const auto& type = net.input.type(i);
      const auto span = static_cast<std::uint64_t>(type.max_raw() - type.min_raw()) + 1;
      inputs.push_back(row == 0   ? type.min_raw()
                       : row == 1 ? type.max_raw()
                       : row == 2 ? 0
                                  : type.min_raw() + static_cast<std::int64_t>(rng.below(span)));
    }
  }
  return inputs;
}

}  // namespace snac::flow
