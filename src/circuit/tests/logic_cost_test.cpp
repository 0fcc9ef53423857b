#include "snac/circuit/logic_cost.hpp"

#include <gtest/gtest.h>

#include "random_net.hpp"
#include "snac/circuit/lower.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

/// Cost of the circuit that `build` makes of an 8-bit signed and a 5-bit unsigned input, without registers counted.
template <class Build>
LogicCost cost_of(Build&& build) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({5, 5, false});
  c.output(build(c, x, y), {40, 30, true});
  return logic_cost(c, schedule(c));
}

TEST(LogicCost, an_adder_costs_from_the_coarser_lowest_bit_to_the_highest) {
  const auto bits = [](int shift_x, int shift_y, bool subtract) {
    return cost_of([&](Circuit& c, Id x, Id y) { return c.add(x, shift_x, y, shift_y, subtract); }).adder_bits;
  };
  EXPECT_EQ(bits(0, 0, false), 8);  // 7 magnitude bits and a sign
  EXPECT_EQ(bits(0, 2, false), 6);  // two low bits of x pass through
  EXPECT_EQ(bits(0, 2, true), 6);
  EXPECT_EQ(bits(3, 0, false), 8);  // three low bits of y pass through
  EXPECT_EQ(bits(0, 6, false), 6);  // y reaches bit 11, and needs a sign above: 6..11
  EXPECT_EQ(bits(5, 0, false), 0);  // joined bits
  EXPECT_EQ(bits(5, 0, true), 8);
}

TEST(LogicCost, lut_of_single_nodes) {
  const auto lut = [](auto&& build) { return cost_of(build).lut; };
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id y) { return c.add(x, 0, y, 0, false); }), 8);
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id) { return c.add(x, 0, c.constant(3, 0), 0, false); }), 8 * 0.33);
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id) { return c.negate(x); }), 9);
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id) { return c.shift(x, 3); }), 0);
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id) { return c.relu(x); }), 3.5);
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id) { return c.cast(x, {5, 7, true}); }), 0);
  // 8 bits into 4 unsigned: half a LUT per bit, and one for the test of the upper bits.
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id) { return c.cast(x, {4, 4, false, Rounding::trn, Overflow::sat}); }), 2 + 1);
}

TEST(LogicCost, lut_of_maxima_and_products) {
  const auto lut = [](auto&& build) { return cost_of(build).lut; };
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id y) { return c.maximum(x, y); }), 8 + 7);  // of -128..127 and 0..31: 0..127
  EXPECT_DOUBLE_EQ(lut([](Circuit& c, Id x, Id y) { return c.multiply(x, y); }), 2 * 3 * 8 + 13);
}

TEST(LogicCost, lut_of_lookups) {
  const auto table_cost = [](int width_in, std::int64_t modulus) {
    Circuit c;
    const Id x = c.input({width_in, width_in, false});
    Table table{0, {}};
    for (std::int64_t i = 0; i < (std::int64_t{1} << width_in); ++i) table.entries.push_back((i * 29 + 3) % modulus);
    c.output(c.lookup(x, table, 0), {20, 20, false});
    return logic_cost(c, schedule(c)).lut;
  };
  EXPECT_DOUBLE_EQ(table_cost(5, 16), 2);   // 4 outputs, two per LUT6
  EXPECT_DOUBLE_EQ(table_cost(6, 16), 4);   // one LUT6 per output
  EXPECT_DOUBLE_EQ(table_cost(8, 16), 16);  // four, joined by F7/F8
  EXPECT_DOUBLE_EQ(table_cost(10, 16), 4 * 16 * 4.0 / 3);
}

TEST(LogicCost, groups_add_up_to_the_total) {
  const FixedNet net = mlp_net({12, 16, 8, 5}, 0.4, 5);
  const Circuit circuit = lower(net);
  const Schedule pipeline = schedule(circuit, {.adders_per_stage = 2});
  std::vector<LogicCost> groups;
  const LogicCost total = logic_cost(circuit, pipeline, &groups);
  ASSERT_EQ(groups.size(), 4U);
  LogicCost sum;
  for (const LogicCost& group : groups) {
    sum.lut += group.lut;
    sum.ff += group.ff;
    sum.adders += group.adders;
    sum.adder_bits += group.adder_bits;
    EXPECT_LE(group.adder_depth, total.adder_depth);
  }
  EXPECT_DOUBLE_EQ(sum.lut, total.lut);
  EXPECT_EQ(sum.adders, total.adders);
  EXPECT_EQ(sum.adder_bits, total.adder_bits);
  EXPECT_DOUBLE_EQ(total.ff, static_cast<double>(pipeline.register_bits));
  EXPECT_DOUBLE_EQ(sum.ff, total.ff);
  EXPECT_EQ(groups[0].lut, 0) << "inputs";
}

}  // namespace
}  // namespace snac::circuit
