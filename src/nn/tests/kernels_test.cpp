// Every fast kernel against its reference twin. u = 2^-24 is the rounding unit of single precision.
#include "snac/nn/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "nn_fixtures.hpp"
#include "snac/core/error.hpp"

namespace snac::nn {
namespace {

constexpr double kUnit = 0x1p-24;
using Floats = std::vector<float>;

std::size_t area(int rows, int width) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width); }

/// (rows, padded width): random values, zeros in the padding.
Floats matrix(int rows, int width, Rng& rng) {
  Floats values(area(rows, padded(width)));
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
      values[r * static_cast<std::size_t>(padded(width)) + c] = static_cast<float>(rng.normal());
    }
  }
  return values;
}

Floats absolute(Floats values) {
  for (float& value : values) value = std::fabs(value);
  return values;
}

/// A sum of K products in any order, fused or not, differs from the exact one by at most (K+1) u sum |a b| (Higham 2002,
/// section 3.1; one unit more for the reference's final rounding).
void expect_close(const Floats& fast, const Floats& truth, const Floats& magnitude, int terms) {
  ASSERT_EQ(fast.size(), truth.size());
  for (std::size_t i = 0; i < fast.size(); ++i) {
    const double bound = (terms + 2) * kUnit * static_cast<double>(magnitude[i]) + 1e-37;
    ASSERT_NEAR(fast[i], truth[i], bound) << "element " << i;
  }
}

class FastKernels : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& fast() const { return *kernels_for(GetParam()); }
  const Kernels& truth() const { return *kernels_for(Isa::reference); }
};

std::vector<Isa> fast_isas() {
  std::vector<Isa> isas = available_isas();
  std::erase(isas, Isa::reference);
  return isas;
}
INSTANTIATE_TEST_SUITE_P(isa, FastKernels, testing::ValuesIn(fast_isas()),
                         [](const auto& instance) { return std::string(kernels_for(instance.param)->name); });

TEST_P(FastKernels, dense_products_match_the_reference_for_many_shapes) {
  Rng rng(1);
  const std::vector<int> rows{1, 2, 6, 7, 13, 64, 129}, inputs{1, 3, 16, 17, 24, 33}, outputs{1, 5, 16, 31, 40, 64, 72, 90, 120};
  for (const int b : rows) {
    for (const int i : inputs) {
      for (const int o : outputs) {
        const DenseShape shape{b, i, o};
        const Floats x = matrix(b, i, rng), w = matrix(i, o, rng), bias = matrix(1, o, rng), dy = matrix(b, o, rng);
        const Floats ax = absolute(x), aw = absolute(w), ab = absolute(bias), ady = absolute(dy);
        Floats y(area(b, padded(o)), NAN), y_truth = y, y_size = y;
        for (const bool relu : {false, true}) {
          fast().dense_forward(shape, x.data(), w.data(), bias.data(), relu, y.data());
          truth().dense_forward(shape, x.data(), w.data(), bias.data(), relu, y_truth.data());
          truth().dense_forward(shape, ax.data(), aw.data(), ab.data(), false, y_size.data());
          expect_close(y, y_truth, y_size, i + 1);
        }
        Floats wt(area(o, padded(i)), NAN), wt_truth = wt;
        fast().transpose(i, o, w.data(), wt.data());
        truth().transpose(i, o, w.data(), wt_truth.data());
        ASSERT_EQ(wt, wt_truth);

        const Floats awt = absolute(wt), below = matrix(b, i, rng);
        Floats dx(area(b, padded(i)), NAN), dx_truth = dx, dx_size = dx;
        for (const float* relu_output : {static_cast<const float*>(nullptr), below.data()}) {
          fast().dense_input_gradient(shape, dy.data(), wt.data(), relu_output, dx.data());
          truth().dense_input_gradient(shape, dy.data(), wt.data(), relu_output, dx_truth.data());
          truth().dense_input_gradient(shape, ady.data(), awt.data(), nullptr, dx_size.data());
          expect_close(dx, dx_truth, dx_size, o);
        }
        Floats dw(area(i, padded(o)), NAN), dw_truth = dw, dw_size = dw;
        Floats db(static_cast<std::size_t>(padded(o)), NAN), db_truth = db, db_size = db;
        fast().dense_weight_gradient(shape, x.data(), dy.data(), dw.data(), db.data());
        truth().dense_weight_gradient(shape, x.data(), dy.data(), dw_truth.data(), db_truth.data());
        truth().dense_weight_gradient(shape, ax.data(), ady.data(), dw_size.data(), db_size.data());
        expect_close(dw, dw_truth, dw_size, b);
        expect_close(db, db_truth, db_size, b);
      }
    }
  }
}

