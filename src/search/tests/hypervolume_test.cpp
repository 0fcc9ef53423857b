#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <pagmo/utils/hypervolume.hpp>

#include "random_points.hpp"
#include "snac/search/pareto.hpp"

namespace snac::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Points on integers: the volume is the number of unit cells that some point covers.
double counted_cells(const std::vector<Objectives>& points, std::size_t num_objectives, int side) {
  std::size_t cells = 1, covered = 0;
  for (std::size_t i = 0; i < num_objectives; ++i) cells *= static_cast<std::size_t>(side);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    covered += std::any_of(points.begin(), points.end(), [&](const Objectives& point) {
      std::size_t rest = cell;
      for (std::size_t i = 0; i < num_objectives; ++i, rest /= static_cast<std::size_t>(side)) {
        if (point[i] > static_cast<double>(rest % static_cast<std::size_t>(side))) return false;
      }
      return true;
    });
  }
  return static_cast<double>(covered);
}

TEST(Hypervolume, agrees_with_pagmo_on_random_sets) {
  Rng rng(7);
  for (std::size_t num_objectives = 2; num_objectives <= 5; ++num_objectives) {
    for (const std::uint64_t levels : {0, 3, 10}) {
      for (int i = 0; i < 20; ++i) {
        auto points = random_points(rng, 1 + rng.below(40), num_objectives, levels);
        points.push_back(points[0]);
        const Objectives reference(num_objectives, levels ? static_cast<double>(levels) : 1.0);
        const double expected = pagmo::hypervolume(points, true).compute(reference);
        // Sums of at most ~1e4 positive and negative terms below `expected`, each rounded at 2^-53.
        ASSERT_NEAR(hypervolume(points, reference), expected, 1e-12 * expected);
      }
    }
  }
}

TEST(Hypervolume, agrees_with_pagmo_on_large_true_fronts) {
  Rng rng(8);
  for (std::size_t num_objectives = 2; num_objectives <= 5; ++num_objectives) {
    std::vector<Objectives> points = random_points(rng, 60, num_objectives, 0);
    for (auto& point : points) {  // onto the unit simplex: none dominates another
      double sum = 0;
      for (const double value : point) sum += value;
      for (double& value : point) value /= sum;
    }
    const Objectives reference(num_objectives, 1.1);
    const double expected = pagmo::hypervolume(points, true).compute(reference);
    EXPECT_NEAR(hypervolume(points, reference), expected, 1e-12 * expected);
  }
}

TEST(Hypervolume, counts_cells_exactly_on_integer_grids) {
  Rng rng(9);
  for (std::size_t num_objectives = 1; num_objectives <= 6; ++num_objectives) {
    for (int i = 0; i < 10; ++i) {
      const auto points = random_points(rng, 1 + rng.below(15), num_objectives, 4);
      EXPECT_EQ(hypervolume(points, Objectives(num_objectives, 4.0)), counted_cells(points, num_objectives, 4));
    }
  }
}

TEST(Hypervolume, does_not_depend_on_the_order_of_points) {
  Rng rng(10);
  auto points = random_points(rng, 25, 4, 6);
  const Objectives reference(4, 6.0);
  const double expected = hypervolume(points, reference);
  for (int i = 0; i < 20; ++i) {
    rng.shuffle(std::span(points));
    EXPECT_EQ(hypervolume(points, reference), expected);  // integers: sums are exact
  }
}

TEST(Hypervolume, points_outside_the_reference_or_with_nan_contribute_nothing) {
  const Objectives reference{4, 4};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(hypervolume(std::vector<Objectives>{{1, 1}, {4, 0}, {0, 5}, {nan, 0}, {0, nan}, {kInfinity, 0}}, reference), 9.0);
  EXPECT_EQ(hypervolume(std::vector<Objectives>{{4, 4}}, reference), 0.0);
  EXPECT_EQ(hypervolume(std::vector<Objectives>{}, reference), 0.0);
}

TEST(Hypervolume, unbounded_points_give_an_infinite_volume) {
  EXPECT_EQ(hypervolume(std::vector<Objectives>{{1, 2, 0}, {-kInfinity, 3, 1}, {2, 1, 1}}, Objectives{4, 4, 4}), kInfinity);
  EXPECT_EQ(hypervolume(std::vector<Objectives>{{1, 2}, {2, 1}}, Objectives{kInfinity, 4}), kInfinity);
}

TEST(Hypervolume, unusable_references_are_refused) {
  EXPECT_THROW(hypervolume(std::vector<Objectives>{{1, 2}}, Objectives{}), std::invalid_argument);
  EXPECT_THROW(hypervolume(std::vector<Objectives>{{1, 2}}, Objectives{3}), std::invalid_argument);
  EXPECT_THROW(hypervolume(std::vector<Objectives>{{1}}, Objectives{std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
}

}  // namespace
}  // namespace snac::search
