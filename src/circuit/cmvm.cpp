#include "snac/circuit/cmvm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>

#include "levels.hpp"
#include "shared_sums.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

/// The rows as digits, and what the leaves are in the circuit.
struct Problem {
  SumSystem system;
  std::vector<Term> leaves;
};

void add_leaf(Problem& problem, const Wire& wire, Term term) {
  problem.system.values.push_back(wire);
  problem.system.values.back().finish();
  problem.leaves.push_back(term);
}

Problem make_problem(Circuit& circuit, const std::vector<LinearForm>& rows) {
  Problem problem;
  LevelTracker levels(circuit);
  std::map<Id, std::int32_t> leaf_of;
  std::map<std::int64_t, std::int32_t> constant_of;  // by odd magnitude
  for (const LinearForm& row : rows) {
    for (const Product& product : row.products) leaf_of.try_emplace(product.node, -1);
  }
  for (auto& [node, leaf] : leaf_of) {
    const Node& n = circuit.node(node);
    leaf = static_cast<std::int32_t>(problem.leaves.size());
    add_leaf(problem,
             {.low = std::ldexp(static_cast<double>(n.range.low), -n.fraction_bits),
              .high = std::ldexp(static_cast<double>(n.range.high), -n.fraction_bits),
              .lsb = -n.fraction_bits,
              .level = levels(node)},
             {node});
  }
  for (const LinearForm& row : rows) {
    Row digits;
    for (const Product& product : row.products) {
      for (const SignedDigit& digit : canonical_signed_digits(product.coefficient)) {
        add_digit(digits.digits, {leaf_of.at(product.node), product.power + digit.power, digit.negative});
      }
    }
    if (row.constant.node != kNone) {
      const Node n = circuit.node(row.constant.node);
      if (n.kind != Kind::constant) throw std::invalid_argument("circuit: the constant of a linear form is no constant");
      const std::int64_t magnitude = std::abs(n.range.low);
      if (magnitude != 0) {
        const auto [entry, is_new] = constant_of.try_emplace(magnitude, static_cast<std::int32_t>(problem.leaves.size()));
        if (is_new) {
          const double value = static_cast<double>(magnitude);
          add_leaf(problem, {.low = value, .high = value, .constant = true}, {circuit.constant(magnitude, 0)});
        }
        digits.digits.push_back({entry->second, row.constant.power - n.fraction_bits, row.constant.negative != (n.range.low < 0)});
      }
    }
    problem.system.rows.push_back(std::move(digits));
  }
  problem.system.num_leaves = problem.leaves.size();
  problem.system.num_outputs = rows.size();
  return problem;
}

/// -1 for values to be built negated, so that outputs come out with the sign they need: a difference has either sign for free.
/// From the outputs down: one positive operand suffices.
std::vector<int> signs_of(const Draft& draft) {
  const std::size_t num_leaves = draft.graph.num_leaves();
  const std::vector<AdderGraph::Adder>& adders = draft.graph.adders();
  std::vector<int> sign(num_leaves + adders.size(), 0);
  const auto is_leaf = [&](const Ref& ref) { return static_cast<std::size_t>(ref.value) < num_leaves; };
  const auto sign_at = [&](const Ref& ref) -> int& { return sign[static_cast<std::size_t>(ref.value)]; };
  const auto factor = [](const Ref& ref) { return ref.negative ? -1 : 1; };
  for (std::size_t leaf = 0; leaf < num_leaves; ++leaf) sign[leaf] = 1;
  for (const Ref& output : draft.outputs) {
    if (output.value != kZero && sign_at(output) == 0) sign_at(output) = factor(output);
  }
  for (std::size_t k = adders.size(); k-- > 0;) {
    int& own = sign[num_leaves + k];
    if (own == 0) own = 1;
    const Ref &a = adders[k].a, &b = adders[k].b;
    const auto positive = [&](const Ref& ref) { return sign_at(ref) == own * factor(ref); };
    if (positive(a) || positive(b)) continue;
    for (const Ref* ref : {&b, &a}) {
      if (is_leaf(*ref) || sign_at(*ref) != 0) continue;
      sign_at(*ref) = own * factor(*ref);
      break;
    }
  }
  return sign;
}

std::vector<Term> emit(Circuit& circuit, const Draft& draft, const std::vector<Term>& leaves) {
  const std::vector<int> sign = signs_of(draft);
  std::vector<Term> terms = leaves;
  const auto term_of = [&](const Ref& ref, bool negated) {
    if (ref.value == kZero) return Term{circuit.constant(0, 0)};
    const Term& term = terms[static_cast<std::size_t>(ref.value)];
    return Term{term.node, term.power + ref.power, term.negative != (ref.negative != negated)};
  };
  for (const AdderGraph::Adder& adder : draft.graph.adders()) {
    const bool negated = sign[terms.size()] < 0;
    const Term a = term_of(adder.a, negated), b = term_of(adder.b, negated);
    Term sum = circuit.sum(a, b);
    sum.negative = sum.negative != negated;
    terms.push_back(sum);
  }
  std::vector<Term> outputs;
  for (const Ref& output : draft.outputs) outputs.push_back(term_of(output, false));
  return outputs;
}

}  // namespace

void CmvmParams::validate() const {
  constexpr int kMost = 1000;
  if (extra_depth >= -1 && extra_depth <= kMost) return;
  throw ConfigError("the adder graphs' depth limit is not usable",
                    {.where = "extra_depth",
                     .found = fmt::format("{}", extra_depth),
                     .expected = fmt::format("0 to {} levels above the least possible, or -1 for no limit", kMost),
                     .hint = "2 is usual"});
}

std::vector<Term> multiply(Circuit& circuit, const std::vector<LinearForm>& rows, const CmvmParams& params, CmvmStats* stats) {
  params.validate();
  Problem problem = make_problem(circuit, rows);
  SumSystem& system = problem.system;
  int minimal_depth = 0;
  std::int64_t num_digits = 0;
  for (const Row& row : system.rows) {
    minimal_depth = std::max(minimal_depth, balanced_depth(system, row.digits));
    num_digits += static_cast<std::int64_t>(row.digits.size());
  }
  for (Row& row : system.rows) row.limit = params.extra_depth < 0 ? kNoLimit : minimal_depth + params.extra_depth;

  Candidate best{build(system, TreeKind::balanced), "csd"};
  const std::int64_t csd_cost = best.draft.cost();
  if (params.strategy == Strategy::shared) best = cheapest_sums(system, std::move(best), params);
  if (stats) {
    *stats = {.csd_cost = static_cast<double>(csd_cost) / kCostPerBit,
              .cost = static_cast<double>(best.draft.cost()) / kCostPerBit,
              .adders = static_cast<std::int64_t>(best.draft.graph.adders().size()),
              .minimal_depth = minimal_depth,
              .digits = num_digits,
              .method = best.method};
    for (const Ref& output : best.draft.outputs) {
      if (output.value != kZero) stats->depth = std::max(stats->depth, best.draft.graph.wire(output.value).level);
    }
  }
  return emit(circuit, best.draft, problem.leaves);
}

}  // namespace snac::circuit