/// Values of all sizes: dense near 0, some huge, and the special ones.
Floats assorted(std::size_t n) {
  Rng rng(2);
  Floats values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(rng.normal() * std::pow(10.0, rng.uniform(-6, 2)));
  values[0] = 0.0F;
  values[1] = 1000.0F;
  values[2] = -1000.0F;
  values[3] = 1e-30F;
  return values;
}

TEST_P(FastKernels, activations_and_their_gradients_match_the_reference) {
  const Floats x = assorted(1024);
  Rng rng(3);
  Floats upstream(x.size());
  for (float& value : upstream) value = static_cast<float>(rng.normal());
  const auto compare = [&](auto forward, auto gradient, double relative, double absolute_error, auto... slope) {
    Floats y = x, y_truth = x, d = upstream, d_truth = upstream;
    (fast().*forward)(y.size(), slope..., y.data());
    (truth().*forward)(y_truth.size(), slope..., y_truth.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(y[i], y_truth[i], relative * std::fabs(static_cast<double>(y_truth[i])) + absolute_error) << x[i];
    }
    (fast().*gradient)(d.size(), slope..., y_truth.data(), d.data());
    (truth().*gradient)(d_truth.size(), slope..., y_truth.data(), d_truth.data());
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(d[i], d_truth[i], 4 * kUnit * std::fabs(static_cast<double>(upstream[i])));
  };
  compare(&Kernels::relu, &Kernels::relu_gradient, 0, 0);
  // tanh: 1.3e-8 from the fit and at most 6 roundings, u each; where it is cut off at 8.5 it is 9e-8 below 1.
  compare(&Kernels::tanh, &Kernels::tanh_gradient, 5e-7, 0);
  compare(&Kernels::sigmoid, &Kernels::sigmoid_gradient, 0, 3e-7);
  for (const float slope : {0.125F, 0.01F}) compare(&Kernels::leaky_relu, &Kernels::leaky_relu_gradient, 0, 0, slope);
  Floats product = upstream, product_truth = upstream;
  fast().multiply(x.size(), x.data(), product.data());
  truth().multiply(x.size(), x.data(), product_truth.data());
  EXPECT_EQ(product, product_truth);
}

TEST_P(FastKernels, not_a_number_passes_through_activations) {
  const auto check = [&](auto forward, auto... slope) {
    Floats y(16, std::numeric_limits<float>::quiet_NaN());
    (fast().*forward)(y.size(), slope..., y.data());
    for (const float value : y) EXPECT_TRUE(std::isnan(value));
  };
  for (const auto forward : {&Kernels::relu, &Kernels::tanh, &Kernels::sigmoid}) check(forward);
  check(&Kernels::leaky_relu, 0.125F);
}

TEST_P(FastKernels, batch_norm_matches_the_reference) {
  Rng rng(4);
  for (const int rows : {1, 2, 3, 7, 64, 127}) {
    const int width = 48;
    const Floats z = matrix(rows, width, rng), gamma = matrix(1, width, rng), beta = matrix(1, width, rng), dy = matrix(rows, width, rng);
    const auto run = [&](const Kernels& k) {
      Floats normalized = z, y(z.size()), mean(48), variance(48), inverse(48), d = dy, dgamma(48), dbeta(48);
      k.batch_norm_forward(rows, width, 1e-3F, gamma.data(), beta.data(), normalized.data(), y.data(), mean.data(), variance.data(),
                           inverse.data());
      k.batch_norm_backward(rows, width, normalized.data(), inverse.data(), gamma.data(), d.data(), dgamma.data(), dbeta.data());
      return std::vector<Floats>{normalized, y, mean, variance, inverse, d, dgamma, dbeta};
    };
    const auto result = run(fast()), expected = run(truth());
    // Sums of `rows` terms of size ~4 and divisions by a deviation >= sqrt(1e-3): errors below (rows + 8) u * 4 / 0.03.
    const double bound = (rows + 8) * kUnit * 130;
    for (std::size_t t = 0; t < result.size(); ++t) {
      for (std::size_t i = 0; i < result[t].size(); ++i) {
        ASSERT_NEAR(result[t][i], expected[t][i], bound * (1 + std::fabs(static_cast<double>(expected[t][i]))))
            << "rows " << rows << " tensor " << t;
      }
    }
  }
}

