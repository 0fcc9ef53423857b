#include "snac/fixed/interpreter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "random_net.hpp"
#include "rational_model.hpp"
#include "snac/core/error.hpp"

namespace snac::fixed {
namespace {

Rational real_of(std::int64_t raw, const FixedType& type) { return scaled(Rational(raw), -type.fraction_bits()); }

std::vector<Rational> evaluate(const DenseOp& op, const std::vector<Rational>& x) {
  std::vector<Rational> sums;
  for (int o = 0; o < op.outputs; ++o) {
    Rational sum = scaled(Rational(op.bias[static_cast<std::size_t>(o)]), -op.bias_fraction_bits);
    for (int i = 0; i < op.inputs; ++i) {
      sum += scaled(Rational(op.weights[static_cast<std::size_t>(o * op.inputs + i)]), -op.weight_fraction_bits) *
             x[static_cast<std::size_t>(i)];
    }
    sums.push_back(sum);
  }
  return sums;
}
std::vector<Rational> evaluate(const CastOp&, const std::vector<Rational>& x) { return x; }
std::vector<Rational> evaluate(const ReluOp&, std::vector<Rational> x) {
  for (Rational& value : x) {
    if (value < 0) value = 0;
  }
  return x;
}

std::vector<Rational> evaluate(const SoftmaxOp& op, std::vector<Rational> x) {
  const Rational largest = *std::max_element(x.begin(), x.end());
  Rational sum = 0;
  for (Rational& value : x) {
    const std::int64_t index = model_cast(largest - value, op.difference);
    value = scaled(Rational(op.exponential[static_cast<std::size_t>(index)]), -op.exponential_fraction_bits);
    sum += value;
  }
  const std::int64_t entry = op.inverse[static_cast<std::size_t>(model_cast(sum, op.sum))];
  for (Rational& value : x) value *= scaled(Rational(entry), -op.inverse_fraction_bits);
  return x;
}

/// One row through the net in rational numbers, straight from the words in fixed_net.hpp. Raw values of every node.
std::vector<std::vector<std::int64_t>> model_trace(const FixedNet& net, std::span<const std::int64_t> row) {
  std::vector<std::vector<std::int64_t>> raw{{row.begin(), row.end()}};
  for (const Node& node : net.nodes) {
    const auto source = static_cast<std::size_t>(node.inputs.front());
    const TensorType& input = net.value(node.inputs.front());
    std::vector<std::int64_t> result;
    if (const auto* table = std::get_if<TableOp>(&node.op)) {
      for (const std::int64_t value : raw[source])
        result.push_back(table->table[static_cast<std::size_t>(value - input.type(0).min_raw())]);
    } else if (std::holds_alternative<ArgmaxOp>(node.op)) {
      std::size_t best = 0;
      for (std::size_t i = 1; i < raw[source].size(); ++i) {
        if (real_of(raw[source][i], input.type(i)) > real_of(raw[source][best], input.type(best))) best = i;
      }
      result.push_back(static_cast<std::int64_t>(best));
    } else {
      std::vector<Rational> x, y;
      for (std::size_t i = 0; i < raw[source].size(); ++i) x.push_back(real_of(raw[source][i], input.type(i)));
      if (const auto* dense = std::get_if<DenseOp>(&node.op)) y = evaluate(*dense, x);
      if (const auto* cast = std::get_if<CastOp>(&node.op)) y = evaluate(*cast, x);
      if (const auto* relu = std::get_if<ReluOp>(&node.op)) y = evaluate(*relu, x);
      if (const auto* softmax = std::get_if<SoftmaxOp>(&node.op)) y = evaluate(*softmax, x);
      for (std::size_t o = 0; o < y.size(); ++o) result.push_back(model_cast(y[o], node.output.type(o)));
    }
    raw.push_back(std::move(result));
  }
  return raw;
}

FixedNet one_dense(DenseOp op, FixedType input, FixedType output) {
  FixedNet net;
  net.input = {{{"features", op.inputs}}, {input}};
  Node node{.name = "dense", .op = {}, .inputs = {0}, .output = {{{"features", op.outputs}}, {output}}};
  node.op = std::move(op);
  net.nodes.push_back(std::move(node));
  return net;
}

TEST(Interpreter, a_dense_layer_by_hand) {
  // x = (1.5, -2), w = ((0.5, 0.25), (-1, 0)), b = (0.125, 3): y = (0.375, 1.5), on a grid of 1/4 half up: (0.5, 1.5).
  const DenseOp op{
      .inputs = 2, .outputs = 2, .weights = {2, 1, -4, 0}, .weight_fraction_bits = 2, .bias = {1, 24}, .bias_fraction_bits = 3};
  const FixedNet net = one_dense(op, {4, 3, true}, {8, 6, true, Rounding::rnd, Overflow::sat});
  EXPECT_EQ(run(net, std::vector<std::int64_t>{3, -4}), (std::vector<std::int64_t>{2, 6}));
}

TEST(Interpreter, random_nets_agree_with_the_rational_model_at_every_node) {
  Rng rng(21);
  int rows_checked = 0, used[6] = {};
  for (int n = 0; n < 400; ++n) {
    const FixedNet net = random_net(rng);
    const Interpreter interpreter(net);
    const std::size_t rows = 1 + rng.below(12);
    const std::vector<std::int64_t> inputs = random_inputs(rng, net, rows);
    const std::vector<std::int64_t> outputs = interpreter.run(inputs);
    ASSERT_EQ(outputs.size(), rows * interpreter.num_outputs());
    for (std::size_t r = 0; r < rows; ++r) {
      const auto row = std::span(inputs).subspan(r * interpreter.num_inputs(), interpreter.num_inputs());
      const auto expected = model_trace(net, row);
      ASSERT_EQ(interpreter.trace(row), expected) << "net " << n << ", row " << r;
      const auto got = outputs.begin() + static_cast<std::ptrdiff_t>(r * interpreter.num_outputs());
      ASSERT_TRUE(std::equal(expected.back().begin(), expected.back().end(), got)) << "net " << n << ", row " << r;
      ++rows_checked;
    }
    for (const Node& node : net.nodes) ++used[node.op.index()];
  }
  EXPECT_GT(rows_checked, 2000);
  for (const int count : used) EXPECT_GT(count, 50);
}

TEST(Interpreter, every_mode_of_a_dense_output_agrees_with_the_rational_model) {
  Rng rng(22);
  for (int rounding = 0; rounding < 7; ++rounding) {
    for (int overflow = 0; overflow < 4; ++overflow) {
      for (const bool is_signed : {true, false}) {
        const FixedType output{5, 3, is_signed, static_cast<Rounding>(rounding), static_cast<Overflow>(overflow)};
        const TensorType input{{{"features", 3}}, {{6, 2, true}, {5, 5, false}, {3, -1, true}}};
        FixedNet net = one_dense(random_dense(rng, input, 4), {}, output);
        net.input = input;
        const std::vector<std::int64_t> inputs = random_inputs(rng, net, 40);
        const std::vector<std::int64_t> outputs = run(net, inputs);
        for (std::size_t r = 0; r < 40; ++r) {
          const auto expected = model_trace(net, std::span(inputs).subspan(r * 3, 3)).back();
          for (std::size_t o = 0; o < 4; ++o) ASSERT_EQ(outputs[r * 4 + o], expected[o]) << to_string(output);
        }
      }
    }
  }
}

TEST(Interpreter, accumulators_at_their_limit_do_not_overflow) {
  // 2^61 - 1 and -2^61 are the ends of 62 signed bits.
  constexpr std::int64_t kHigh = (std::int64_t{1} << 61) - 1;
  const DenseOp op{.inputs = 2,
                   .outputs = 2,
                   .weights = {1 << 30, 1 << 30, -(1 << 30), -(1 << 30)},
                   .weight_fraction_bits = 0,
                   .bias = {kHigh - (std::int64_t{1} << 31) * ((1 << 30) - 1), -kHigh - 1 + (std::int64_t{1} << 31) * ((1 << 30) - 1)},
                   .bias_fraction_bits = 0};
  const FixedNet net = one_dense(op, {30, 30, false}, {63, 63, true});
  const std::int64_t top = (1 << 30) - 1;
  EXPECT_EQ(run(net, std::vector<std::int64_t>{top, top}), (std::vector<std::int64_t>{kHigh, -kHigh - 1}));
  FixedNet beyond = net;
  ++std::get<DenseOp>(beyond.nodes[0].op).bias[0];
  EXPECT_THROW(Interpreter{beyond}, DataError);
}

TEST(Interpreter, same_result_at_any_thread_count_and_any_number_of_rows) {
  Rng rng(23);
  const FixedNet net = random_net(rng);
  const std::size_t width = net.input.size(), outputs = net.output().size();
  const std::vector<std::int64_t> inputs = random_inputs(rng, net, 333);
  const std::vector<std::int64_t> all = run(net, inputs, 1);
  for (const int threads : {-1, 0, 2, 3, 8, 1000000000}) EXPECT_EQ(run(net, inputs, threads), all);
  for (const std::size_t rows : {1, 63, 64, 65, 128, 200}) {
    const auto part = run(net, std::span(inputs).first(rows * width), 2);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin())) << rows;
    EXPECT_EQ(part.size(), rows * outputs);
  }
  EXPECT_TRUE(run(net, {}, 2).empty());
}

