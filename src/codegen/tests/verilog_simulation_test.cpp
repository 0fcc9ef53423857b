// The generated Verilog against the circuit's interpreter, in Icarus Verilog and Verilator, and its synthesis in Yosys.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "../../circuit/tests/random_net.hpp"
#include "rtl.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/mapping.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/core/rng.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/toolchain/verilator.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::codegen {
namespace {

using circuit::Circuit;
using circuit::Id;
using circuit::Schedule;
using circuit::testing::between;
using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

/// Corner vectors (all lowest, all highest, alternating both ways, zero and small values), then random ones.
std::vector<std::int64_t> vectors(const Circuit& circuit, std::size_t rows, Rng& rng) {
  std::vector<std::int64_t> values;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t k = 0; k < circuit.inputs().size(); ++k) {
      const FixedType& type = circuit.inputs()[k].type;
      const std::int64_t low = type.min_raw(), high = type.max_raw();
      const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
      const std::int64_t any = low + static_cast<std::int64_t>(rng.below(span));
      values.push_back(row == 0   ? low
                       : row == 1 ? high
                       : row == 2 ? (k % 2 == 0 ? low : high)
                       : row == 3 ? (k % 2 == 0 ? high : low)
                       : row == 4 ? std::min<std::int64_t>(0, high)
                       : row == 5 ? std::min<std::int64_t>(1, high)
                       : row == 6 ? std::max<std::int64_t>(-1, low)
                                  : any);
    }
  }
  return values;
}

void expect_bit_exact(const Circuit& circuit, const Schedule& schedule, const std::vector<std::int64_t>& inputs,
                      const std::vector<std::int64_t>& expected, Simulator simulate, const VerilogParams& params = {}) {
  Rtl rtl;
  rtl.write(verilog(circuit, schedule, params));
  rtl.write(verilog_testbench(circuit, schedule, params, inputs, expected));
  const auto result = simulate(rtl.simulation);
  EXPECT_TRUE(result.passed) << result.log;
  EXPECT_EQ(result.vectors, static_cast<std::int64_t>(inputs.size() / circuit.inputs().size()));
  EXPECT_EQ(result.mismatches, 0);
  EXPECT_EQ(result.latency_cycles, schedule.latency);
  EXPECT_EQ(result.initiation_interval, 1);
}

TEST(VerilogSimulation, every_rounding_and_overflow_mode_is_exact_on_all_values) {
  Rng rng = Rng::stream(11, "casts");
  for (const bool is_signed : {true, false}) {
    Circuit circuit;
    const FixedType input{7, 4, is_signed};  // 3 fraction bits: halves and quarters to round
    const Id a = circuit.input(input);
    circuit.begin_group("casts");
    std::vector<FixedType> types;
    for (int rounding = 0; rounding < 7; ++rounding) {
      for (int overflow = 0; overflow < 4; ++overflow) {
        for (int k = 0; k < 12; ++k) {
          const int width = between(rng, 1, 9);
          // From wider than the input on both sides to no common bit with it.
          types.push_back({width, between(rng, -5, 8), rng.chance(0.5), static_cast<Rounding>(rounding), static_cast<Overflow>(overflow)});
        }
      }
    }
    for (const FixedType& type : types) circuit.output(circuit.cast(a, type), type);
    circuit.remove_dead_nodes();
    std::vector<std::int64_t> inputs, expected;
    for (std::int64_t raw = input.min_raw(); raw <= input.max_raw(); ++raw) {
      inputs.push_back(raw);
      for (const FixedType& type : types) expected.push_back(fixed::cast_raw(raw, input.fraction_bits(), type));
    }
    expect_bit_exact(circuit, schedule(circuit, {.adders_per_stage = 1}), inputs, expected, &toolchain::simulate_with_icarus);
  }
}

