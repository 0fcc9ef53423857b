// Every fast bfloat16 kernel against its reference twin. Rounding is compared bit by bit; sums as in kernels_test.cpp.
#include "snac/nn/kernels_bf16.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nn_fixtures.hpp"

namespace snac::nn {
namespace {

constexpr double kUnit = 0x1p-24;
using Floats = std::vector<float>;
using Halves = std::vector<Bf16>;

std::size_t area(int rows, int width) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width); }
double value(Bf16 x) { return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16)); }
const Bf16Kernels& truth() { return *bf16_kernels_for(Isa::reference); }

/// Both orders, filled with a pattern that no result has.
struct Matrix {
  int rows, width;
  Halves by_row, by_pair;
  Matrix(int r, int w) : rows(r), width(padded(w)), by_row(area(r, width), Bf16{0x1234}), by_pair(area(r + r % 2, width), Bf16{0x1234}) {}
  Bf16Matrix out() { return {by_row.data(), by_pair.data()}; }
  /// by_pair holds the same bits as by_row, and zeros in a missing row.
  void expect_consistent() const {
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows + rows % 2); ++r) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
        const auto w = static_cast<std::size_t>(width);
        const Bf16 expected = r < static_cast<std::size_t>(rows) ? by_row[r * w + c] : Bf16{};
        ASSERT_EQ(by_pair[2 * ((r / 2) * w + c) + r % 2].bits, expected.bits) << "row " << r << " column " << c;
      }
    }
  }
};

Floats random(int rows, int width, Rng& rng) {
  Floats values(area(rows, padded(width)));
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
      values[r * static_cast<std::size_t>(padded(width)) + c] = static_cast<float>(rng.normal());
    }
  }
  return values;
}
Matrix rounded(const Floats& x, int rows, int width) {
  Matrix result(rows, width);
  truth().round(rows, padded(width), x.data(), result.out());
  return result;
}
Halves absolute(Halves x) {
  for (Bf16& each : x) each.bits &= 0x7fff;
  return x;
}

class Bf16Products : public testing::TestWithParam<Isa> {
 protected:
  const Bf16Kernels& fast() const { return *bf16_kernels_for(GetParam()); }
};
std::vector<Isa> isas_with_bf16() {
  std::vector<Isa> isas;
  for (const Isa isa : available_isas()) {
    if (bf16_kernels_for(isa) != nullptr) isas.push_back(isa);
  }
  return isas;
}
// The reference runs too, against formulas of this file where they exist.
INSTANTIATE_TEST_SUITE_P(isa, Bf16Products, testing::ValuesIn(isas_with_bf16()),
                         [](const auto& instance) { return std::string(kernels_for(instance.param)->name); });

TEST_P(Bf16Products, rounding_is_to_the_nearest_and_ties_go_to_even) {
  const auto bits = [](std::uint32_t pattern) { return std::bit_cast<float>(pattern); };
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, std::uint16_t>> cases{{0.0F, 0},
                                                           {-0.0F, 0x8000},
                                                           {1.0F, 0x3f80},
                                                           {bits(0x3f808000), 0x3f80},
                                                           {bits(0x3f808001), 0x3f81},
                                                           {bits(0x3f818000), 0x3f82},
                                                           {bits(0x3f817fff), 0x3f81},
                                                           {bits(0xbf818000), 0xbf82},
                                                           {infinity, 0x7f80},
                                                           {-infinity, 0xff80},
                                                           {3.4e38F, 0x7f80},
                                                           {bits(0x00000001), 0},
                                                           {bits(0x807fffff), 0x8000},
                                                           {bits(0x00800000), 0x0080},
                                                           {bits(0x7fc00001), 0x7fc0},
                                                           {bits(0x7f800001), 0x7fc0}};
  Floats x(padded(static_cast<int>(cases.size())));
  for (std::size_t i = 0; i < cases.size(); ++i) x[i] = cases[i].first;
  Halves y(x.size());
  fast().round(1, static_cast<int>(x.size()), x.data(), {y.data(), nullptr});
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(y[i].bits, cases[i].second) << x[i];
}

TEST_P(Bf16Products, rounding_of_any_pattern_is_the_same_bits_as_the_reference) {
  Rng rng(1);
  for (const int rows : {1, 2, 5, 8}) {
    Floats x(area(rows, 48));
    for (float& each : x) each = std::bit_cast<float>(static_cast<std::uint32_t>(rng.next() >> 32));
    Matrix y(rows, 48), expected(rows, 48);
    fast().round(rows, 48, x.data(), y.out());
    truth().round(rows, 48, x.data(), expected.out());
    EXPECT_EQ(y.by_row, expected.by_row);
    EXPECT_EQ(y.by_pair, expected.by_pair);
    y.expect_consistent();
  }
}

