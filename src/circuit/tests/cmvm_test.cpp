#include "snac/circuit/cmvm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "random_net.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

using testing::between;

constexpr int kUnit = 16;  ///< fraction bits that hold every value

using Matrix = std::vector<std::vector<std::int64_t>>;  ///< (outputs, inputs)

struct Case {
  Matrix weights;
  std::vector<std::int64_t> bias;
  std::vector<fixed::FixedType> inputs;
};

Case random_case(Rng& rng, int max_size) {
  Case result;
  const int inputs = between(rng, 1, max_size), outputs = between(rng, 1, max_size), bits = between(rng, 1, 16);
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  const std::uint64_t character = rng.below(8);
  const double zeros = character == 6 ? 0.9 : character == 7 ? 1.0 : rng.chance(0.5) ? 0.4 : 0.0;
  for (int o = 0; o < outputs; ++o) {
    std::vector<std::int64_t> row;
    for (int i = 0; i < inputs; ++i) {
      std::int64_t weight = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(2 * limit))) - limit;
      if (character == 1) weight = (rng.chance(0.5) ? 1 : -1) * (std::int64_t{1} << rng.below(static_cast<std::uint64_t>(bits)));
      if (character == 2) weight = -std::abs(weight);
      row.push_back(rng.chance(zeros) ? 0 : weight);
    }
    const bool twin = character == 3 && o % 2 == 1, opposite = character == 4 && o % 2 == 1, scaled = character == 5 && o % 2 == 1;
    if (twin) row = result.weights.back();
    if (opposite || scaled) {
      row = result.weights.back();
      for (std::int64_t& weight : row) weight *= opposite ? -1 : 4;
    }
    result.weights.push_back(std::move(row));
    result.bias.push_back(rng.chance(0.4) ? 0 : between(rng, -5000, 5000));
  }
  for (int i = 0; i < inputs; ++i) {
    const int width = between(rng, 1, 12);
    result.inputs.push_back({width, between(rng, 0, width), rng.chance(0.5)});
  }
  return result;
}

struct Built {
  Circuit circuit;
  std::vector<Term> outputs;
  CmvmStats stats;
};

Built build(const Case& problem, const CmvmParams& params) {
  Built built;
  std::vector<Id> inputs;
  for (const auto& type : problem.inputs) inputs.push_back(built.circuit.input(type));
  std::vector<LinearForm> rows;
  for (std::size_t o = 0; o < problem.weights.size(); ++o) {
    LinearForm row{{}, {built.circuit.constant(problem.bias[o], 3)}};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (problem.weights[o][i] != 0) row.products.push_back({inputs[i], problem.weights[o][i], -2});
    }
    rows.push_back(std::move(row));
  }
  built.outputs = multiply(built.circuit, rows, params, &built.stats);
  for (const Term& term : built.outputs) built.circuit.output(built.circuit.value(term), {60, 60 - kUnit, true});
  return built;
}

/// A linear form over the inputs' values and 1 (under -1), in units of 2^-16.
using Form = std::map<int, std::int64_t>;

void add_scaled(Form& form, const Form& other, int power, bool negative) {
  for (const auto& [input, coefficient] : other) {
    const std::int64_t scaled = power >= 0 ? coefficient * (std::int64_t{1} << power) : coefficient / (std::int64_t{1} << -power);
    EXPECT_EQ(power >= 0 ? coefficient : scaled * (std::int64_t{1} << -power), coefficient) << "the unit is fine enough";
    form[input] += negative ? -scaled : scaled;
  }
}

/// Every node's linear form, by walking the graph: adders only, no numbers of the optimiser are trusted.
std::vector<Form> forms_of(const Circuit& circuit) {
  std::vector<Form> forms(circuit.size());
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Node& node = circuit.nodes()[i];
    if (node.kind == Kind::input) {
      forms[i][node.index] = std::int64_t{1} << kUnit;
    } else if (node.kind == Kind::constant) {
      if (node.range.low != 0) forms[i][-1] = node.range.low * (std::int64_t{1} << (kUnit - node.fraction_bits));
    } else if (node.kind == Kind::add) {
      for (int k = 0; k < 2; ++k) {
        const Term term = operand(circuit, static_cast<Id>(i), k);
        add_scaled(forms[i], forms[static_cast<std::size_t>(term.node)], term.power, term.negative);
      }
    }
  }
  return forms;
}

/// No wire is wider than its values need: the inputs are independent, so a linear form takes both ends of its interval.
void expect_exact_ranges(const Circuit& circuit, const std::vector<Form>& forms) {
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Node& node = circuit.nodes()[i];
    if (node.kind != Kind::add) continue;
    double low = 0, high = 0;
    for (const auto& [input, coefficient] : forms[i]) {
      const Node* leaf = input < 0 ? nullptr : &circuit.node(circuit.inputs()[static_cast<std::size_t>(input)].node);
      const double first = static_cast<double>(coefficient) * (leaf ? std::ldexp(leaf->range.low, -leaf->fraction_bits) : 1);
      const double second = static_cast<double>(coefficient) * (leaf ? std::ldexp(leaf->range.high, -leaf->fraction_bits) : 1);
      low += std::min(first, second);
      high += std::max(first, second);
    }
    EXPECT_EQ(std::ldexp(node.range.low, kUnit - node.fraction_bits), low) << i;
    EXPECT_EQ(std::ldexp(node.range.high, kUnit - node.fraction_bits), high) << i;
  }
}

