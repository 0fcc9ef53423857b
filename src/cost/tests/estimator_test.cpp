#include "snac/cost/estimator.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::cost {
namespace {

using space::Activation;

struct Whole {
  double lut = 0, ff = 0;
  int latency = 0;
};

/// The circuit of the whole network with the sampler's weights, registers placed as soon as possible, as the Verilog states them.
Whole lower_whole(const space::ArchSpec& spec, const TargetPrecision& target) {
  const circuit::Circuit circuit = circuit::lower(sampled_network(spec, target));
  const circuit::Schedule schedule = circuit::schedule(circuit, {.adders_per_stage = target.adders_per_stage, .move_later = false});
  const circuit::LogicCost cost = circuit::logic_cost(circuit, schedule);
  return {cost.lut, cost.ff, schedule.latency};
}

double relative_error(double estimated, double exact) { return std::abs(estimated / exact - 1); }

TEST(ArchitectureSampler, estimates_are_close_to_lowering_the_whole_network) {
  Rng rng(17);
  double lut_errors = 0, ff_errors = 0;
  constexpr int kTrials = 40;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<int> hidden(1 + static_cast<std::size_t>(rng.below(5)));
    for (int& width : hidden) width = 8 << rng.below(4);
    const space::ArchSpec spec = space::mlp(trial % 2 ? 16 : 24, hidden, 5, static_cast<Activation>(rng.below(4)), trial % 3 == 0);
    TargetPrecision target;
    target.weight_bits = 4 + static_cast<int>(rng.below(5));
    target.activation_bits = 5 + static_cast<int>(rng.below(4));
    target.sparsity = 0.25 * static_cast<double>(rng.below(4));
    target.adders_per_stage = 1 + static_cast<int>(rng.below(4));
    const Estimate estimate = ArchitectureSampler(target).estimate(spec);
    const Whole whole = lower_whole(spec, target);
    SCOPED_TRACE(space::summary(spec) + " at " + std::to_string(target.adders_per_stage) + " per stage");
    EXPECT_LT(relative_error(estimate.resources.lut, whole.lut), 0.10);
    EXPECT_LT(relative_error(estimate.resources.ff, whole.ff), 0.20);
    EXPECT_NEAR(estimate.latency_cycles, whole.latency, std::max(1.0, 0.05 * whole.latency));
    EXPECT_EQ(estimate.initiation_interval, 1);
    EXPECT_EQ(estimate.resources.source, "architecture sample");
    EXPECT_EQ(estimate.resources.dsp + estimate.resources.bram18, 0);
    lut_errors += relative_error(estimate.resources.lut, whole.lut);
    ff_errors += relative_error(estimate.resources.ff, whole.ff);
  }
  RecordProperty("mean_lut_error", std::to_string(lut_errors / kTrials));
  RecordProperty("mean_ff_error", std::to_string(ff_errors / kTrials));
  EXPECT_LT(lut_errors / kTrials, 0.03);
  EXPECT_LT(ff_errors / kTrials, 0.06);
}

TEST(ArchitectureSampler, one_layer_is_exact_but_for_the_schedule) {
  const space::ArchSpec spec = space::mlp(24, {}, 5);
  const TargetPrecision target;
  const Estimate estimate = ArchitectureSampler(target).estimate(spec);
  const Whole whole = lower_whole(spec, target);
  EXPECT_DOUBLE_EQ(estimate.resources.lut, whole.lut);
  EXPECT_EQ(estimate.latency_cycles, whole.latency);
  EXPECT_LT(relative_error(estimate.resources.ff, whole.ff), 0.02);
}

TEST(ArchitectureSampler, large_layers_are_sampled_by_rows_and_scaled) {
  const space::ArchSpec spec = space::mlp(150, {400}, 5);  // 60,000 weights in the first layer
  const TargetPrecision target;
  const Estimate estimate = ArchitectureSampler(target).estimate(spec);
  const Whole whole = lower_whole(spec, target);
  EXPECT_LT(relative_error(estimate.resources.lut, whole.lut), 0.05);
  EXPECT_LT(relative_error(estimate.resources.ff, whole.ff), 0.15);
  EXPECT_NEAR(estimate.latency_cycles, whole.latency, 1);
}

TEST(ArchitectureSampler, huge_layers_need_no_more_than_a_row) {
  TargetPrecision target;
  target.sparsity = 0.9;
  const Estimate estimate = ArchitectureSampler(target).estimate(space::mlp(100000, {1000}, 2));
  EXPECT_GT(estimate.resources.lut, 1e7);
}

TEST(ArchitectureSampler, same_architecture_same_estimate_in_any_order_and_thread) {
  std::vector<space::ArchSpec> specs;
  for (int width : {8, 16, 24, 32}) {
    specs.push_back(space::mlp(16, {width, 16}, 5));
    specs.push_back(space::mlp(16, {width, 16}, 5, Activation::tanh));
  }
  const ArchitectureSampler shared{TargetPrecision{}};
  std::vector<Estimate> parallel(specs.size() * 4);
  parallel_for(parallel.size(), 4, [&](std::size_t i, int) { parallel[i] = shared.estimate(specs[i % specs.size()]); });
  for (std::size_t i = 0; i < parallel.size(); ++i) {
    const Estimate fresh = ArchitectureSampler{TargetPrecision{}}.estimate(specs[i % specs.size()]);
    EXPECT_EQ(parallel[i].resources.lut, fresh.resources.lut);
    EXPECT_EQ(parallel[i].resources.ff, fresh.resources.ff);
    EXPECT_EQ(parallel[i].latency_cycles, fresh.latency_cycles);
  }
}

