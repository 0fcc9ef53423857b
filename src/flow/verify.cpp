#include "snac/flow/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "snac/core/rng.hpp"
#include "snac/core/text_table.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/flow/hardware.hpp"
#include "snac/toolchain/qonnx.hpp"

namespace snac::flow {
namespace {

/// What an engine gave.
struct Outputs {
  std::string engine;
  std::vector<std::int64_t> raw;     ///< (rows, outputs)
  std::vector<std::size_t> missing;  ///< rows without a result, or one that cannot be read; sorted
  std::int64_t faults = 0;           ///< that belong to no row
};

/// Rows on which two engines differ.
std::int64_t differing_rows(const Outputs& a, const Outputs& b, std::size_t width) {
  const std::size_t rows = a.raw.size() / width;
  std::vector<char> differs(rows, 0);
  for (const Outputs* side : {&a, &b}) {
    for (const std::size_t row : side->missing) differs[row] = 1;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = static_cast<std::ptrdiff_t>(row * width), end = begin + static_cast<std::ptrdiff_t>(width);
    if (!std::equal(a.raw.begin() + begin, a.raw.begin() + end, b.raw.begin() + begin)) differs[row] = 1;
  }
  return std::min<std::int64_t>(static_cast<std::int64_t>(rows), std::count(differs.begin(), differs.end(), 1) + a.faults + b.faults);
}

/// The outputs of an engine that tells only where it differs from what was expected of it.
/// @param mismatches  as the engine counts them; those that it does not show are faults
template <class Found, class Decode>
Outputs from_found(std::string engine, const std::vector<std::int64_t>& expected, std::size_t width, std::int64_t mismatches,
                   const Found& found, Decode&& decode) {
  Outputs outputs{.engine = std::move(engine), .raw = expected, .missing = {}, .faults = 0};
  std::int64_t shown = 0;
  for (const auto& [row, text] : found) {
    if (row < 0 || static_cast<std::size_t>(row) >= expected.size() / width) continue;
    ++shown;
    const std::optional<std::vector<std::int64_t>> values = decode(text);
    if (values && values->size() == width) {
      std::copy(values->begin(), values->end(), outputs.raw.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(row) * width));
    } else {
      outputs.missing.push_back(static_cast<std::size_t>(row));
    }
  }
  outputs.faults = std::max<std::int64_t>(0, mismatches - shown);
  return outputs;
}

/// Training knows the logits only: the network's output stage follows them. A row whose logits differ counts as one without a result,
/// as the stage might hide it.
Outputs trained(const fixed::FixedNet& net, std::span<const std::int64_t> inputs, std::vector<std::int64_t> logits, int threads) {
  Outputs outputs{.engine = "QAT forward pass", .raw = std::move(logits), .missing = {}, .faults = 0};
  const fixed::FixedNet logits_net = fixed::logits_net(net);
  const std::size_t width = logits_net.output().size();
  if (outputs.raw.size() != inputs.size() / net.input.size() * width) {
    throw std::invalid_argument(fmt::format("verify: {} logits for {} inputs", outputs.raw.size(), inputs.size()));
  }
  if (fixed::output_kind(net) == fixed::OutputKind::logits) return outputs;
  const auto expected = fixed::run(logits_net, inputs, threads);
  for (std::size_t begin = 0; begin < expected.size(); begin += width) {
    const auto from = static_cast<std::ptrdiff_t>(begin), to = from + static_cast<std::ptrdiff_t>(width);
    if (!std::equal(expected.begin() + from, expected.begin() + to, outputs.raw.begin() + from)) outputs.missing.push_back(begin / width);
  }
  fixed::FixedNet stage;
  stage.input = logits_net.output();
  stage.nodes = {net.nodes.back()};
  stage.nodes.front().inputs = {0};
  outputs.raw = fixed::run(stage, outputs.raw, threads);
  return outputs;
}

std::vector<fixed::FixedType> types_of(const fixed::TensorType& tensor) {
  std::vector<fixed::FixedType> types;
  for (std::size_t i = 0; i < tensor.size(); ++i) types.push_back(tensor.type(i));
  return types;
}

Outputs simulated(const std::string& simulator, const toolchain::SimulationParams& params, const fixed::FixedNet& net,
                  const std::vector<std::int64_t>& expected, toolchain::SimulationResult& result) {
  result = simulator == "icarus" ? toolchain::simulate_with_icarus(params) : toolchain::simulate_with_verilator(params);
  const auto types = types_of(net.output());
  Outputs outputs = from_found("Verilog in " + result.tool, expected, types.size(), result.mismatches, result.found,
                               [&](const std::string& hex) { return codegen::bus_values(hex, types); });
  outputs.faults += std::max<std::int64_t>(0, static_cast<std::int64_t>(expected.size() / types.size()) - result.vectors);
  return outputs;
}

Outputs compiled_hls(const VerifyParams& params, const fixed::FixedNet& net, std::span<const std::int64_t> inputs,
                     const std::vector<std::int64_t>& expected) {
  const auto result = run_hls_project(net, *params.hls, params.directory + "/hls", inputs, expected);
  const std::size_t width = net.output().size();
  Outputs outputs = from_found("HLS C++ by " + result.tool, expected, width, result.mismatches, result.found,
                               [](const std::vector<std::optional<std::int64_t>>& row) -> std::optional<std::vector<std::int64_t>> {
                                 std::vector<std::int64_t> values;
                                 for (const auto& value : row) {
                                   if (!value) return {};
                                   values.push_back(*value);
                                 }
                                 return values;
                               });
  outputs.faults += std::max<std::int64_t>(0, static_cast<std::int64_t>(expected.size() / width) - result.vectors);
  return outputs;
}

}  // namespace

