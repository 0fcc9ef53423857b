#include "snac/codegen/hls.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "../../fixed/tests/random_net.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::codegen {
namespace {

using fixed::FixedNet;
using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

/// 2 inputs, one dense layer with weights 0.5, -1, 0, 0.25 and biases 0.125 and -2.
FixedNet tiny() {
  FixedNet net;
  net.input = {{{"features", 2}}, {FixedType{4, 3, true, Rounding::rnd, Overflow::sat}}};
  fixed::DenseOp op{
      .inputs = 2, .outputs = 2, .weights = {2, -4, 0, 1}, .weight_fraction_bits = 2, .bias = {1, -16}, .bias_fraction_bits = 3};
  net.nodes.push_back({.name = "dense \\ 1?\n",
                       .op = op,
                       .inputs = {0},
                       .output = {{{"classes", 2}}, {FixedType{6, 4, true, Rounding::rnd_conv, Overflow::sat}}}});
  return net;
}

HlsProject project(const FixedNet& net, const HlsParams& params = {}) {
  Rng rng(5);
  const auto inputs = fixed::random_inputs(rng, net, 3);
  return hls_project(net, params, inputs, fixed::run(net, inputs));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Hls, types_and_weights_of_a_tiny_network_are_exact) {
  const Files files = project(tiny()).files;
  const std::string& types = files.at("firmware/types.h");
  EXPECT_TRUE(has(types, "typedef ap_fixed<4, 3> input_t;\n")) << types;
  EXPECT_TRUE(has(types, "typedef ap_fixed<3, 1> layer1_weight_t;\n")) << types;
  EXPECT_TRUE(has(types, "typedef ap_fixed<5, 2> layer1_bias_t;\n")) << types;
  // Output 0: 1 + 2 * [-8, 7] - 4 * [-8, 7] = -43 .. 47; output 1: -16 + [-8, 7] = -24 .. -9; 3 fraction bits.
  EXPECT_TRUE(has(types, "typedef ap_fixed<7, 4> layer1_acc_t;\n")) << types;
  EXPECT_TRUE(has(types, "typedef ap_fixed<6, 4> layer1_t;\ntypedef ap_fixed<6, 4, AP_RND_CONV, AP_SAT> layer1_cast_t;\n")) << types;
  const std::string& weights = files.at("firmware/weights/layer1.h");
  EXPECT_TRUE(has(weights, "static const layer1_weight_t layer1_weights[4] =\n    {0.5, -1.0,\n    0.0, 0.25};\n")) << weights;
  EXPECT_TRUE(has(weights, "static const layer1_bias_t layer1_bias[2] =\n    {0.125, -2.0};\n")) << weights;
  EXPECT_TRUE(has(weights, "// dense   1. : 2 inputs, 2 outputs, 3 of 4 weights are not zero\n")) << weights;
}

TEST(Hls, the_same_network_gives_the_same_text) { EXPECT_EQ(project(tiny()).files, project(tiny()).files); }

TEST(Hls, pragmas_say_interface_strategy_and_interval) {
  const std::string name = "firmware/snac_hls.cpp";
  const std::string latency = project(tiny()).files.at(name);
  for (const char* line : {"#pragma HLS PIPELINE II=1", "#pragma HLS ARRAY_RESHAPE variable=input complete dim=0",
                           "#pragma HLS ARRAY_PARTITION variable=output complete dim=0", "#pragma HLS INTERFACE ap_vld port=input"}) {
    EXPECT_TRUE(has(latency, line)) << line;
  }
  EXPECT_FALSE(has(latency, "DATAFLOW"));
  const HlsProject resource = project(tiny(), {.strategy = HlsStrategy::resource, .reuse_factor = 4});
  EXPECT_TRUE(has(resource.files.at(name), "#pragma HLS DATAFLOW"));
  EXPECT_TRUE(has(resource.files.at("firmware/layers.h"), "static const int reuse_factor = 4;"));
  EXPECT_TRUE(has(resource.files.at("firmware/layers.h"), "snac::dense_resource<layer1_config>"));
  ASSERT_EQ(resource.dense_layers.size(), 1U);
  EXPECT_EQ(resource.dense_layers[0].reuse_factor, 4);
  EXPECT_EQ(resource.dense_layers[0].multipliers, 1);
  const Files stream = project(tiny(), {.interface = HlsInterface::stream}).files;
  EXPECT_TRUE(has(stream.at(name), "#pragma HLS INTERFACE axis port=input"));
  EXPECT_TRUE(has(stream.at(name), "hls::stream<result_vector_t>& output"));
  EXPECT_TRUE(stream.contains("firmware/snac_streams.h"));
}

TEST(Hls, an_illegal_reuse_factor_becomes_the_nearest_legal_one_and_is_shown) {
  const HlsProject p = project(tiny(), {.strategy = HlsStrategy::resource, .reuse_factor = 3});
  EXPECT_EQ(p.dense_layers[0].reuse_factor, 2);
  EXPECT_TRUE(has(p.files.at("README.md"), "Asked for: reuse factor 3."));
}

TEST(Hls, scripts_name_part_clock_and_top) {
  const Files files =
      project(tiny(), {.top = "jets", .part = "xczu9eg-ffvb1156-2-e", .clock_ns = 2.5, .clock_uncertainty_percent = 27}).files;
  const std::string& settings = files.at("project.tcl");
  for (const char* line : {"set top jets\n", "set part xczu9eg-ffvb1156-2-e\n", "set clock_period 2.5\n", "set clock_uncertainty 27%\n"}) {
    EXPECT_TRUE(has(settings, line)) << line;
  }
  EXPECT_EQ(files.at("clock.xdc"), "create_clock -period 2.5 -name ap_clk [get_ports ap_clk]\n");
  EXPECT_TRUE(has(files.at("build_hls.tcl"), "add_files firmware/jets.cpp"));
  EXPECT_TRUE(has(files.at("vivado_synth.tcl"), "synth_design -top $top -part $part"));
  EXPECT_TRUE(files.contains("firmware/jets.h") && files.contains("jets_test.cpp"));
}

TEST(Hls, the_tcl_calls_the_steps_that_are_asked_for) {
  if (toolchain::find_program("tclsh").empty()) GTEST_SKIP() << "tclsh is not installed";
  TemporaryDirectory folder;
  for (const auto& [name, text] : project(tiny(), {.part = "xc7z020clg400-1", .clock_ns = 4}).files)
    write_file_atomically(folder.path() / name, text);
  // The vendor's commands print themselves; -flow_target is refused as by Vivado HLS.
  std::string vendor =
      "foreach command {open_project set_top add_files set_part create_clock set_clock_uncertainty csim_design csynth_design\n"
      "  cosim_design export_design config_compile} { proc $command args \"puts \\\"$command \\$args\\\"\" }\n"
      "proc open_solution args { if {[lsearch $args -flow_target] >= 0} { error no }; puts \"open_solution $args\" }\n";
  write_file_atomically(folder.path() / "run.tcl", vendor + "source build_hls.tcl\n");
  const auto run = [&](const std::string& steps) {
    return toolchain::run_process({"tclsh", "run.tcl"}, {.directory = folder.path(), .environment = {{"SNAC_HLS_STEPS", steps}}});
  };
  const auto all = run("csim, csynth cosim export");
  EXPECT_EQ(all.exit_code, 0) << all.output;
  EXPECT_TRUE(has(all.output, "set_top snac_hls\nadd_files firmware/snac_hls.cpp")) << all.output;
  EXPECT_TRUE(has(all.output,
                  "open_solution -reset solution1\nset_part xc7z020clg400-1\ncreate_clock -period 4 -name default\n"
                  "set_clock_uncertainty 12.5% default\n"))
      << all.output;
  EXPECT_TRUE(has(all.output, "csim_design \ncsynth_design \ncosim_design -rtl verilog -argv 100\nexport_design")) << all.output;
  const auto one = run("csynth");
  EXPECT_TRUE(has(one.output, "csynth_design") && !has(one.output, "csim_design")) << one.output;
  EXPECT_NE(run("everything").exit_code, 0);
}

TEST(Hls, vectors_are_raw_integers_a_row_per_line) {
  const FixedNet net = tiny();
  const std::vector<std::int64_t> inputs{-8, 7, 0, 1};
  const Files files = hls_project(net, {}, inputs, fixed::run(net, inputs)).files;
  EXPECT_EQ(files.at("tb_data/inputs.dat"), "-8 7\n0 1\n");
  EXPECT_THROW(hls_project(net, {}, {}, {}), std::invalid_argument);
  EXPECT_THROW(hls_project(net, {}, inputs, std::vector<std::int64_t>{0}), std::invalid_argument);
  EXPECT_THROW(hls_project(net, {}, std::vector<std::int64_t>{8, 0}, std::vector<std::int64_t>{0, 0}), std::invalid_argument);
  EXPECT_THROW(hls_project(net, {}, std::vector<std::int64_t>{0, 0}, std::vector<std::int64_t>{0, 99}), std::invalid_argument);
}

TEST(Hls, unusable_parameters_are_refused) {
  const FixedNet net = tiny();
  for (const char* top : {"", "1st", "int", "module", "layer1", "_x", "a__b", "main", "input", "a b", "ap_fixed"}) {
    EXPECT_THROW(project(net, {.top = top}), ConfigError) << top;
  }
  for (const char* part : {"", "-x", "xcvu13p; exec rm", "a b", "[x]"}) EXPECT_THROW(project(net, {.part = part}), ConfigError) << part;
  for (const double clock : {0.0, -1.0, 1e7, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(project(net, {.clock_ns = clock}), ConfigError) << clock;
  }
  EXPECT_THROW(project(net, {.reuse_factor = 2}), ConfigError);  // the latency strategy shares nothing
  EXPECT_THROW(project(net, {.strategy = HlsStrategy::resource, .reuse_factor = 0}), ConfigError);
}

TEST(Hls, networks_that_no_array_or_double_holds_are_refused_with_the_node) {
  FixedNet far = tiny();
  far.nodes[0].output.types = {FixedType{8, 60, true}, FixedType{8, 0, true}};
  try {
    project(far);
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_TRUE(has(error.text().where, "node 0 'dense"));
  }
  FixedNet fine = tiny();
  auto& op = std::get<fixed::DenseOp>(fine.nodes[0].op);
  op.weight_fraction_bits += 1000;
  op.bias_fraction_bits += 1000;
  EXPECT_THROW(project(fine), DataError);
  FixedNet broken = tiny();
  broken.nodes[0].inputs = {7};
  EXPECT_THROW(project(broken), DataError);
}

TEST(Hls, nodes_that_nothing_reads_are_left_out) {
  FixedNet net = tiny();
  net.nodes.insert(net.nodes.begin(), {.name = "idle", .op = fixed::ReluOp{}, .inputs = {0}, .output = net.input});
  const Files files = project(net).files;
  EXPECT_FALSE(has(files.at("firmware/layers.h"), "idle"));
  EXPECT_FALSE(files.contains("firmware/weights/layer1.h"));
}

/// The rule as hls4ml states it.
bool legal_by_reference(int rf, int n_in, int n_out) {
  const int limit = (n_in * n_out + std::min(n_in, rf) - 1) / std::min(n_in, rf);
  return (limit % n_out == 0 || rf >= n_in) && (rf % n_in == 0 || rf < n_in) && n_in * n_out % rf == 0;
}

TEST(ReuseFactor, legality_is_the_rule_of_hls4ml) {
  for (int n_in = 1; n_in <= 24; ++n_in) {
    for (int n_out = 1; n_out <= 24; ++n_out) {
      for (int rf = 1; rf <= n_in * n_out + 3; ++rf) {
        ASSERT_EQ(is_legal_reuse_factor(rf, n_in, n_out), legal_by_reference(rf, n_in, n_out)) << rf << " " << n_in << " " << n_out;
      }
    }
  }
  EXPECT_FALSE(is_legal_reuse_factor(0, 4, 4));
  EXPECT_FALSE(is_legal_reuse_factor(-4, 4, 4));
}

TEST(ReuseFactor, the_nearest_legal_one_is_found) {
  for (int n_in = 1; n_in <= 12; ++n_in) {
    for (int n_out = 1; n_out <= 12; ++n_out) {
      for (int wanted = 1; wanted <= 150; ++wanted) {
        int best = 1;
        for (int rf = 1; rf <= n_in * n_out; ++rf) {
          if (legal_by_reference(rf, n_in, n_out) && std::abs(rf - wanted) < std::abs(best - wanted)) best = rf;
        }
        ASSERT_EQ(nearest_legal_reuse_factor(wanted, n_in, n_out), best) << wanted << " " << n_in << " " << n_out;
      }
    }
  }
  EXPECT_EQ(nearest_legal_reuse_factor(1000000000000, 16, 64), 1024);
}

}  // namespace
}  // namespace snac::codegen
