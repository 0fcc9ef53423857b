#include "snac/compress/learned.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace snac::compress {
namespace {

LearnedPoint point(int epoch, double accuracy, double cost) {
  return {.epoch = epoch, .cost_factor = 0, .accuracy = accuracy, .cost = cost, .net = {}};
}

TEST(LearnedFront, keeps_what_nothing_dominates) {
  LearnedFront front;
  front.add(point(1, 0.60, 1000));
  front.add(point(2, 0.62, 900));  // better and cheaper than the first
  front.add(point(3, 0.61, 950));  // worse and dearer than the second
  front.add(point(4, 0.55, 500));
  front.add(point(5, 0.55, 500));  // the same again
  ASSERT_EQ(front.points().size(), 2U);
  EXPECT_EQ(front.points()[0].epoch, 2);
  EXPECT_EQ(front.points()[1].epoch, 4);
}

TEST(LearnedFront, is_thinned_evenly_over_the_logarithm_of_the_cost) {
  LearnedFront front;
  for (int epoch = 1; epoch <= 300; ++epoch) front.add(point(epoch, 0.7 - 0.001 * epoch, 30000 * std::pow(0.98, epoch)));
  const auto points = front.thinned(10);
  ASSERT_EQ(points.size(), 10U);
  EXPECT_EQ(points.front().epoch, 1);
  for (std::size_t i = 1; i < points.size(); ++i) EXPECT_NEAR(points[i].epoch - points[i - 1].epoch, 30, 1);
  EXPECT_EQ(front.thinned(1).front().epoch, 1);
  EXPECT_TRUE(LearnedFront().thinned(5).empty());
}

}  // namespace
}  // namespace snac::compress