bool Verification::bit_exact() const {
  return timing_as_scheduled && (!simulation || simulation->passed) && std::all_of(matrix.begin(), matrix.end(), [](const auto& row) {
           return std::all_of(row.begin(), row.end(), [](std::int64_t differing) { return differing == 0; });
         });
}

std::string Verification::summary() const {
  std::int64_t worst = 0;
  for (const auto& row : matrix) {
    for (const std::int64_t differing : row) worst = std::max(worst, differing);
  }
  return fmt::format("bit-exact: {}/{}", vectors - worst, vectors);
}

Verification verify(const fixed::FixedNet& net, const Design& design, std::span<const std::int64_t> inputs, const VerifyParams& params,
                    const std::function<std::vector<std::int64_t>()>& qat) {
  const std::size_t width = net.output().size();
  const auto expected = fixed::run(net, inputs, params.threads);
  Verification result;
  result.vectors = static_cast<std::int64_t>(inputs.size() / net.input.size());
  result.absent = params.absent;
  std::vector<Outputs> engines{{"FixedNet interpreter", expected, {}, 0}};
  const auto add = [&](std::string name, std::vector<std::int64_t> raw) {
    if (raw.size() != expected.size()) {
      throw ToolError("an engine gave another number of results",
                      {.where = name, .found = std::to_string(raw.size()), .expected = std::to_string(expected.size()), .hint = {}});
    }
    engines.push_back({std::move(name), std::move(raw), {}, 0});
  };
  if (qat) engines.push_back(trained(net, inputs, qat(), params.threads));
  {
    const Progress::Running running(params.progress, design.engine());
    add(design.engine(), design.simulate(inputs, params.threads));
  }
  for (const ExternalEngine& external : params.external) {
    const Progress::Running running(params.progress, external.name);
    add(external.name, external.run(inputs));
  }
  if (params.hls) {
    const Progress::Running running(params.progress, "HLS C++");
    engines.push_back(compiled_hls(params, net, inputs, expected));
  }
  if (!params.simulators.empty()) {
    toolchain::SimulationParams simulation{.sources = write_verilog_project(net, design, params.directory, inputs, expected, params.target),
                                           .directory = params.directory};
    simulation.sources.push_back("testbench.v");
    for (const std::string& simulator : params.simulators) {
      const Progress::Running running(params.progress, "Verilog in " + simulator);
      toolchain::SimulationResult measured;
      engines.push_back(simulated(simulator, simulation, net, expected, measured));
      if (measured.latency_cycles != design.latency() || measured.initiation_interval != design.initiation_interval()) {
        result.timing_as_scheduled = false;
        engines.back().faults = std::max<std::int64_t>(1, engines.back().faults);
      }
      if (!result.simulation) result.simulation = std::move(measured);
    }
  }
  for (const Outputs& a : engines) {
    std::vector<std::int64_t> row;
    for (const Outputs& b : engines) row.push_back(&a == &b ? 0 : differing_rows(a, b, width));
    result.engines.push_back({a.engine, result.vectors, row.front()});
    result.matrix.push_back(std::move(row));
  }
  return result;
}

