#include "snac/circuit/mapping.hpp"

#include <gtest/gtest.h>

#include "random_net.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

double luts(const Mapping& mapping, LutSort sort) { return mapping.luts[static_cast<std::size_t>(sort)]; }

double all_luts(const Mapping& mapping) {
  double sum = 0;
  for (const double count : mapping.luts) sum += count;
  return sum;
}

/// The mapping of what `build` makes of an 8-bit signed and a 5-bit unsigned input, in one stage.
template <class Build>
Mapping map_of(Build&& build) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({5, 5, false});
  c.output(build(c, x, y), {40, 30, true});
  return map_bits(c, schedule(c, {.adders_per_stage = 99}));
}

TEST(Mapping, an_adder_takes_a_lut_for_each_pair_of_bits_that_can_vary) {
  // 9 bits; y is unsigned, so its bits above the fourth are zero: there the chain reads x alone.
  Mapping sum = map_of([](Circuit& c, Id x, Id y) { return c.add(x, 0, y, 0, false); });
  EXPECT_EQ(luts(sum, LutSort::sum), 5);
  EXPECT_EQ(luts(sum, LutSort::inverter), 0);
  EXPECT_EQ(sum.ff, 9 + 1);
  // x - y: zeros of y are ones after inversion, so that x's upper bits are inverted; its sign stands there twice.
  const Mapping difference = map_of([](Circuit& c, Id x, Id y) { return c.add(x, 0, y, 0, true); });
  EXPECT_EQ(luts(difference, LutSort::sum), 5);
  EXPECT_EQ(luts(difference, LutSort::inverter), 3);
  // The two low bits of x pass through.
  sum = map_of([](Circuit& c, Id x, Id y) { return c.add(x, 0, y, 2, false); });
  EXPECT_EQ(luts(sum, LutSort::sum), 5);
  EXPECT_EQ(all_luts(map_of([](Circuit& c, Id x, Id y) { return c.add(x, 5, y, 0, false); })), 0) << "joined bits";
}

TEST(Mapping, a_constant_operand_takes_inverters_where_it_is_one) {
  const Mapping plus_5 = map_of([](Circuit& c, Id x, Id) { return c.add(x, 0, c.constant(5, 0), 0, false); });
  EXPECT_EQ(luts(plus_5, LutSort::inverter), 2);
  EXPECT_EQ(all_luts(plus_5), 2);
  const Mapping plus_4 = map_of([](Circuit& c, Id x, Id) { return c.add(x, 0, c.constant(4, 0), 0, false); });
  EXPECT_EQ(all_luts(plus_4), 1) << "two low bits pass through";
}

TEST(Mapping, sign_extension_repeats_a_pair_of_bits) {
  Circuit c;
  const Id x = c.input({4, 4, true}), y = c.input({4, 4, true}), z = c.input({12, 12, true});
  const Id sum = c.add(x, 0, y, 0, false);
  c.output(c.add(sum, 0, z, 0, false), {14, 14, true});
  const Mapping mapping = map_bits(c, schedule(c, {.adders_per_stage = 2}));
  EXPECT_EQ(luts(mapping, LutSort::sum), 4 + 12) << "the fifth bit of the first adder is its sign pair again";
}

TEST(Mapping, sums_and_differences_of_the_same_bits_share_no_lut) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({8, 8, true});
  c.output(c.add(x, 0, y, 0, false), {16, 16, true});
  c.output(c.add(x, 0, y, 0, true), {16, 16, true});
  EXPECT_EQ(luts(map_bits(c, schedule(c)), LutSort::sum), 8 + 8);
}

TEST(Mapping, equal_bits_share_their_registers) {
  // s = x + 4y: its two low bits are x's, which are kept for the second output as well.
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({8, 8, true});
  c.output(c.add(x, 0, y, 2, false), {16, 16, true});
  c.output(x, {8, 8, true});
  const Schedule pipeline = schedule(c, {.adders_per_stage = 1});
  ASSERT_EQ(pipeline.register_bits, 11 + 8 + 1);
  EXPECT_EQ(map_bits(c, pipeline).ff, 9 + 8 + 1);
}

TEST(Mapping, bits_that_a_cast_drops_have_no_registers) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({8, 8, true});
  const Id sum = c.add(x, 0, y, 0, false);
  c.output(c.add(c.cast(sum, {6, 9, true}), 0, c.constant(1, -3), 0, false), {20, 20, true});
  Schedule pipeline = schedule(c, {.adders_per_stage = 1, .move_later = false});
  ASSERT_EQ(pipeline.latency, 2);
  const Mapping mapping = map_bits(c, pipeline);
  EXPECT_EQ(mapping.ff, 6 + 7 + 2) << "the sum's three low bits are gone";
  EXPECT_EQ(luts(mapping, LutSort::sum), 8) << "but the carry still runs through them";
}

