// Networks at the edges of what can be trained: every engine gives the same integers, and no figure is not a number.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "snac/compress/calibrate.hpp"
#include "snac/compress/lower.hpp"
#include "snac/compress/pruning.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/verify.hpp"
#include "snac/nn/forward.hpp"

namespace snac::flow {
namespace {

constexpr int kRows = 200;

struct Edge {
  const char* name;
  std::function<void(nn::Mlp&, compress::Mask&)> change;
  compress::CalibrationParams calibration = {};
  double feature_scale = 1;
};

void PrintTo(const Edge& edge, std::ostream* out) { *out << edge.name; }

void zero_weights(nn::Mlp& mlp, std::size_t layer) {
  for (float& w : mlp.weights(layer)) w = 0;
}

data::Dataset noise(double scale) {
  data::Dataset data;
  data.num_features = 5;
  data.num_classes = 3;
  data.class_names = {"a", "b", "c"};
  Rng rng(11);
  for (int row = 0; row < kRows; ++row) {
    for (int f = 0; f < data.num_features; ++f) data.features.push_back(static_cast<float>(scale * rng.normal()));
    data.labels.push_back(static_cast<std::uint8_t>(row % 3));
  }
  return data;
}

class EdgeNetwork : public testing::TestWithParam<Edge> {};

TEST_P(EdgeNetwork, is_the_same_in_training_integers_circuit_and_verilog) {
  const Edge& edge = GetParam();
  const data::Dataset data = noise(edge.feature_scale);
  std::vector<std::uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0U);
  int seed = 0;
  for (const auto activation : {space::Activation::relu, space::Activation::tanh}) {
    Rng rng(static_cast<std::uint64_t>(++seed));
    nn::Mlp mlp = nn::make_mlp(space::mlp(5, {6, 4}, 3, activation), rng);
    for (std::size_t l = 0; l < 3; ++l) {
      for (float& b : mlp.biases(l)) b = static_cast<float>(0.2 * rng.normal());
    }
    compress::Mask mask = compress::full_mask(mlp);
    edge.change(mlp, mask);
    compress::apply_mask(mlp, mask);
    const nn::NetQuantizer quantizer = compress::calibrate(mlp, data, rows, edge.calibration);
    const fixed::FixedNet net = compress::lower(mlp, quantizer, data.class_names);
    for (const int reuse : {1, 3}) {
      StudyConfig config;
      config.target.reuse_factor = reuse;
      const Design hardware = design(net, config);
      const cost::Resources& used = hardware.resources();
      for (const double figure : {used.lut, used.ff, used.dsp, used.bram18}) EXPECT_TRUE(std::isfinite(figure) && figure >= 0);
      EXPECT_GE(hardware.latency(), 1);
      const TemporaryDirectory folder;
      const Verification result =
          verify(net, hardware, fixed::quantize_inputs(net, data.features), {.simulators = {"icarus"}, .directory = folder.path().string()},
                 [&] { return nn::predict_exact(mlp, quantizer, data, rows); });
      EXPECT_TRUE(result.bit_exact()) << space::to_string(activation) << ", reuse factor " << reuse << ": " << result.summary();
      EXPECT_EQ(result.engines.size(), 4U);
    }
    const double accuracy = integer_accuracy(net, data, rows);
    EXPECT_TRUE(accuracy >= 0 && accuracy <= 1);
    const nn::Score score = nn::evaluate(mlp, data, rows, &quantizer);
    EXPECT_TRUE(std::isfinite(score.loss));
  }
}

fixed::FixedType input_type(int width, int integer_bits) { return {width, integer_bits, true, fixed::Rounding::rnd, fixed::Overflow::sat}; }

INSTANTIATE_TEST_SUITE_P(
    Edges, EdgeNetwork,
    testing::Values(
        Edge{"a_layer_pruned_to_nothing", [](nn::Mlp& mlp, compress::Mask&) { zero_weights(mlp, 1); }},
        Edge{"all_layers_pruned_to_nothing",
             [](nn::Mlp& mlp, compress::Mask&) {
               for (std::size_t l = 0; l < 3; ++l) zero_weights(mlp, l);
             }},
        Edge{"all_activations_zero",
             [](nn::Mlp& mlp, compress::Mask&) {
               zero_weights(mlp, 0);
               for (float& b : mlp.biases(0)) b = 0;
             }},
        Edge{"a_layer_of_dead_relus",
             [](nn::Mlp& mlp, compress::Mask&) {
               for (float& b : mlp.biases(0)) b = -50;
             }},
        Edge{"one_dead_relu", [](nn::Mlp& mlp, compress::Mask&) { mlp.biases(0)[2] = -50; }},
        Edge{"one_weight_per_layer",
             [](nn::Mlp& mlp, compress::Mask& mask) { compress::prune_smallest(mlp, mask, 0.999, compress::PruningScope::layer); }},
        Edge{"weights_that_all_round_to_zero",
             [](nn::Mlp& mlp, compress::Mask&) {
               for (float& w : mlp.weights(1)) w = 1e-12F;
             }},
        Edge{"ternary_weights", [](nn::Mlp&, compress::Mask&) {}, {.precision = {2, 4}}},
        Edge{"least_precision", [](nn::Mlp&, compress::Mask&) {}, {.precision = {2, 2}}},
        Edge{"most_precision", [](nn::Mlp&, compress::Mask&) {}, {.precision = {16, 16}}},
        Edge{"less_precision_than_the_input", [](nn::Mlp&, compress::Mask&) {}, {.precision = {3, 3}, .input = input_type(16, 4)}},
        Edge{"inputs_of_twenty_bits", [](nn::Mlp&, compress::Mask&) {}, {.precision = {8, 8}, .input = input_type(20, 12)}, 600},
        Edge{"inputs_of_twenty_bits_below_one", [](nn::Mlp&, compress::Mask&) {}, {.precision = {8, 8}, .input = input_type(20, 1)}, 0.3},
        Edge{"weights_of_twenty_bits_of_range",
             [](nn::Mlp& mlp, compress::Mask&) {
               mlp.weights(1)[0] = 300;
               mlp.weights(1)[1] = 0.0003F;
             }},
        Edge{"sums_that_need_twenty_bits",
             [](nn::Mlp& mlp, compress::Mask&) {
               for (float& b : mlp.biases(1)) b *= 5000;
             }}),
    [](const auto& edge) { return std::string(edge.param.name); });

}  // namespace
}  // namespace snac::flow
