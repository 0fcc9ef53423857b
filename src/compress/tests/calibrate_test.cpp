#include "snac/compress/calibrate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "snac/compress/lower.hpp"
#include "snac/core/error.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/nn/forward.hpp"
#include "snac/nn/trainer.hpp"
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

TEST(Precision, one_bit_is_refused_with_the_reason) {
  for (const char* text : {"1", "w1a8", "w8a1"}) {
    try {
      precision_from_string(text);
      FAIL() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("ternary"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(precision_from_string("2"), (Precision{2, 2}));
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

TEST(Calibrate, a_silent_layer_gets_the_range_one) {
  const auto data = clouds(300, 1);
  for (const auto activation : {space::Activation::relu, space::Activation::leaky_relu, space::Activation::linear}) {
    nn::Mlp mlp = network(activation);
    for (float& w : mlp.weights(0)) w = 0;
    const auto q = calibrate(mlp, data, all_rows(data), {.precision = {6, 7}});
    EXPECT_EQ(q.layers[0].weight.max_raw, 31);
    const double highest = q.layers[0].output[0].highest();
    EXPECT_GE(highest, 0.99);
    EXPECT_LE(highest, activation == space::Activation::linear ? 8 : 2) << space::to_string(activation);
    nn::require_fits(q, mlp);
  }
}

TEST(Calibrate, rare_activations_are_covered_when_all_others_are_zero) {
  auto data = clouds(4000, 1);
  std::fill(data.features.begin(), data.features.end(), 0.0F);
  data.features[4 * 1234] = 3;  // one row in 4000
  nn::Mlp mlp = network(space::Activation::relu);
  std::fill(mlp.weights(0).begin(), mlp.weights(0).end(), 2.0F);
  EXPECT_GE(calibrate(mlp, data, all_rows(data), {}).layers[0].output[0].highest(), 5.9);
}

TEST(Calibrate, no_grid_is_too_fine_for_the_integers) {
  const auto data = clouds(300, 1);
  nn::Mlp mlp = network(space::Activation::relu);
  for (std::size_t i = 0; i < 3; ++i) {
    for (float& w : mlp.weights(i)) w *= 1e-18F;
    for (float& b : mlp.biases(i)) b = 0.5F;
  }
  for (const Precision precision : {Precision{2, 2}, Precision{8, 8}, Precision{16, 16}}) {
    const auto q = calibrate(mlp, data, all_rows(data), {.precision = precision});
    nn::require_fits(q, mlp);
    for (const auto& layer : q.layers) EXPECT_LE(layer.bias_fraction_bits, 48);
    const auto net = lower(mlp, q);
    EXPECT_EQ(fixed::run(net, fixed::quantize_inputs(net, data.features)), nn::predict_exact(mlp, q, data, all_rows(data)));
  }
}

TEST(Calibrate, large_biases_beside_tiny_weights_fit_the_accumulator) {
  const auto data = clouds(300, 1);
  for (const float bias : {1.0F, 1e5F, 2e9F}) {
    nn::Mlp mlp = network(space::Activation::relu);
    for (std::size_t i = 0; i < 3; ++i) {
      for (float& w : mlp.weights(i)) w *= 1e-18F;
    }
    for (float& b : mlp.biases(2)) b = bias;
    const auto q = calibrate(mlp, data, all_rows(data), {.precision = {16, 16}});
    const auto net = lower(mlp, q);
    EXPECT_EQ(fixed::run(net, fixed::quantize_inputs(net, data.features)), nn::predict_exact(mlp, q, data, all_rows(data))) << bias;
  }
}

TEST(Calibrate, values_that_no_grid_holds_are_refused_with_the_layer) {
  const auto data = clouds(300, 1);
  const auto message = [&](const nn::Mlp& mlp) -> std::string {
    try {
      calibrate(mlp, data, all_rows(data), {});
    } catch (const nn::DivergedError& error) {
      return error.summary();
    }
    return "accepted";
  };
  nn::Mlp mlp = network(space::Activation::relu);
  mlp.biases(1)[2] = std::nanf("");
  EXPECT_NE(message(mlp).find("layer 2: biases"), std::string::npos) << message(mlp);
  mlp = network(space::Activation::relu);
  mlp.weights(2)[0] = 1e12F;
  EXPECT_NE(message(mlp).find("layer 3: weights"), std::string::npos) << message(mlp);
  mlp = network(space::Activation::relu);
  for (std::size_t i = 0; i < 3; ++i) {
    for (float& w : mlp.weights(i)) w = 1e8F;
  }
  EXPECT_NE(message(mlp).find("layer 2: activations"), std::string::npos) << message(mlp);
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