TEST(Mapping, a_relu_in_front_of_registers_is_their_reset) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({8, 8, true});
  const Id relu = c.relu(c.add(x, 0, y, 0, false));
  c.output(relu, {9, 9, true});
  const Mapping registered = map_bits(c, schedule(c, {.adders_per_stage = 2}));
  EXPECT_EQ(luts(registered, LutSort::relu_register), 8);
  EXPECT_EQ(luts(registered, LutSort::relu), 0);
  c.output(c.add(relu, 0, x, 0, false), {12, 12, true});
  const Mapping read_at_once = map_bits(c, schedule(c, {.adders_per_stage = 9}));
  EXPECT_EQ(luts(read_at_once, LutSort::relu), 8);
}

TEST(Mapping, long_chains_without_a_reader_are_shift_registers) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({4, 4, true});
  Id sum = x;
  for (int k = 0; k < 5; ++k) sum = c.add(sum, 0, x, k + 1, false);  // x is read in every stage
  c.output(c.add(sum, 0, y, 0, false), {20, 20, true});
  const Schedule pipeline = schedule(c, {.adders_per_stage = 1});
  ASSERT_EQ(pipeline.latency, 6);
  const Mapping mapping = map_bits(c, pipeline), no_srl = map_bits(c, pipeline, {.min_shift_register = 0});
  // y's four bits wait five stages for the last adder; so do the sum's bits 0, 1 and 2, which are ready after 0, 1 and 2 adders.
  EXPECT_EQ(mapping.srl, 4 + 3);
  EXPECT_EQ(no_srl.srl, 0);
  EXPECT_EQ(no_srl.ff, no_srl.register_bits);
  EXPECT_EQ(mapping.register_bits, no_srl.register_bits);
  EXPECT_EQ(mapping.ff, no_srl.ff - 4 * 5 - (5 + 4 + 3));
}

TEST(Mapping, table_columns_that_never_change_are_constants) {
  Circuit c;
  const Id x = c.input({6, 6, false});
  Table table{0, {}};
  for (int i = 0; i < 64; ++i) table.entries.push_back(5 + 8 * (i % 3 == 0) + 16 * (i % 3 == 0));
  c.output(c.lookup(x, table, 0), {8, 8, false});
  const Mapping mapping = map_bits(c, schedule(c));
  EXPECT_EQ(luts(mapping, LutSort::lookup), 1) << "bits 0 and 2 are one, bit 1 is zero, bits 3 and 4 are equal";
  EXPECT_EQ(mapping.ff, 1 + 1);
}

/// An argmax of four 8-bit values: bits of the first two winners are compared, those of the last one are not needed but for the index.
TEST(Mapping, choices_that_only_comparisons_read_are_part_of_them) {
  FixedNet net;
  net.input = vector_of(4, FixedType{8, 8, true});
  const Circuit c = lower(fixed::with_output(net, fixed::OutputKind::argmax));
  const Mapping one_stage = map_bits(c, schedule(c, {.adders_per_stage = 99}));
  // Index: whether the second of a pair won is the comparison itself (one for each maximum), and one bit is chosen between two of those.
  EXPECT_EQ(luts(one_stage, LutSort::choice), 3 + 1);
  const Mapping stages = map_bits(c, schedule(c, {.adders_per_stage = 2}));
  EXPECT_EQ(luts(stages, LutSort::choice), 3 + 1 + 2 * 8) << "registers between the maxima hold the winners";
  // Three comparisons of eight bits, and of the two low bits of the index where they differ.
  EXPECT_EQ(luts(stages, LutSort::sum), luts(one_stage, LutSort::sum));
}

TEST(Mapping, groups_add_up_and_nothing_exceeds_what_the_verilog_states) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng = Rng::stream(seed, "mapping");
    const Circuit circuit = lower(random_net(rng, 6));
    for (const int levels : {1, 3}) {
      const Schedule pipeline = schedule(circuit, {.adders_per_stage = levels});
      std::vector<Mapping> groups;
      const Mapping total = map_bits(circuit, pipeline, {}, &groups);
      ASSERT_EQ(groups.size(), circuit.group_names().size());
      Mapping sum;
      for (const Mapping& group : groups) {
        for (std::size_t k = 0; k < kNumLutSorts; ++k) {
          ASSERT_GE(group.luts[k], 0);
          sum.luts[k] += group.luts[k];
        }
        sum.ff += group.ff;
        sum.srl += group.srl;
        sum.register_bits += group.register_bits;
      }
      EXPECT_EQ(sum.luts, total.luts);
      EXPECT_EQ(sum.ff, total.ff);
      EXPECT_EQ(sum.srl, total.srl);
      EXPECT_LE(total.register_bits, pipeline.register_bits);
      EXPECT_LE(total.ff, total.register_bits);
    }
  }
}

}  // namespace
}  // namespace snac::circuit
