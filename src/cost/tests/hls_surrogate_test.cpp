#include "snac/cost/hls_surrogate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "message.hpp"
#include "snac/core/rng.hpp"

namespace snac::cost {
namespace {

/// Layers of `networks` networks; LUT = 20 nonzeros * (clock / 5)^-0.5 * noise, II = reuse, BRAM 0.
std::vector<HlsSample> reports(int networks, double noise, std::uint64_t seed = 1, HlsStage stage = HlsStage::c_synthesis) {
  Rng rng(seed);
  std::vector<HlsSample> samples;
  for (int n = 0; n < networks; ++n) {
    const double clock = 2 + static_cast<double>(n % 4);
    for (int k = 0; k < 4; ++k) {
      HlsSample sample;
      sample.stage = stage;
      sample.network = "network " + std::to_string(n);
      HlsLayer layer{.inputs = std::floor(rng.uniform(4, 100)), .outputs = std::floor(rng.uniform(4, 100))};
      layer.nonzeros = std::floor(layer.inputs * layer.outputs * rng.uniform(0.2, 0.9));
      layer.weight_bits = 8;
      layer.reuse_factor = 1 + static_cast<double>(rng.below(3));
      sample.design.layers = {layer};
      sample.design.clock_ns = clock;
      const double lut = 20 * *layer.nonzeros * std::pow(clock / 5, -0.5) * std::exp(noise * rng.normal());
      sample.truth = {lut, std::nullopt, std::nullopt, 0.0, std::nullopt, layer.reuse_factor};
      samples.push_back(sample);
    }
  }
  return samples;
}

HlsDesign layer_like(double clock, double nonzeros = 1000) {
  HlsDesign design;
  design.layers = {{.inputs = 40, .outputs = 50, .weight_bits = 8, .nonzeros = nonzeros}};
  design.clock_ns = clock;
  return design;
}

TEST(HlsSurrogate, learns_more_than_one_coefficient_and_says_so) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(12, 0.05));
  const HlsTargetModel* lut = surrogate.find(HlsTarget::lut);
  ASSERT_NE(lut, nullptr);
  EXPECT_EQ(lut->card.networks, 12);
  EXPECT_EQ(lut->card.left_out.rows, 48);
  EXPECT_EQ(lut->card.baseline_base, "nonzeros");
  EXPECT_LT(lut->card.left_out.smape, 0.7 * lut->card.baseline.smape);
  EXPECT_GT(*lut->card.left_out.r2, *lut->card.baseline.r2);
  EXPECT_LT(lut->card.left_out.smape, 12);
  const double slow = surrogate.estimate(layer_like(5), HlsTarget::lut)->value,
               fast = surrogate.estimate(layer_like(2), HlsTarget::lut)->value;
  EXPECT_GT(fast, 1.2 * slow);
  EXPECT_NEAR(slow, 20000, 2500);
}

TEST(HlsSurrogate, figures_that_do_not_vary_are_exact) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(6, 0.1));
  EXPECT_NEAR(surrogate.estimate(layer_like(4), HlsTarget::bram18)->value, 0, 1e-9);
  const HlsTargetModel* interval = surrogate.find(HlsTarget::interval);
  ASSERT_NE(interval, nullptr);
  EXPECT_LT(interval->card.left_out.smape, interval->card.baseline.smape);
  EXPECT_EQ(surrogate.find(HlsTarget::ff), nullptr);
  EXPECT_EQ(surrogate.estimate(layer_like(4), HlsTarget::ff), std::nullopt);
  EXPECT_NE(std::find(surrogate.notes.begin(), surrogate.notes.end(), "FF: not fitted: 0 rows of 0 networks (8 of 3 are needed)"),
            surrogate.notes.end());
}

