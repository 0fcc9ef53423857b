#include "snac/cost/regression_errors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace snac::cost {
namespace {

TEST(RegressionErrors, follow_their_definitions) {
  const std::vector<double> truth{1, 3, 8}, predicted{2, 3, 6};
  const RegressionErrors e = regression_errors(truth, predicted);
  EXPECT_EQ(e.rows, 3);
  EXPECT_DOUBLE_EQ(e.r2.value(), 1 - 5.0 / 26);
  EXPECT_DOUBLE_EQ(e.smape, 200.0 / 3 * (1 / 4.0 + 2 / 15.0));
  EXPECT_DOUBLE_EQ(e.rmse, std::sqrt(5.0 / 3));
}

TEST(RegressionErrors, equal_truths_have_no_r2) {
  const std::vector<double> truth(7, 0.1), predicted(7, 0.2);
  EXPECT_FALSE(regression_errors(truth, predicted).r2.has_value());
}

TEST(RegressionErrors, what_cannot_be_compared_is_refused) {
  const std::vector<double> two{1, 2}, one{1}, bad{1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THROW(regression_errors(two, one), std::invalid_argument);
  EXPECT_THROW(regression_errors({}, {}), std::invalid_argument);
  EXPECT_THROW(regression_errors(two, bad), std::invalid_argument);
}

}  // namespace
}  // namespace snac::cost
