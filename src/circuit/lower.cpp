#include "snac/circuit/lower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "exact.hpp"
#include "output_stage.hpp"

namespace snac::circuit {
namespace {

using fixed::FixedType;
using fixed::Rounding;

/// Fraction bits of the sum and, unless out of reach, its exact raw range.
struct FormRange {
  int fraction_bits = std::numeric_limits<int>::min();
  Wide low = 0, high = 0;
  bool exact = true;
};

FormRange range_of(const Circuit& circuit, const LinearForm& form) {
  FormRange result;
  const auto fraction = [&](const Product& p) {
    return circuit.node(p.node).fraction_bits - p.power - std::countr_zero(static_cast<std::uint64_t>(p.coefficient));
  };
  std::vector<Product> all = form.products;
  const Node& constant = circuit.node(form.constant.node);
  if (constant.range.low != 0) all.push_back({form.constant.node, 1, 0});
  for (const Product& p : all) result.fraction_bits = std::max(result.fraction_bits, fraction(p));
  for (const Product& p : all) {
    const Range& range = circuit.node(p.node).range;
    const std::int64_t odd = p.coefficient >> std::countr_zero(static_cast<std::uint64_t>(p.coefficient));
    const int shift = result.fraction_bits - fraction(p);
    constexpr Wide kReach = Wide{1} << 62;
    for (const Wide end : {Wide{odd} * range.low, Wide{odd} * range.high}) {
      result.exact = result.exact && shift <= 62 && end < kReach && end > -kReach;
    }
    if (!result.exact) return result;
    const Wide a = (Wide{odd} * range.low) * (Wide{1} << shift), b = (Wide{odd} * range.high) * (Wide{1} << shift);
    result.low += std::min(a, b);  // below 2^125 in size: the sum before was below 2^100
    result.high += std::max(a, b);
    result.exact = result.low > -(Wide{1} << 100) && result.high < (Wide{1} << 100);
    if (!result.exact) return result;
  }
  return result;
}

bool holds(const FixedType& type, const FormRange& range) {
  if (!range.exact || range.fraction_bits > type.fraction_bits()) return false;
  if (range.low == 0 && range.high == 0) return true;
  const std::int64_t left = std::int64_t{type.fraction_bits()} - range.fraction_bits;
  return shifted_left(range.low, left) >= type.lowest_raw() && shifted_left(range.high, left) <= type.max_raw();
}

class Lowering {
 public:
  Lowering(const fixed::FixedNet& net, const LowerParams& params, LowerStats* stats)
      : net_(net), params_(params), stats_(stats), values_(net.nodes.size() + 1) {}

  Circuit run() {
    for (std::size_t i = 0; i < net_.input.size(); ++i) values_[0].push_back(circuit_.input(net_.input.type(i)));
    for (std::size_t k = 0; k < net_.nodes.size(); ++k) {
      const fixed::Node& node = net_.nodes[k];
      circuit_.begin_group(node.name);
      values_[k + 1].resize(node.output.size(), kNone);
      std::visit([&](const auto& op) { lower_op(op, k); }, node.op);
    }
    for (std::size_t i = 0; i < values_.back().size(); ++i) circuit_.output(values_.back()[i], net_.output().type(i));
    circuit_.remove_dead_nodes();
    return std::move(circuit_);
  }

 private:
  /// Where a row of a dense layer goes: which node of the net it is the value of, after which cast.
  struct Target {
    std::size_t node = 0;
    FixedType type;
    bool relu = false;
  };

  std::size_t source(std::size_t k) const { return static_cast<std::size_t>(net_.nodes[k].inputs.front()); }

  void lower_op(const fixed::DenseOp& op, std::size_t k) {
    std::vector<LinearForm> forms = linear_forms(op, values_[source(k)]);
    const std::optional<std::size_t> next = sole_element_wise_reader(k + 1);
    std::vector<Target> targets;
    for (LinearForm& form : forms) {
      const std::size_t o = targets.size();
      const FormRange range = range_of(circuit_, form);
      Target target{k, net_.nodes[k].output.type(o)};
      if (next && holds(target.type, range)) {  // the dense layer's own cast changes nothing: let the next one's rounding into the bias
        target = {*next, net_.nodes[*next].output.type(o), std::holds_alternative<fixed::ReluOp>(net_.nodes[*next].op)};
      }
      round_by_constant(form, range, target);
      targets.push_back(target);
    }
    CmvmStats stats;
    const std::vector<Term> sums = multiply(circuit_, forms, params_.cmvm, &stats);
    if (stats_) stats_->layers.push_back({net_.nodes[k].name, stats});
    for (std::size_t o = 0; o < sums.size(); ++o) {
      const Id sum = circuit_.value(sums[o]);
      values_[targets[o].node + 1].resize(sums.size(), kNone);
      values_[targets[o].node + 1][o] = circuit_.cast(targets[o].relu ? circuit_.relu(sum) : sum, targets[o].type);
    }
  }

  void lower_op(const fixed::CastOp&, std::size_t k) { lower_element_wise(k, false); }
  void lower_op(const fixed::ReluOp&, std::size_t k) { lower_element_wise(k, true); }