TEST(HlsSurrogate, baseline_is_the_coefficient_of_least_relative_error) {
  std::vector<HlsSample> samples = reports(4, 0);
  for (HlsSample& sample : samples) sample.truth[0] = 7 * *sample.design.layers[0].nonzeros;
  const HlsSurrogate surrogate = fit_hls_surrogate(samples);
  const HlsTargetCard& card = surrogate.find(HlsTarget::lut)->card;
  EXPECT_NEAR(card.baseline_value, 7, 1e-9);
  EXPECT_NEAR(card.baseline.smape, 0, 1e-9);
  EXPECT_LT(card.left_out.smape, 0.1);
}

TEST(HlsSurrogate, a_sum_of_counts_is_found) {
  std::vector<HlsSample> samples = reports(10, 0, 3);
  for (HlsSample& sample : samples) {
    const HlsLayer& layer = sample.design.layers[0];
    sample.truth[0] = 500 + 3 * *layer.nonzeros + 40 * std::ceil(layer.inputs * layer.outputs / layer.reuse_factor);
  }
  const HlsSurrogate surrogate = fit_hls_surrogate(samples);
  const HlsTargetModel* lut = surrogate.find(HlsTarget::lut);
  EXPECT_GT(lut->counts.size(), 1u);
  EXPECT_LT(lut->card.left_out.smape, 2);
  for (const HlsCount& count : lut->counts) EXPECT_GT(count.coefficient, 0);
}

TEST(HlsSurrogate, ranges_cover_new_reports_of_the_same_flow) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(15, 0.2));
  const auto results = evaluate_hls_surrogate(surrogate, reports(15, 0.2, 99));
  const auto lut = std::find_if(results.begin(), results.end(), [](const HlsEvaluation& e) { return e.target == HlsTarget::lut; });
  ASSERT_NE(lut, results.end());
  EXPECT_EQ(lut->errors.rows, 60);
  EXPECT_GE(lut->covered, 0.75);
  EXPECT_EQ(lut->unusable, 0);
}

TEST(HlsSurrogate, a_design_unlike_the_reports_has_a_wider_range_and_a_reason) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(12, 0.05));
  const HlsEstimate inside = *surrogate.estimate(layer_like(4), HlsTarget::lut),
                    clock = *surrogate.estimate(layer_like(20), HlsTarget::lut);
  EXPECT_TRUE(inside.outside.empty());
  EXPECT_LT(inside.low, inside.value);
  EXPECT_GT(inside.high, inside.value);
  ASSERT_EQ(clock.outside.size(), 1u);
  expect_parts(clock.outside[0], {"layer 1", "clock_ns 20 (2 to 5)"});
  EXPECT_GT(clock.high / clock.value, 2 * inside.high / inside.value);
  HlsDesign bits = layer_like(4);
  bits.layers[0].weight_bits = 2;  // all reports had 8: nothing could be learnt of it
  EXPECT_GT(surrogate.estimate(bits, HlsTarget::lut)->high, 2 * inside.high);
}

TEST(HlsSurrogate, layers_add_up_and_the_slowest_gives_the_interval) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(12, 0.05));
  HlsDesign both = layer_like(4, 500), one = layer_like(4, 500), other = layer_like(4, 900);
  other.layers[0].reuse_factor = 3;
  both.layers.push_back(other.layers[0]);
  const auto value = [&](const HlsDesign& design, HlsTarget target) { return surrogate.estimate(design, target)->value; };
  EXPECT_DOUBLE_EQ(value(both, HlsTarget::lut), value(one, HlsTarget::lut) + value(other, HlsTarget::lut));
  EXPECT_DOUBLE_EQ(value(both, HlsTarget::interval), std::max(value(one, HlsTarget::interval), value(other, HlsTarget::interval)));
}