TEST_P(Bf16Products, dense_products_match_the_reference_for_many_shapes) {
  Rng rng(2);
  for (const int b : {1, 2, 7, 12, 64, 129}) {
    for (const int i : {1, 3, 16, 17, 33, 64}) {
      for (const int o : {1, 5, 16, 31, 40, 64, 72, 90}) {
        const DenseShape shape{b, i, o};
        const Matrix x = rounded(random(b, i, rng), b, i), dy = rounded(random(b, o, rng), b, o), below = rounded(random(b, i, rng), b, i);
        const Floats weights = random(i, o, rng), bias = random(1, o, rng);
        const Matrix w = rounded(weights, i, o);
        Floats magnitude_bias = bias;
        for (float& each : magnitude_bias) each = std::fabs(each);
        // Products of bfloat16 are exact in a float: only the sums round, once per term (see kernels_test.cpp).
        const auto expect_close = [](const Floats& found, const Floats& expected, const Floats& size, int terms) {
          for (std::size_t k = 0; k < found.size(); ++k) {
            ASSERT_NEAR(found[k], expected[k], (terms + 3) * kUnit * static_cast<double>(size[k]) + 1e-37) << "element " << k;
          }
        };
        // Rounded once more: to 2^-9 of the value, or to the other neighbour where the sums straddle a tie.
        const auto expect_rounded = [](const Matrix& found, const Floats& expected, const Floats& size, int terms) {
          found.expect_consistent();
          for (std::size_t k = 0; k < expected.size(); ++k) {
            const double bound = (terms + 3) * kUnit * static_cast<double>(size[k]) + 0x1p-8 * std::fabs(static_cast<double>(expected[k]));
            ASSERT_NEAR(value(found.by_row[k]), expected[k], bound + 1e-37) << "element " << k;
          }
        };
        Floats y(area(b, padded(o)), NAN), y_truth = y, y_size = y;
        for (const bool relu : {false, true}) {
          Matrix y_rounded(b, o);
          fast().dense_forward(shape, x.by_row.data(), w.by_pair.data(), bias.data(), relu, y.data(), {});
          fast().dense_forward(shape, x.by_row.data(), w.by_pair.data(), bias.data(), relu, nullptr, y_rounded.out());
          truth().dense_forward(shape, x.by_row.data(), w.by_pair.data(), bias.data(), relu, y_truth.data(), {});
          truth().dense_forward(shape, absolute(x.by_row).data(), absolute(w.by_pair).data(), magnitude_bias.data(), false, y_size.data(),
                                {});
          expect_close(y, y_truth, y_size, i + 1);
          expect_rounded(y_rounded, y_truth, y_size, i + 1);
        }
        Halves wt(area(o + o % 2, padded(i)), Bf16{0x1234}), wt_truth = wt;
        fast().round_transposed(i, o, weights.data(), wt.data());
        truth().round_transposed(i, o, weights.data(), wt_truth.data());
        ASSERT_EQ(wt, wt_truth);

        Floats dx(area(b, padded(i)), NAN), dx_truth = dx, dx_size = dx;
        for (const Bf16* relu_output : {static_cast<const Bf16*>(nullptr), below.by_row.data()}) {
          Matrix dx_rounded(b, i);
          fast().dense_input_gradient(shape, dy.by_row.data(), wt.data(), relu_output, dx.data(), {});
          fast().dense_input_gradient(shape, dy.by_row.data(), wt.data(), relu_output, nullptr, dx_rounded.out());
          truth().dense_input_gradient(shape, dy.by_row.data(), wt.data(), relu_output, dx_truth.data(), {});
          truth().dense_input_gradient(shape, absolute(dy.by_row).data(), absolute(wt).data(), nullptr, dx_size.data(), {});
          expect_close(dx, dx_truth, dx_size, o);
          expect_rounded(dx_rounded, dx_truth, dx_size, o);
        }
        Floats dw(area(i, padded(o)), NAN), dw_truth = dw, dw_size = dw;
        Floats db(static_cast<std::size_t>(padded(o)), NAN), db_truth = db, db_size = db;
        fast().dense_weight_gradient(shape, x.by_pair.data(), dy.by_pair.data(), dw.data(), db.data());
        truth().dense_weight_gradient(shape, x.by_pair.data(), dy.by_pair.data(), dw_truth.data(), db_truth.data());
        truth().dense_weight_gradient(shape, absolute(x.by_pair).data(), absolute(dy.by_pair).data(), dw_size.data(), db_size.data());
        expect_close(dw, dw_truth, dw_size, b);
        expect_close(db, db_truth, db_size, b);
      }
    }
  }
}

