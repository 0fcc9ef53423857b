// The folded design against FixedNet's interpreter, and its schedule against the rules that the header states.
#include "snac/circuit/folded.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "random_net.hpp"
#include "snac/core/error.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

void expect_exact(const FixedNet& net, const FoldedParams& params, Rng& rng, std::size_t rows = 40) {
  const FoldedDesign design = fold(net, params);
  const auto inputs = random_inputs(rng, net.input, rows);
  EXPECT_EQ(simulate(design, inputs), fixed::run(net, inputs));
}

DenseOp full_dense(int inputs, int outputs) {
  DenseOp op{.inputs = inputs, .outputs = outputs, .weights = {}, .weight_fraction_bits = 4, .bias = {}, .bias_fraction_bits = 8};
  for (int k = 0; k < inputs * outputs; ++k) op.weights.push_back(k % 13 - 7 == 0 ? 5 : k % 13 - 7);
  for (int o = 0; o < outputs; ++o) op.bias.push_back(17 * o - 30);
  return op;
}

FixedNet one_layer(const DenseOp& op) {
  FixedNet net;
  net.input = vector_of(op.inputs, FixedType{8, 4, true});
  net.nodes.push_back(make_node("dense", op, 0, vector_of(op.outputs, FixedType{10, 5, true, Rounding::rnd, Overflow::sat})));
  return net;
}

TEST(Folded, random_networks_give_the_interpreters_integers_at_any_reuse_factor) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = Rng::stream(seed, "folded networks");
    const FixedNet net = random_net(rng);
    const FoldedParams params{.reuse_factor = seed % 7 == 0 ? 1000 : between(rng, 1, 20),
                              .adders_per_stage = between(rng, 1, 4),
                              .multiplier = Multiplier::lut,
                              .block_rom_depth = between(rng, 2, 40)};
    expect_exact(net, params, rng);
  }
}

TEST(Folded, wide_layers_with_trees_of_products_are_exact) {
  Rng rng = Rng::stream(1, "wide folded");
  const FixedNet net = mlp_net({40, 33, 17, 5}, 0.6, 4);
  for (const int reuse : {1, 2, 3, 7, 16, 33, 64, 100, 5000}) {
    SCOPED_TRACE(fmt::format("reuse factor {}", reuse));
    expect_exact(net, {.reuse_factor = reuse, .adders_per_stage = 1 + reuse % 3}, rng, 200);
  }
}

TEST(Folded, results_do_not_depend_on_the_number_of_threads) {
  Rng rng = Rng::stream(2, "threads");
  const FixedNet net = mlp_net({12, 20, 4}, 0.3, 1);
  const FoldedDesign design = fold(net, {.reuse_factor = 5});
  const auto inputs = random_inputs(rng, net.input, 3000);
  EXPECT_EQ(simulate(design, inputs, 1), simulate(design, inputs, 3));
}

TEST(Folded, a_reuse_factor_up_to_the_inputs_shares_multipliers_within_a_sum) {
  struct Case {
    int reuse, slots, steps;
  };
  // 16 inputs: R = 10 needs two multipliers, and those are done after 8 cycles.
  for (const Case& each : {Case{1, 16, 1}, Case{2, 8, 2}, Case{3, 6, 3}, Case{4, 4, 4}, Case{5, 4, 4}, Case{7, 3, 6}, Case{10, 2, 8},
                           Case{15, 2, 8}, Case{16, 1, 16}}) {
    SCOPED_TRACE(each.reuse);
    const FoldedLayer layer = fold(one_layer(full_dense(16, 6)), {.reuse_factor = each.reuse}).layers.front();
    EXPECT_EQ(layer.slots, each.slots);
    EXPECT_EQ(layer.steps, each.steps);
    EXPECT_EQ(layer.groups, 1);
    EXPECT_EQ(layer.units.size(), 6U);
    EXPECT_EQ(layer.num_multipliers(), 6 * each.slots);
  }
}

TEST(Folded, a_larger_reuse_factor_shares_a_multiplier_between_sums) {
  struct Case {
    int reuse, units, groups;
  };
  // 8 inputs, 6 outputs, 48 weights.
  for (const Case& each :
       {Case{9, 6, 1}, Case{15, 6, 1}, Case{16, 3, 2}, Case{24, 2, 3}, Case{32, 2, 3}, Case{47, 2, 3}, Case{48, 1, 6}, Case{4000, 1, 6}}) {
    SCOPED_TRACE(each.reuse);
    const FoldedLayer layer = fold(one_layer(full_dense(8, 6)), {.reuse_factor = each.reuse}).layers.front();
    EXPECT_EQ(layer.slots, 1);
    EXPECT_EQ(layer.steps, 8);
    EXPECT_EQ(layer.groups, each.groups);
    EXPECT_EQ(static_cast<int>(layer.units.size()), each.units);
    EXPECT_LE(layer.cycles(), each.reuse);
  }
}

