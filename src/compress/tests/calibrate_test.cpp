#include "snac/compress/calibrate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "snac/core/error.hpp"
#include "toy_problem.hpp"

namespace snac::compress {
namespace {

nn::Mlp network(space::Activation activation) {
  Rng rng(3);
  return nn::make_mlp(space::mlp(4, {8, 6}, 3, activation), rng);
}

TEST(Precision, text_forms) {
  EXPECT_EQ(precision_from_string("8"), (Precision{8, 8}));
  EXPECT_EQ(precision_from_string("w6a10"), (Precision{6, 10}));
  EXPECT_EQ(to_string(Precision{6, 10}), "w6a10");
  for (const char* bad : {"", "1", "17", "w8", "a8", "w8a", "w8a1", "8.5", "eight", "w 8a8"})
    EXPECT_THROW(precision_from_string(bad), ConfigError) << bad;
}

TEST(Calibrate, weights_are_symmetric_and_rounding_errors_stay_within_half_a_step_or_clip) {
  const auto data = clouds(300, 1);
  const nn::Mlp mlp = network(space::Activation::relu);
  const auto q = calibrate(mlp, data, all_rows(data), {.precision = {8, 8}});
  for (std::size_t i = 0; i < q.layers.size(); ++i) {
    const auto& grid = q.layers[i].weight;
    EXPECT_EQ(grid.max_raw, 127);
    EXPECT_EQ(grid.min_raw, -127);
    for (const float w : mlp.weights(i)) {
      const double error = std::abs(w - nn::quantize(grid, w));
      EXPECT_TRUE(error <= grid.step() / 2 || std::abs(w) > grid.highest());
    }
  }
}

TEST(Calibrate, grids_follow_activations_and_accumulators) {
  const auto data = clouds(300, 1);
  const auto relu = calibrate(network(space::Activation::relu), data, all_rows(data), {.precision = {6, 7}});
  EXPECT_EQ(relu.input[0].fraction_bits, 8);
  EXPECT_EQ(relu.input[0].max_raw, 2047);
  EXPECT_EQ(relu.layers[0].output[0].min_raw, 0);
  EXPECT_EQ(relu.layers[0].output[0].max_raw, 127);
  EXPECT_EQ(relu.layers[0].bias_fraction_bits, 8 + relu.layers[0].weight.fraction_bits);
  EXPECT_EQ(relu.layers[1].bias_fraction_bits, relu.layers[0].output[0].fraction_bits + relu.layers[1].weight.fraction_bits);
  EXPECT_LE(relu.layers[2].output[0].fraction_bits, relu.layers[2].bias_fraction_bits);

  const auto tanh = calibrate(network(space::Activation::tanh), data, all_rows(data), {.precision = {6, 7}});
  ASSERT_TRUE(tanh.layers[0].pre_activation);
  EXPECT_EQ(tanh.layers[0].pre_activation->lowest(), -4);
  EXPECT_EQ(tanh.layers[0].output[0].lowest(), -1);
  const auto sigmoid = calibrate(network(space::Activation::sigmoid), data, all_rows(data), {.precision = {6, 7}});
  EXPECT_EQ(sigmoid.layers[0].pre_activation->lowest(), -8);
  EXPECT_EQ(sigmoid.layers[0].output[0].max_raw, 127);
  EXPECT_EQ(sigmoid.layers[0].output[0].fraction_bits, 7);
}

TEST(Calibrate, json_round_trip_and_damage) {
  const auto data = clouds(300, 1);
  const auto q = calibrate(network(space::Activation::tanh), data, all_rows(data), {});
  const Json json = to_json(q);
  const auto back = quantizer_from_json(json, "test");
  EXPECT_EQ(to_json(back), json);
  EXPECT_EQ(back.input, q.input);
  Json damaged = json;
  damaged["layers"][0]["weight"].erase("min");
  EXPECT_THROW(quantizer_from_json(damaged, "test"), DataError);
  damaged = json;
  damaged["input"]["min"] = 5000;
  EXPECT_THROW(quantizer_from_json(damaged, "test"), DataError);
}

}  // namespace
}  // namespace snac::compress