TEST_P(Bf16Products, adam_changes_weights_as_the_reference_to_a_millionth_from_tiny_to_huge_gradients) {
  Rng rng(4);
  const std::size_t n = 512;
  for (const bool masked : {false, true}) {
    Floats gradient(n), mask(n, 1.0F), state[2][3];
    for (std::size_t i = 0; i < n; ++i) {
      const float size = std::ldexp(1.0F, static_cast<int>(rng.below(90)) - 60);
      gradient[i] = i % 7 == 0 ? 0.0F : size * static_cast<float>(rng.normal());
      if (i % 3 == 0) mask[i] = 0.0F;
      state[0][0].push_back(size * static_cast<float>(rng.normal()));
      state[0][1].push_back(i % 14 == 0 ? 0.0F : std::fabs(size * size * static_cast<float>(rng.normal())));
      state[0][2].push_back(0.0F);  // from zero, a weight is its change
    }
    std::copy(std::begin(state[0]), std::end(state[0]), std::begin(state[1]));
    const auto run = [&](const Bf16Kernels& kernels, Floats(&s)[3]) {
      kernels.adam(n, {.rate = 0.01F}, masked ? mask.data() : nullptr, gradient.data(), s[0].data(), s[1].data(), s[2].data());
    };
    run(fast(), state[0]);
    run(truth(), state[1]);
    for (std::size_t i = 0; i < n; ++i) {
      for (int k = 0; k < 3; ++k) {
        const double expected = state[1][k][i];
        ASSERT_NEAR(state[0][k][i], expected, 1e-6 * std::fabs(expected) + 1e-37) << "element " << i << " of " << k;
      }
    }
  }
}

/// The reference itself, against the float reference on values that bfloat16 holds exactly.
TEST(Bf16Reference, equals_the_float_reference_on_values_that_need_no_rounding) {
  Rng rng(3);
  const int b = 7, i = 19, o = 21;
  const DenseShape shape{b, i, o};
  const auto small_integers = [&](int rows, int width) {
    Floats values = random(rows, width, rng);
    for (float& each : values) each = std::round(4 * each);
    return values;
  };
  const Floats x = small_integers(b, i), w = small_integers(i, o), dy = small_integers(b, o), bias = small_integers(1, o);
  const Matrix xb = rounded(x, b, i), wb = rounded(w, i, o), dyb = rounded(dy, b, o);
  const Kernels& floats = *kernels_for(Isa::reference);
  Floats y(area(b, padded(o))), y_floats = y;
  truth().dense_forward(shape, xb.by_row.data(), wb.by_pair.data(), bias.data(), true, y.data(), {});
  floats.dense_forward(shape, x.data(), w.data(), bias.data(), true, y_floats.data());
  EXPECT_EQ(y, y_floats);
  Floats wt(area(o, padded(i))), dx(area(b, padded(i))), dx_floats = dx;
  Halves wtb(area(o + o % 2, padded(i)));
  floats.transpose(i, o, w.data(), wt.data());
  truth().round_transposed(i, o, w.data(), wtb.data());
  truth().dense_input_gradient(shape, dyb.by_row.data(), wtb.data(), xb.by_row.data(), dx.data(), {});
  floats.dense_input_gradient(shape, dy.data(), wt.data(), x.data(), dx_floats.data());
  EXPECT_EQ(dx, dx_floats);
  Floats dw(area(i, padded(o))), dw_floats = dw, db(static_cast<std::size_t>(padded(o))), db_floats = db;
  truth().dense_weight_gradient(shape, xb.by_pair.data(), dyb.by_pair.data(), dw.data(), db.data());
  floats.dense_weight_gradient(shape, x.data(), dy.data(), dw_floats.data(), db_floats.data());
  EXPECT_EQ(dw, dw_floats);
  EXPECT_EQ(db, db_floats);
}

TEST(Bf16Choice, follows_the_instruction_set_in_use) {
  for (const Isa isa : available_isas()) {
    const IsaGuard guard(isa);
    EXPECT_EQ(bf16_kernels(), bf16_kernels_for(isa)) << kernel_isa_name();
  }
  EXPECT_EQ(bf16_kernels(), bf16_kernels_for(Isa::automatic));
  EXPECT_EQ(bf16_kernels_for(Isa::portable), nullptr);
  EXPECT_NE(bf16_kernels_for(Isa::reference), nullptr);
}

}  // namespace
}  // namespace snac::nn
