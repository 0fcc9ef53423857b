#include "snac/circuit/lower.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <map>

#include "random_net.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/core/error.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

/// Fewest signed digits of every |value| < 2^bits, by breadth-first search over +-2^p: knows nothing of signed-digit forms.
std::vector<int> fewest_signed_digits(int bits) {
  const int limit = 1 << (bits + 1);
  std::vector<int> cost(static_cast<std::size_t>(2 * limit + 1), -1);
  std::vector<int> frontier{0};
  cost[static_cast<std::size_t>(limit)] = 0;
  for (int digits = 1; !frontier.empty(); ++digits) {
    std::vector<int> next;
    for (const int value : frontier) {
      for (int p = 0; p <= bits + 1; ++p) {
        for (const int step : {1 << p, -(1 << p)}) {
          const int reached = value + step;
          if (std::abs(reached) > limit || cost[static_cast<std::size_t>(reached + limit)] >= 0) continue;
          cost[static_cast<std::size_t>(reached + limit)] = digits;
          next.push_back(reached);
        }
      }
    }
    frontier = std::move(next);
  }
  return cost;
}

TEST(CanonicalSignedDigits, have_the_value_no_neighbours_and_the_fewest_digits) {
  constexpr int kBits = 12, kLimit = 1 << (kBits + 1);
  const std::vector<int> fewest = fewest_signed_digits(kBits);
  for (std::int64_t value = -(1 << kBits); value <= (1 << kBits); ++value) {
    const std::vector<SignedDigit> digits = canonical_signed_digits(value);
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < digits.size(); ++k) {
      sum += (digits[k].negative ? -1 : 1) * (std::int64_t{1} << digits[k].power);
      ASSERT_TRUE(k == 0 || digits[k].power >= digits[k - 1].power + 2) << value;
    }
    ASSERT_EQ(sum, value);
    ASSERT_EQ(static_cast<int>(digits.size()), fewest[static_cast<std::size_t>(value + kLimit)]) << value;
    // Weight of the non-adjacent form in closed form: bits of (3n xor n), Prodinger 2000.
    const auto magnitude = static_cast<std::uint64_t>(std::abs(value));
    ASSERT_EQ(static_cast<int>(digits.size()), std::popcount((3 * magnitude) ^ magnitude)) << value;
  }
}

TEST(CanonicalSignedDigits, the_ends_of_the_integers_work) {
  for (const std::int64_t value : {INT64_MAX, INT64_MIN, INT64_MIN + 1, std::int64_t{1} << 62}) {
    std::uint64_t sum = 0;
    for (const SignedDigit& digit : canonical_signed_digits(value)) {
      const std::uint64_t weight = digit.power > 63 ? 0 : std::uint64_t{1} << digit.power;
      sum += digit.negative ? 0 - weight : weight;
    }
    EXPECT_EQ(sum, static_cast<std::uint64_t>(value));
  }
}

void expect_same_as_interpreter(const FixedNet& net, const std::vector<std::int64_t>& inputs, const std::string& what) {
  const Circuit circuit = lower(net);
  ASSERT_EQ(simulate(circuit, inputs), fixed::run(net, inputs)) << what;
}