TEST(ArchitectureSampler, fewer_bits_and_more_zeros_cost_less) {
  const space::ArchSpec spec = space::mlp(24, {64, 32}, 5);
  TargetPrecision target;
  const double full = ArchitectureSampler(target).estimate(spec).resources.lut;
  target.sparsity = 0.8;
  const double pruned = ArchitectureSampler(target).estimate(spec).resources.lut;
  EXPECT_LT(pruned, 0.6 * full);
  target.weight_bits = 4;
  EXPECT_LT(ArchitectureSampler(target).estimate(spec).resources.lut, 0.8 * pruned);
}

TEST(ArchitectureSampler, batch_normalisation_and_dropout_cost_nothing) {
  const ArchitectureSampler sampler{TargetPrecision{}};
  const Estimate plain = sampler.estimate(space::mlp(16, {32}, 5));
  EXPECT_EQ(sampler.estimate(space::mlp(16, {32}, 5, Activation::relu, true, 0.1)).resources.lut, plain.resources.lut);
}

TEST(ArchitectureSampler, impossible_targets_are_refused) {
  const auto refuses = [](auto&& change) {
    TargetPrecision target;
    change(target);
    EXPECT_THROW(ArchitectureSampler{target}, ConfigError);
  };
  refuses([](TargetPrecision& t) { t.weight_bits = 1; });
  refuses([](TargetPrecision& t) { t.weight_bits = 17; });
  refuses([](TargetPrecision& t) { t.activation_bits = 0; });
  refuses([](TargetPrecision& t) { t.sparsity = 1; });
  refuses([](TargetPrecision& t) { t.sparsity = std::nan(""); });
  refuses([](TargetPrecision& t) { t.adders_per_stage = 0; });
  refuses([](TargetPrecision& t) { t.input.width = 60; });
  EXPECT_THROW(ArchitectureSampler{TargetPrecision{}}.estimate(space::ArchSpec{}), ConfigError);
  space::ArchSpec particles = space::mlp(16, {32}, 5);
  particles.input = {{"particle", 8}, {"feature", 16}};
  EXPECT_THROW(ArchitectureSampler{TargetPrecision{}}.estimate(particles), ConfigError);
}

TEST(FoldedEstimate, is_that_of_the_sampled_network_and_always_the_same) {
  const space::ArchSpec spec = space::mlp(16, {32, 24}, 5);
  for (const int reuse : {2, 8, 40}) {
    const circuit::FoldedParams params{.reuse_factor = reuse};
    const Estimate estimate = estimate_folded(spec, TargetPrecision{}, params);
    const circuit::FoldedDesign design = circuit::fold(sampled_network(spec, TargetPrecision{}), params);
    EXPECT_EQ(estimate.latency_cycles, design.latency);
    EXPECT_EQ(estimate.initiation_interval, design.initiation_interval);
    EXPECT_EQ(estimate.resources.dsp, circuit::folded_cost(design).dsp);
    EXPECT_EQ(estimate.resources.source, kFoldedSampleSource);
    EXPECT_EQ(estimate_folded(spec, TargetPrecision{}, params).resources.lut, estimate.resources.lut);
  }
}

TEST(FoldedEstimate, more_reuse_takes_fewer_multipliers_and_more_cycles) {
  const space::ArchSpec spec = space::mlp(16, {32, 24}, 5);
  Estimate last = estimate_folded(spec, TargetPrecision{}, {.reuse_factor = 2});
  for (const int reuse : {4, 16, 64, 256}) {
    const Estimate next = estimate_folded(spec, TargetPrecision{}, {.reuse_factor = reuse});
    EXPECT_LT(next.resources.dsp, last.resources.dsp) << reuse;
    EXPECT_LT(next.resources.lut, last.resources.lut) << reuse;
    EXPECT_GT(next.initiation_interval, last.initiation_interval) << reuse;
    EXPECT_GT(next.latency_cycles, last.latency_cycles) << reuse;
    last = next;
  }
}

TEST(FoldedEstimate, multipliers_of_luts_take_no_dsp_slice) {
  const space::ArchSpec spec = space::mlp(16, {32, 24}, 5);
  const Estimate dsp = estimate_folded(spec, TargetPrecision{}, {.reuse_factor = 8});
  const Estimate lut = estimate_folded(spec, TargetPrecision{}, {.reuse_factor = 8, .multiplier = circuit::Multiplier::lut});
  EXPECT_EQ(lut.resources.dsp, 0);
  EXPECT_GT(lut.resources.lut, 3 * dsp.resources.lut);
  EXPECT_EQ(lut.latency_cycles, dsp.latency_cycles);
}

TEST(SampledNetwork, is_a_valid_network_that_all_engines_run_alike) {
  for (const Activation activation :
       {Activation::linear, Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu}) {
    const fixed::FixedNet net = sampled_network(space::mlp(10, {12, 8}, 5, activation), TargetPrecision{});
    Rng rng(4);
    std::vector<std::int64_t> inputs(10 * 50);
    for (std::int64_t& raw : inputs) raw = static_cast<std::int64_t>(rng.below(4096)) - 2048;
    EXPECT_EQ(circuit::simulate(circuit::lower(net), inputs), fixed::run(net, inputs));
    const fixed::WeightCount count = fixed::count_weights(net);
    EXPECT_NEAR(static_cast<double>(count.nonzero), 0.5 * static_cast<double>(count.total), 0.03 * static_cast<double>(count.total));
  }
}

}  // namespace
}  // namespace snac::cost
