#include "snac/flow/selection.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"

namespace snac::flow {
namespace {

// Accuracy against LUT: 0, 1, 2, 4 are on the front; 3 is dominated by 1.
const std::vector<Values> kCandidates{{{"accuracy", 0.70}, {"lut", 1000}},
                                      {{"accuracy", 0.69}, {"lut", 300}},
                                      {{"accuracy", 0.60}, {"lut", 200}},
                                      {{"accuracy", 0.65}, {"lut", 400}},
                                      {{"accuracy", 0.50}, {"lut", 100}}};

TEST(Condition, forms) {
  const Condition absolute = parse_condition("lut <= 1e4", "t");
  EXPECT_FALSE(absolute.at_least);
  EXPECT_EQ(absolute.limit, 10000);
  const Condition relative = parse_condition("accuracy>=best-0.01", "t");
  EXPECT_TRUE(relative.at_least && relative.relative_to_best);
  EXPECT_EQ(relative.limit, -0.01);
  EXPECT_EQ(parse_condition("lut <= 100,000", "t").limit, 100000);
  for (const char* bad : {"", "lut", "lut < 5", "lut = 5", "lut <= x", "lut <= ", "bogus <= 5", "lut <= best5", "lut <= nan"}) {
    EXPECT_THROW(parse_condition(bad, "t"), ConfigError) << bad;
  }
}

TEST(Condition, violation_is_relative_to_the_limit) {
  EXPECT_EQ(violation(parse_condition("lut <= 100", "t"), 100, 0), 0);
  EXPECT_DOUBLE_EQ(violation(parse_condition("lut <= 100", "t"), 150, 0), 0.5);
  EXPECT_DOUBLE_EQ(violation(parse_condition("accuracy >= 0.8", "t"), 0.6, 0), 0.25);
  EXPECT_GT(violation(parse_condition("accuracy >= 0.8", "t"), std::nan(""), 0), 0);
}

TEST(Select, best_takes_the_most_accurate_under_the_budget) {
  EXPECT_EQ(select(kCandidates, {.rule = SelectionRule::best, .where = {"lut <= 500"}, .count = 1}, "t").chosen,
            (std::vector<std::size_t>{1}));
  EXPECT_EQ(select(kCandidates, {.rule = SelectionRule::best, .count = 2}, "t").chosen, (std::vector<std::size_t>{0, 1}));
}

TEST(Select, cheapest_takes_the_smallest_above_an_accuracy) {
  EXPECT_EQ(select(kCandidates, {.rule = SelectionRule::cheapest, .where = {"accuracy >= best - 0.02"}, .count = 1}, "t").chosen,
            (std::vector<std::size_t>{1}));
  EXPECT_EQ(select(kCandidates, {.rule = SelectionRule::cheapest, .count = 3}, "t").chosen, (std::vector<std::size_t>{4, 2, 1}));
}

TEST(Select, knee_takes_the_bend) {
  EXPECT_EQ(select(kCandidates, {.rule = SelectionRule::knee, .count = 1}, "t").chosen, (std::vector<std::size_t>{1}));
}

TEST(Select, dominated_candidates_fill_up_only_when_the_front_is_short) {
  const auto all = select(kCandidates, {.rule = SelectionRule::best, .count = 5}, "t").chosen;
  EXPECT_EQ(all, (std::vector<std::size_t>{0, 1, 2, 4, 3}));
}

TEST(Select, nothing_feasible_says_how_far_off) {
  try {
    select(kCandidates, {.rule = SelectionRule::best, .where = {"lut <= 50", "accuracy >= 0.6"}, .count = 1}, "choose");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::no_result);
    EXPECT_NE(std::string(error.what()).find("'lut <= 50' holds for 0, best lut: 100"), std::string::npos) << error.what();
  }
}

TEST(Select, reason_is_one_sentence_that_names_rule_and_budget) {
  const auto reason = select(kCandidates, {.rule = SelectionRule::cheapest, .where = {"accuracy >= 0.6"}, .count = 1}, "t").reason;
  EXPECT_NE(reason.find("smallest lut"), std::string::npos) << reason;
  EXPECT_NE(reason.find("accuracy >= 0.6"), std::string::npos) << reason;
}

}  // namespace
}  // namespace snac::flow