TEST_P(FastKernels, dropout_masks_are_the_same_bits_and_keep_the_right_share) {
  const std::size_t n = 1 << 16;
  const Floats ones(n, 1.0F);
  Floats out(n), expected(n);
  const DropoutMask mask{.key = 12345, .threshold = static_cast<std::uint32_t>(0.1 * 4294967296.0), .scale = 1.0F / 0.9F};
  fast().dropout(n, mask, ones.data(), out.data());
  truth().dropout(n, mask, ones.data(), expected.data());
  EXPECT_EQ(out, expected);
  const auto dropped = static_cast<double>(std::count(out.begin(), out.end(), 0.0F));
  EXPECT_NEAR(dropped, 6553.6, 6 * std::sqrt(65536 * 0.1 * 0.9));  // binomial, 6 sigma
}

TEST_P(FastKernels, softmax_cross_entropy_matches_the_reference) {
  Rng rng(5);
  for (const int classes : {2, 5, 16, 17, 40}) {
    for (const int rows : {1, 63, 64, 65, 130}) {
      Floats logits = matrix(rows, classes, rng);
      for (float& value : logits) value *= 8;
      std::vector<std::uint8_t> labels;
      for (int b = 0; b < rows; ++b) labels.push_back(static_cast<std::uint8_t>(rng.below(static_cast<std::uint64_t>(classes))));
      // Padding may hold anything in the logits (sigmoid leaves 1/2 there) and must not matter.
      for (std::size_t i = 0; i < logits.size(); ++i) {
        if (i % static_cast<std::size_t>(padded(classes)) >= static_cast<std::size_t>(classes)) logits[i] = 99.0F;
      }
      Floats gradient(logits.size(), NAN), expected(logits.size(), NAN);
      const double loss = fast().softmax_cross_entropy(rows, classes, logits.data(), labels.data(), 0.5F, gradient.data());
      const double loss_truth = truth().softmax_cross_entropy(rows, classes, logits.data(), labels.data(), 0.5F, expected.data());
      // exp: 2 units, and its argument, at most 64 in size, is rounded to 32 u: relative error below 40 u.
      EXPECT_NEAR(loss, loss_truth, rows * 40 * kUnit + 1e-7 * loss_truth);
      for (std::size_t i = 0; i < gradient.size(); ++i) ASSERT_NEAR(gradient[i], expected[i], 0.5 * 80 * kUnit);
      EXPECT_DOUBLE_EQ(loss, fast().softmax_cross_entropy(rows, classes, logits.data(), labels.data(), 0, nullptr));
    }
  }
}

TEST_P(FastKernels, softmax_of_a_row_does_not_depend_on_the_rows_beside_it) {
  Rng rng(15);
  for (const int classes : {2, 5, 16, 17}) {
    const int rows = 37;
    const auto width = static_cast<std::size_t>(padded(classes));
    Floats logits = matrix(rows, classes, rng);
    logits[3 * width] = 200.0F;
    const std::vector<std::uint8_t> labels(static_cast<std::size_t>(rows), 1);
    Floats together(logits.size(), NAN), alone(logits.size(), NAN);
    fast().softmax_cross_entropy(rows, classes, logits.data(), labels.data(), 0.25F, together.data());
    for (std::size_t b = 0; b < static_cast<std::size_t>(rows); ++b) {
      fast().softmax_cross_entropy(1, classes, logits.data() + b * width, labels.data(), 0.25F, alone.data() + b * width);
    }
    EXPECT_EQ(together, alone);
  }
}

