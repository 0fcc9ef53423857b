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

TEST(Operations, counts_by_name_give_the_published_values) {
  const auto count = [](const char* name, const space::ArchSpec& spec) {
    for (const NamedCount& c : operation_counts())
      if (c.name == name) return c.count(spec, {.weight_bits = 8, .activation_bits = 8, .sparsity = 0.5});
    ADD_FAILURE() << name;
    return 0.0;
  };
  // 25,916 is what the SNAC-Pack paper's Table 2 calls the baseline's BOPs; 7,904 and 8,352 its two searched networks.
  EXPECT_EQ(count("macs", mlp(24, {120, 60, 32, 64, 64, 64, 32, 44}, 5)), 25916);
  EXPECT_EQ(count("macs", mlp(24, {120, 32, 16, 32}, 5)), 7904);
  EXPECT_EQ(count("macs", mlp(24, {128, 32, 16, 32}, 5)), 8352);
  EXPECT_EQ(count("bops_nac_mlp", mlp(64, {128}, 10)), 10332352);
  EXPECT_EQ(count("bops_nac_block", mlp(500, {2}, 1)), 1026048);
  EXPECT_DOUBLE_EQ(count("bops_nac_effective", mlp(64, {128}, 10)), 10332352 / 16.0 * 0.5);
  EXPECT_EQ(count("bops", mlp(24, {64}, 5)), bops_nac(mlp(24, {64}, 5), 8, 8, 0.5));
}

TEST(Operations, effective_bit_operations_count_the_bits_between_the_outer_digits) {
  fixed::FixedNet net;
  net.input = {{{"feature", 2}}, {{8, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat}}};  // 7 bits without sign
  net.nodes.push_back({"dense",
                       fixed::DenseOp{.inputs = 2, .outputs = 2, .weights = {5, -4, 0, 96}, .bias = {3, 0}, .bias_fraction_bits = 4},
                       {0},
                       {{{"feature", 2}}, {{20, 16, true, fixed::Rounding::trn, fixed::Overflow::wrap}}}});
  // 101b: 3 bits, 100b: 1, 0: none, 1100000b: 2; bias 11b: 2
  EXPECT_EQ(effective_bit_operations(net), 7 * (3 + 1 + 0 + 2) + 2);
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
