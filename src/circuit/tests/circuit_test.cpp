#include "snac/circuit/circuit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "snac/circuit/simulate.hpp"
#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::circuit {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

__extension__ using Wide = __int128;

const FixedType kByte{8, 8, true};
const FixedType kUnsignedByte{8, 8, false};

TEST(Range, width_is_the_shortest_that_holds_both_ends) {
  EXPECT_EQ((Range{0, 0}.width()), 0);
  EXPECT_EQ((Range{0, 1}.width()), 1);
  EXPECT_EQ((Range{0, 255}.width()), 8);
  EXPECT_EQ((Range{5, 256}.width()), 9);
  EXPECT_EQ((Range{-1, 0}.width()), 1);
  EXPECT_EQ((Range{-1, 1}.width()), 2);
  EXPECT_EQ((Range{-128, 127}.width()), 8);
  EXPECT_EQ((Range{-129, 0}.width()), 9);
  EXPECT_EQ((Range{-1, 128}.width()), 9);
}

TEST(Circuit, equal_nodes_are_one_node) {
  Circuit c;
  const Id x = c.input(kByte), y = c.input(kByte);
  EXPECT_EQ(c.add(x, 0, y, 2, false), c.add(y, 2, x, 0, false));
  EXPECT_EQ(c.add(x, 0, y, 0, true), c.add(x, 0, y, 0, true));
  EXPECT_NE(c.add(x, 0, y, 0, true), c.add(y, 0, x, 0, true));
  EXPECT_EQ(c.constant(12, 3), c.constant(3, 1));
  EXPECT_EQ(c.negate(x), c.negate(x));
  EXPECT_EQ(c.relu(x), c.relu(x));
  const FixedType clip{4, 4, false, Rounding::trn, Overflow::sat};
  EXPECT_EQ(c.cast(x, clip), c.cast(x, clip));
}

TEST(Circuit, sums_that_differ_by_scale_and_sign_share_their_adder) {
  Circuit c;
  const Id x = c.input(kByte), y = c.input(kByte);
  const Term sum = c.sum({x}, {y, 2});
  const Term scaled = c.sum({x, 3, true}, {y, 5, true});
  EXPECT_EQ(scaled, (Term{sum.node, 3, true}));
  const Id id = c.add(x, 3, y, 5, false);
  EXPECT_EQ(c.term(id), (Term{sum.node, 3, false}));
  EXPECT_EQ(c.node(id).kind, Kind::shift);
  EXPECT_EQ(c.node(id).fraction_bits, -3);
}

TEST(Circuit, finer_fraction_is_kept_and_ranges_are_exact) {
  Circuit c;
  const Id x = c.input({4, 2, true}), y = c.input({4, 4, false});  // 2 fraction bits, -8..7 and 0..15
  const Node& sum = c.node(c.add(x, 0, y, 0, true));
  EXPECT_EQ(sum.kind, Kind::add);
  EXPECT_TRUE(sum.subtract);
  EXPECT_EQ(sum.fraction_bits, 2);
  EXPECT_EQ(sum.shift_a, 0);
  EXPECT_EQ(sum.shift_b, 2);
  EXPECT_EQ(sum.range, (Range{-8 - 60, 7}));
}

TEST(Circuit, constants_fold) {
  Circuit c;
  const Id x = c.input(kByte), zero = c.constant(0, 7);
  EXPECT_EQ(c.add(x, 0, zero, 3, false), x);
  EXPECT_EQ(c.add(x, 0, zero, 3, true), x);
  EXPECT_EQ(c.add(zero, 0, x, 0, true), c.negate(x));
  EXPECT_EQ(c.add(c.constant(3, 1), 0, c.constant(1, 2), 0, true), c.constant(5, 2));
  EXPECT_EQ(c.shift(c.constant(5, 0), 3), c.constant(40, 0));
  EXPECT_EQ(c.negate(c.constant(5, 0)), c.constant(-5, 0));
  EXPECT_EQ(c.relu(c.constant(-5, 0)), zero);
  EXPECT_EQ(c.cast(c.constant(300, 0), {8, 8, true, Rounding::trn, Overflow::sat}), c.constant(127, 0));
  EXPECT_EQ(c.constant(0, 3), c.constant(0, -9));
}