TEST_P(FastKernels, loss_of_broken_logits_is_not_finite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Floats logits(16, 0.5F);
    logits[1] = bad;
    const std::uint8_t label = 0;
    EXPECT_FALSE(std::isfinite(fast().softmax_cross_entropy(1, 3, logits.data(), &label, 1, nullptr)));
  }
}

TEST_P(FastKernels, optimisers_match_the_reference_and_masked_values_are_zero) {
  Rng rng(6);
  const std::size_t n = 160;
  Floats gradient(n), mask(n);
  for (std::size_t i = 0; i < n; ++i) {
    gradient[i] = static_cast<float>(rng.normal());
    mask[i] = i % 3 == 0 ? 0.0F : 1.0F;
  }
  const auto check = [&](const float* m, auto step_of) {
    Floats state[2][3];
    for (auto& each : state) {
      Rng start(7);
      for (auto& values : each) {
        for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<float>(std::fabs(start.normal())));
      }
      each[2][5] = 0.0F;
    }
    for (int t = 0; t < 5; ++t) {
      step_of(fast(), m, state[0]);
      step_of(truth(), m, state[1]);
    }
    for (int k = 0; k < 3; ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_NEAR(state[0][k][i], state[1][k][i], 5 * 8 * kUnit);  // 5 steps of at most 8 roundings of values near 1
        if (m != nullptr && mask[i] == 0.0F) {
          ASSERT_EQ(state[0][k][i], 0.0F);
        }
      }
    }
  };
  const auto adam = [&](const Kernels& k, const float* m, Floats(&state)[3]) {
    k.adam(n, {.rate = 0.01F, .l1 = 0.1F, .l2 = 0.2F}, m, gradient.data(), state[0].data(), state[1].data(), state[2].data());
  };
  const auto momentum = [&](const Kernels& k, const float* m, Floats(&state)[3]) {
    if (m != nullptr) state[1].assign(n, 0.0F);  // not its own
    k.momentum(n, {.rate = 0.01F, .momentum = 0.9F, .l1 = 0.1F, .l2 = 0.2F}, m, gradient.data(), state[0].data(), state[2].data());
  };
  for (const float* m : std::initializer_list<const float*>{nullptr, mask.data()}) {
    check(m, adam);
    check(m, momentum);
  }
}

TEST_P(FastKernels, fake_quantisation_agrees_with_quantize_raw_on_every_bit) {
  Floats x = assorted(4096);
  Rng rng(8);
  for (std::size_t i = 100; i < 2000; ++i) {  // ties, their neighbours, and the ends of the range
    const float tie = (static_cast<float>(rng.below(600)) - 300.0F + 0.5F) / 64.0F;
    x[i] = i % 3 == 0 ? tie : std::nextafter(tie, i % 3 == 1 ? 1e9F : -1e9F);
  }
  x[2000] = std::nextafter(0.5F, 0.0F) / 64.0F;  // + 1/2 rounds to 1 in single precision
  x[2001] = std::numeric_limits<float>::infinity();
  x[2002] = -std::numeric_limits<float>::infinity();
  x[2003] = 3e38F;
  for (const Grid grid : {Grid{6, -127, 127}, Grid{6, 0, 255}, Grid{-3, -8, 7}, Grid{20, -8388607, 8388607}, Grid{0, -1, 0}}) {
    const FloatGrid g{.step = static_cast<float>(grid.step()),
                      .inverse_step = static_cast<float>(1 / grid.step()),
                      .lowest = static_cast<float>(grid.min_raw),
                      .highest = static_cast<float>(grid.max_raw),
                      .pass_above = static_cast<float>(grid.min_raw) - 1};
    Floats y(x.size()), slope(x.size()), y_truth(x.size()), slope_truth(x.size()), plain(x.size());
    fast().fake_quantize(x.size(), g, x.data(), y.data(), slope.data());
    fast().fake_quantize(x.size(), g, x.data(), plain.data(), nullptr);
    truth().fake_quantize(x.size(), g, x.data(), y_truth.data(), slope_truth.data());
    EXPECT_EQ(y, y_truth);
    EXPECT_EQ(y, plain);
    EXPECT_EQ(slope, slope_truth);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], static_cast<float>(quantize(grid, static_cast<double>(x[i])))) << x[i];

    const auto entries = static_cast<std::size_t>(grid.max_raw - grid.min_raw + 1);
    if (entries > 1000) continue;
    Floats values(entries), slopes(entries);
    for (std::size_t i = 0; i < entries; ++i) {
      values[i] = static_cast<float>(i) + 0.25F;
      slopes[i] = -values[i];
    }
    fast().table(x.size(), g, values.data(), slopes.data(), x.data(), y.data(), slope.data());
    truth().table(x.size(), g, values.data(), slopes.data(), x.data(), y_truth.data(), slope_truth.data());
    EXPECT_EQ(y, y_truth);
    EXPECT_EQ(slope, slope_truth);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(y[i], values[static_cast<std::size_t>(quantize_raw(grid, static_cast<double>(x[i])) - grid.min_raw)]);
    }
  }
}

