#include "snac/flow/class_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "snac/core/rng.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::flow {
namespace {

/// Passes two 8-bit inputs on as three logits: x, y and the constant 4.
fixed::FixedNet three_logits() {
  const fixed::FixedType type{8, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat};
  fixed::FixedNet net;
  net.input = {.shape = {{"feature", 2}}, .types = {type}};
  fixed::DenseOp dense{
      .inputs = 2, .outputs = 3, .weights = {1, 0, 0, 1, 0, 0}, .weight_fraction_bits = 0, .bias = {0, 0, 64}, .bias_fraction_bits = 4};
  net.nodes.push_back({.name = "dense", .op = dense, .inputs = {0}, .output = {.shape = {{"class", 3}}, .types = {type}}});
  net.class_names = {"a", "b", "c"};
  return net;
}

data::Dataset four_rows() {
  return {
      .num_features = 2, .num_classes = 3, .features = {6, 1, 5, 5, 1, 7, 0, 0}, .labels = {0, 1, 1, 2}, .class_names = {"a", "b", "c"}};
}

TEST(RocCurve, area_is_the_share_of_pairs_in_the_right_order) {
  // Pairs (positive, negative): (0.9, *) both right, (0.4, 0.4) a tie, (0.4, 0.1) right: 3.5 of 4.
  const auto curve = roc_curve(std::vector<double>{0.9, 0.4, 0.4, 0.1}, {true, true, false, false});
  ASSERT_TRUE(curve);
  EXPECT_DOUBLE_EQ(curve->area, 3.5 / 4);
  EXPECT_EQ(curve->points, (std::vector<RocPoint>{{0, 0}, {0, 0.5}, {0.5, 1}, {1, 1}}));
}

TEST(RocCurve, thinned_points_stay_on_the_curve_of_all_rows) {
  Rng rng(7);
  std::vector<double> score;
  std::vector<bool> positive;
  for (int i = 0; i < 20000; ++i) {
    positive.push_back(rng.below(3) == 0);
    score.push_back(rng.normal() + (positive.back() ? 1.5 : 0));
  }
  const RocCurve curve = roc_curve(score, positive).value();
  EXPECT_LT(curve.points.size(), 400U);
  EXPECT_NEAR(curve.area, 0.5 * std::erfc(-1.5 / 2), 0.01);  // of two normal distributions: Phi(1.5 / sqrt 2)
  double area = 0;
  for (std::size_t i = 1; i < curve.points.size(); ++i) {
    const RocPoint &a = curve.points[i - 1], &b = curve.points[i];
    EXPECT_TRUE(b.false_positive >= a.false_positive && b.true_positive >= a.true_positive);
    area += (b.false_positive - a.false_positive) * (a.true_positive + b.true_positive) / 2;
  }
  EXPECT_NEAR(area, curve.area, 2e-3);
  EXPECT_EQ(curve.points.back(), (RocPoint{1, 1}));
}

TEST(RocCurve, needs_both_kinds_of_rows) {
  EXPECT_FALSE(roc_curve(std::vector<double>{1, 2}, {true, true}));
  EXPECT_FALSE(roc_curve(std::vector<double>{1, 2}, {false, false}));
  EXPECT_THROW(roc_curve(std::vector<double>{1}, {false, true}), std::invalid_argument);
}

TEST(ClassScores, confusion_counts_true_class_by_row) {
  const ClassScores scores = class_scores(three_logits(), four_rows());
  EXPECT_EQ(scores.confusion, (std::vector<std::vector<std::int64_t>>{{1, 0, 0}, {1, 1, 0}, {0, 0, 1}}));
  EXPECT_EQ(scores.rows, 4);
  EXPECT_DOUBLE_EQ(scores.accuracy, 0.75);
  ASSERT_EQ(scores.roc.size(), 3U);
  EXPECT_DOUBLE_EQ(scores.roc[2]->area, 1);
}

TEST(ClassScores, an_index_as_output_has_a_confusion_matrix_but_no_curves) {
  const auto net = fixed::with_output(three_logits(), fixed::OutputKind::argmax, 8);
  const ClassScores scores = class_scores(net, four_rows());
  EXPECT_EQ(scores.confusion, class_scores(three_logits(), four_rows()).confusion);
  EXPECT_TRUE(scores.roc.empty());
}

TEST(ClassScores, probabilities_of_the_hardware_are_scores_as_they_are) {
  const auto net = fixed::with_output(three_logits(), fixed::OutputKind::softmax, 8);
  const ClassScores scores = class_scores(net, four_rows());
  ASSERT_EQ(scores.roc.size(), 3U);
  EXPECT_DOUBLE_EQ(scores.roc[2]->area, 1);
}

TEST(ClassScores, a_class_without_rows_has_no_curve_and_names_are_kept) {
  data::Dataset rows = four_rows();
  rows.labels = {0, 1, 1, 0};
  const Json json = class_scores_json(class_scores(three_logits(), rows), {"</script>", "b"});
  EXPECT_EQ(json["classes"], Json({"</script>", "b", "class 2"}));
  ASSERT_EQ(json["roc"].size(), 2U);
  EXPECT_EQ(json["roc"][0]["class"], "</script>");
  EXPECT_EQ(json["confusion"][0], Json({1, 0, 1}));
}

}  // namespace
}  // namespace snac::flow
