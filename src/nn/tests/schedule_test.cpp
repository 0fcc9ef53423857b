#include "../schedule.hpp"

#include <gtest/gtest.h>

namespace snac::nn {
namespace {

TEST(LearningRate, constant_stays) {
  TrainParams params;
  params.schedule = Schedule::constant;
  LearningRate rate(params, 100);
  rate.end_of_epoch(1);
  rate.end_of_epoch(2);
  rate.end_of_epoch(3);
  EXPECT_EQ(rate.at(0), params.learning_rate);
  EXPECT_EQ(rate.at(99), params.learning_rate);
}

TEST(LearningRate, cosine_falls_from_the_first_step_to_the_minimum) {
  TrainParams params;
  params.schedule = Schedule::cosine;
  params.learning_rate = 0.1;
  params.min_learning_rate = 0.01;
  const LearningRate rate(params, 100);
  EXPECT_DOUBLE_EQ(rate.at(0), 0.1);
  EXPECT_NEAR(rate.at(50), 0.055, 1e-12);
  EXPECT_NEAR(rate.at(100), 0.01, 1e-12);
  EXPECT_GT(rate.at(10), rate.at(11));
}

TEST(LearningRate, plateau_halves_after_its_patience_and_not_below_the_minimum) {
  TrainParams params;
  params.learning_rate = 0.1;
  params.plateau_patience = 2;
  params.min_learning_rate = 0.04;
  LearningRate rate(params, 100);
  rate.end_of_epoch(1.0);
  rate.end_of_epoch(0.99995);  // an improvement below 1e-4 does not count
  EXPECT_DOUBLE_EQ(rate.at(0), 0.1);
  rate.end_of_epoch(1.0);
  EXPECT_DOUBLE_EQ(rate.at(0), 0.05);
  rate.end_of_epoch(0.5);  // improvement: the count starts anew
  rate.end_of_epoch(0.6);
  EXPECT_DOUBLE_EQ(rate.at(0), 0.05);
  rate.end_of_epoch(0.6);
  EXPECT_DOUBLE_EQ(rate.at(0), 0.04);
}

TEST(EarlyStopping, stops_after_its_patience_without_improvement) {
  EarlyStopping stopping(2);
  EXPECT_TRUE(stopping.improved(1.0));
  EXPECT_FALSE(stopping.improved(1.0));
  EXPECT_FALSE(stopping.should_stop());
  EXPECT_TRUE(stopping.improved(0.9));
  EXPECT_FALSE(stopping.improved(0.95));
  EXPECT_FALSE(stopping.improved(0.95));
  EXPECT_TRUE(stopping.should_stop());
}

TEST(EarlyStopping, zero_never_stops) {
  EarlyStopping stopping(0);
  for (int i = 0; i < 100; ++i) stopping.improved(1.0);
  EXPECT_FALSE(stopping.should_stop());
}

}  // namespace
}  // namespace snac::nn