ExternalEngine qonnx_engine(const fixed::FixedNet& net, const std::string& file) {
  return {"QONNX", [net, file](std::span<const std::int64_t> inputs) {
            const auto real = [](const fixed::FixedType& type, std::int64_t raw) {
              return std::ldexp(static_cast<double>(raw), -type.fraction_bits());
            };
            std::vector<double> values;
            for (std::size_t i = 0; i < inputs.size(); ++i) values.push_back(real(net.input.type(i % net.input.size()), inputs[i]));
            const toolchain::QonnxResult result = toolchain::run_with_qonnx({.model = file, .inputs = values, .width = net.input.size()});
            std::vector<std::int64_t> outputs;
            for (std::size_t i = 0; i < result.outputs.size(); ++i) {
              const double raw = std::ldexp(result.outputs[i], net.output().type(i % net.output().size()).fraction_bits());
              const bool on_grid = std::abs(raw) < 0x1p62 && raw == std::floor(raw);
              outputs.push_back(on_grid ? static_cast<std::int64_t>(raw) : std::numeric_limits<std::int64_t>::min());
            }
            return outputs;
          }};
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

std::string matrix_text(const Verification& verification) {
  std::vector<std::string> header{"", "engine"};
  for (std::size_t i = 0; i < verification.engines.size(); ++i) header.push_back(fmt::format("{}", i + 1));
  TextTable table(header);
  for (std::size_t i = 0; i < verification.engines.size(); ++i) {
    std::vector<std::string> cells{fmt::format("{}", i + 1), verification.engines[i].engine};
    for (std::size_t j = 0; j < verification.engines.size(); ++j) {
      cells.push_back(i == j ? "-" : with_thousands(verification.matrix[i][j]));
    }
    table.add_row(std::move(cells));
  }
  std::string text = fmt::format("vectors on which two engines differ, of {}\n", with_thousands(verification.vectors)) + table.str();
  for (const AbsentEngine& each : verification.absent) text += fmt::format("absent: {}: {}\n", each.engine, each.reason);
  if (!verification.timing_as_scheduled) text += "a simulator measured another latency or initiation interval than the design has\n";
  return text;
}

Json verification_json(const Verification& verification) {
  Json engines = Json::array(), absent = Json::array();
  for (const auto& engine : verification.engines)
    engines.push_back({{"engine", engine.engine}, {"vectors", engine.vectors}, {"mismatches", engine.mismatches}});
  for (const auto& each : verification.absent) absent.push_back({{"engine", each.engine}, {"reason", each.reason}});
  Json json{{"vectors", verification.vectors},
            {"bit_exact", verification.bit_exact()},
            {"summary", verification.summary()},
            {"engines", std::move(engines)},
            {"matrix", verification.matrix}};
  if (!absent.empty()) json["absent"] = std::move(absent);
  return json;
}

}  // namespace snac::flow
