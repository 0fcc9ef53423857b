#include "snac/nn/quantizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "nn_fixtures.hpp"

namespace snac::nn {
namespace {

using space::Activation;
constexpr Grid kGrid{.fraction_bits = 2, .min_raw = -8, .max_raw = 7};

TEST(Quantizer, rounds_half_up_and_saturates) {
  EXPECT_EQ(quantize_raw(kGrid, 0.3), 1);
  EXPECT_EQ(quantize_raw(kGrid, 0.125), 1);    // tie, up
  EXPECT_EQ(quantize_raw(kGrid, -0.125), 0);   // tie, up
  EXPECT_EQ(quantize_raw(kGrid, -0.375), -1);  // tie, up
  EXPECT_EQ(quantize_raw(kGrid, 100), 7);
  EXPECT_EQ(quantize_raw(kGrid, -100), -8);
  EXPECT_EQ(quantize_raw(kGrid, std::numeric_limits<double>::infinity()), 7);
  EXPECT_EQ(quantize_raw(kGrid, -std::numeric_limits<double>::infinity()), -8);
  EXPECT_EQ(quantize_raw(kGrid, std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_DOUBLE_EQ(quantize(kGrid, 0.3), 0.25);
}

TEST(Quantizer, the_double_just_below_a_tie_rounds_down) {
  EXPECT_EQ(quantize_raw({0, -8, 7}, std::nextafter(0.5, 0.0)), 0);
  EXPECT_EQ(quantize_raw({0, -8, 7}, std::nextafter(-0.5, -1.0)), -1);
}

TEST(Quantizer, coarse_and_very_fine_grids_work) {
  EXPECT_EQ(quantize_raw({-3, -8, 7}, 20), 3);  // 20/8 = 2.5, up
  EXPECT_EQ(quantize_raw({40, -8, 7}, std::ldexp(3.0, -40)), 3);
}

TEST(Quantizer, activation_table_lists_the_function_over_its_grid) {
  const Grid pre{.fraction_bits = 3, .min_raw = -32, .max_raw = 31}, out{.fraction_bits = 7, .min_raw = -128, .max_raw = 127};
  const auto table = activation_table(Activation::tanh, pre, out);
  ASSERT_EQ(table.size(), 64U);
  for (int raw = -32; raw <= 31; ++raw) {
    EXPECT_NEAR(static_cast<double>(table[static_cast<std::size_t>(raw + 32)]) / 128, std::min(std::tanh(raw / 8.0), 127.0 / 128),
                0.5 / 128 + 1e-12);
  }
  EXPECT_EQ(activation_table(Activation::sigmoid, pre, {.fraction_bits = 8, .min_raw = 0, .max_raw = 255})[32], 128);
  EXPECT_EQ(activation_table(Activation::relu, pre, out)[0], 0);
}

class RequireFits : public testing::Test {
 protected:
  Mlp mlp = random_mlp(chain(3, {{4, Activation::relu}, {4, Activation::tanh}, {2, Activation::linear}}));
  NetQuantizer quantizer = eight_bit_grids(mlp);
  void expect_refused() const { EXPECT_THROW(require_fits(quantizer, mlp), std::invalid_argument); }
};

TEST_F(RequireFits, proper_grids_are_accepted) { EXPECT_NO_THROW(require_fits(quantizer, mlp)); }
TEST_F(RequireFits, a_missing_layer_is_refused) {
  quantizer.layers.pop_back();
  expect_refused();
}
TEST_F(RequireFits, batch_norm_is_refused) {
  mlp = random_mlp(space::mlp(3, {4, 4}, 2, Activation::relu, true));
  quantizer = eight_bit_grids(mlp);
  expect_refused();
}
TEST_F(RequireFits, raw_values_beyond_single_precision_are_refused) {
  quantizer.layers[0].weight.max_raw = std::int64_t{1} << 23;
  expect_refused();
}
TEST_F(RequireFits, an_empty_grid_is_refused) {
  quantizer.layers[0].weight = {.fraction_bits = 0, .min_raw = 1, .max_raw = 0};
  expect_refused();
}
TEST_F(RequireFits, a_weight_grid_without_zero_is_refused) {
  quantizer.layers[0].weight = {.fraction_bits = 0, .min_raw = 1, .max_raw = 2};
  expect_refused();
}
TEST_F(RequireFits, a_bias_grid_coarser_than_the_products_is_refused) {
  --quantizer.layers[1].bias_fraction_bits;
  expect_refused();
}
TEST_F(RequireFits, a_table_without_input_grid_is_refused) {
  quantizer.layers[1].pre_activation.reset();
  expect_refused();
}
TEST_F(RequireFits, an_input_grid_without_a_table_is_refused) {
  quantizer.layers[0].pre_activation = Grid{.fraction_bits = 0, .min_raw = 0, .max_raw = 1};
  expect_refused();
}

}  // namespace
}  // namespace snac::nn
