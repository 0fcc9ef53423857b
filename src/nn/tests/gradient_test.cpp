// Gradients of one step against central differences in double precision, on every instruction set.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "../training_step.hpp"
#include "nn_fixtures.hpp"
#include "reference_net.hpp"

namespace snac::nn {
namespace {

using space::Activation;

class Gradient : public testing::Test {
 protected:
  /// Every parameter's derivative, for a batch of 19 rows. Single precision over ~4 layers gives errors of 1e-6 of the
  /// largest derivative; differences with a step of 1e-6 in doubles add 1e-9.
  static void check(const space::ArchSpec& spec, bool quantised) {
    const Mlp mlp = random_mlp(spec, 7);
    const data::Dataset data = noise(40, mlp.layers.front().inputs, mlp.layers.back().outputs, 5);
    const std::vector<std::uint32_t> rows{0, 39, 3, 4, 5, 6, 17, 8, 9, 10, 11, 12, 13, 14, 15, 16, 7, 18, 19};
    const NetQuantizer grids = quantised ? eight_bit_grids(mlp) : NetQuantizer{};
    const NetQuantizer* quantizer = quantised ? &grids : nullptr;

    const TrainingStep masks(mlp, 32, {}, {.quantizer = quantizer, .mask = nullptr});
    ReferenceNet reference(mlp, data, rows, quantizer);
    reference.dropout = [&](std::size_t layer, std::size_t row, std::size_t output) {
      const DropoutMask mask = masks.dropout_mask(layer, 3);
      if (mask.threshold == 0) return 1.0;
      const auto width = static_cast<std::size_t>(padded(mlp.layers[layer].outputs));
      std::vector<float> kept(rows.size() * width, 1.0F);
      kernels_for(Isa::reference)->dropout(kept.size(), mask, kept.data(), kept.data());
      return static_cast<double>(kept[row * width + output]);
    };
    const std::vector<double> parameters = reference.parameters();
    const double expected_loss = reference.loss(parameters);
    const std::vector<double> expected = reference.gradient(parameters);
    double largest = 0;
    for (const double value : expected) largest = std::max(largest, std::fabs(value));
    ASSERT_GT(largest, 1e-3);
    for (const Isa isa : available_isas()) {
      const IsaGuard guard(isa);
      TrainingStep step(mlp, 32, {}, {.quantizer = quantizer, .mask = nullptr});
      const double loss = step.compute_gradient(data, rows, 3);
      EXPECT_NEAR(loss / static_cast<double>(rows.size()), expected_loss, 2e-6);
      const std::vector<float> found = step.gradient();
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 3e-6 * std::max(1.0, largest)) << kernel_isa_name() << " parameter " << i;
      }
    }
  }
};

TEST_F(Gradient, of_dense_layers_with_each_activation) {
  for (const Activation activation :
       {Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu, Activation::linear}) {
    check(chain(5, {{18, activation, false, 0}, {7, activation, false, 0}, {3, Activation::linear, false, 0}}), false);
  }
}
TEST_F(Gradient, of_batch_norm_with_each_activation) {
  for (const Activation activation :
       {Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu, Activation::linear}) {
    check(chain(5, {{18, activation, true, 0}, {7, activation, true, 0}, {3, Activation::linear, false, 0}}), false);
  }
}
TEST_F(Gradient, of_dropout_with_and_without_batch_norm) {
  for (const Activation activation : {Activation::relu, Activation::tanh, Activation::leaky_relu}) {
    check(chain(5, {{18, activation, false, 0.3}, {7, activation, true, 0.2}, {3, Activation::linear, false, 0}}), false);
  }
}
TEST_F(Gradient, of_leaky_relu_with_another_slope) {
  for (const bool quantised : {false, true}) {
    check(chain(5, {{18, Activation::leaky_relu, false, 0, 0.01}, {7, Activation::leaky_relu, false, 0, 0.3}, {3, Activation::linear}}),
          quantised);
  }
}
TEST_F(Gradient, of_unusual_last_layers) {
  check(chain(5, {{18, Activation::relu, false, 0}, {3, Activation::relu, false, 0}}), false);
  check(chain(5, {{18, Activation::relu, false, 0}, {3, Activation::sigmoid, true, 0}}), false);
  check(chain(5, {{3, Activation::linear, false, 0}}), false);
}
TEST_F(Gradient, of_the_straight_through_surrogate) {
  for (const Activation activation :
       {Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu, Activation::linear}) {
    check(chain(5, {{18, activation, false, 0}, {7, activation, false, 0}, {3, Activation::linear, false, 0}}), true);
  }
}
TEST_F(Gradient, of_the_straight_through_surrogate_with_dropout) {
  check(chain(5, {{18, Activation::relu, false, 0.3}, {7, Activation::tanh, false, 0.2}, {3, Activation::linear, false, 0}}), true);
}

