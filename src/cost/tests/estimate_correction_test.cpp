#include "snac/cost/estimate_correction.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace snac::cost {
namespace {

const CorrectedFigures kEstimate{.lut = 20'000, .ff = 8'000, .clock_cycles = 12};

TEST(EstimateCorrection, changes_nothing_before_it_has_seen_something) {
  const auto corrected = EstimateCorrection().correct(space::mlp(24, {64, 32}, 5), kEstimate);
  EXPECT_EQ(corrected.lut, kEstimate.lut);
  EXPECT_EQ(corrected.ff, kEstimate.ff);
  EXPECT_EQ(corrected.clock_cycles, kEstimate.clock_cycles);
}

TEST(EstimateCorrection, learns_a_constant_factor_and_does_not_trust_one_observation_fully) {
  EstimateCorrection correction;
  const auto spec = space::mlp(24, {64, 32, 32, 16}, 5);
  const CorrectedFigures truth{.lut = 1.3 * kEstimate.lut, .ff = 0.8 * kEstimate.ff, .clock_cycles = 14};
  correction.observe(spec, kEstimate, truth);
  const double after_one = correction.correct(spec, kEstimate).lut / kEstimate.lut;
  EXPECT_GT(after_one, 1.1);
  EXPECT_LT(after_one, 1.3);
  for (int i = 0; i < 20; ++i) correction.observe(spec, kEstimate, truth);
  const auto corrected = correction.correct(spec, kEstimate);
  EXPECT_NEAR(corrected.lut / truth.lut, 1, 0.01);
  EXPECT_NEAR(corrected.ff / truth.ff, 1, 0.01);
  EXPECT_EQ(corrected.clock_cycles, 14);
  EXPECT_EQ(correction.observations(), 21);
}

TEST(EstimateCorrection, tells_networks_with_tables_from_others) {
  EstimateCorrection correction;
  const auto plain = space::mlp(24, {64, 32, 32, 16}, 5), tables = space::mlp(24, {64, 32, 32, 16}, 5, space::Activation::tanh);
  for (int i = 0; i < 50; ++i) {
    correction.observe(plain, kEstimate, kEstimate);
    correction.observe(tables, kEstimate, {.lut = 1.2 * kEstimate.lut, .ff = kEstimate.ff, .clock_cycles = kEstimate.clock_cycles});
  }
  EXPECT_NEAR(correction.correct(plain, kEstimate).lut / kEstimate.lut, 1, 0.03);
  EXPECT_NEAR(correction.correct(tables, kEstimate).lut / kEstimate.lut, 1.2, 0.03);
}

TEST(EstimateCorrection, one_absurd_observation_stays_within_bounds) {
  EstimateCorrection correction;
  const auto spec = space::mlp(24, {64}, 5);
  correction.observe(spec, kEstimate, {.lut = 1e12, .ff = 0, .clock_cycles = 1e9});
  const auto corrected = correction.correct(spec, kEstimate);
  EXPECT_LE(corrected.lut, std::exp(1) * kEstimate.lut);
  EXPECT_TRUE(std::isfinite(corrected.ff) && corrected.ff > 0);
}

}  // namespace
}  // namespace snac::cost
