#include "snac/compress/descent.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <numeric>

#include "snac/compress/lower.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/forward.hpp"

namespace snac::compress {
namespace {

int digits(std::int64_t raw) {
  const auto magnitude = static_cast<std::uint64_t>(std::abs(raw));
  return std::popcount(magnitude ^ (3 * magnitude));
}

TEST(Descent, a_dropped_digit_leaves_one_digit_less) {
  EXPECT_EQ(without_last_digit(7), 8);
  EXPECT_EQ(without_last_digit(6), 8);
  EXPECT_EQ(without_last_digit(5), 4);
  EXPECT_EQ(without_last_digit(-11), -12);
  EXPECT_EQ(without_last_digit(64), 0);
  EXPECT_EQ(without_last_digit(0), 0);
  for (std::int64_t raw = -5000; raw <= 5000; ++raw) {
    ASSERT_EQ(digits(without_last_digit(raw)), std::max(0, digits(raw) - 1)) << raw;
  }
}

/// Classes by the sign of the first of three features.
data::Dataset signs(std::size_t rows) {
  Rng rng(4);
  data::Dataset data;
  data.num_features = 3;
  data.num_classes = 2;
  for (std::size_t r = 0; r < rows; ++r) {
    for (int f = 0; f < 3; ++f) data.features.push_back(static_cast<float>(rng.normal()));
    data.labels.push_back(data.features[3 * r] > 0 ? 1 : 0);
  }
  return data;
}

nn::FrozenNet two_layers() {
  space::ArchSpec spec;
  spec.input = {{"feature", 3}};
  spec.nodes.push_back({space::DenseLayer{4, space::Activation::relu, false, 0}, {0}});
  spec.nodes.push_back({space::DenseLayer{2, space::Activation::linear, false, 0}, {1}});
  nn::FrozenNet net{.mlp = nn::make_empty_mlp(spec), .quantizer = {}};
  // Units 0 and 1: +x0 and -x0 with needless digits; units 2 and 3: the noise features, hardly heard.
  const std::vector<float> first{1.25F, 0.125F, 0, -1.25F, 0, 0.125F, 0, 1.5F, 0, 0, 0, 1.75F};
  const std::vector<float> second{-1.5F, 1.5F, 0.125F, 0, 1.5F, -1.25F, 0, 0.125F};
  std::copy(first.begin(), first.end(), net.mlp.weights(0).begin());
  std::copy(second.begin(), second.end(), net.mlp.weights(1).begin());
  net.quantizer.input = nn::Grid{.fraction_bits = 5, .min_raw = -128, .max_raw = 127};
  const nn::Grid weight{.fraction_bits = 3, .min_raw = -15, .max_raw = 15};
  net.quantizer.layers.push_back({.weight = weight,
                                  .bias_fraction_bits = 8,
                                  .pre_activation = {},
                                  .output = nn::Grid{.fraction_bits = 5, .min_raw = 0, .max_raw = 255}});
  net.quantizer.layers.push_back({.weight = weight,
                                  .bias_fraction_bits = 8,
                                  .pre_activation = {},
                                  .output = nn::Grid{.fraction_bits = 6, .min_raw = -1024, .max_raw = 1023}});
  return net;
}

double nonzero_digits(const nn::FrozenNet& net) {
  const fixed::FixedNet lowered = lower(net.mlp, net.quantizer);
  double sum = 0;
  for (const auto& node : lowered.nodes) {
    for (const std::int32_t raw : std::get<fixed::DenseOp>(node.op).weights) sum += digits(raw);
  }
  return sum;
}

TEST(Descent, takes_what_the_data_do_not_need_and_nothing_else) {
  const data::Dataset data = signs(4000);
  std::vector<std::uint32_t> rows(4000);
  std::iota(rows.begin(), rows.end(), 0U);
  const auto ranking = std::span<const std::uint32_t>(rows).first(3000), judging = std::span<const std::uint32_t>(rows).last(1000);
  const nn::FrozenNet start = two_layers();
  const DescentParams params{.loss_per_cost = 2e-3, .rounds = 5};
  const DescentResult result = descend(start, data, ranking, judging, nonzero_digits, params);
  EXPECT_GT(result.moves, 0);
  EXPECT_LE(result.cost_after, result.cost_before / 2);
  EXPECT_LT(result.loss_after + params.loss_per_cost * result.cost_after, result.loss_before + params.loss_per_cost * result.cost_before);
  EXPECT_EQ(result.cost_after, nonzero_digits(result.net));
  EXPECT_EQ(result.loss_after, nn::evaluate(result.net.mlp, data, judging, &result.net.quantizer).loss);
  EXPECT_GT(nn::evaluate(result.net.mlp, data, judging, &result.net.quantizer).accuracy, 0.97);
  for (const std::size_t noise : {1, 2}) {
    for (std::size_t o = 0; o < 4; ++o) EXPECT_EQ(result.net.mlp.weights(0)[o * 3 + noise], 0.0F);
  }
  lower(result.net.mlp, result.net.quantizer).validate();

  DescentParams threads = params;
  threads.threads = 3;
  EXPECT_EQ(descend(start, data, ranking, judging, nonzero_digits, threads).net.mlp.parameters, result.net.mlp.parameters);
}

TEST(Descent, leaves_every_grid_one_that_hardware_has) {
  const data::Dataset data = signs(300);
  std::vector<std::uint32_t> rows(300);
  std::iota(rows.begin(), rows.end(), 0U);
  nn::FrozenNet start = two_layers();
  const nn::Grid two_bits{.fraction_bits = 1, .min_raw = 0, .max_raw = 3}, three_bits{.fraction_bits = 1, .min_raw = -4, .max_raw = 3};
  start.quantizer.input = nn::Grids(std::vector<nn::Grid>(3, three_bits));
  start.quantizer.layers[0].output = nn::Grids(std::vector<nn::Grid>(4, two_bits));
  // So dear that everything goes that can.
  const DescentResult result = descend(start, data, rows, rows, nonzero_digits, {.loss_per_cost = 1, .rounds = 8});
  lower(result.net.mlp, result.net.quantizer).validate();
  EXPECT_LE(result.cost_after, 2);
}

TEST(Descent, moves_a_digit_where_that_lowers_the_loss) {
  const data::Dataset data = signs(2000);
  std::vector<std::uint32_t> rows(2000);
  std::iota(rows.begin(), rows.end(), 0U);
  nn::FrozenNet start = two_layers();
  // A unit that is heard too quietly: 1/8 where the other has 3/2; larger is better.
  start.mlp.weights(1)[0] = -0.125F;
  const auto no_cost = [](const nn::FrozenNet&) { return 0.0; };
  const DescentParams shifting{.loss_per_cost = 1e-12, .rounds = 10, .shift_digits = true};
  const DescentResult dropped = descend(start, data, rows, rows, no_cost, {.loss_per_cost = 1e-12, .rounds = 10});
  const DescentResult shifted = descend(start, data, rows, rows, no_cost, shifting);
  EXPECT_LT(shifted.loss_after, 0.9 * dropped.loss_after);
  EXPECT_LE(nonzero_digits(shifted.net), nonzero_digits(start));
  EXPECT_LE(shifted.net.mlp.weights(1)[0], -1.0F);
}

TEST(Descent, keeps_a_network_that_is_worth_its_cost) {
  const data::Dataset data = signs(1000);
  std::vector<std::uint32_t> rows(1000);
  std::iota(rows.begin(), rows.end(), 0U);
  const nn::FrozenNet start = two_layers();
  const DescentResult result = descend(start, data, rows, rows, [](const nn::FrozenNet&) { return 7.0; }, {.loss_per_cost = 1e-12});
  EXPECT_LE(result.loss_after, result.loss_before);
  EXPECT_EQ(result.cost_after, 7);
}

}  // namespace
}  // namespace snac::compress