void expect_product(const Case& problem, const Built& built) {
  const std::vector<Form> forms = forms_of(built.circuit);
  expect_exact_ranges(built.circuit, forms);
  ASSERT_EQ(built.outputs.size(), problem.weights.size());
  for (std::size_t o = 0; o < problem.weights.size(); ++o) {
    const Term& term = built.outputs[o];
    Form form;
    add_scaled(form, forms[static_cast<std::size_t>(term.node)], term.power, term.negative);
    std::erase_if(form, [](const auto& entry) { return entry.second == 0; });
    Form expected;
    for (std::size_t i = 0; i < problem.weights[o].size(); ++i) {
      if (problem.weights[o][i] != 0) expected[static_cast<int>(i)] = problem.weights[o][i] * (1 << (kUnit - 2));
    }
    if (problem.bias[o] != 0) expected[-1] = problem.bias[o] * (1 << (kUnit - 3));
    ASSERT_EQ(form, expected) << "row " << o;
  }
}

double adder_lut(const Built& built) {
  double lut = logic_cost(built.circuit, schedule(built.circuit)).lut;
  for (const Node& node : built.circuit.nodes()) lut -= node.kind == Kind::negate ? node.range.width() : 0;
  return lut;
}

/// Levels to the deepest adder, without the negations at the outputs.
int adder_depth(const Built& built) {
  std::vector<int> level(built.circuit.size(), 0);
  for (std::size_t i = 0; i < level.size(); ++i) {
    const Node& node = built.circuit.nodes()[i];
    for (std::size_t k = 0; node.kind == Kind::add && k < 2; ++k) {
      level[i] = std::max(level[i], level[static_cast<std::size_t>(node.args[k])] + logic_levels(built.circuit, static_cast<Id>(i)));
    }
  }
  return level.empty() ? 0 : *std::max_element(level.begin(), level.end());
}

TEST(Multiply, gives_the_matrix_product_within_the_depth_limit_and_never_costlier_than_plain_trees) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng = Rng::stream(seed, "cmvm");
    const Case problem = random_case(rng, seed % 10 == 0 ? 24 : 9);
    const int extra = between(rng, -1, 3);
    const Built plain = build(problem, {.strategy = Strategy::csd});
    const Built shared = build(problem, {.effort = seed % 20 == 0 ? Effort::high : static_cast<Effort>(seed % 2), .extra_depth = extra});
    expect_product(problem, plain);
    expect_product(problem, shared);
    if (HasFatalFailure()) return;
    EXPECT_LE(shared.stats.cost, plain.stats.cost);
    EXPECT_EQ(shared.stats.csd_cost, plain.stats.cost);
    EXPECT_LE(adder_lut(shared), 1.05 * adder_lut(plain) + 8);
    EXPECT_EQ(plain.stats.depth, plain.stats.minimal_depth);
    EXPECT_GE(shared.stats.depth, 0);
    if (extra >= 0) {
      EXPECT_LE(shared.stats.depth, plain.stats.minimal_depth + extra);
      EXPECT_LE(adder_depth(shared), plain.stats.minimal_depth + extra);
    }
  }
}

TEST(Multiply, states_the_cost_of_what_it_builds) {
  for (const Strategy strategy : {Strategy::csd, Strategy::shared}) {
    double stated = 0, built_lut = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Rng rng = Rng::stream(seed, "cmvm cost");
      const Built built = build(random_case(rng, 9), {.strategy = strategy, .extra_depth = 2});
      stated += built.stats.cost;
      built_lut += adder_lut(built);
      EXPECT_LE(built.stats.depth, built.stats.minimal_depth + (strategy == Strategy::csd ? 0 : 2));
    }
    // Free choices remain when nodes are made: the sign of a sum (a bit of width) and the folding of (x + c) + d.
    EXPECT_NEAR(stated, built_lut, 0.01 * built_lut);
  }
}

TEST(Multiply, the_same_rows_give_the_same_nodes) {
  Rng rng(5);
  const Case problem = random_case(rng, 20);
  for (const Effort effort : {Effort::quick, Effort::normal, Effort::high}) {
    const Built a = build(problem, {.effort = effort}), b = build(problem, {.effort = effort});
    ASSERT_EQ(a.circuit.size(), b.circuit.size());
    EXPECT_EQ(a.outputs, b.outputs);
    for (std::size_t i = 0; i < a.circuit.size(); ++i) EXPECT_EQ(a.circuit.nodes()[i].args, b.circuit.nodes()[i].args);
  }
}