TEST(Interpreter, a_net_without_nodes_gives_its_inputs) {
  FixedNet net;
  net.input = {{{"features", 3}}, {{4, 4, true}}};
  const std::vector<std::int64_t> inputs{1, -8, 7, 0, 0, 3};
  EXPECT_EQ(run(net, inputs), inputs);
}

TEST(Interpreter, wrong_inputs_are_refused) {
  FixedNet net;
  net.input = {{{"features", 2}}, {{4, 4, true}, {3, 3, false}}};
  EXPECT_THROW(run(net, std::vector<std::int64_t>{1, 2, 3}), std::invalid_argument);
  EXPECT_THROW(run(net, std::vector<std::int64_t>{8, 0}), std::invalid_argument);
  EXPECT_THROW(run(net, std::vector<std::int64_t>{-9, 0}), std::invalid_argument);
  EXPECT_THROW(run(net, std::vector<std::int64_t>{0, -1}), std::invalid_argument);
  EXPECT_THROW(quantize_inputs(net, std::vector<float>{1}), std::invalid_argument);
  EXPECT_THROW(Interpreter(net).trace(std::vector<std::int64_t>{0, 0, 0, 0}), std::invalid_argument);
  EXPECT_THROW(Interpreter(net).trace({}), std::invalid_argument);
  try {
    run(net, std::vector<std::int64_t>{0, 0, 0, 9});
    FAIL() << "expected std::invalid_argument";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "row 1, input 1: 9 is not an integer of ufixed<3,3>");
  }
}

