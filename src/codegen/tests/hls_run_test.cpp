// Generated HLS C++ compiled by g++ and run: the same integers as the interpreter.
#include <gtest/gtest.h>

#include "../../fixed/tests/random_net.hpp"
#include "snac/codegen/hls.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/toolchain/hls_cpp.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::codegen {
namespace {

using fixed::FixedNet;
using fixed::FixedType;
using fixed::OutputKind;
using fixed::Overflow;
using fixed::Rounding;

toolchain::HlsCppResult run(const HlsProject& project, const std::filesystem::path& folder) {
  for (const auto& [name, text] : project.files) write_file_atomically(folder / name, text);
  toolchain::HlsCppParams params{.directory = folder, .sources = project.sources, .include_directories = {}};
  for (const std::string& name : project.include_directories) params.include_directories.emplace_back(name);
  return toolchain::run_hls_with_cpp(params);
}

HlsProject project_of(const FixedNet& net, const HlsParams& params, Rng& rng, std::size_t rows) {
  const auto inputs = fixed::random_inputs(rng, net, rows);
  return hls_project(net, params, inputs, fixed::run(net, inputs));
}

/// Every rounding and overflow mode, signed and unsigned, in one node each: a wide input spread over 56 output types.
FixedNet every_mode(bool relu) {
  FixedNet net;
  net.input = {{{"features", 56}}, {FixedType{13, 5, true, Rounding::trn, Overflow::wrap}}};
  fixed::TensorType output{{{"features", 56}}, {}};
  for (int k = 0; k < 56; ++k) {
    output.types.push_back({6, 3, k >= 28, static_cast<Rounding>(k % 7), static_cast<Overflow>(k / 7 % 4)});
  }
  net.nodes.push_back(
      {.name = "modes", .op = relu ? fixed::Op(fixed::ReluOp{}) : fixed::Op(fixed::CastOp{}), .inputs = {0}, .output = output});
  return net;
}

/// A dense stack with pruned weights, ReLU with saturation, a table and mixed output types.
FixedNet small_stack(Rng& rng, int inputs, int hidden, int outputs) {
  FixedNet net;
  net.input = {{{"features", inputs}}, {FixedType{10, 3, true, Rounding::rnd, Overflow::sat}}};
  net.nodes.push_back({.name = "dense_1",
                       .op = fixed::random_dense(rng, net.input, hidden),
                       .inputs = {0},
                       .output = {{{"features", hidden}}, {FixedType{8, 4, false, Rounding::rnd_conv, Overflow::sat}}}});
  const FixedType act{6, 1, true, Rounding::trn, Overflow::sat_sym};
  fixed::TableOp tanh{.function = "tanh", .table = {}};
  for (int i = 0; i < 256; ++i) tanh.table.push_back(static_cast<std::int64_t>(rng.below(64)) - 32);  // -32 stays, saturating or not
  net.nodes.push_back({.name = "tanh 1", .op = tanh, .inputs = {1}, .output = {{{"features", hidden}}, {act}}});
  net.nodes.push_back({.name = "dense_2", .op = fixed::random_dense(rng, net.nodes[1].output, outputs), .inputs = {2}, .output = {}});
  net.nodes.back().output = fixed::random_tensor(rng, outputs, 16, false);
  return net;
}

class HlsRun : public testing::Test {
 protected:
  void expect_exact(const HlsProject& project, std::int64_t vectors) {
    const auto result = run(project, folder_.path() / std::to_string(count_++));
    EXPECT_TRUE(result.passed) << result.log;
    EXPECT_EQ(result.vectors, vectors);
    EXPECT_EQ(result.log.find("warning"), std::string::npos) << result.log;
  }
  TemporaryDirectory folder_;
  Rng rng_{20260101};
  int count_ = 0;
};

TEST_F(HlsRun, random_networks_with_every_output_stage_give_the_interpreters_bits) {
  for (const OutputKind kind : {OutputKind::logits, OutputKind::argmax, OutputKind::softmax}) {
    FixedNet net = fixed::random_net(rng_);
    while (fixed::output_kind(net) != kind) net = fixed::random_net(rng_);
    SCOPED_TRACE(fixed::to_string(kind));
    const auto interface = count_ % 2 == 0 ? HlsInterface::parallel : HlsInterface::stream;
    expect_exact(project_of(net, {.interface = interface}, rng_, 1000), 1000);
  }
}

TEST_F(HlsRun, probabilities_of_a_classifier_are_the_interpreters) {
  const FixedNet net = fixed::with_output(small_stack(rng_, 6, 8, 5), OutputKind::softmax, 8);
  expect_exact(project_of(net, {}, rng_, 1000), 1000);
}

TEST_F(HlsRun, every_rounding_and_overflow_mode_is_the_interpreters) {
  FixedNet net = every_mode(false);
  net.nodes.push_back(every_mode(true).nodes.front());
  net.nodes.back().name = "modes after relu";
  expect_exact(project_of(every_mode(false), {}, rng_, 2000), 2000);
  expect_exact(project_of(net, {}, rng_, 2000), 2000);
}

TEST_F(HlsRun, strategies_and_interfaces_give_the_same_bits) {
  const FixedNet net = small_stack(rng_, 12, 16, 6);
  // Fewer cycles than inputs, as many, and more.
  for (const auto& [interface, reuse] :
       {std::pair{HlsInterface::parallel, 4}, std::pair{HlsInterface::stream, 12}, std::pair{HlsInterface::parallel, 36}}) {
    expect_exact(project_of(net, {.interface = interface, .strategy = HlsStrategy::resource, .reuse_factor = reuse}, rng_, 1000), 1000);
  }
}

/// Casts onto a grid so coarse that every value is below half a step, in every mode.
TEST_F(HlsRun, values_far_below_the_target_grid_are_the_interpreters) {
  FixedNet net = every_mode(false);
  for (FixedType& type : net.nodes[0].output.types) type.integer_bits = 30;
  expect_exact(project_of(net, {}, rng_, 1000), 1000);
}

TEST_F(HlsRun, the_widest_numbers_are_exact) {
  FixedNet net;
  net.input = {{{"features", 2}}, {FixedType{40, 20, true}}};
  const fixed::DenseOp op{.inputs = 2,
                          .outputs = 2,
                          .weights = {262143, -262144, 1, 0},
                          .weight_fraction_bits = 10,
                          .bias = {(std::int64_t{1} << 60) - 12345, -(std::int64_t{1} << 58) + 77},
                          .bias_fraction_bits = 30};
  net.nodes.push_back({.name = "dense", .op = op, .inputs = {0}, .output = {{{"features", 2}}, {FixedType{63, 33, true}}}});
  net.nodes.push_back({.name = "split", .op = fixed::CastOp{}, .inputs = {1}, .output = {{{"features", 2}}, {}}});
  net.nodes[1].output.types = {FixedType{63, 33, true, Rounding::rnd_conv, Overflow::sat_sym},
                               FixedType{62, 33, false, Rounding::rnd_inf, Overflow::sat}};
  expect_exact(project_of(net, {.interface = HlsInterface::stream}, rng_, 1000), 1000);
}

TEST_F(HlsRun, changed_weights_fail_the_test_bench) {
  HlsProject project = project_of(small_stack(rng_, 5, 6, 3), {}, rng_, 1000);
  std::string& weights = project.files.at("firmware/weights/layer3.h");
  const std::size_t begin = weights.find("bias");
  const std::size_t first = weights.find("{", begin) + 1;
  weights.replace(first, weights.find(",", first) - first, "1000000.0");
  weights.replace(weights.find("layer3_bias_t layer3_bias"), 13, "ap_fixed<60, 30>");
  const auto result = run(project, folder_.path());
  EXPECT_FALSE(result.passed);
  EXPECT_GT(result.mismatches, 0);
}

TEST_F(HlsRun, the_shell_script_builds_a_test_bench_that_tells_wrong_results_from_unreadable_vectors) {
  const HlsProject project = project_of(small_stack(rng_, 3, 2, 2), {}, rng_, 50);
  for (const auto& [name, text] : project.files) write_file_atomically(folder_.path() / name, text);
  const auto exit_code = [&](const std::vector<std::string>& argv, const std::string& output) {
    const auto run = toolchain::run_process(argv, {.directory = folder_.path()});
    EXPECT_NE(run.output.find(output), std::string::npos) << run.output;
    return run.exit_code;
  };
  EXPECT_EQ(exit_code({"sh", "build.sh"}, "SNAC_HLS_RESULT vectors=50 mismatches=0"), 0);
  EXPECT_EQ(exit_code({(folder_.path() / "csim.out").string(), "7"}, "SNAC_HLS_RESULT vectors=7 mismatches=0"), 0);
  const auto with = [&](const std::string& name, const std::string& text, const std::string& output) {
    write_file_atomically(folder_.path() / "tb_data" / name, text);
    const int code = exit_code({(folder_.path() / "csim.out").string()}, output);
    write_file_atomically(folder_.path() / "tb_data" / name, project.files.at("tb_data/" + name));
    return code;
  };
  const std::string& expected = project.files.at("tb_data/expected.dat");
  const std::string& inputs = project.files.at("tb_data/inputs.dat");
  EXPECT_EQ(with("expected.dat", "9" + expected.substr(expected.find_first_of("0123456789")), "vectors=50 mismatches=1"), 1);
  EXPECT_EQ(with("expected.dat", expected.substr(0, expected.size() / 2), "no integer"), 2);
  EXPECT_EQ(with("expected.dat", expected + "1\n", "more results than inputs"), 2);
  EXPECT_EQ(with("inputs.dat", inputs + "x\n", "no integer"), 2);
  EXPECT_EQ(with("inputs.dat", "512 0 0\n", "outside its type"), 2);
  EXPECT_EQ(with("inputs.dat", "", "no vectors"), 2);
}

}  // namespace
}  // namespace snac::codegen