TEST_P(FastKernels, grids_per_column_and_per_value_match_the_reference) {
  constexpr int kRows = 37, kWidth = 48;
  constexpr std::size_t kSize = kRows * kWidth;
  const Floats x = assorted(kSize), upstream = assorted(kSize);
  Rng rng(9);
  Floats step(kWidth), inverse(kWidth), lowest(kWidth), highest(kWidth), above(kWidth);
  for (std::size_t o = 0; o < kWidth; ++o) {
    const int fraction = static_cast<int>(rng.below(9)) - 2;
    step[o] = std::ldexp(1.0F, -fraction);
    inverse[o] = std::ldexp(1.0F, fraction);
    highest[o] = static_cast<float>((1U << rng.below(8)) - 1);  // also 0: no bits
    lowest[o] = o % 2 == 0 ? 0.0F : -highest[o] - 1;
    above[o] = o % 2 == 0 ? 0.0F : lowest[o] - 1;
  }
  const ColumnGrids grids{
      .step = step.data(), .inverse_step = inverse.data(), .lowest = lowest.data(), .highest = highest.data(), .pass_above = above.data()};
  Floats y(kSize), slope(kSize), plain(kSize), y_truth(kSize), slope_truth(kSize);
  fast().fake_quantize_columns(kRows, kWidth, grids, x.data(), y.data(), slope.data());
  fast().fake_quantize_columns(kRows, kWidth, grids, x.data(), plain.data(), nullptr);
  truth().fake_quantize_columns(kRows, kWidth, grids, x.data(), y_truth.data(), slope_truth.data());
  EXPECT_EQ(y, y_truth);
  EXPECT_EQ(plain, y_truth);
  EXPECT_EQ(slope, slope_truth);

  Floats d = upstream, d_truth = upstream, fraction(kWidth), fraction_truth(kWidth), range(kWidth), range_truth(kWidth);
  fast().fake_quantize_columns_gradient(kRows, kWidth, grids, x.data(), y.data(), d.data(), fraction.data(), range.data());
  truth().fake_quantize_columns_gradient(kRows, kWidth, grids, x.data(), y.data(), d_truth.data(), fraction_truth.data(),
                                         range_truth.data());
  EXPECT_EQ(d, d_truth);
  for (std::size_t o = 0; o < kWidth; ++o) {
    EXPECT_NEAR(fraction[o], fraction_truth[o], 1e-5 * (1 + std::fabs(fraction_truth[o]))) << o;
    EXPECT_NEAR(range[o], range_truth[o], 1e-5 * (1 + std::fabs(range_truth[o]))) << o;
  }

  Floats bits(kSize);
  for (float& f : bits) f = static_cast<float>(rng.uniform(-10, 13));
  fast().fake_quantize_each(kSize, bits.data(), x.data(), y.data());
  truth().fake_quantize_each(kSize, bits.data(), x.data(), y_truth.data());
  EXPECT_EQ(y, y_truth);
}