Case dense_case(int size, int bits, std::uint64_t seed) {
  Rng rng = Rng::stream(seed, "dense");
  Case problem;
  for (int o = 0; o < size; ++o) {
    problem.weights.emplace_back();
    for (int i = 0; i < size; ++i) {
      problem.weights.back().push_back(static_cast<std::int64_t>(rng.below(std::uint64_t{1} << bits)) - (std::int64_t{1} << (bits - 1)));
    }
    problem.bias.push_back(0);
  }
  problem.inputs.assign(static_cast<std::size_t>(size), {8, 8, true});
  return problem;
}

TEST(Multiply, saves_what_it_should_on_dense_matrices) {
  for (const int size : {8, 16, 32}) {
    const Built built = build(dense_case(size, 8, 1), {});
    EXPECT_LT(built.stats.cost, 0.85 * built.stats.csd_cost) << size;
  }
}

TEST(Multiply, more_effort_never_costs_more) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Case problem = dense_case(10, 8, seed);
    const double quick = build(problem, {.effort = Effort::quick}).stats.cost, normal = build(problem, {}).stats.cost;
    EXPECT_LE(normal, quick);
    EXPECT_LE(build(problem, {.effort = Effort::high}).stats.cost, normal);
  }
}

/// Rows that are plus or minus another one, but for a few weights.
Case nearly_equal_rows(Rng& rng, int inputs, int outputs) {
  Case problem = dense_case(inputs, 8, rng.next());
  for (std::size_t o = 1; o < static_cast<std::size_t>(outputs); ++o) {
    auto& row = problem.weights[o];
    const auto& other = problem.weights[rng.below(o)];
    const std::int64_t sign = rng.chance(0.3) ? -1 : 1;
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = rng.chance(0.1) ? row[i] : sign * other[i];
  }
  problem.weights.resize(static_cast<std::size_t>(outputs));
  for (auto& bias : problem.bias) bias = rng.chance(0.5) ? 0 : between(rng, -500, 500);
  problem.bias.resize(problem.weights.size());
  return problem;
}

TEST(Multiply, nearly_equal_rows_are_built_as_differences_within_the_depth_limit) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng = Rng::stream(seed, "nearly equal rows");
    const Case problem = nearly_equal_rows(rng, between(rng, 12, 20), between(rng, 4, 12));
    const int extra = between(rng, -1, 4);
    const Built built = build(problem, {.extra_depth = extra});
    expect_product(problem, built);
    if (HasFatalFailure()) return;
    if (extra >= 0) {
      EXPECT_LE(adder_depth(built), built.stats.minimal_depth + extra);
    }
    EXPECT_LE(built.stats.cost, build(problem, {.effort = Effort::quick, .extra_depth = extra}).stats.cost);
  }
  // One row of 16 weights and 11 changes of a few weights each: far less than what sharing pairs alone finds.
  Rng rng(3);
  const Case problem = nearly_equal_rows(rng, 16, 12);
  const Built differences = build(problem, {.extra_depth = -1});
  EXPECT_EQ(differences.stats.method, "differences, overlap");
  EXPECT_LT(differences.stats.cost, 0.9 * build(problem, {.effort = Effort::quick, .extra_depth = -1}).stats.cost);
}

TEST(Multiply, without_sharing_potential_nothing_is_lost) {
  const Case problem{{{1, 0, 0}, {0, 0, 0}, {0, 2, -4}}, {0, 0, 0}, std::vector<fixed::FixedType>(3, {8, 8, true})};
  const Built built = build(problem, {});
  expect_product(problem, built);
  EXPECT_EQ(built.stats.adders, 1);
  EXPECT_EQ(built.stats.depth, 1);
}

TEST(Multiply, rows_of_very_many_digits_are_shared_in_groups) {
  // 2 rows of 6,000 inputs: 2 x 12,000 digits, ten times the pairs that are looked at together.
  Rng rng(11);
  Case problem;
  problem.weights.resize(2);
  for (int i = 0; i < 6000; ++i) {
    for (auto& row : problem.weights) row.push_back(static_cast<std::int64_t>(rng.below(64)) - 32);
  }
  problem.bias = {1, 2};
  problem.inputs.assign(6000, {4, 4, true});
  const Built built = build(problem, {.effort = Effort::quick});
  expect_product(problem, built);
  EXPECT_LT(built.stats.cost, 0.95 * built.stats.csd_cost);
}

TEST(Multiply, bad_parameters_are_refused) {
  Circuit circuit;
  EXPECT_THROW(multiply(circuit, {}, {.extra_depth = -2}), ConfigError);
  EXPECT_THROW(multiply(circuit, {}, {.extra_depth = 100000}), ConfigError);
  EXPECT_TRUE(multiply(circuit, {}, {}).empty());
  const Id x = circuit.input({4, 4, true});
  EXPECT_THROW(multiply(circuit, {{{}, {x}}}, {}), std::invalid_argument) << "not a constant";
}

}  // namespace
}  // namespace snac::circuit