  void lower_element_wise(std::size_t k, bool relu) {
    for (std::size_t i = 0; i < values_[k + 1].size(); ++i) {
      Id& result = values_[k + 1][i];
      if (result != kNone) continue;  // done with the dense layer before it
      const Id x = values_[source(k)][i];
      result = circuit_.cast(relu ? circuit_.relu(x) : x, net_.nodes[k].output.type(i));
    }
  }

  void lower_op(const fixed::TableOp& op, std::size_t k) {
    const fixed::TensorType& input = net_.value(net_.nodes[k].inputs.front());
    for (std::size_t i = 0; i < values_[k + 1].size(); ++i) {
      values_[k + 1][i] = look_up(circuit_, values_[source(k)][i], input.type(i), op.table, net_.nodes[k].output.type(i).fraction_bits());
    }
  }

  void lower_op(const fixed::ArgmaxOp&, std::size_t k) { values_[k + 1] = {argmax(circuit_, values_[source(k)])}; }

  void lower_op(const fixed::SoftmaxOp& op, std::size_t k) {
    values_[k + 1] = softmax(circuit_, op, values_[source(k)], net_.nodes[k].output);
  }

  /// The one node that reads `value`, if it is a cast or ReLU and the value is not the network's output.
  std::optional<std::size_t> sole_element_wise_reader(std::size_t value) const {
    std::optional<std::size_t> reader;
    for (std::size_t k = value; k < net_.nodes.size(); ++k) {
      if (source(k) != value) continue;
      if (reader) return std::nullopt;
      reader = k;
    }
    if (!reader || value == net_.nodes.size()) return std::nullopt;
    const fixed::Op& op = net_.nodes[*reader].op;
    const bool element_wise = std::holds_alternative<fixed::CastOp>(op) || std::holds_alternative<fixed::ReluOp>(op);
    return element_wise ? reader : std::nullopt;
  }

  /// Inputs that are one node (equal neurons before) share a product; constant inputs go into the constant.
  std::vector<LinearForm> linear_forms(const fixed::DenseOp& op, const std::vector<Id>& inputs) {
    struct Input {
      Term term;
      std::size_t column = 0;
    };
    std::vector<Input> sorted;
    for (std::size_t i = 0; i < inputs.size(); ++i) sorted.push_back({circuit_.term(inputs[i]), i});
    std::sort(sorted.begin(), sorted.end(),
              [](const Input& a, const Input& b) { return std::pair(a.term.node, a.column) < std::pair(b.term.node, b.column); });
    std::vector<LinearForm> forms;
    for (std::size_t o = 0; o < static_cast<std::size_t>(op.outputs); ++o) {
      const std::int32_t* row = op.weights.data() + o * inputs.size();
      LinearForm form{{}, {circuit_.constant(op.bias[o], op.bias_fraction_bits)}};
      for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
        const Id node = sorted[begin].term.node;
        int power = sorted[begin].term.power;
        for (end = begin; end < sorted.size() && sorted[end].term.node == node; ++end) power = std::min(power, sorted[end].term.power);
        Wide total = 0;
        for (std::size_t k = begin; k < end; ++k) {
          const Term& term = sorted[k].term;
          const Wide weight = shifted_left(row[sorted[k].column], term.power - power);
          total += term.negative ? -weight : weight;
        }
        const std::int64_t coefficient = checked_range(total, total, place()).low;
        if (coefficient == 0) continue;
        if (circuit_.node(node).kind == Kind::constant) {
          const Node& n = circuit_.node(node);
          const Wide raw = Wide{n.range.low} * coefficient;
          const Id added = circuit_.constant(checked_range(raw, raw, place()).low, n.fraction_bits - power + op.weight_fraction_bits);
          form.constant = circuit_.sum(form.constant, {added});
        } else {
          form.products.push_back({node, coefficient, power - op.weight_fraction_bits});
        }
      }
      forms.push_back(std::move(form));
    }
    return forms;
  }

  /// Rounding half up is floor after adding half of the last bit kept, so it goes into the constant for free; half down is the
  /// same less one unit. A ReLU commutes with both.
  void round_by_constant(LinearForm& form, const FormRange& range, Target& target) {
    FixedType& type = target.type;
    const bool no_negative = target.relu || (!type.is_signed && type.overflow != fixed::Overflow::wrap);
    const Rounding mode = no_negative ? rounding_of_non_negative(type.rounding) : type.rounding;
    const std::int64_t dropped = std::int64_t{range.fraction_bits} - type.fraction_bits();
    if ((mode != Rounding::rnd && mode != Rounding::rnd_min_inf) || dropped <= 0 || dropped >= kMaxWireWidth) return;
    form.constant = circuit_.sum(form.constant, {circuit_.constant(1, type.fraction_bits() + 1)});
    if (mode == Rounding::rnd_min_inf) form.constant = circuit_.sum(form.constant, {circuit_.constant(1, range.fraction_bits), 0, true});
    type.rounding = Rounding::trn;
  }

  const std::string& place() const { return circuit_.group_names().back(); }

  const fixed::FixedNet& net_;
  const LowerParams& params_;
  LowerStats* stats_;
  Circuit circuit_;
  std::vector<std::vector<Id>> values_;  ///< node of each element of each value of the net
};

}  // namespace

Circuit lower(const fixed::FixedNet& net, const LowerParams& params, LowerStats* stats) {
  params.cmvm.validate();
  net.validate();
  if (stats) *stats = {};
  return Lowering(net, params, stats).run();
}

}  // namespace snac::circuit