TEST(Circuit, additions_of_constants_are_gathered) {
  Circuit c;
  const Id x = c.input(kByte);
  const Id three = c.add(x, 0, c.constant(3, 0), 0, false);
  EXPECT_EQ(c.add(three, 0, c.constant(4, 0), 0, false), c.add(x, 0, c.constant(7, 0), 0, false));
  EXPECT_EQ(c.add(three, 0, c.constant(3, 0), 0, true), x);
  const Id minus = c.add(c.constant(3, 0), 0, x, 0, true);  // 3 - x
  EXPECT_EQ(c.add(c.constant(10, 0), 0, minus, 1, true), c.add(c.constant(4, 0), 0, x, 1, false));
}

TEST(Circuit, negations_vanish_where_they_can) {
  Circuit c;
  const Id x = c.input(kByte), y = c.input(kByte);
  EXPECT_EQ(c.negate(c.negate(x)), x);
  EXPECT_EQ(c.add(c.negate(x), 0, y, 0, false), c.add(y, 0, x, 0, true));
  EXPECT_EQ(c.add(x, 0, c.negate(y), 0, true), c.add(x, 0, y, 0, false));
  EXPECT_EQ(c.add(c.negate(x), 0, y, 0, true), c.negate(c.add(x, 0, y, 0, false)));
  EXPECT_EQ(c.negate(c.shift(c.negate(x), 4)), c.shift(x, 4));
}

TEST(Circuit, one_value_with_itself_needs_an_adder_only_if_the_factor_is_no_power_of_two) {
  Circuit c;
  const Id x = c.input(kByte);
  EXPECT_EQ(c.add(x, 0, x, 0, true), c.constant(0, 0));
  EXPECT_EQ(c.add(x, 0, x, 0, false), c.shift(x, 1));
  EXPECT_EQ(c.add(x, 3, x, 2, true), c.shift(x, 2));
  EXPECT_EQ(c.add(x, 2, x, 3, true), c.negate(c.shift(x, 2)));
  EXPECT_EQ(c.node(c.add(x, 2, x, 0, true)).range, (Range{-384, 381}));  // 3x, not 4x - x taken apart
  EXPECT_EQ(c.node(c.add(x, 0, x, 2, true)).range, (Range{-381, 384}));
}

TEST(Circuit, shift_is_wiring_and_passes_through_every_builder) {
  Circuit c;
  const Id x = c.input(kByte);
  const Id scaled = c.shift(x, 5);
  EXPECT_EQ(c.node(scaled).range, c.node(x).range);
  EXPECT_EQ(c.shift(c.shift(x, 5), -5), x);
  EXPECT_EQ(c.relu(scaled), c.shift(c.relu(x), 5));
  const Id clipped = c.cast(scaled, {6, 10, false, Rounding::trn, Overflow::sat});
  EXPECT_EQ(c.term(clipped).power, 5);
  for (std::size_t i = 0; i < c.size(); ++i) {
    const Node& node = c.nodes()[i];
    for (int k = 0; k < node.num_args(); ++k) EXPECT_NE(c.node(node.args[static_cast<std::size_t>(k)]).kind, Kind::shift);
  }
}

TEST(Circuit, disjoint_bits_are_a_concatenation) {
  Circuit c;
  const Id x = c.input({3, 3, false}), y = c.input(kByte);
  EXPECT_TRUE(is_concatenation(c, c.add(y, 3, x, 0, false)));
  EXPECT_FALSE(is_concatenation(c, c.add(y, 2, x, 0, false)));
  EXPECT_FALSE(is_concatenation(c, c.add(y, 3, x, 0, true)));
  EXPECT_FALSE(is_concatenation(c, c.add(x, 8, y, 0, false)));  // y may be negative
  EXPECT_TRUE(is_concatenation(c, c.add(x, 0, c.constant(8, 0), 0, false)));
}

