#include "snac/cost/operations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

using space::mlp;

TEST(Operations, published_counts_are_reproduced) {
  EXPECT_DOUBLE_EQ(bops_nac_mlp(mlp(64, {128}, 10)), 10332352);
  EXPECT_DOUBLE_EQ(bops_nac_mlp(mlp(64, {16}, 10)), 1292544);
  EXPECT_NEAR(bops_nac_mlp(mlp(800, {4}, 1)), 3487250.41, 0.005);
}

TEST(Operations, the_two_formulas_follow_their_definition) {
  EXPECT_DOUBLE_EQ(bops_nac_mlp(mlp(4, {}, 3), 8), 4 * 3 * 64 + 4 * 3 * 16 + 3 * 2 * 8);
  EXPECT_DOUBLE_EQ(bops_nac(mlp(4, {}, 3), 8, 6, 0.25), 3 * 4 * (0.75 * 48 + 14 + 2));
}

TEST(Operations, a_dense_and_a_fully_pruned_network_bound_the_sparsity_term) {
  const space::ArchSpec spec = mlp(24, {64, 32}, 5);
  const double macs = static_cast<double>(space::macs(spec));
  EXPECT_DOUBLE_EQ(bops_nac(spec, 8, 8, 0) - bops_nac(spec, 8, 8, 1), macs * 64);
  EXPECT_NEAR(bops_nac(spec, 8, 8, 0.5), (bops_nac(spec, 8, 8, 0) + bops_nac(spec, 8, 8, 1)) / 2, 1e-6);
}

TEST(Operations, a_layer_at_several_positions_counts_once_for_each) {
  const space::ArchSpec flat = mlp(3, {16}, 5);
  space::ArchSpec per_particle = flat;
  per_particle.input = {{"particle", 8}, {"feature", 3}};
  EXPECT_DOUBLE_EQ(bops_nac_mlp(per_particle), 8 * bops_nac_mlp(flat));
  EXPECT_DOUBLE_EQ(bops_nac(per_particle, 8, 8, 0.5), 8 * bops_nac(flat, 8, 8, 0.5));
}

TEST(Operations, impossible_precisions_are_refused) {
  const space::ArchSpec spec = mlp(24, {64}, 5);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bits : {0.0, -8.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(bops_nac_mlp(spec, bits), ConfigError);
    EXPECT_THROW(bops_nac(spec, bits, 8, 0), ConfigError);
    EXPECT_THROW(bops_nac(spec, 8, bits, 0), ConfigError);
  }
  for (const double sparsity : {-0.1, 1.1, nan}) EXPECT_THROW(bops_nac(spec, 8, 8, sparsity), ConfigError);
}

}  // namespace
}  // namespace snac::cost