TEST(HlsSurrogate, what_is_not_stated_is_not_guessed) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(12, 0.05));
  HlsDesign design = layer_like(4);
  design.layers[0].nonzeros.reset();
  expect_parts(message_of<ConfigError>([&] { (void)surrogate.estimate(design, HlsTarget::lut); }), {"LUT", "no nonzero"});
  std::vector<HlsSample> samples = reports(12, 0.05);
  samples[0].design.layers[0].nonzeros.reset();
  const HlsSurrogate without = fit_hls_surrogate(samples);
  EXPECT_EQ(without.find(HlsTarget::lut)->card.baseline_base, "macs");
  EXPECT_TRUE(without.estimate(design, HlsTarget::lut).has_value());
}

TEST(HlsSurrogate, stages_are_never_mixed) {
  std::vector<HlsSample> samples = reports(6, 0.05);
  const std::vector<HlsSample> post = reports(6, 0.05, 2, HlsStage::post_synthesis);
  samples.insert(samples.end(), post.begin(), post.end());
  expect_parts(message_of<ConfigError>([&] { fit_hls_surrogate(samples); }), {"two stages", "--stage"});
  const HlsSurrogate chosen = fit_hls_surrogate(samples, {.stage = HlsStage::post_synthesis});
  EXPECT_EQ(to_json(chosen), to_json(fit_hls_surrogate(post)));
}

TEST(HlsSurrogate, few_reports_are_refused) {
  expect_parts(message_of([] { fit_hls_surrogate(reports(2, 0.1)); }), {"too few", "8 rows of 3 networks"});
  expect_parts(message_of([] { fit_hls_surrogate({}); }), {"too few"});
}

TEST(HlsSurrogate, many_networks_are_left_out_in_groups) {
  const HlsSurrogate surrogate = fit_hls_surrogate(reports(60, 0.1));
  EXPECT_EQ(surrogate.find(HlsTarget::lut)->card.networks, 60);
  EXPECT_EQ(surrogate.find(HlsTarget::lut)->card.left_out.rows, 240);
}

TEST(HlsSurrogate, a_file_gives_the_same_numbers_again) {
  HlsSurrogate surrogate = fit_hls_surrogate(reports(12, 0.05));
  surrogate.sources = {{"a.csv", "00ff", 48}};
  const Json json = to_json(surrogate);
  const HlsSurrogate again = hls_surrogate_from_json(parse_json(json.dump(2), "m"), "m");
  EXPECT_EQ(to_json(again), json);
  for (const HlsTargetModel& model : surrogate.models)
    EXPECT_EQ(again.estimate(layer_like(3), model.target)->high, surrogate.estimate(layer_like(3), model.target)->high);
  EXPECT_EQ(to_json(fit_hls_surrogate(reports(12, 0.05))).dump(), to_json(fit_hls_surrogate(reports(12, 0.05))).dump());
}

TEST(HlsSurrogate, a_file_of_version_1_is_read) {
  const char* text = R"({"format": "snac.hls_surrogate", "version": 1, "stage": "post-synthesis", "level": "layer", "models": [
    {"target": "LUT", "counts": [{"name": "nonzeros", "coefficient": 3}], "intercept": 0.5, "ridge_rows": 20,
     "terms": [{"condition": "clock_ns", "mean": 1, "sd": 2, "weight": -0.25}], "log_sd": 0.1,
     "ranges": [{"name": "counts", "low": 10, "high": 9000}, {"name": "clock_ns", "low": 0.5, "high": 2}],
     "card": {"networks": 4, "left_out": {"rows": 9, "r2": 0.9, "smape_percent": 8, "rmse": 70},
              "baseline_left_out": {"rows": 9, "r2": null, "smape_percent": 9, "rmse": 80}, "baseline_base": "nonzeros",
              "baseline_coefficient": 4, "on_fitted_rows": {"rows": 9, "r2": 0.95, "smape_percent": 6, "rmse": 50}}}],
    "sources": [{"file": "a.csv", "sha256": "00", "samples": 9}], "notes": ["n"]})";
  const HlsSurrogate surrogate = hls_surrogate_from_json(parse_json(text, "v1"), "v1");
  EXPECT_EQ(surrogate.stage, HlsStage::post_synthesis);
  EXPECT_FALSE(surrogate.find(HlsTarget::lut)->card.baseline.r2.has_value());
  const HlsEstimate estimate = *surrogate.estimate(layer_like(std::exp(1.5)), HlsTarget::lut);
  EXPECT_NEAR(estimate.value, 3000 * std::exp(0.5 - 0.25 * 0.25) - 1, 1e-6);
  EXPECT_NEAR(std::log((estimate.high + 1) / (estimate.value + 1)), 0.1645, 1e-9);
  EXPECT_TRUE(estimate.outside.empty());
  EXPECT_EQ(to_json(surrogate), parse_json(text, "v1"));
}