TEST(Circuit, tables_are_trimmed_shared_and_folded) {
  Circuit c;
  const Id x = c.input({3, 3, true}), y = c.input({3, 3, true});
  const Table squares{-6, {36, 25, 16, 9, 4, 1, 0, 1, 4, 9, 16, 25}};
  const Id sx = c.lookup(x, squares, 0), sy = c.lookup(y, squares, 0);
  EXPECT_NE(sx, sy);
  ASSERT_EQ(c.tables().size(), 1U);
  EXPECT_EQ(c.tables()[0].low, -4);
  EXPECT_EQ(c.tables()[0].entries, (std::vector<std::int64_t>{16, 9, 4, 1, 0, 1, 4, 9}));
  EXPECT_EQ(c.node(sx).range, (Range{0, 16}));
  EXPECT_EQ(c.lookup(x, {-4, {2, 2, 2, 2, 2, 2, 2, 2}}, 1), c.constant(1, 0));
  EXPECT_EQ(c.lookup(x, {-4, {-8, -6, -4, -2, 0, 2, 4, 6}}, 0), c.shift(x, 1));
  const Id even = c.lookup(x, {-4, {0, 4, 8, 0, 4, 8, 0, 4}}, 2);
  EXPECT_EQ(c.node(even).range, (Range{0, 2}));
  EXPECT_EQ(c.node(even).fraction_bits, 0);
  EXPECT_THROW(c.lookup(x, {-3, {1, 2, 3, 4, 5, 6, 7, 8}}, 0), std::invalid_argument);
  EXPECT_THROW(c.lookup(x, {-4, {1, 2}}, 0), std::invalid_argument);
}

TEST(Circuit, values_beyond_62_bits_are_refused) {
  Circuit c;
  const Id x = c.input({62, 62, true}), y = c.input({40, 40, true});
  EXPECT_THROW(c.add(x, 0, x, 1, false), DataError);
  EXPECT_THROW(c.add(y, 0, y, 30, false), DataError);
  EXPECT_THROW(c.add(y, 0, x, 400, false), DataError);
  EXPECT_THROW(c.input({63, 10, true}), DataError);
  EXPECT_THROW(c.constant((std::int64_t{1} << 62) + 1, 0), DataError);
  EXPECT_NO_THROW(c.add(y, 0, y, 21, false));
  EXPECT_THROW(c.input({64, 10, true}), std::invalid_argument);
  EXPECT_THROW(c.cast(x, {64, 10, true}), std::invalid_argument);
}

TEST(Circuit, outputs_must_fit_their_declared_type) {
  Circuit c;
  const Id x = c.input(kByte);
  EXPECT_NO_THROW(c.output(x, kByte));
  EXPECT_NO_THROW(c.output(x, {10, 9, true}));
  EXPECT_THROW(c.output(x, {7, 7, true}), std::invalid_argument);
  EXPECT_THROW(c.output(x, kUnsignedByte), std::invalid_argument);
  EXPECT_THROW(c.output(c.shift(x, -1), kByte), std::invalid_argument);
  EXPECT_NO_THROW(c.output(c.constant(0, 0), {1, -100, false}));
}

TEST(Circuit, dead_nodes_go_and_inputs_stay) {
  Circuit c;
  const Id x = c.input(kByte), y = c.input(kByte);
  c.begin_group("layer");
  c.lookup(x, {-128, std::vector<std::int64_t>(256, 1)}, 0);
  std::vector<std::int64_t> ramp(256);
  for (std::size_t k = 0; k < ramp.size(); ++k) ramp[k] = static_cast<std::int64_t>(k % 7);
  c.lookup(y, {-128, std::vector<std::int64_t>(ramp.rbegin(), ramp.rend())}, 0);
  c.add(x, 0, y, 0, true);
  const Id kept = c.lookup(x, {-128, ramp}, 0);
  c.output(kept, {3, 3, false});
  c.remove_dead_nodes();
  EXPECT_EQ(c.size(), 3U);
  EXPECT_EQ(c.tables().size(), 1U);
  EXPECT_EQ(c.inputs()[1].node, 1);
  EXPECT_EQ(c.node(c.outputs()[0].node).group, 1);
  EXPECT_EQ(c.lookup(x, {-128, ramp}, 0), c.outputs()[0].node) << "hash-consing still works";
  EXPECT_EQ(simulate(c, std::vector<std::int64_t>{-128, 5}), std::vector<std::int64_t>{0});
  EXPECT_EQ(simulate(c, std::vector<std::int64_t>{-120, 5}), std::vector<std::int64_t>{1});
}