TEST_P(FastKernels, activations_on_grids_match_the_reference) {
  const Floats x = assorted(4096);
  const FloatGrid pre{.step = 1 / 32.0F, .inverse_step = 32, .lowest = -128, .highest = 127, .pass_above = -128.5F};
  for (const FloatGrid& out : {FloatGrid{.step = 1 / 128.0F, .inverse_step = 128, .lowest = -128, .highest = 127, .pass_above = -128.5F},
                               FloatGrid{.step = 1 / 256.0F, .inverse_step = 256, .lowest = 0, .highest = 255, .pass_above = -0.5F}}) {
    for (const auto function : {&Kernels::tanh_on_grids, &Kernels::sigmoid_on_grids, &Kernels::leaky_relu_on_grids}) {
      Floats y(x.size()), slope(x.size()), y_truth(x.size()), slope_truth(x.size()), plain(x.size());
      (fast().*function)(x.size(), pre, out, x.data(), y.data(), slope.data());
      (fast().*function)(x.size(), pre, out, x.data(), plain.data(), nullptr);
      (truth().*function)(x.size(), pre, out, x.data(), y_truth.data(), slope_truth.data());
      EXPECT_EQ(y, plain);
      EXPECT_EQ(y, y_truth);  // no value of these functions on this grid lies within 4e-7 of a tie but exact ones
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(slope[i], slope_truth[i], 1e-6) << x[i];
    }
  }
}

TEST_P(FastKernels, not_a_number_stays_so_on_a_grid_and_in_a_table) {
  const Floats x(16, std::numeric_limits<float>::quiet_NaN()), values(256, 1.0F);
  Floats y(16), slope(16);
  const FloatGrid grid{.lowest = -128, .highest = 127, .pass_above = -129};
  fast().fake_quantize(16, grid, x.data(), y.data(), slope.data());
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(std::isnan(y[i]) && slope[i] == 0.0F);
  fast().table(16, grid, values.data(), values.data(), x.data(), y.data(), slope.data());
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(std::isnan(y[i]) && slope[i] == 0.0F);
  for (const auto function : {&Kernels::tanh_on_grids, &Kernels::sigmoid_on_grids, &Kernels::leaky_relu_on_grids}) {
    (fast().*function)(16, grid, grid, x.data(), y.data(), slope.data());
    for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(std::isnan(y[i]) && slope[i] == 0.0F);
  }
}

TEST_P(FastKernels, clamp_matches_the_reference) {
  Floats fast_values = assorted(256), expected = fast_values;
  fast().clamp(256, -0.5F, 0.25F, fast_values.data());
  truth().clamp(256, -0.5F, 0.25F, expected.data());
  EXPECT_EQ(fast_values, expected);
}

TEST(KernelChoice, a_forced_instruction_set_is_reported_and_the_best_is_the_default) {
  {
    const IsaGuard guard(Isa::portable);
    EXPECT_STREQ(kernel_isa_name(), "portable");
  }
  EXPECT_EQ(&kernels(), kernels_for(Isa::automatic));
  EXPECT_STRNE(kernel_isa_name(), "reference");
}

TEST(KernelChoice, an_absent_instruction_set_is_refused) {
  for (const Isa isa : {Isa::avx2, Isa::avx512}) {
    if (kernels_for(isa) == nullptr) {
      EXPECT_THROW(set_kernel_isa(isa), std::invalid_argument);
    } else {
      EXPECT_NO_THROW(set_kernel_isa(isa));
    }
  }
  set_kernel_isa(Isa::automatic);
}

/// What a fresh process chooses with SNAC_KERNELS set: exits with 0 if `check` holds.
void choose_afresh(const char* wanted, bool (*check)()) {
  setenv("SNAC_KERNELS", wanted, 1);
  std::_Exit(check() ? 0 : 1);
}

TEST(KernelChoiceDeathTest, the_environment_variable_chooses) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // runs the program anew, before anything was chosen
  EXPECT_EXIT(choose_afresh("portable", [] { return std::string(kernel_isa_name()) == "portable"; }), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(choose_afresh("", [] { return &kernels() == kernels_for(Isa::automatic); }), testing::ExitedWithCode(0), "");
  const auto refused = [] {
    try {
      kernels();
    } catch (const ConfigError& error) {
      return error.text().hint.find("avx512") != std::string::npos;
    }
    return false;
  };
  EXPECT_EXIT(choose_afresh("avx51", refused), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace snac::nn