TEST(HlsSurrogate, damaged_files_are_named) {
  const Json good = to_json(fit_hls_surrogate(reports(5, 0.05)));
  const auto error = [&](const std::function<void(Json&)>& change) {
    Json json = good;
    change(json);
    return message_of([&] { hls_surrogate_from_json(json, "m.json"); });
  };
  expect_parts(error([](Json& j) { j["format"] = "snac.calibration"; }), {"m.json", "snac.hls_surrogate"});
  expect_parts(error([](Json& j) { j["version"] = 99; }), {"m.json", "99"});
  expect_parts(error([](Json& j) { j["stage"] = "guess"; }), {"stage", "'guess'"});
  expect_parts(error([](Json& j) { j["models"][0]["counts"][0]["name"] = "nonzeroes"; }), {"counts", "did you mean 'nonzeros'"});
  expect_parts(error([](Json& j) { j["models"][0]["counts"][0]["coefficient"] = -1; }), {"coefficient", "-1"});
  expect_parts(error([](Json& j) { j["models"][0]["log_sd"] = "x"; }), {"models: 0: log_sd"});
  expect_parts(error([](Json& j) { j["models"][0]["ranges"][0]["high"] = -1e9; }), {"ranges: high"});
  expect_parts(error([](Json& j) { j["models"].push_back(j["models"][0]); }), {"a second LUT"});
  expect_parts(error([](Json& j) { j.erase("sources"); }), {"sources"});
}

TEST(HlsDesign, of_an_architecture_and_of_integers) {
  const HlsDesign spec =
      hls_design(space::mlp(16, {30}, 5), {.device = "pynq-z2", .clock_ns = 3, .reuse_factor = 7, .weight_bits = 6, .sparsity = 0.5});
  ASSERT_EQ(spec.layers.size(), 2u);
  EXPECT_EQ(spec.layers[0].nonzeros, 240);
  EXPECT_EQ(spec.layers[0].reuse_factor, 8);
  EXPECT_EQ(spec.layers[1].reuse_factor, 6);
  EXPECT_EQ(spec.series7, true);
  EXPECT_FALSE(spec.layers[0].csd_digits.has_value());

  fixed::FixedNet net;
  fixed::DenseOp dense{
      .inputs = 2, .outputs = 2, .weights = {7, 0, -8, 1}, .weight_fraction_bits = 0, .bias = {0, 0}, .bias_fraction_bits = 0};
  net.nodes.emplace_back().op = dense;
  const HlsDesign integers = hls_design(net, {});
  ASSERT_EQ(integers.layers.size(), 1u);
  EXPECT_EQ(integers.layers[0].nonzeros, 3);
  EXPECT_EQ(integers.layers[0].csd_digits, 2 + 1 + 1);  // 7 = 8 - 1
  EXPECT_EQ(integers.layers[0].weight_bits, 4);
  EXPECT_THROW(hls_design(net, {.clock_ns = 0}), ConfigError);
  EXPECT_THROW(hls_design(net, {.device = "nothing"}), ConfigError);
  EXPECT_EQ(is_series7("xc7a35tcpg236-1"), true);
  EXPECT_EQ(is_series7("xcu250-figd2104-2L-e"), false);
  EXPECT_EQ(is_series7("5SGXEA7"), std::nullopt);
}

}  // namespace
}  // namespace snac::cost