/// Sums in front of and behind casts of every mode, cut off at both ends: wires hold some of their nodes' bits.
TEST(VerilogSimulation, narrowed_wires_of_every_rounding_and_overflow_mode_are_exact) {
  Rng rng = Rng::stream(18, "narrowed");
  Circuit circuit;
  std::vector<Id> inputs;
  for (int k = 0; k < 5; ++k) inputs.push_back(circuit.input({between(rng, 3, 9), between(rng, 0, 6), k % 2 == 0}));
  circuit.begin_group("narrowed");
  const auto any = [&](const std::vector<Id>& values) { return values[rng.below(values.size())]; };
  for (int mode = 0; mode < 28; ++mode) {
    std::vector<Id> cut;
    for (int k = 0; k < 4; ++k) {
      const Id sum = circuit.add(any(inputs), between(rng, -3, 3), any(inputs), between(rng, -3, 3), rng.chance(0.5));
      const circuit::Node& node = circuit.node(sum);
      const int width = between(rng, 1, std::max(1, node.range.width() - 1)), fraction = node.fraction_bits - between(rng, 1, 4);
      cut.push_back(
          circuit.cast(sum, {width, width - fraction, rng.chance(0.5), static_cast<Rounding>(mode % 7), static_cast<Overflow>(mode / 7)}));
    }
    for (int k = 0; k < 3; ++k) {
      const Id sum = circuit.add(any(cut), between(rng, -2, 2), any(inputs), 0, rng.chance(0.5));
      const circuit::Node& node = circuit.node(sum);
      const int width = std::max(1, node.range.width() - between(rng, 1, 4));
      const FixedType type{width, width - node.fraction_bits + between(rng, 0, 2), rng.chance(0.5), Rounding::trn, Overflow::wrap};
      circuit.output(circuit.cast(sum, type), type);
    }
  }
  circuit.remove_dead_nodes();
  const auto rows = vectors(circuit, 400, rng);
  expect_bit_exact(circuit, schedule(circuit, {.adders_per_stage = 1}), rows, circuit::simulate(circuit, rows),
                   &toolchain::simulate_with_icarus);
}

TEST(VerilogSimulation, sums_of_all_signs_shifts_and_widths_are_exact) {
  Rng rng = Rng::stream(12, "sums");
  for (int trial = 0; trial < 4; ++trial) {
    Circuit circuit;
    std::vector<Id> values;
    std::vector<std::pair<Id, FixedType>> outputs;
    for (int k = 0; k < 6; ++k) values.push_back(circuit.input({between(rng, 1, 9), between(rng, -2, 9), rng.chance(0.5)}));
    circuit.begin_group("sums");
    for (int k = 0; k < 120; ++k) {
      Id a = values[rng.below(values.size())], b = values[rng.below(values.size())];
      if (rng.chance(0.1)) b = circuit.constant(between(rng, -40, 40), between(rng, -2, 4));
      Id sum = circuit.add(a, between(rng, -3, 3), b, between(rng, -3, 9), rng.chance(0.5));
      if (rng.chance(0.1)) sum = circuit.negate(sum);
      if (rng.chance(0.1)) sum = circuit.relu(sum);
      const circuit::Node& node = circuit.node(sum);
      if (node.range.width() > 24 || node.range.width() == 0) continue;
      values.push_back(sum);
      const int width = node.range.width() + between(rng, 1, 2);  // room for a sign, and more
      circuit.output(sum, {width, width - node.fraction_bits, true});
    }
    circuit.remove_dead_nodes();
    const auto inputs = vectors(circuit, 300, rng);
    expect_bit_exact(circuit, schedule(circuit, {.adders_per_stage = between(rng, 1, 4)}), inputs, circuit::simulate(circuit, inputs),
                     &toolchain::simulate_with_icarus, {.top = "sums", .title = {}, .max_module_nodes = between(rng, 5, 40)});
  }
}

