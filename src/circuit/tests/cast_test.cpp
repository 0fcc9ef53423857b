// Casts, exhaustively: every mode, small source and target types, against fixed::cast_raw.
#include <gtest/gtest.h>

#include <algorithm>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/simulate.hpp"

namespace snac::circuit {
namespace {

using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

constexpr Rounding kRoundings[] = {Rounding::trn,     Rounding::trn_zero,    Rounding::rnd,     Rounding::rnd_zero,
                                   Rounding::rnd_inf, Rounding::rnd_min_inf, Rounding::rnd_conv};
constexpr Overflow kOverflows[] = {Overflow::wrap, Overflow::sat, Overflow::sat_zero, Overflow::sat_sym};

bool rounds(const Node& node) { return node.kind == Kind::cast && node.type.rounding != Rounding::trn; }

/// Casts every value of `from` + offset, plain and after a ReLU, and checks value, range and the shape of the nodes made.
void check_cast(const FixedType& from, std::int64_t offset, const FixedType& to) {
  for (const bool relu : {false, true}) {
    Circuit c;
    const Id x = c.input(from);
    const Id moved = c.add(x, 0, c.constant(offset, from.fraction_bits()), 0, false);
    const std::size_t before = c.size();
    const Id result = c.cast(relu ? c.relu(moved) : moved, to);
    c.output(result, to);
    std::vector<std::int64_t> inputs, expected;
    for (std::int64_t raw = from.min_raw(); raw <= from.max_raw(); ++raw) {
      inputs.push_back(raw);
      expected.push_back(fixed::cast_raw(relu ? std::max<std::int64_t>(raw + offset, 0) : raw + offset, from.fraction_bits(), to));
    }
    const std::string what =
        fixed::to_string(from) + " + " + std::to_string(offset) + " -> " + fixed::to_string(to) + (relu ? " relu" : "");
    ASSERT_EQ(simulate(c, inputs), expected) << what;

    const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
    const Node& node = c.node(result);
    const int left = *low == 0 && *high == 0 ? 0 : std::max(to.fraction_bits() - node.fraction_bits, 0);
    ASSERT_EQ(*low, node.range.low << left) << what << ": range not tight";
    ASSERT_EQ(*high, node.range.high << left) << what << ": range not tight";
    if (*low != *high && to.overflow != Overflow::sat_zero) {  // no dead zero bits; SAT_ZERO may leave two values, {-2, 0}
      std::int64_t ones = 0;
      for (const std::int64_t raw : expected) ones |= raw;
      ASSERT_EQ(((ones >> left) & 1), 1) << what;
    }
    for (std::size_t i = before; i < c.size(); ++i) {
      const Node& made = c.nodes()[i];
      if (made.kind != Kind::cast) continue;
      ASSERT_TRUE(made.type.rounding == Rounding::trn || made.type.overflow == Overflow::wrap) << what << ": rounds and saturates at once";
      ASSERT_TRUE(made.type.rounding != Rounding::rnd && made.type.rounding != Rounding::rnd_min_inf) << what << ": half up is an adder";
      if (rounds(made)) {
        ASSERT_GE(made.range.low, made.type.min_raw());
        ASSERT_LE(made.range.high, made.type.max_raw());
      }
    }
  }
}

TEST(Cast, every_mode_is_exact_with_a_tight_range) {
  for (const Rounding rounding : kRoundings) {
    for (const Overflow overflow : kOverflows) {
      for (const bool from_signed : {false, true}) {
        for (const bool to_signed : {false, true}) {
          for (const int width : {1, 2, 3, 6}) {
            for (int integer_bits = -1; integer_bits <= 7; ++integer_bits) {
              for (const std::int64_t offset : {0, 5, -37}) {
                check_cast({6, 4, from_signed}, offset, {width, integer_bits, to_signed, rounding, overflow});
              }
            }
          }
        }
      }
    }
  }
}

TEST(Cast, far_apart_grids_are_handled) {
  for (const Rounding rounding : kRoundings) {
    for (const Overflow overflow : kOverflows) {
      for (const int integer_bits : {-300, -60, 60, 64, 66, 70, 300}) {
        check_cast({5, 3, true}, 0, {4, integer_bits, true, rounding, overflow});
        check_cast({5, 3, true}, 3, {4, integer_bits, false, rounding, overflow});
        check_cast({5, 3, false}, -9, {62, integer_bits, true, rounding, overflow});
      }
    }
  }
}

TEST(Cast, what_changes_nothing_is_the_same_node) {
  Circuit c;
  const Id x = c.input({6, 4, true});
  EXPECT_EQ(c.cast(x, {6, 4, true}), x);
  EXPECT_EQ(c.cast(x, {12, 7, true, Rounding::rnd_conv, Overflow::sat}), x);
  EXPECT_NE(c.cast(x, {12, 7, false, Rounding::rnd_conv, Overflow::sat}), x);
  EXPECT_NE(c.cast(x, {6, 4, true, Rounding::trn, Overflow::sat_sym}), x) << "-32 becomes -31";
}

TEST(Cast, equal_effects_are_equal_nodes) {
  Circuit c;
  const Id x = c.input({6, 4, true});
  EXPECT_EQ(c.cast(x, {8, 7, true}), c.cast(x, {20, 19, true, Rounding::trn, Overflow::sat})) << "both drop one bit";
  const Id relu = c.relu(x);
  EXPECT_EQ(c.cast(x, {8, 6, false, Rounding::rnd, Overflow::sat}), relu) << "a saturating cast to unsigned is a ReLU";
  EXPECT_EQ(c.cast(relu, {3, 1, false, Rounding::trn, Overflow::sat}), c.cast(x, {3, 1, false, Rounding::trn, Overflow::sat}));
  EXPECT_EQ(c.cast(relu, {5, 4, false, Rounding::rnd_inf, Overflow::sat}), c.cast(x, {5, 4, false, Rounding::rnd, Overflow::sat}))
      << "modes that differ for negative values only";
}

TEST(Cast, rounding_constant_joins_a_constant_that_is_there) {
  Circuit c;
  const Id x = c.input({6, 4, true});
  const Id biased = c.add(x, 0, c.constant(5, 2), 0, false);
  const Id rounded = c.cast(biased, {6, 5, true, Rounding::rnd, Overflow::wrap});
  EXPECT_EQ(rounded, c.cast(c.add(x, 0, c.constant(6, 2), 0, false), {6, 5, true, Rounding::trn, Overflow::wrap}));
}

}  // namespace
}  // namespace snac::circuit
