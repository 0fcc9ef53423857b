#include "snac/core/statistics.hpp"

#include <gtest/gtest.h>

namespace snac {
namespace {

TEST(Statistics, QuantilesLieBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0), 1);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 1), 4);
  EXPECT_DOUBLE_EQ(quantile({10, 20}, 0.9), 19);
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
  EXPECT_THROW(quantile({1}, 1.5), std::invalid_argument);
}

TEST(Statistics, EqualValuesShareARank) { EXPECT_EQ(ranks(std::vector<double>{30, 10, 20, 10}), (std::vector<double>{3, 0.5, 2, 0.5})); }

TEST(Statistics, RankCorrelation) {
  const std::vector<double> a{1, 2, 3, 4, 5};
  EXPECT_DOUBLE_EQ(rank_correlation(a, std::vector<double>{1, 10, 100, 1000, 10000}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation(a, std::vector<double>{5, 4, 3, 2, 1}), -1);
  // 1 - 6 sum d^2 / (n (n^2 - 1)) without ties: d = 1, 1, 0, 0, 0
  EXPECT_DOUBLE_EQ(rank_correlation(a, std::vector<double>{2, 1, 3, 4, 5}), 1 - 6.0 * 2 / (5 * 24));
  EXPECT_DOUBLE_EQ(rank_correlation(a, std::vector<double>{7, 7, 7, 7, 7}), 0);
  EXPECT_THROW(rank_correlation(a, std::vector<double>{1}), std::invalid_argument);
}

}  // namespace
}  // namespace snac