/// A value as the test computes it, apart from the circuit: numerator / 2^40 for each row.
struct Reference {
  std::vector<Wide> numerators;
};
constexpr int kScale = 40;

Wide scaled(Wide value, int power) { return power >= 0 ? value * (Wide{1} << power) : value / (Wide{1} << -power); }

// Random graphs of all builders against plain integer arithmetic, on every input of two 4-bit ports.
TEST(Circuit, random_graphs_compute_what_their_builders_say) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng = Rng::stream(seed, "random graphs");
    Circuit c;
    std::vector<Id> ids;
    std::vector<Reference> expected;
    std::vector<std::int64_t> rows;
    for (int a = -8; a < 8; ++a) {
      for (int b = 0; b < 16; ++b) rows.insert(rows.end(), {a, b});
    }
    ids = {c.input({4, 2, true}), c.input({4, 5, false})};
    expected.resize(2);
    for (std::size_t r = 0; r < rows.size(); r += 2) {
      expected[0].numerators.push_back(scaled(rows[r], kScale - 2));
      expected[1].numerators.push_back(scaled(rows[r + 1], kScale + 1));
    }
    const auto pick = [&] { return static_cast<std::size_t>(rng.below(ids.size())); };
    const auto power = [&] { return static_cast<int>(rng.below(7)) - 3; };
    for (int step = 0; step < 14; ++step) {
      const std::size_t a = pick(), b = pick();
      Reference out;
      const auto each = [&](auto&& f) {
        for (std::size_t r = 0; r < rows.size() / 2; ++r) out.numerators.push_back(f(expected[a].numerators[r], expected[b].numerators[r]));
      };
      switch (rng.below(6)) {
        case 0: {
          const std::int64_t raw = static_cast<std::int64_t>(rng.below(33)) - 16;
          ids.push_back(c.constant(raw, 2));
          each([&](Wide, Wide) { return scaled(raw, kScale - 2); });
          break;
        }
        case 1:
        case 2: {
          const int pa = power(), pb = power();
          const bool subtract = rng.chance(0.5);
          ids.push_back(c.add(ids[a], pa, ids[b], pb, subtract));
          each([&](Wide x, Wide y) { return scaled(x, pa) + (subtract ? -1 : 1) * scaled(y, pb); });
          break;
        }
        case 3:
          ids.push_back(rng.chance(0.5) ? c.negate(ids[a]) : c.shift(c.negate(ids[a]), 0));
          each([&](Wide x, Wide) { return -x; });
          break;
        case 4:
          ids.push_back(c.relu(ids[a]));
          each([&](Wide x, Wide) { return std::max<Wide>(x, 0); });
          break;
        default: {
          const FixedType type{1 + static_cast<int>(rng.below(7)), static_cast<int>(rng.below(7)), rng.chance(0.5),
                               static_cast<Rounding>(rng.below(7)), static_cast<Overflow>(rng.below(4))};
          ids.push_back(c.cast(ids[a], type));
          each([&](Wide x, Wide) {
            return scaled(fixed::cast_raw(static_cast<std::int64_t>(x), kScale, type), kScale - type.fraction_bits());
          });
          break;
        }
      }
      expected.push_back(out);
      // Sums of shifted sums grow and get finer; stay well inside the reference's 40 fraction bits and 62 bits.
      const Node& node = c.node(ids.back());
      if (node.fraction_bits > 24 || node.range.width() - node.fraction_bits > 16) {
        ids.pop_back();
        expected.pop_back();
      }
    }
    std::vector<int> fractions;
    for (const Id id : ids) {
      c.output(id, {60, 30, true});
      fractions.push_back(30);
    }
    const std::size_t before = c.size();
    c.remove_dead_nodes();
    EXPECT_LE(c.size(), before);
    const std::vector<std::int64_t> got = simulate(c, rows);
    for (std::size_t r = 0; r < rows.size() / 2; ++r) {
      for (std::size_t k = 0; k < ids.size(); ++k) {
        ASSERT_EQ(static_cast<std::int64_t>(scaled(expected[k].numerators[r], fractions[k] - kScale)), got[r * ids.size() + k])
            << "seed " << seed << " row " << r << " value " << k;
      }
    }
  }
}

}  // namespace
}  // namespace snac::circuit
