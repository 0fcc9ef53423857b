#include "snac/nn/forward.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nn_fixtures.hpp"
#include "reference_net.hpp"
#include "snac/core/error.hpp"

namespace snac::nn {
namespace {

using space::Activation;

class OnEveryIsa : public testing::TestWithParam<Isa> {
 protected:
  IsaGuard guard_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(isa, OnEveryIsa, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(kernels_for(instance.param)->name); });

TEST_P(OnEveryIsa, prediction_matches_double_precision_with_batch_norm_and_all_activations) {
  const data::Dataset data = noise(300, 7, 5);
  for (const bool batch_norm : {false, true}) {
    const Mlp mlp = random_mlp(chain(7, {{20, Activation::relu, batch_norm, 0.1},
                                         {33, Activation::tanh, batch_norm, 0},
                                         {9, Activation::sigmoid, batch_norm, 0},
                                         {16, Activation::linear, batch_norm, 0},
                                         {5, Activation::linear, false, 0}}));
    ReferenceNet reference(mlp, data, all_rows(data));
    reference.training = false;
    const auto expected = reference.forward(reference.parameters());
    const std::vector<float> logits = predict(mlp, data, all_rows(data));
    ASSERT_EQ(logits.size(), 300U * 5U);
    // Five layers of sums of at most 33 terms of size ~1: 5 * 35 u * ~3 = 3e-5.
    for (std::size_t r = 0; r < 300; ++r) {
      for (std::size_t o = 0; o < 5; ++o) ASSERT_NEAR(logits[r * 5 + o], expected[r][o], 3e-5);
    }
    double loss = 0, right = 0;
    for (std::size_t r = 0; r < 300; ++r) {
      double sum = 0;
      for (const double logit : expected[r]) sum += std::exp(logit);
      loss += std::log(sum) - expected[r][data.labels[r]];
      right += std::max_element(expected[r].begin(), expected[r].end()) - expected[r].begin() == data.labels[r] ? 1 : 0;
    }
    const Score score = evaluate(mlp, data, all_rows(data));
    EXPECT_NEAR(score.loss, loss / 300, 3e-5);
    EXPECT_DOUBLE_EQ(score.accuracy, right / 300);
  }
}

/// The quantised network from its definition, in extended precision: every value is a small multiple of a power of two.
std::vector<std::int64_t> by_definition(const Mlp& mlp, const NetQuantizer& quantizer, std::span<const float> features) {
  std::vector<long double> x;
  for (const float value : features) x.push_back(quantize(quantizer.input[x.size()], static_cast<double>(value)));
  std::vector<std::int64_t> raw;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerQuantizer& grids = quantizer.layers[l];
    const Activation activation = mlp.layers[l].activation;
    const auto cast = [](const Grid& grid, long double value) {
      const long double steps = std::floor(value / static_cast<long double>(grid.step()) + 0.5L);
      return static_cast<std::int64_t>(std::clamp(steps, static_cast<long double>(grid.min_raw), static_cast<long double>(grid.max_raw)));
    };
    std::vector<long double> y;
    raw.clear();
    for (std::size_t o = 0; o < static_cast<std::size_t>(mlp.layers[l].outputs); ++o) {
      const long double bias_step = std::ldexp(1.0L, -grids.bias_fraction_bits);
      long double sum = std::floor(static_cast<long double>(mlp.biases(l)[o]) / bias_step + 0.5L) * bias_step;
      for (std::size_t i = 0; i < x.size(); ++i) {
        sum += static_cast<long double>(quantize(grids.weight, static_cast<double>(mlp.weights(l)[o * x.size() + i]))) * x[i];
      }
      if (activation == Activation::relu) sum = std::max(sum, 0.0L);
      if (grids.pre_activation) {
        const double pre = static_cast<double>(cast(*grids.pre_activation, sum)) * grids.pre_activation->step();
        sum = activation == Activation::tanh      ? std::tanh(pre)
              : activation == Activation::sigmoid ? 1 / (1 + std::exp(-pre))
                                                  : std::max(pre, pre / 8);
      }
      raw.push_back(cast(grids.output[o], sum));
      y.push_back(static_cast<long double>(raw.back()) * static_cast<long double>(grids.output[o].step()));
    }
    x = std::move(y);
  }
  return raw;
}

Mlp mixed_mlp(std::uint64_t seed) {
  return random_mlp(chain(7, {{20, Activation::relu, false, 0},
                              {17, Activation::tanh, false, 0},
                              {9, Activation::sigmoid, false, 0},
                              {11, Activation::leaky_relu, false, 0},
                              {5, Activation::linear, false, 0}}),
                    seed);
}

TEST(PredictExact, follows_the_definition_for_several_grids) {
  const data::Dataset data = noise(200, 7, 5);
  const Mlp mlp = mixed_mlp(2);
  for (int variant = 0; variant < 4; ++variant) {
    NetQuantizer quantizer = eight_bit_grids(mlp);
    if (variant == 1) {  // an output grid finer than its accumulator, and a coarse one
      quantizer.layers.back().output = Grid{.fraction_bits = 20, .min_raw = -8000000, .max_raw = 8000000};
      quantizer.layers[0].output = Grid{.fraction_bits = -1, .min_raw = 0, .max_raw = 3};
      quantizer.layers[1].bias_fraction_bits = 9;
    }
    if (variant == 2) {  // three bits
      for (LayerQuantizer& grids : quantizer.layers) grids.weight = {.fraction_bits = 2, .min_raw = -4, .max_raw = 3};
    }
    if (variant == 3) {  // a signed grid after ReLU, a finer bias grid
      quantizer.layers[0].output = Grid{.fraction_bits = 4, .min_raw = -32, .max_raw = 31};
      for (LayerQuantizer& grids : quantizer.layers) grids.bias_fraction_bits += 3;
    }
    const std::vector<std::int64_t> exact = predict_exact(mlp, quantizer, data, all_rows(data));
    ASSERT_EQ(exact.size(), 1000U);
    for (std::size_t r = 0; r < data.size(); ++r) {
      const auto expected = by_definition(mlp, quantizer, data.row(r));
      for (std::size_t o = 0; o < 5; ++o) ASSERT_EQ(exact[r * 5 + o], expected[o]) << "variant " << variant << " row " << r;
    }
  }
}

TEST(PredictExact, any_number_of_threads_gives_the_same_integers) {
  const data::Dataset data = noise(1000, 7, 5);
  const Mlp mlp = mixed_mlp(3);
  const NetQuantizer quantizer = eight_bit_grids(mlp);
  EXPECT_EQ(predict_exact(mlp, quantizer, data, all_rows(data), 1), predict_exact(mlp, quantizer, data, all_rows(data), 3));
}

TEST(PredictExact, sums_that_could_overflow_are_refused) {
  Mlp mlp = random_mlp(space::mlp(3, {}, 2));
  const data::Dataset data = noise(3, 3, 2);
  NetQuantizer quantizer = eight_bit_grids(mlp);
  quantizer.layers[0].weight = {.fraction_bits = 20, .min_raw = -8388607, .max_raw = 8388607};
  quantizer.input = Grid{.fraction_bits = 10, .min_raw = -8388607, .max_raw = 8388607};
  quantizer.layers[0].bias_fraction_bits = 30 + 25;
  EXPECT_THROW(predict_exact(mlp, quantizer, data, all_rows(data)), std::invalid_argument);
  quantizer.layers[0].bias_fraction_bits = 30;
  EXPECT_NO_THROW(predict_exact(mlp, quantizer, data, all_rows(data)));
  mlp.biases(0)[0] = 1e20F;
  EXPECT_THROW(predict_exact(mlp, quantizer, data, all_rows(data)), std::invalid_argument);
}

/// On so fine a grid single precision misses the table by a step somewhere, so the table itself must be used.
TEST_P(OnEveryIsa, a_fine_output_grid_of_a_curve_is_exact_too) {
  const data::Dataset data = noise(1000, 7, 5);
  for (const Activation activation : {Activation::tanh, Activation::sigmoid, Activation::leaky_relu}) {
    const Mlp mlp = random_mlp(chain(7, {{5, activation, false, 0}}), 4);
    NetQuantizer quantizer = eight_bit_grids(mlp);
    quantizer.layers[0].pre_activation = Grid{.fraction_bits = 9, .min_raw = -4096, .max_raw = 4095};
    quantizer.layers[0].output = Grid{.fraction_bits = 22, .min_raw = -(1 << 22), .max_raw = (1 << 22) - 1};
    const auto exact = predict_exact(mlp, quantizer, data, all_rows(data));
    const auto fast = predict(mlp, data, all_rows(data), &quantizer);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      ASSERT_EQ(static_cast<double>(fast[i]), std::ldexp(static_cast<double>(exact[i]), -22)) << i;
    }
  }
}