TEST(Lower, agrees_with_the_interpreter_on_random_networks) {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    Rng rng = Rng::stream(seed, "lower");
    const FixedNet net = random_net(rng);
    expect_same_as_interpreter(net, random_inputs(rng, net.input, 60), "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(Lower, agrees_with_the_interpreter_on_every_input_of_tiny_networks) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng = Rng::stream(seed, "tiny");
    FixedNet net = random_net(rng, 3);
    int bits = 0;
    for (FixedType& type : net.input.types) {
      type.integer_bits += std::min(type.width, 3) - type.width;
      type.width = std::min(type.width, 3);
    }
    for (std::size_t i = 0; i < net.input.size(); ++i) bits += net.input.type(i).width;
    std::vector<std::int64_t> inputs;
    for (std::uint64_t code = 0; code < (std::uint64_t{1} << bits); ++code) {
      int offset = 0;
      for (std::size_t i = 0; i < net.input.size(); ++i) {
        const FixedType& type = net.input.type(i);
        inputs.push_back(type.min_raw() + static_cast<std::int64_t>((code >> offset) & ((std::uint64_t{1} << type.width) - 1)));
        offset += type.width;
      }
    }
    expect_same_as_interpreter(net, inputs, "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(Lower, jet_sized_network_agrees_with_the_interpreter) {
  const FixedNet net = mlp_net({24, 64, 32, 16, 32, 32, 5}, 0.5, 1);
  Rng rng(7);
  expect_same_as_interpreter(net, random_inputs(rng, net.input, 200), "24-64-32-16-32-32-5");
}

DenseOp dense(int inputs, int outputs, std::vector<std::int32_t> weights, std::vector<std::int64_t> bias, int fraction = 0) {
  return {inputs, outputs, std::move(weights), 0, std::move(bias), fraction};
}

FixedNet one_layer(const DenseOp& op, const FixedType& input, const FixedType& output) {
  FixedNet net;
  net.input = vector_of(op.inputs, input);
  net.nodes.push_back(make_node("dense", op, 0, vector_of(op.outputs, output)));
  return net;
}

const FixedType kInput{6, 6, true};
const FixedType kWide{30, 30, true};

std::map<Kind, int> count_kinds(const Circuit& circuit) {
  std::map<Kind, int> count;
  for (const auto& node : circuit.nodes()) ++count[node.kind];
  return count;
}

TEST(Lower, pruned_rows_are_constants_and_pruned_inputs_cost_nothing) {
  const FixedNet net = one_layer(dense(3, 2, {0, 0, 0, 0, 4, 0}, {-9, 0}), kInput, kWide);
  const Circuit circuit = lower(net);
  EXPECT_EQ(circuit.node(circuit.outputs()[0].node).kind, Kind::constant);
  EXPECT_EQ(circuit.node(circuit.outputs()[1].node).kind, Kind::shift) << "times 4 is wiring";
  EXPECT_EQ(count_kinds(circuit)[Kind::add], 0);
  EXPECT_EQ(simulate(circuit, std::vector<std::int64_t>{1, -3, 7}), (std::vector<std::int64_t>{-9, -12}));
}

TEST(Lower, equal_and_scaled_rows_share_their_adders) {
  const FixedNet one = one_layer(dense(3, 1, {3, -5, 7}, {0}), kInput, kWide);
  const FixedNet three = one_layer(dense(3, 3, {3, -5, 7, 3, -5, 7, 12, -20, 28}, {0, 0, 0}), kInput, kWide);
  const int adders = count_kinds(lower(one))[Kind::add];
  EXPECT_EQ(count_kinds(lower(three))[Kind::add], adders);
  Rng rng(3);
  expect_same_as_interpreter(three, random_inputs(rng, three.input, 50), "three rows");
}

TEST(Lower, equal_neurons_count_once_in_the_next_layer) {
  FixedNet net = one_layer(dense(2, 3, {3, 1, 3, 1, 3, 1}, {0, 0, 0}), kInput, kWide);
  net.nodes.push_back(make_node("next", dense(3, 2, {1, 2, 1, 5, -2, -3}, {1, 1}), 1, vector_of(2, kWide)));
  const Circuit circuit = lower(net);
  EXPECT_EQ(count_kinds(circuit)[Kind::add], 3) << "3x+y (2 adders), 4 of it plus one; the second row is the constant 1";
  EXPECT_EQ(simulate(circuit, std::vector<std::int64_t>{2, 5}), (std::vector<std::int64_t>{45, 1}));
}

TEST(Lower, negation_is_needed_only_if_every_digit_is_negative) {
  EXPECT_EQ(count_kinds(lower(one_layer(dense(3, 1, {-1, -2, -4}, {0}), kInput, kWide)))[Kind::negate], 1);
  EXPECT_EQ(count_kinds(lower(one_layer(dense(3, 1, {-1, -2, -4}, {5}), kInput, kWide)))[Kind::negate], 0);
  EXPECT_EQ(count_kinds(lower(one_layer(dense(3, 1, {-1, -2, 4}, {0}), kInput, kWide)))[Kind::negate], 0);
}

TEST(Lower, trees_have_the_smallest_depth) {
  for (int n = 1; n <= 40; ++n) {
    // Powers of two: one digit per weight, plus the bias.
    std::vector<std::int32_t> weights;
    for (int i = 0; i < n; ++i) weights.push_back((i % 3 == 0 ? -1 : 1) * (1 << (i % 4)));
    const Circuit circuit = lower(one_layer(dense(n, 1, weights, {3}), kInput, kWide), {.cmvm = {.strategy = Strategy::csd}});
    const LogicCost cost = logic_cost(circuit, schedule(circuit));
    EXPECT_EQ(cost.adder_depth, std::bit_width(static_cast<unsigned>(n))) << "ceil(log2(n + 1)) levels for n digits and a bias";
    EXPECT_EQ(count_kinds(circuit)[Kind::add], n);
  }
}

TEST(Lower, late_operands_are_added_last) {
  // The second layer reads one deep neuron (three levels) and eight plain ones: a balanced tree over all nine would need four
  // levels on top of the deep one.
  DenseOp first = dense(8, 9, std::vector<std::int32_t>(72, 0), std::vector<std::int64_t>(9, 0));
  for (int i = 0; i < 8; ++i) {
    first.weights[static_cast<std::size_t>(i)] = 1;
    first.weights[static_cast<std::size_t>(8 + i * 8 + i)] = 1;
  }
  FixedNet net = one_layer(first, kInput, kWide);
  net.nodes.push_back(make_node("next", dense(9, 1, {2, 1, -4, 8, -16, 1, -2, 4, 8}, {0}), 1, vector_of(1, kWide)));
  const Circuit circuit = lower(net, {.cmvm = {.extra_depth = 0}});
  EXPECT_EQ(logic_cost(circuit, schedule(circuit)).adder_depth, 4);
}

TEST(Lower, rounding_half_up_is_free) {
  const FixedType rounded{8, 6, true, Rounding::rnd, Overflow::wrap};
  const DenseOp op{2, 1, {3, 5}, 3, {7}, 5};
  const FixedNet plain = one_layer(op, {6, 4, true}, {20, 15, true});
  const FixedNet with_rounding = one_layer(op, {6, 4, true}, rounded);
  EXPECT_EQ(count_kinds(lower(with_rounding))[Kind::add], count_kinds(lower(plain))[Kind::add]);
  // A separate cast or ReLU behind exact sums is as free.
  for (const fixed::Op& next : {fixed::Op{CastOp{}}, fixed::Op{ReluOp{}}}) {
    FixedNet two = plain;
    two.nodes.push_back(make_node("next", next, 1, vector_of(1, FixedType{6, 4, false, Rounding::rnd, Overflow::sat})));
    const Circuit circuit = lower(two);
    EXPECT_EQ(count_kinds(circuit)[Kind::add], count_kinds(lower(plain))[Kind::add]);
    Rng rng(5);
    expect_same_as_interpreter(two, random_inputs(rng, two.input, 100), "fused");
  }
}

TEST(Lower, a_network_without_nodes_is_wires) {
  FixedNet net;
  net.input = vector_of(3, FixedType{5, 2, true});
  const Circuit circuit = lower(net);
  const std::vector<std::int64_t> raw{-16, 15, 3};
  EXPECT_EQ(simulate(circuit, raw), raw);
  EXPECT_EQ(schedule(circuit).latency, 1);
}

TEST(Lower, equal_tables_are_stored_once) {
  FixedNet net;
  net.input = vector_of(4, FixedType{5, 2, true});
  TableOp op{"cube", {}};
  for (int i = -16; i < 16; ++i) op.table.push_back(i * i * i / 16);
  net.nodes.push_back(make_node("table", op, 0, vector_of(4, FixedType{10, 4, true})));
  EXPECT_EQ(lower(net).tables().size(), 1U);
}

TEST(Lower, values_beyond_62_bits_are_a_data_error_that_names_the_layer) {
  FixedNet net;
  net.input = vector_of(1, FixedType{63, 30, true});
  EXPECT_THROW(lower(net), DataError);
  // The interpreter's limit is on the sum; the same layer with 2^-60 as input fraction and a huge bias must not wrap either.
  const FixedNet wide = one_layer({2, 1, {INT32_MAX, INT32_MAX}, 0, {0}, 20}, {40, 20, true}, kWide);
  try {
    lower(wide);
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("dense"), std::string::npos);
  }
}

TEST(Lower, is_deterministic) {
  const FixedNet net = mlp_net({10, 12, 5}, 0.4, 3);
  const Circuit a = lower(net), b = lower(net);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a.nodes()[i].kind, b.nodes()[i].kind);
    EXPECT_EQ(a.nodes()[i].args, b.nodes()[i].args);
    EXPECT_EQ(a.nodes()[i].range, b.nodes()[i].range);
  }
}

}  // namespace
}  // namespace snac::circuit
