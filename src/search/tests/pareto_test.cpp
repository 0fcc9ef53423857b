#include "snac/search/pareto.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <pagmo/utils/multi_objective.hpp>

#include "random_points.hpp"

namespace snac::search {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Fronts = std::vector<std::vector<std::size_t>>;

/// By the definition: peel off whatever no remaining point dominates.
Fronts peeled_fronts(const std::vector<Objectives>& points, const std::vector<double>& violations) {
  std::vector<std::size_t> left(points.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  Fronts fronts;
  while (!left.empty()) {
    std::vector<std::size_t> front, rest;
    for (const std::size_t i : left) {
      const bool dominated = std::any_of(left.begin(), left.end(), [&](std::size_t j) {
        return constrained_dominates(points[j], violations[j], points[i], violations[i]);
      });
      (dominated ? rest : front).push_back(i);
    }
    fronts.push_back(front);
    left = rest;
  }
  return fronts;
}

TEST(Dominance, agrees_with_pagmo_on_random_points_with_ties) {
  Rng rng(1);
  for (std::size_t num_objectives = 1; num_objectives <= 5; ++num_objectives) {
    for (const std::uint64_t levels : {0, 2, 4}) {
      for (int i = 0; i < 500; ++i) {
        const auto pair = random_points(rng, 2, num_objectives, levels);
        EXPECT_EQ(dominates(pair[0], pair[1]), pagmo::pareto_dominance(pair[0], pair[1]));
      }
    }
  }
}

TEST(Dominance, nan_neither_dominates_nor_is_dominated) {
  const Objectives good{0, 0}, broken{kNaN, 5}, bad{9, 9};
  EXPECT_FALSE(dominates(good, broken));
  EXPECT_FALSE(dominates(broken, bad));
  EXPECT_FALSE(constrained_dominates(good, 0, broken, 1));
  EXPECT_FALSE(constrained_dominates(broken, 0, bad, 1));
  EXPECT_FALSE(constrained_dominates(good, kNaN, bad, 0));
  EXPECT_FALSE(constrained_dominates(good, 0, bad, kNaN));
}

TEST(Dominance, feasible_beats_infeasible_and_less_violation_beats_more) {
  const Objectives good{0, 0}, bad{9, 9};
  EXPECT_TRUE(constrained_dominates(bad, 0, good, 0.1));
  EXPECT_FALSE(constrained_dominates(good, 0.1, bad, 0));
  EXPECT_TRUE(constrained_dominates(bad, 0.1, good, 0.2));
  EXPECT_TRUE(constrained_dominates(good, 0, bad, 0));
  EXPECT_FALSE(constrained_dominates(good, 0, good, 0));
}

TEST(Dominance, points_of_different_size_are_refused) {
  const std::vector<Objectives> points{{1, 2}, {1, 2, 3}};
  EXPECT_THROW(dominates(points[0], points[1]), std::invalid_argument);
  EXPECT_THROW(constrained_dominates(points[0], 0, points[1], 0), std::invalid_argument);
  EXPECT_THROW(non_dominated_sort(points), std::invalid_argument);
  EXPECT_THROW(pareto_front(points), std::invalid_argument);
  EXPECT_THROW(crowding_distance(points, std::vector<std::size_t>{0, 1}), std::invalid_argument);
  EXPECT_THROW(crowding_distance(points, std::vector<std::size_t>{2}), std::invalid_argument);
  EXPECT_THROW(non_dominated_sort(std::vector<Objectives>{{1.0}}, std::vector<double>{0, 0}), std::invalid_argument);
}

TEST(NonDominatedSort, agrees_with_pagmo_on_random_sets_with_ties_and_duplicates) {
  Rng rng(2);
  for (std::size_t num_objectives = 2; num_objectives <= 5; ++num_objectives) {
    for (const std::uint64_t levels : {0, 2, 3, 8}) {
      for (int i = 0; i < 25; ++i) {
        auto points = random_points(rng, 2 + rng.below(80), num_objectives, levels);
        points.push_back(points[0]);
        auto expected = std::get<0>(pagmo::fast_non_dominated_sorting(points));
        for (auto& front : expected) std::sort(front.begin(), front.end());
        Fronts expected_fronts(expected.begin(), expected.end());
        ASSERT_EQ(non_dominated_sort(points), expected_fronts);
      }
    }
  }
}

TEST(NonDominatedSort, agrees_with_the_definition_under_constraints_and_with_nan) {
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    auto points = random_points(rng, 1 + rng.below(40), 1 + rng.below(4), i % 2 ? 3 : 0);
    std::vector<double> violations;
    for (auto& point : points) {
      violations.push_back(rng.chance(0.5) ? 0 : static_cast<double>(rng.below(4)));
      if (rng.chance(0.1)) point[rng.below(point.size())] = kNaN;
      if (rng.chance(0.1)) point[rng.below(point.size())] = rng.chance(0.5) ? kInfinity : -kInfinity;
      if (rng.chance(0.05)) violations.back() = kNaN;
    }
    ASSERT_EQ(non_dominated_sort(points, violations), peeled_fronts(points, violations));
  }
}

TEST(NonDominatedSort, empty_and_single_sets) {
  EXPECT_TRUE(non_dominated_sort({}).empty());
  EXPECT_EQ(non_dominated_sort(std::vector<Objectives>{{1, 2}}), (Fronts{{0}}));
  EXPECT_EQ(non_dominated_sort(std::vector<Objectives>{{kNaN, 2}}), (Fronts{{0}}));
}

TEST(ParetoFront, is_the_first_front_without_repeats_and_nan) {
  Rng rng(4);
  for (int i = 0; i < 300; ++i) {
    auto points = random_points(rng, rng.below(60), 1 + rng.below(5), i % 3 ? 4 : 0);
    for (auto& point : points) {
      if (rng.chance(0.05)) point[0] = kNaN;
    }
    std::vector<std::size_t> expected;
    for (std::size_t a = 0; a < points.size(); ++a) {
      bool kept = !std::isnan(points[a][0]);
      for (std::size_t b = 0; b < points.size(); ++b) kept = kept && !dominates(points[b], points[a]) && (b >= a || points[b] != points[a]);
      if (kept) expected.push_back(a);
    }
    ASSERT_EQ(pareto_front(points), expected);
  }
}

TEST(CrowdingDistance, agrees_with_pagmo_on_random_fronts) {
  Rng rng(5);
  for (std::size_t num_objectives = 2; num_objectives <= 5; ++num_objectives) {
    for (int i = 0; i < 50; ++i) {
      const auto points = random_points(rng, 2 + rng.below(60), num_objectives, 0);
      std::vector<std::size_t> all(points.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      const auto expected = pagmo::crowding_distance(points);
      const auto found = crowding_distance(points, all);
      for (std::size_t k = 0; k < all.size(); ++k) {
        // Sums of at most five quotients below 1 in the same order: equal up to rounding of the last bit each.
        if (std::isinf(expected[k]))
          EXPECT_EQ(found[k], expected[k]);
        else
          EXPECT_NEAR(found[k], expected[k], 1e-14);
      }
    }
  }
}

TEST(CrowdingDistance, ties_are_broken_by_position_as_in_a_stable_sort) {
  // Up to 16 points pagmo's std::sort is an insertion sort, hence stable. It sorts each objective from the order of the one
  // before, so only ties in its first objective mean the same as here.
  Rng rng(6);
  for (int i = 0; i < 300; ++i) {
    auto points = random_points(rng, 3 + rng.below(13), 2 + rng.below(4), 0);
    for (auto& point : points) point[0] = std::floor(4 * point[0]);
    points[0][0] = 9;  // some spread: pagmo divides by it
    std::vector<std::size_t> all(points.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const auto expected = pagmo::crowding_distance(points);
    const auto found = crowding_distance(points, all);
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (std::isinf(expected[k]))
        ASSERT_EQ(found[k], expected[k]);
      else
        ASSERT_NEAR(found[k], expected[k], 1e-14);
    }
  }
}

TEST(CrowdingDistance, of_duplicates_the_earlier_takes_the_left_gap_and_the_later_the_right) {
  // Objective 0 from 0 to 10, objective 1 mirrored: the duplicates stand at 2, and at 8 from the other side.
  const std::vector<Objectives> points{{0, 10}, {2, 8}, {2, 8}, {10, 0}};
  const auto distance = crowding_distance(points, std::vector<std::size_t>{0, 1, 2, 3});
  EXPECT_EQ(distance[0], kInfinity);
  EXPECT_DOUBLE_EQ(distance[1], 2 / 10.0 + 8 / 10.0);  // (2 - 0) in objective 0; (8 - 0) in objective 1, where it comes first too
  EXPECT_DOUBLE_EQ(distance[2], 8 / 10.0 + 2 / 10.0);
  EXPECT_EQ(distance[3], kInfinity);
}

TEST(CrowdingDistance, follows_the_order_of_the_front_and_ignores_other_points) {
  const std::vector<Objectives> points{{100, 100}, {0, 4}, {4, 0}, {1, 2}};
  const auto distance = crowding_distance(points, std::vector<std::size_t>{3, 1, 2});
  EXPECT_EQ(distance, (std::vector<double>{2.0, kInfinity, kInfinity}));
}

TEST(CrowdingDistance, objectives_without_finite_spread_add_nothing) {
  const std::vector<std::size_t> all{0, 1, 2};
  EXPECT_EQ(crowding_distance(std::vector<Objectives>{{7}, {7}, {7}}, all), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(crowding_distance(std::vector<Objectives>{{-kInfinity}, {7}, {kInfinity}}, all), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(crowding_distance(std::vector<Objectives>{{kNaN}, {7}, {kNaN}}, all), (std::vector<double>{0, 0, 0}));
  EXPECT_TRUE(crowding_distance(std::vector<Objectives>{}, std::vector<std::size_t>{}).empty());
}

}  // namespace
}  // namespace snac::search
