// The generated Verilog and its test bench under Verilator's full set of warnings.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "../../circuit/tests/random_net.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::codegen {
namespace {

using circuit::Circuit;
using circuit::Kind;
using circuit::testing::between;
using fixed::FixedType;

/// What Verilator says; empty if nothing.
std::string lint(const Circuit& circuit, int adders_per_stage, const VerilogParams& params, Rng& rng) {
  const TemporaryDirectory folder;
  const circuit::Schedule schedule = circuit::schedule(circuit, {.adders_per_stage = adders_per_stage});
  std::vector<std::int64_t> inputs;
  for (int row = 0; row < 3; ++row) {
    for (const circuit::Port& port : circuit.inputs()) {
      inputs.push_back(port.type.min_raw() + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(port.type.max_raw()) + 1)));
    }
  }
  Files files = verilog(circuit, schedule, params);
  files.merge(verilog_testbench(circuit, schedule, params, inputs, circuit::simulate(circuit, inputs)));
  for (const auto& [name, text] : files) {
    write_file_atomically(folder.path() / name, text);
    EXPECT_EQ(text.find("lint_off"), std::string::npos) << name;
  }
  std::vector<std::string> command{"verilator", "--lint-only", "-Wall", "--timing", "--top-module", "testbench"};
  for (const std::string& name : source_names(files)) command.push_back(name);
  const auto result = toolchain::run_process(command, {.directory = folder.path()});
  return result.exit_code == 0 ? result.output : fmt::format("exit code {}: {}", result.exit_code, result.output);
}

TEST(VerilogLint, random_networks_with_every_kind_of_node_give_no_warning) {
  std::set<Kind> kinds;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng = Rng::stream(seed, "lint");
    fixed::FixedNet net = circuit::testing::random_net(rng, 6);
    if (net.output().types.front().width <= 40) net = fixed::with_output(net, static_cast<fixed::OutputKind>(seed % 3), 6);
    const Circuit circuit = circuit::lower(net);
    for (const circuit::Node& node : circuit.nodes()) kinds.insert(node.kind);
    const int adders_per_stage = between(rng, 1, 3);
    EXPECT_EQ(lint(circuit, adders_per_stage, {.max_module_nodes = between(rng, 2, 60)}, rng), "") << "seed " << seed;
  }
  for (const Kind kind : {Kind::input, Kind::constant, Kind::add, Kind::negate, Kind::shift, Kind::cast, Kind::relu, Kind::lookup,
                          Kind::maximum, Kind::multiply}) {
    EXPECT_TRUE(kinds.contains(kind)) << static_cast<int>(kind);
  }
}

TEST(VerilogLint, unused_inputs_and_products_of_all_signs_give_no_warning) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Rng rng = Rng::stream(seed, "lint pairs");
    Circuit circuit;
    std::vector<circuit::Id> values;
    for (int k = 0; k < 6; ++k) values.push_back(circuit.input({between(rng, 1, 9), between(rng, -2, 9), rng.chance(0.5)}));
    circuit.begin_group("pairs");
    for (int k = 0; k < 12; ++k) {
      const circuit::Id a = values[rng.below(5)], b = values[rng.below(5)];  // the sixth is read by nothing
      const circuit::Id result = rng.chance(0.5) ? circuit.maximum(a, b) : circuit.multiply(a, b);
      const circuit::Node& node = circuit.node(result);
      const int width = node.range.width() + 1;
      const FixedType type{width, width - node.fraction_bits + between(rng, 0, 2), true};  // drops up to two bits
      circuit.output(circuit.cast(result, type), type);
    }
    circuit.remove_dead_nodes();
    EXPECT_EQ(lint(circuit, 2, {}, rng), "") << "seed " << seed;
  }
}

TEST(VerilogLint, wires_hold_what_is_read_and_carries_are_named) {
  Circuit circuit;
  const circuit::Id a = circuit.input({8, 8, true});
  circuit.input({3, 3, true});
  circuit.begin_group("dense");
  circuit.output(circuit.cast(circuit.add(a, 1, a, 0, false), {4, 9, true}), {4, 9, true});
  const Files files = verilog(circuit, circuit::schedule(circuit), {});
  EXPECT_NE(files.at("snac_top.v").find("wire unused = &{1'b0, in_data[10:8]};"), std::string::npos) << files.at("snac_top.v");
  EXPECT_NE(files.at("snac_top_dense.v").find("wire unused = &{1'b0, n2_sum[3:0]};"), std::string::npos) << files.at("snac_top_dense.v");
}

}  // namespace
}  // namespace snac::codegen
