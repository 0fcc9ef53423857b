#include "snac/circuit/simulate.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "random_net.hpp"
#include "snac/circuit/lower.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

TEST(Simulate, any_number_of_threads_gives_the_same_integers) {
  const FixedNet net = mlp_net({16, 20, 8, 5}, 0.5, 11);
  const Circuit circuit = lower(net);
  Rng rng(2);
  const std::vector<std::int64_t> inputs = random_inputs(rng, net.input, 1003);
  const std::vector<std::int64_t> one = simulate(circuit, inputs, 1);
  EXPECT_EQ(one.size(), 1003U * 5U);
  EXPECT_EQ(simulate(circuit, inputs, 3), one);
  EXPECT_EQ(simulate(circuit, inputs, 100), one);
  for (std::size_t row : {0U, 500U, 1002U}) {
    const std::span<const std::int64_t> single(inputs.data() + row * 16, 16);
    const std::vector<std::int64_t> alone = simulate(circuit, single);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), one.begin() + static_cast<std::ptrdiff_t>(row * 5)));
  }
}

TEST(Simulate, output_bus_carries_the_declared_fraction) {
  Circuit c;
  const Id x = c.input({4, 2, true});
  c.output(c.shift(x, 3), {10, 6, true});  // x * 8 with 4 fraction bits
  EXPECT_EQ(simulate(c, std::vector<std::int64_t>{-8, 5}), (std::vector<std::int64_t>{-8 * 32, 5 * 32}));
}

TEST(Simulate, refuses_rows_that_do_not_fit) {
  Circuit c;
  const Id x = c.input({4, 4, true}), y = c.input({4, 4, false});
  c.output(c.add(x, 0, y, 0, false), {8, 8, true});
  EXPECT_TRUE(simulate(c, {}).empty());
  EXPECT_THROW(simulate(c, std::vector<std::int64_t>{1}), std::invalid_argument);
  EXPECT_THROW(simulate(c, std::vector<std::int64_t>{8, 0}), std::invalid_argument);
  EXPECT_THROW(simulate(c, std::vector<std::int64_t>{0, -1}), std::invalid_argument);
  EXPECT_EQ(simulate(c, std::vector<std::int64_t>{-8, 15}), std::vector<std::int64_t>{7});
}

TEST(Simulate, a_circuit_without_outputs_gives_nothing) {
  Circuit c;
  c.input({4, 4, true});
  EXPECT_TRUE(simulate(c, std::vector<std::int64_t>{1, 2, 3}).empty());
}

}  // namespace
}  // namespace snac::circuit
