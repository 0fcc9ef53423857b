#include "snac/circuit/cmvm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

/// The wire's interval, where it is exact, as raw values of the term's node.
std::optional<Range> raw_range(const Circuit& circuit, const Wire& wire, const Term& term) {
  if (!wire.exact) return std::nullopt;
  const int scale = circuit.node(term.node).fraction_bits - term.power;
  const double low = std::ldexp(term.negative ? -wire.high : wire.low, scale),
               high = std::ldexp(term.negative ? -wire.low : wire.high, scale);
  return Range{static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
}

/// -1 for values to be built negated, so that outputs come out with the sign they need. A sum has the sign for free that one of
/// its operands has: what is possible is found from the leaves up, what is wanted from the outputs down.
class Signs {
 public:
  explicit Signs(const Draft& draft) : graph_(draft.graph), possible_(num_values()), sign_(num_values(), 0) {
    for (std::size_t v = 0; v < num_values(); ++v) {
      const auto can_be = [&](int sign) {
        if (is_leaf(v)) return sign > 0 || graph_.wire(static_cast<std::int32_t>(v)).constant;
        return possible(adder(v).a, sign) || possible(adder(v).b, sign);
      };
      possible_[v] = {can_be(-1), can_be(1)};
      if (is_leaf(v)) sign_[v] = 1;
    }
    for (const Ref& output : draft.outputs) {
      if (output.value != kZero) want(output, 1);
    }
    for (std::size_t v = num_values(); v-- > graph_.num_leaves();) {
      if (sign_[v] == 0) sign_[v] = 1;
      if (satisfied(adder(v).a, sign_[v]) || satisfied(adder(v).b, sign_[v])) continue;
      want(adder(v).b, sign_[v]) || want(adder(v).a, sign_[v]);
    }
  }
  int of(std::size_t value) const { return sign_[value]; }

 private:
  static int factor(const Ref& ref) { return ref.negative ? -1 : 1; }
  static std::size_t at(const Ref& ref) { return static_cast<std::size_t>(ref.value); }
  std::size_t num_values() const { return graph_.num_leaves() + graph_.adders().size(); }
  bool is_leaf(std::size_t v) const { return v < graph_.num_leaves(); }
  const AdderGraph::Adder& adder(std::size_t v) const { return graph_.adders()[v - graph_.num_leaves()]; }
  bool possible(const Ref& ref, int sign) const { return possible_[at(ref)][sign * factor(ref) > 0 ? 1 : 0]; }
  bool satisfied(const Ref& ref, int sign) const {
    return sign_[at(ref)] == sign * factor(ref) || (is_leaf(at(ref)) && graph_.wire(ref.value).constant);
  }
  /// False if it cannot have the sign, or has another already.
  bool want(const Ref& ref, int sign) {
    int& own = sign_[at(ref)];
    const int wanted = sign * factor(ref);
    if (!possible(ref, sign) || (own != 0 && own != wanted)) return false;
    if (wanted < 0 && !graph_.wire(ref.value).is_signed) return false;  // negated, an unsigned value is a bit wider
    own = wanted;
    return true;
  }

  const AdderGraph& graph_;
  std::vector<std::array<bool, 2>> possible_;  ///< as negative, as positive
  std::vector<int> sign_;
};

std::vector<Term> emit(Circuit& circuit, const Draft& draft, const std::vector<Term>& leaves) {
  const Signs signs(draft);
  std::vector<Term> terms = leaves;
  const auto term_of = [&](const Ref& ref, bool negated) {
    if (ref.value == kZero) return Term{circuit.constant(0, 0)};
    const Term& term = terms[static_cast<std::size_t>(ref.value)];
    return Term{term.node, term.power + ref.power, term.negative != (ref.negative != negated)};
  };
  for (const AdderGraph::Adder& adder : draft.graph.adders()) {
    const bool negated = signs.of(terms.size()) < 0;
    const Term a = term_of(adder.a, negated), b = term_of(adder.b, negated);
    Term sum = circuit.sum(a, b);
    sum.negative = sum.negative != negated;
    if (const auto range = raw_range(circuit, draft.graph.wire(static_cast<std::int32_t>(terms.size())), sum)) {
      if (range->low == range->high) {
        sum.node = circuit.constant(range->low, circuit.node(sum.node).fraction_bits);
      } else {
        circuit.narrow(sum.node, *range);
      }
    }
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
                     .hint = "0 gives the shortest pipeline and nearly all of the saving"});
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