TEST_P(OnEveryIsa, fast_quantised_prediction_is_the_exact_one) {
  const data::Dataset data = noise(1000, 7, 5);
  const Mlp mlp = mixed_mlp(4);
  const NetQuantizer quantizer = eight_bit_grids(mlp);
  const auto exact = predict_exact(mlp, quantizer, data, all_rows(data));
  const auto fast = predict(mlp, data, all_rows(data), &quantizer);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    ASSERT_EQ(static_cast<double>(fast[i]), static_cast<double>(exact[i]) * quantizer.layers.back().output[0].step()) << i;
  }
  // Hence the classes agree, and so does the accuracy.
  double right = 0;
  for (std::size_t r = 0; r < data.size(); ++r) {
    const auto* row = exact.data() + r * 5;
    right += std::max_element(row, row + 5) - row == data.labels[r] ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(evaluate(mlp, data, all_rows(data), &quantizer).accuracy, right / 1000);
}

TEST_P(OnEveryIsa, ranges_and_quantile_are_those_of_sorted_values) {
  const data::Dataset data = noise(500, 7, 5);
  const Mlp mlp =
      random_mlp(chain(7, {{20, Activation::relu, true, 0}, {6, Activation::tanh, false, 0}, {5, Activation::linear, false, 0}}));
  const auto ranges = observe_ranges(mlp, data, all_rows(data));
  ASSERT_EQ(ranges.size(), 3U);
  // First layer by hand.
  std::vector<double> pre;
  const LayerLayout& layer = mlp.layers[0];
  for (std::size_t r = 0; r < data.size(); ++r) {
    for (std::size_t o = 0; o < 20; ++o) {
      double sum = mlp.biases(0)[o];
      for (std::size_t i = 0; i < 7; ++i) sum += static_cast<double>(mlp.weights(0)[o * 7 + i]) * static_cast<double>(data.row(r)[i]);
      const double variance = mlp.statistics[layer.running_variance + o];
      pre.push_back((sum - static_cast<double>(mlp.statistics[layer.running_mean + o])) / std::sqrt(variance + kBatchNormEpsilon) *
                        static_cast<double>(mlp.parameters[layer.gamma + o]) +
                    static_cast<double>(mlp.parameters[layer.beta + o]));
    }
  }
  const auto [lowest, highest] = std::minmax_element(pre.begin(), pre.end());
  EXPECT_NEAR(ranges[0].pre_min, *lowest, 1e-5);
  EXPECT_NEAR(ranges[0].pre_max, *highest, 1e-5);
  EXPECT_EQ(ranges[0].out_min, 0.0F);
  EXPECT_NEAR(ranges[0].out_max, *highest, 1e-5);
  for (double& value : pre) value = std::fabs(value);
  std::sort(pre.begin(), pre.end());
  const double quantile = pre[static_cast<std::size_t>(std::ceil(0.999 * static_cast<double>(pre.size()))) - 1];
  EXPECT_GE(ranges[0].pre_high_quantile, quantile * (1 - 1e-5));
  EXPECT_LE(ranges[0].pre_high_quantile, quantile * 1.001);
  EXPECT_LE(ranges[1].out_max, 1.0F);
  EXPECT_EQ(ranges[2].pre_max, ranges[2].out_max);
}