TEST(VerilogSimulation, maxima_and_products_of_all_signs_shifts_and_widths_are_exact) {
  Rng rng = Rng::stream(16, "pairs");
  for (int trial = 0; trial < 3; ++trial) {
    Circuit circuit;
    std::vector<Id> values;
    for (int k = 0; k < 6; ++k) values.push_back(circuit.input({between(rng, 1, 9), between(rng, -2, 9), rng.chance(0.5)}));
    circuit.begin_group("pairs");
    for (int k = 0; k < 60; ++k) {
      Id a = values[rng.below(values.size())], b = values[rng.below(values.size())];
      if (rng.chance(0.1)) b = circuit.constant(between(rng, -40, 40), between(rng, -2, 4));
      if (rng.chance(0.2)) a = circuit.negate(circuit.shift(a, between(rng, -2, 2)));
      const Id result = rng.chance(0.5) ? circuit.maximum(a, b) : circuit.multiply(a, b);
      const circuit::Node& node = circuit.node(result);
      if (node.range.width() > 30 || node.range.width() == 0) continue;
      values.push_back(result);
      const int width = node.range.width() + between(rng, 1, 2);
      circuit.output(result, {width, width - node.fraction_bits, true});
    }
    circuit.remove_dead_nodes();
    const auto inputs = vectors(circuit, 300, rng);
    expect_bit_exact(circuit, schedule(circuit, {.adders_per_stage = between(rng, 1, 4)}), inputs, circuit::simulate(circuit, inputs),
                     &toolchain::simulate_with_icarus, {.top = "pairs", .title = {}, .max_module_nodes = between(rng, 5, 40)});
  }
}

TEST(VerilogSimulation, output_stages_are_exact_in_icarus_and_verilator) {
  Rng rng = Rng::stream(17, "output stages");
  const fixed::FixedNet logits = circuit::testing::mlp_net({8, 10, 5}, 0.4, 9);
  for (const auto kind : {fixed::OutputKind::argmax, fixed::OutputKind::softmax}) {
    const fixed::FixedNet net = fixed::with_output(logits, kind, 6);
    const Circuit circuit = circuit::lower(net);
    const auto inputs = vectors(circuit, 1000, rng);
    const auto expected = fixed::run(net, inputs);
    expect_bit_exact(circuit, circuit::schedule(circuit), inputs, expected, &toolchain::simulate_with_icarus);
    expect_bit_exact(circuit, circuit::schedule(circuit), inputs, expected, &toolchain::simulate_with_verilator);
  }
}

TEST(VerilogSimulation, wide_values_are_exact) {
  Circuit circuit;
  const Id a = circuit.input({62, 62, true}), b = circuit.input({61, 61, false}), c = circuit.input({30, 30, true});
  circuit.begin_group("wide");
  circuit.output(circuit.cast(a, {40, 40, true, Rounding::trn, Overflow::sat}), {40, 40, true});
  circuit.output(circuit.cast(b, {31, 29, false, Rounding::rnd_conv, Overflow::sat}), {31, 29, false});
  circuit.output(circuit.add(c, 31, c, 0, false), {62, 62, true});
  circuit.output(circuit.cast(c, {63, 33, true, Rounding::trn, Overflow::sat}), {63, 33, true});
  circuit.output(circuit.cast(a, {62, 30, true, Rounding::rnd_inf, Overflow::sat_sym}), {62, 30, true});
  circuit.output(circuit.negate(c), {33, 33, true});
  Rng rng = Rng::stream(13, "wide");
  const auto inputs = vectors(circuit, 200, rng);
  expect_bit_exact(circuit, circuit::schedule(circuit), inputs, circuit::simulate(circuit, inputs), &toolchain::simulate_with_icarus);
}

TEST(VerilogSimulation, outputs_may_be_inputs_constants_and_shared) {
  Circuit circuit;
  const Id a = circuit.input({5, 3, true}), b = circuit.input({1, 1, false}), unused = circuit.input({3, 3, true});
  circuit.output(a, {9, 5, true});
  circuit.output(a, {5, 3, true});
  circuit.output(circuit.constant(-3, 0), {4, 4, true});
  circuit.output(circuit.constant(0, 0), {7, 2, false});
  circuit.output(circuit.shift(b, 3), {6, 6, false});
  circuit.output(circuit.negate(circuit.add(a, 0, b, 0, true)), {8, 6, true});
  EXPECT_EQ(circuit.node(unused).kind, circuit::Kind::input);
  Rng rng = Rng::stream(14, "ports");
  const auto inputs = vectors(circuit, 100, rng);
  expect_bit_exact(circuit, circuit::schedule(circuit), inputs, circuit::simulate(circuit, inputs), &toolchain::simulate_with_icarus);
}

TEST(VerilogSimulation, a_single_vector_still_measures_latency_and_interval) {
  Circuit circuit;
  circuit.output(circuit.input({3, 3, true}), {3, 3, true});
  expect_bit_exact(circuit, circuit::schedule(circuit), {-2}, {-2}, &toolchain::simulate_with_icarus);
}