TEST_F(Gradient, is_zero_where_an_output_grid_is_saturated) {
  const Mlp mlp = random_mlp(space::mlp(5, {18}, 3), 7);
  NetQuantizer grids = eight_bit_grids(mlp);
  grids.layers[1].output = Grid{.fraction_bits = 30, .min_raw = -1, .max_raw = 1};  // every logit is outside
  const data::Dataset data = noise(19, 5, 3);
  TrainingStep step(mlp, 19, {}, {.quantizer = &grids, .mask = nullptr});
  step.compute_gradient(data, all_rows(data), 0);
  for (const float value : step.gradient()) EXPECT_EQ(value, 0.0F);
}

/// Twenty whole steps against the optimiser in double precision on numerical gradients: bias correction, L1, L2, running
/// statistics. Adam divides by the gradient's size: errors of 1e-6 in small derivatives become 1e-3 of a step of 0.01.
void expect_twenty_steps_follow(Optimizer optimizer) {
  const Mlp start = random_mlp(chain(4, {{5, Activation::tanh, true, 0.2}, {3, Activation::linear, false, 0}}), 3);
  const data::Dataset data = noise(24, 4, 3, 9);
  constexpr double kRate = 0.01;
  const TrainParams params{.optimizer = optimizer, .momentum = 0.8, .l1 = 1e-3, .l2 = 2e-3, .seed = 11};
  const TrainingStep masks(start, 24, params, {});
  std::vector<double> w(start.parameters.begin(), start.parameters.end()), m(w.size()), v(w.size());
  std::vector<double> running(start.statistics.begin(), start.statistics.end()), losses;
  for (int t = 1; t <= 20; ++t) {
    ReferenceNet reference(start, data, all_rows(data));
    const DropoutMask mask = masks.dropout_mask(0, static_cast<std::uint64_t>(t));
    std::vector<float> kept(24 * 16, 1.0F);
    kernels_for(Isa::reference)->dropout(kept.size(), mask, kept.data(), kept.data());
    reference.dropout = [&](std::size_t layer, std::size_t row, std::size_t output) {
      return layer == 0 ? static_cast<double>(kept[row * 16 + output]) : 1.0;
    };
    losses.push_back(reference.loss(w));
    for (std::size_t o = 0; o < 5; ++o) {
      running[o] = 0.99 * running[o] + 0.01 * reference.batch_statistics[o].first;
      running[5 + o] = 0.99 * running[5 + o] + 0.01 * reference.batch_statistics[o].second;
    }
    reference.l1 = params.l1;
    reference.l2 = params.l2;
    std::vector<double> g = reference.gradient(w);
    for (std::size_t o = 0; o < 5; ++o) g[start.layers[0].bias + o] = 0;  // batch norm follows: only the differences' noise
    for (std::size_t i = 0; i < w.size(); ++i) {
      if (optimizer == Optimizer::sgd) {
        m[i] = 0.8 * m[i] - kRate * g[i];
        w[i] += m[i];
        continue;
      }
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      const double correction = std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
      w[i] -= kRate * correction * m[i] / (std::sqrt(v[i]) + 1e-7);  // Keras' form: epsilon is not corrected
    }
  }
  for (const Isa isa : available_isas()) {
    const IsaGuard guard(isa);
    TrainingStep step(start, 24, params, {});
    for (const double expected : losses) ASSERT_NEAR(step.run(data, all_rows(data), kRate) / 24, expected, 1e-5);
    Mlp mlp = start;
    step.store(mlp);
    for (std::size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(mlp.parameters[i], w[i], 2e-5) << kernel_isa_name() << " parameter " << i;
    for (std::size_t i = 0; i < running.size(); ++i) EXPECT_NEAR(mlp.statistics[i], running[i], 1e-5) << i;
  }
}

TEST_F(Gradient, twenty_steps_follow_adam_in_double_precision) { expect_twenty_steps_follow(Optimizer::adam); }
TEST_F(Gradient, twenty_steps_follow_momentum_in_double_precision) { expect_twenty_steps_follow(Optimizer::sgd); }

/// Factors are rounded to 2^-9 of their size; over three layers the gradient is off by up to a few hundredths of its length (a batch of
/// one).
TEST_F(Gradient, in_bf16_is_near_that_of_single_precision_and_the_same_on_every_instruction_set) {
  for (const space::ArchSpec& spec :
       {chain(5, {{18, Activation::relu, false, 0},
                  {7, Activation::relu, false, 0},
                  {33, Activation::relu, false, 0},
                  {3, Activation::linear, false, 0}}),
        chain(5, {{18, Activation::tanh, true, 0}, {7, Activation::sigmoid, false, 0.2}, {3, Activation::linear, false, 0}}),
        chain(7, {{21, Activation::relu, true, 0}, {7, Activation::relu, false, 0.2}, {3, Activation::relu, false, 0}}),
        chain(7, {{21, Activation::leaky_relu, false, 0}, {3, Activation::linear, false, 0}})}) {
    const Mlp mlp = random_mlp(spec, 7);
    const data::Dataset data = noise(140, mlp.layers.front().inputs, 3, 5);
    for (const std::size_t count : {std::size_t{1}, std::size_t{19}, std::size_t{128}}) {
      const std::vector<std::uint32_t> all = all_rows(data), rows(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
      TrainingStep exact(mlp, 128, {}, {});
      const double exact_loss = exact.compute_gradient(data, rows, 3);
      std::vector<std::vector<float>> found;
      for (const Isa isa : available_isas()) {
        const IsaGuard guard(isa);
        if (bf16_kernels() == nullptr) continue;
        TrainingStep step(mlp, 128, {.precision = Precision::bf16}, {});
        EXPECT_NEAR(step.compute_gradient(data, rows, 3), exact_loss, 0.02 * exact_loss) << kernel_isa_name();
        found.push_back(step.gradient());
      }
      ASSERT_FALSE(found.empty());
      const auto distance = [](const std::vector<float>& a, const std::vector<float>& b) {
        double difference = 0, size = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
          difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
          size += std::pow(static_cast<double>(b[i]), 2);
        }
        return std::sqrt(difference / size);
      };
      const std::vector<float> truth = exact.gradient();
      EXPECT_LT(distance(found[0], truth), 0.05);
      EXPECT_GT(distance(found[0], truth), 1e-5) << "nothing was rounded";
      // Sums in another order: a result next to a tie may round to the other side.
      for (const auto& each : found) EXPECT_LT(distance(each, found[0]), 2e-3);
    }
  }
}

TEST(TrainingStep, bf16_with_a_quantizer_is_refused) {
  const IsaGuard guard(Isa::reference);
  const Mlp mlp = random_mlp(space::mlp(5, {18}, 3));
  const NetQuantizer grids = eight_bit_grids(mlp);
  EXPECT_THROW(TrainingStep(mlp, 8, {.precision = Precision::bf16}, {.quantizer = &grids}), std::invalid_argument);
}

TEST(TrainingStep, a_mask_of_another_size_is_refused) {
  const Mlp mlp = random_mlp(space::mlp(5, {18}, 3));
  const std::vector<std::uint8_t> mask(3, 1);
  EXPECT_THROW(TrainingStep(mlp, 8, {}, {.quantizer = nullptr, .mask = &mask}), std::invalid_argument);
}

}  // namespace
}  // namespace snac::nn