TEST(Folded, the_slowest_layer_sets_the_interval_and_latencies_add_up) {
  const FixedNet net = mlp_net({16, 30, 4}, 0, 2);
  const FoldedDesign design = fold(net, {.reuse_factor = 20});
  ASSERT_EQ(design.layers.size(), 2U);
  EXPECT_EQ(design.layers[0].cycles(), 16);  // one sum per unit: two would need 32
  EXPECT_EQ(design.layers[1].cycles(), 15);  // 30 inputs in two slots
  EXPECT_EQ(design.initiation_interval, 16);
  EXPECT_EQ(design.layers[0].tree_levels, 0);
  EXPECT_EQ(design.layers[0].sum_latency(), 16 + 3);
  EXPECT_EQ(design.layers[1].tree_levels, 1);
  EXPECT_EQ(design.layers[1].tree_registers(), 0);
  EXPECT_EQ(design.latency, design.layers[0].latency() + design.layers[1].latency());
}

TEST(Folded, pruned_weights_inputs_and_outputs_cost_no_multiplier) {
  DenseOp op = full_dense(8, 4);
  for (int i = 0; i < 8; ++i) op.weights[static_cast<std::size_t>(8 + i)] = 0;      // output 1
  for (int o = 0; o < 4; ++o) op.weights[static_cast<std::size_t>(8 * o + 3)] = 0;  // input 3
  for (int o = 0; o < 4; ++o) op.weights[static_cast<std::size_t>(8 * o + 6)] = 0;  // input 6
  for (int i = 0; i < 3; ++i) op.weights[static_cast<std::size_t>(2 * 8 + i)] = 0;  // output 2: all that slot 0 reads
  const FixedNet net = one_layer(op);
  const FoldedDesign design = fold(net, {.reuse_factor = 3});
  const FoldedLayer& layer = design.layers.front();
  EXPECT_EQ(layer.inputs.size(), 6U);
  EXPECT_EQ(layer.rows, (std::vector<int>{0, 2, 3}));
  EXPECT_EQ(layer.slots, 2);
  EXPECT_EQ(layer.num_multipliers(), 5);
  Rng rng(3);
  expect_exact(net, {.reuse_factor = 3}, rng);
}

TEST(Folded, a_network_of_constants_still_has_a_schedule) {
  DenseOp op = full_dense(3, 2);
  std::fill(op.weights.begin(), op.weights.end(), 0);
  FixedNet net = one_layer(op);
  net.nodes.push_back(make_node("last", full_dense(2, 3), 1, vector_of(3, FixedType{30, 22, true})));
  std::get<DenseOp>(net.nodes.back().op).bias_fraction_bits = 12;
  const FoldedDesign design = fold(net, {.reuse_factor = 4});
  EXPECT_EQ(design.initiation_interval, 1);
  EXPECT_EQ(design.multipliers, 0);
  Rng rng(4);
  expect_exact(net, {.reuse_factor = 4}, rng);
}

TEST(Folded, accumulators_are_as_wide_as_their_partial_sums_need) {
  DenseOp op{.inputs = 2, .outputs = 1, .weights = {100, -100}, .weight_fraction_bits = 0, .bias = {3}, .bias_fraction_bits = 0};
  FixedNet net;
  net.input = vector_of(2, FixedType{8, 8, false});
  net.nodes.push_back(make_node("dense", op, 0, vector_of(1, FixedType{20, 20, true})));
  const FoldedUnit unit = fold(net, {.reuse_factor = 2}).layers.front().units.front();
  EXPECT_EQ(unit.accumulator, (Range{3 - 25500, 3 + 25500}));
  EXPECT_EQ(unit.multipliers.front().product, (Range{-25500, 25500}));
  EXPECT_EQ(unit.multipliers.front().weight, (Range{-100, 100}));
}

TEST(Folded, parameters_out_of_range_are_refused) {
  const FixedNet net = one_layer(full_dense(2, 2));
  EXPECT_THROW(fold(net, {.reuse_factor = 0}), ConfigError);
  EXPECT_THROW(fold(net, {.reuse_factor = kMaxReuseFactor + 1}), ConfigError);
  EXPECT_THROW(fold(net, {.adders_per_stage = 0}), ConfigError);
  EXPECT_THROW(fold(net, {.block_rom_depth = 1}), ConfigError);
  EXPECT_THROW(simulate(fold(net, {}), std::vector<std::int64_t>{1}), std::invalid_argument);
  EXPECT_THROW(simulate(fold(net, {}), std::vector<std::int64_t>{1, 128}), std::invalid_argument);
}

}  // namespace
}  // namespace snac::circuit