TEST(VerilogSimulation, random_networks_are_exact_in_icarus) {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = Rng::stream(seed, "verilog networks");
    const fixed::FixedNet net = circuit::testing::random_net(rng, 5);
    const Circuit circuit = circuit::lower(net);
    const auto inputs = vectors(circuit, 60, rng);
    expect_bit_exact(circuit, schedule(circuit, {.adders_per_stage = between(rng, 1, 4)}), inputs, circuit::simulate(circuit, inputs),
                     &toolchain::simulate_with_icarus,
                     {.top = "net", .title = "a random network", .max_module_nodes = between(rng, 2, 60)});
  }
}

/// What the circuit's property tests sweep on its interpreter, here in simulation: one network per width of the weights.
TEST(VerilogSimulation, layers_of_every_weight_width_are_exact_in_icarus) {
  for (const int bits : {1, 2, 3, 5, 8, 12, 16}) {
    SCOPED_TRACE(fmt::format("{} bits", bits));
    Rng rng = Rng::stream(static_cast<std::uint64_t>(bits), "verilog weights");
    fixed::FixedNet net;
    net.input = circuit::testing::random_tensor(rng, between(rng, 1, 5), 10);
    const auto dense = circuit::testing::random_dense(rng, net.input, 4, std::max(bits, 2));
    net.nodes.push_back(circuit::testing::make_node("dense", dense, 0, circuit::testing::random_tensor(rng, 4)));
    for (std::int32_t& weight : std::get<fixed::DenseOp>(net.nodes[0].op).weights) {
      if (bits == 1) weight = -(weight & 1);
    }
    net.nodes.push_back(circuit::testing::make_node("relu", fixed::ReluOp{}, 1, circuit::testing::random_tensor(rng, 4)));
    const Circuit circuit = circuit::lower(net);
    const auto inputs = vectors(circuit, 100, rng);
    expect_bit_exact(circuit, circuit::schedule(circuit), inputs, fixed::run(net, inputs), &toolchain::simulate_with_icarus);
  }
}

/// The trained networks' shape: signed inputs, ReLU with saturation, 8-bit weights.
TEST(VerilogSimulation, pipelines_by_period_and_by_stages_are_exact) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Rng rng = Rng::stream(seed, "pipelined by delay");
    const Circuit circuit = circuit::lower(circuit::testing::random_net(rng, 5));
    const auto inputs = vectors(circuit, 100, rng);
    const auto expected = circuit::simulate(circuit, inputs);
    for (const circuit::ScheduleParams& params :
         {circuit::ScheduleParams{.pipelining = circuit::Pipelining::period, .period_ns = 2.5},
          circuit::ScheduleParams{.pipelining = circuit::Pipelining::stages, .num_stages = 1 + static_cast<int>(seed)}}) {
      expect_bit_exact(circuit, circuit::schedule(circuit, params), inputs, expected, toolchain::simulate_with_icarus);
    }
  }
}

TEST(VerilogSimulation, a_perceptron_with_tables_is_exact_in_verilator) {
  fixed::FixedNet net = circuit::testing::mlp_net({16, 24, 12, 5}, 0.5, 3);
  const FixedType logits{6, 3, true, Rounding::rnd, Overflow::sat};
  net.nodes.back().output = circuit::testing::vector_of(5, logits);
  fixed::TableOp table{"square", {}};
  for (std::int64_t raw = logits.min_raw(); raw <= logits.max_raw(); ++raw) table.table.push_back(raw * raw / 3 - 40);
  net.nodes.push_back(circuit::testing::make_node("square", table, 3, circuit::testing::vector_of(5, FixedType{10, 4, true})));
  const Circuit circuit = circuit::lower(net);
  Rng rng = Rng::stream(15, "verilator");
  const auto inputs = vectors(circuit, 5000, rng);
  expect_bit_exact(circuit, circuit::schedule(circuit), inputs, circuit::simulate(circuit, inputs), &toolchain::simulate_with_verilator);
}