TEST(Forward, first_of_equal_logits_wins) {
  Mlp mlp = make_empty_mlp(space::mlp(2, {}, 3));
  data::Dataset data = noise(3, 2, 3);
  data.labels = {0, 1, 2};
  EXPECT_DOUBLE_EQ(evaluate(mlp, data, all_rows(data)).accuracy, 1.0 / 3);
  EXPECT_NEAR(evaluate(mlp, data, all_rows(data)).loss, std::log(3.0), 1e-6);
}

TEST(Forward, no_rows_give_nothing) {
  const Mlp mlp = mixed_mlp(1);
  const data::Dataset data = noise(3, 7, 5);
  EXPECT_TRUE(predict(mlp, data, {}).empty());
  EXPECT_EQ(evaluate(mlp, data, {}).loss, 0);
  EXPECT_EQ(observe_ranges(mlp, data, {}).size(), mlp.layers.size());
  EXPECT_TRUE(predict_exact(mlp, eight_bit_grids(mlp), data, {}).empty());
}

TEST(Forward, data_of_another_shape_are_refused) {
  const Mlp mlp = mixed_mlp(1);
  const data::Dataset other_features = noise(3, 6, 5), more_classes = noise(3, 7, 6), fitting = noise(3, 7, 5);
  EXPECT_THROW(predict(mlp, other_features, all_rows(other_features)), DataError);
  EXPECT_THROW(evaluate(mlp, more_classes, all_rows(more_classes)), DataError);
  const std::vector<std::uint32_t> beyond{0, 3};
  EXPECT_THROW(predict(mlp, fitting, beyond), std::invalid_argument);
  data::Dataset wrong_label = fitting;
  wrong_label.labels[1] = 7;
  EXPECT_THROW(evaluate(mlp, wrong_label, all_rows(wrong_label)), DataError);
}

}  // namespace
}  // namespace snac::nn
