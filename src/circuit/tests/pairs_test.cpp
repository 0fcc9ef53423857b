// Nodes over two variable values: maximum and product.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "random_net.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

std::size_t count(const Circuit& circuit, Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(circuit.nodes().begin(), circuit.nodes().end(), [&](const auto& n) { return n.kind == kind; }));
}

/// +-x * 2^p and +-y * 2^q over all values of two small types, against doubles; the range of the node must be reached.
template <class Build, class Reference>
void compare(Build&& build, Reference&& reference) {
  for (const bool x_signed : {false, true}) {
    for (const bool y_signed : {false, true}) {
      for (int power_x = -2; power_x <= 2; ++power_x) {
        for (int power_y = -2; power_y <= 2; ++power_y) {
          for (int signs = 0; signs < 4; ++signs) {
            const FixedType tx{4, 3, x_signed}, ty{3, 2, y_signed};
            Circuit c;
            const Id x = c.input(tx), y = c.input(ty);
            const Id z = build(c, c.value({x, power_x, (signs & 1) != 0}), c.value({y, power_y, (signs & 2) != 0}));
            const FixedType out{40, 20, true};
            c.output(z, out);
            std::vector<std::int64_t> rows, expected;
            for (std::int64_t a = tx.min_raw(); a <= tx.max_raw(); ++a) {
              for (std::int64_t b = ty.min_raw(); b <= ty.max_raw(); ++b) {
                rows.insert(rows.end(), {a, b});
                const double va = std::ldexp((signs & 1) != 0 ? -a : a, power_x - 1),
                             vb = std::ldexp((signs & 2) != 0 ? -b : b, power_y - 1);
                expected.push_back(static_cast<std::int64_t>(std::ldexp(reference(va, vb), out.fraction_bits())));
              }
            }
            ASSERT_EQ(simulate(c, rows), expected) << power_x << " " << power_y << " " << signs;
            const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
            const auto& n = c.node(z);
            EXPECT_EQ(n.range.low << (out.fraction_bits() - n.fraction_bits), *low);
            EXPECT_EQ(n.range.high << (out.fraction_bits() - n.fraction_bits), *high);
          }
        }
      }
    }
  }
}

TEST(Maximum, is_the_larger_value_with_an_exact_range) {
  compare([](Circuit& c, Id a, Id b) { return c.maximum(a, b); }, [](double a, double b) { return std::max(a, b); });
}

TEST(Multiply, is_the_product_with_an_exact_range) {
  compare([](Circuit& c, Id a, Id b) { return c.multiply(a, b); }, [](double a, double b) { return a * b; });
}

TEST(Maximum, costs_no_node_where_none_is_needed) {
  Circuit c;
  const Id x = c.input({4, 4, true}), y = c.input({4, 4, false});
  EXPECT_EQ(c.maximum(x, x), x);
  EXPECT_EQ(c.maximum(x, c.constant(-8, 0)), x);
  EXPECT_EQ(c.maximum(c.constant(15, 0), y), c.constant(15, 0));
  EXPECT_EQ(c.maximum(x, c.constant(0, 0)), c.relu(x));
  EXPECT_EQ(c.maximum(x, y), c.maximum(y, x)) << "one node for both orders";
  EXPECT_EQ(c.maximum(c.shift(x, 2), c.shift(y, 2)), c.shift(c.maximum(x, y), 2)) << "a common scale is wiring";
  EXPECT_EQ(count(c, Kind::maximum), 1U);
}

TEST(Maximum, of_a_value_and_a_constant_is_right) {
  for (int constant = -20; constant <= 20; ++constant) {
    Circuit c;
    const FixedType type{4, 3, true};
    const Id x = c.input(type);
    c.output(c.maximum(c.constant(constant, 2), c.shift(x, 1)), {20, 16, true});
    for (std::int64_t raw = type.min_raw(); raw <= type.max_raw(); ++raw) {
      EXPECT_EQ(simulate(c, std::vector<std::int64_t>{raw}).front(), std::max<std::int64_t>(4 * constant, 16 * raw)) << constant;
    }
  }
}

TEST(Multiply, by_a_constant_is_shifts_and_adders) {
  Circuit c;
  const Id x = c.input({6, 4, true});
  EXPECT_EQ(c.multiply(x, c.constant(8, 0)), c.shift(x, 3));
  EXPECT_EQ(c.multiply(c.constant(-1, 2), x), c.negate(c.shift(x, -2)));
  EXPECT_EQ(c.multiply(x, c.constant(0, 0)), c.constant(0, 0));
  c.output(c.multiply(c.shift(c.negate(x), 1), c.constant(-11, 3)), {30, 20, true});
  EXPECT_EQ(count(c, Kind::multiply), 0U);
  for (const std::int64_t raw : {-32, -5, 0, 7, 31}) {
    EXPECT_EQ(simulate(c, std::vector<std::int64_t>{raw}).front(), raw * 11 * 64) << "-2x * -11/8, on a grid of 2^-10";
  }
}

TEST(Multiply, a_square_is_never_negative) {
  Circuit c;
  const Id x = c.input({4, 4, true});
  EXPECT_EQ(c.node(c.multiply(x, x)).range, (Range{0, 64}));
  const Id y = c.add(x, 0, c.constant(10, 0), 0, false);
  EXPECT_EQ(c.node(c.multiply(y, y)).range, (Range{4, 289}));
}

TEST(Pairs, values_that_do_not_fit_62_bits_are_a_data_error) {
  Circuit c;
  const Id x = c.input({40, 40, true}), y = c.input({30, 30, true});
  EXPECT_THROW(c.multiply(x, y), DataError);
  EXPECT_THROW(c.maximum(x, c.shift(y, -40)), DataError);
}

}  // namespace
}  // namespace snac::circuit