TEST(Interpreter, features_become_integers_of_the_declared_types) {
  FixedNet net;
  net.input = {{{"features", 2}}, {{8, 4, true, Rounding::rnd_conv, Overflow::sat}, {4, 2, false, Rounding::trn, Overflow::wrap}}};
  const std::vector<float> features{1.03125F, 4.25F, -100.0F, 0.99F, std::numeric_limits<float>::infinity(), std::nanf("")};
  EXPECT_EQ(quantize_inputs(net, features), (std::vector<std::int64_t>{16, 1, -128, 3, 127, 0}));
}

TEST(Interpreter, argmax_takes_the_first_of_equals) {
  EXPECT_EQ(argmax(std::vector<std::int64_t>{1, 3, 3, -5, -5, -5, 0, 1, 2}, 3), (std::vector<int>{1, 0, 2}));
  EXPECT_EQ(argmax(std::vector<std::int64_t>{4, -4}, 1), (std::vector<int>{0, 0}));
  EXPECT_TRUE(argmax({}, 3).empty());
  EXPECT_THROW(argmax(std::vector<std::int64_t>{1, 2, 3, 4}, 3), std::invalid_argument);
  EXPECT_THROW(argmax(std::vector<std::int64_t>{1}, 0), std::invalid_argument);
}

TEST(Interpreter, classify_compares_values_not_integers) {
  FixedNet net;
  net.input = {{{"features", 3}}, {{8, 8, true}, {8, 6, true}, {8, -500, true}}};
  // 3 against 12/4 = 3 and almost nothing; then 2 against 9/4; then negative ones.
  EXPECT_EQ(classify(net, std::vector<std::int64_t>{3, 12, 127, 2, 9, 127, -1, -5, -128, 0, 0, 1}), (std::vector<int>{0, 1, 2, 2}));
  Rng rng(24);
  for (int n = 0; n < 300; ++n) {
    FixedNet random;
    random.input = random_tensor(rng, 1 + static_cast<int>(rng.below(5)), 63, false);
    const std::vector<std::int64_t> logits = random_inputs(rng, random, 5);
    const std::vector<int> classes = classify(random, logits);
    for (std::size_t r = 0; r < 5; ++r) {
      const std::size_t width = random.input.size();
      std::size_t best = 0;
      for (std::size_t o = 1; o < width; ++o) {
        if (real_of(logits[r * width + o], random.input.type(o)) > real_of(logits[r * width + best], random.input.type(best))) best = o;
      }
      ASSERT_EQ(static_cast<std::size_t>(classes[r]), best);
    }
  }
}

}  // namespace
}  // namespace snac::fixed