class FaultyVerilog : public testing::Test {
 protected:
  FaultyVerilog() {
    circuit_.output(circuit_.add(circuit_.input({4, 4, true}), 0, circuit_.input({4, 4, true}), 0, false), {5, 5, true});
    Rng rng(5);
    inputs_ = vectors(circuit_, 1200, rng);
    expected_ = circuit::simulate(circuit_, inputs_);
  }
  toolchain::SimulationResult run(const std::string& from = {}, const std::string& to = {}) {
    const Schedule schedule = circuit::schedule(circuit_);
    Files files = verilog(circuit_, schedule, {});
    if (!from.empty()) {
      std::string& text = files.at("snac_top.v");
      const std::size_t place = text.find(from);
      EXPECT_NE(place, std::string::npos);
      if (place != std::string::npos) text.replace(place, from.size(), to);
    }
    Rtl rtl;
    rtl.write(files);
    rtl.write(verilog_testbench(circuit_, schedule, {}, inputs_, expected_));
    return toolchain::simulate_with_icarus(rtl.simulation);
  }
  Circuit circuit_;
  std::vector<std::int64_t> inputs_, expected_;
};

TEST_F(FaultyVerilog, wrong_expectations_are_counted_once_per_vector) {
  EXPECT_TRUE(run().passed);
  for (const std::size_t row : {0u, 17u, 1100u, 1199u}) expected_[row] ^= 1;  // the first two are in both passes
  const auto result = run();
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.mismatches, 4);
  EXPECT_NE(result.log.find("mismatch: pass 1, vector 17:"), std::string::npos) << result.log;
  // What came instead is told: the right values here.
  ASSERT_EQ(result.found.size(), 4U);
  std::vector<fixed::FixedType> types;
  for (const circuit::Port& port : circuit_.outputs()) types.push_back(port.type);
  for (const std::size_t row : {0u, 17u, 1100u, 1199u}) {
    const auto values = bus_values(result.found.at(static_cast<std::int64_t>(row)), types);
    ASSERT_TRUE(values.has_value()) << row;
    EXPECT_EQ(values->front(), expected_[row] ^ 1) << row;
  }
}

TEST(BusValues, are_what_bus_hex_wrote_and_nothing_for_unknown_bits) {
  const std::vector<fixed::FixedType> types{{5, 2, true}, {3, 3, false}, {63, 10, true}, {1, 1, true}};
  std::vector<circuit::Port> ports;
  for (const fixed::FixedType& type : types) ports.push_back({.node = circuit::kNone, .type = type});
  for (const std::vector<std::int64_t>& raw :
       {std::vector<std::int64_t>{-16, 7, -(std::int64_t{1} << 62), -1}, {15, 0, 12345678901234, 0}}) {
    EXPECT_EQ(bus_values(bus_hex(raw, ports), types), raw);
  }
  const std::string hex = bus_hex(std::vector<std::int64_t>{1, 2, 3, 0}, ports);
  EXPECT_EQ(bus_values("x" + hex.substr(1), types), std::nullopt);
  EXPECT_EQ(bus_values(hex.substr(1), types), std::nullopt);
  EXPECT_EQ(bus_values("0" + hex, types), std::nullopt);
}

TEST_F(FaultyVerilog, results_that_never_come_are_counted) {
  const auto result = run("assign out_valid = valid[0]", "assign out_valid = 1'b0");
  EXPECT_EQ(result.mismatches, 1200 + 1000);
}

TEST_F(FaultyVerilog, an_unknown_valid_is_found) {
  const auto result = run("rst ? 1'd0 : in_valid", "in_valid ^ (valid ^ valid)");
  EXPECT_FALSE(result.passed);
  EXPECT_NE(result.log.find("fault:"), std::string::npos) << result.log;
}

TEST_F(FaultyVerilog, a_result_without_an_input_is_found) {
  const auto result = run("rst ? 1'd0 : in_valid", "rst ? 1'd0 : 1'b1");
  EXPECT_FALSE(result.passed);
  EXPECT_GT(result.mismatches, 0);
}

TEST_F(FaultyVerilog, a_valid_that_ignores_reset_is_found) {
  const auto result = run("rst ? 1'd0 : in_valid", "in_valid");
  EXPECT_FALSE(result.passed);
  EXPECT_NE(result.log.find("valid after reset"), std::string::npos) << result.log;
}

TEST_F(FaultyVerilog, an_unknown_output_bit_is_a_mismatch) {
  const auto result = run("assign out_data = {", "assign out_data = {1'bx} ^ {");
  EXPECT_EQ(result.mismatches, 1200);
}

TEST_F(FaultyVerilog, an_extra_register_changes_the_measured_latency) {
  const auto result = run("reg [0:0] valid;", "reg late; always @(posedge clk) late <= rst ? 1'b0 : in_valid;\n  reg [0:0] valid;");
  EXPECT_EQ(result.latency_cycles, 1);
  const auto delayed = run("assign out_valid = valid[0]", "reg late = 0; always @(posedge clk) late <= valid[0]; assign out_valid = late");
  EXPECT_EQ(delayed.latency_cycles, 2);
  EXPECT_FALSE(delayed.passed);
}

/// Flip-flops in the schedule are flip-flops (or shift registers of at least 3) after synthesis.
TEST(VerilogSynthesis, resources_agree_with_the_circuits_cost) {
  struct Case {
    std::vector<int> widths;
    int adders_per_stage;
  };
  for (const Case& each : {Case{{8, 8, 5}, 2}, Case{{12, 10}, 100}, Case{{6, 16, 4}, 1}}) {
    const Circuit circuit = circuit::lower(circuit::testing::mlp_net(each.widths, 0.4, 7));
    const Schedule schedule = circuit::schedule(circuit, {.adders_per_stage = each.adders_per_stage});
    const auto cost = circuit::logic_cost(circuit, schedule);
    Rtl rtl;
    const Files files = verilog(circuit, schedule);
    rtl.write(files);
    const auto result =
        toolchain::synthesize_with_yosys({.top = "snac_top", .sources = source_names(files), .directory = rtl.folder.path()});
    const circuit::Mapping mapping = circuit::map_bits(circuit, schedule);
    double luts = 0;
    for (const circuit::LutSort sort : {circuit::LutSort::sum, circuit::LutSort::inverter, circuit::LutSort::relu, circuit::LutSort::clip,
                                        circuit::LutSort::clip_register, circuit::LutSort::test, circuit::LutSort::lookup}) {
      luts += mapping.luts[static_cast<std::size_t>(sort)];
    }
    std::cout << fmt::format(
        "{} adders, {} adder bits: LUT {} in Yosys, {:.0f} from the adders, {:.0f} mapped; FF {} + {} SRL in Yosys, {} + {} mapped\n",
        cost.adders, cost.adder_bits, result.lut, cost.lut, luts, result.ff, result.srl, mapping.ff, mapping.srl);
    EXPECT_NEAR(static_cast<double>(result.lut) / cost.lut, 1.0, 0.2);
    EXPECT_NEAR(luts / static_cast<double>(result.lut), 1.0, 0.06);
    EXPECT_NEAR(static_cast<double>(mapping.ff) / static_cast<double>(result.ff), 1.0, 0.02);
    EXPECT_NEAR(static_cast<double>(mapping.srl), static_cast<double>(result.srl), 2 + 0.05 * static_cast<double>(result.srl));
    EXPECT_EQ(result.dsp, 0);
  }
}

/// Bits below the coarser operand pass by the adder, so they cost no LUT.
TEST(VerilogSynthesis, an_adder_of_shifted_operands_costs_only_where_they_overlap) {
  Circuit circuit;
  const Id a = circuit.input({8, 8, true}), b = circuit.input({8, 8, true});
  circuit.begin_group("sum");
  circuit.output(circuit.add(a, 5, b, 0, false), {14, 14, true});
  const Schedule schedule = circuit::schedule(circuit);
  Rtl rtl;
  const Files files = verilog(circuit, schedule);
  rtl.write(files);
  const auto result = toolchain::synthesize_with_yosys({.top = "snac_top", .sources = source_names(files), .directory = rtl.folder.path()});
  EXPECT_EQ(circuit::logic_cost(circuit, schedule).adder_bits, 8);
  EXPECT_GE(result.lut, 8);
  EXPECT_LE(result.lut, 9);
  EXPECT_EQ(result.ff, 14 + 1);
}

}  // namespace
}  // namespace snac::codegen
