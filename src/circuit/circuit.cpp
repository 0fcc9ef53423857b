#include "snac/circuit/circuit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

#include "exact.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

/// Keeps sums of fractions and powers far from the end of int; types allow much less.
constexpr int kMaxFraction = 1 << 20;

void check_fraction(int fraction_bits) {
  if (fraction_bits > kMaxFraction || fraction_bits < -kMaxFraction) {
    throw std::invalid_argument(fmt::format("circuit: {} fraction bits", fraction_bits));
  }
}

void check_type(const fixed::FixedType& type) {
  if (!type.valid()) throw std::invalid_argument("circuit: a port of an impossible type, " + fixed::to_string(type));
}

int bits_of(std::int64_t non_negative) { return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(non_negative))); }

std::uint64_t mix(std::uint64_t z) {  // the finaliser of splitmix64
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

int Range::width() const noexcept {
  if (low >= 0) return bits_of(std::max<std::int64_t>(high, 0));
  return 1 + std::max(bits_of(~low), bits_of(std::max<std::int64_t>(high, 0)));
}

Range checked_range(Wide low, Wide high, const std::string& where) {
  constexpr Wide kSmallest = std::numeric_limits<std::int64_t>::min(), kLargest = std::numeric_limits<std::int64_t>::max();
  if (low >= kSmallest && high <= kLargest) {
    const Range range{static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
    if (range.width() <= kMaxWireWidth) return range;
  }
  throw DataError("a value of the circuit is too wide",
                  {.where = where,
                   .found = fmt::format("raw values from about {:.4g} to {:.4g}", static_cast<double>(low), static_cast<double>(high)),
                   .expected = fmt::format("at most {} bits", kMaxWireWidth),
                   .hint = "fewer fraction bits of inputs, weights or biases, or a narrower type between the layers"});
}

std::size_t Circuit::KeyHash::operator()(const Key& key) const noexcept {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
  for (const std::int64_t word : key.words) hash = mix(hash + static_cast<std::uint64_t>(word)) + 0x9e3779b97f4a7c15ULL;
  return static_cast<std::size_t>(hash);
}

Circuit::Key Circuit::key_of(const Node& node) {
  const auto pair = [](std::int64_t upper, std::int64_t lower) { return (upper << 32) ^ (lower & 0xffffffffLL); };
  const fixed::FixedType& type = node.type;
  const std::int64_t modes = static_cast<std::int64_t>(type.rounding) * 8 + static_cast<std::int64_t>(type.overflow) * 2 + type.is_signed;
  const std::int64_t operation = static_cast<std::int64_t>(node.kind) * 2 + node.subtract;
  return {{pair(node.args[0], node.args[1]), pair(operation, (node.shift_a << 8) | node.shift_b), pair(node.fraction_bits, node.index),
           pair(type.integer_bits, (type.width << 8) | modes), node.kind == Kind::constant ? node.range.low : 0}};
}

Id Circuit::intern(Node node) {
  if (nodes_.size() >= static_cast<std::size_t>(std::numeric_limits<Id>::max())) {
    throw DataError("the circuit has too many nodes",
                    {.where = group_name(), .found = "2^31 nodes", .expected = "fewer", .hint = "a smaller network"});
  }
  node.group = group_;
  const auto [entry, inserted] = known_.try_emplace(key_of(node), static_cast<Id>(nodes_.size()));
  if (inserted) nodes_.push_back(node);
  return entry->second;
}

void Circuit::begin_group(const std::string& name) {
  group_ = static_cast<std::int32_t>(group_names_.size());
  group_names_.push_back(name);
}

Id Circuit::input(const fixed::FixedType& type) {
  check_type(type);
  return input(type, checked_range(type.min_raw(), type.max_raw(), fmt::format("input {}", inputs_.size())));
}

Id Circuit::input(const fixed::FixedType& type, const Range& range) {
  check_type(type);
  if (range.low >= range.high || range.low < type.min_raw() || range.high > type.max_raw()) {
    throw std::invalid_argument(fmt::format("circuit: {}..{} is no range of {}", range.low, range.high, fixed::to_string(type)));
  }
  const Id id = intern(
      {.kind = Kind::input, .fraction_bits = type.fraction_bits(), .range = range, .index = static_cast<std::int32_t>(inputs_.size())});
  inputs_.push_back({id, type});
  return id;
}

Id Circuit::constant(std::int64_t raw, int fraction_bits) {
  if (raw == 0) {
    fraction_bits = 0;
  } else {
    const int zeros = std::countr_zero(static_cast<std::uint64_t>(raw));
    raw >>= zeros;
    fraction_bits -= zeros;
  }
  check_fraction(fraction_bits);
  return intern({.kind = Kind::constant, .fraction_bits = fraction_bits, .range = checked_range(raw, raw, group_name())});
}

Id Circuit::unary(Kind kind, Id a, int fraction_bits, Range range, const fixed::FixedType& type) {
  if (range.low == range.high) return constant(range.low, fraction_bits);
  return intern({.kind = kind, .args = {a, kNone}, .fraction_bits = fraction_bits, .range = range, .type = type});
}

Term Circuit::term(Id id) const {
  Term term{id};
  if (node(term.node).kind == Kind::shift) {  // shifts stand above negations: see value()
    const Id inner = node(id).args[0];
    term = {inner, node(inner).fraction_bits - node(id).fraction_bits, false};
  }
  if (node(term.node).kind == Kind::negate) {
    term.node = node(term.node).args[0];
    term.negative = true;
  }
  return term;
}

Id Circuit::value(Term term) {
  if (node(term.node).kind == Kind::constant) {
    const Node n = node(term.node);
    return constant(term.negative ? -n.range.low : n.range.low, n.fraction_bits - term.power);
  }
  Id id = term.node;
  if (term.negative) {
    const Node n = node(id);
    id = unary(Kind::negate, id, n.fraction_bits, checked_range(-Wide{n.range.high}, -Wide{n.range.low}, group_name()));
  }
  if (term.power == 0) return id;
  const Node n = node(id);
  check_fraction(n.fraction_bits - term.power);
  return unary(Kind::shift, id, n.fraction_bits - term.power, n.range);
}

Id Circuit::negate(Id a) {
  Term negated = term(a);
  negated.negative = !negated.negative;
  return value(negated);
}

Id Circuit::shift(Id a, int power) {
  Term moved = term(a);
  moved.power += power;
  return value(moved);
}

Id Circuit::add(Id a, int power_a, Id b, int power_b, bool subtract) {
  Term left = term(a), right = term(b);
  left.power += power_a;
  right.power += power_b;
  if (subtract) right.negative = !right.negative;
  return value(sum(left, right));
}

Term Circuit::sum(Term a, Term b) {
  // Constants carry their own sign and scale, so that they fit any partner.
  const auto plain_constant = [this](Term t) { return node(t.node).kind == Kind::constant ? Term{value(t)} : t; };
  a = plain_constant(a);
  b = plain_constant(b);
  if (node(a.node).kind == Kind::constant) std::swap(a, b);  // a constant comes second
  const bool constant_b = node(b.node).kind == Kind::constant;
  if (constant_b && node(b.node).range.low == 0) return a;
  if (constant_b && node(a.node).kind == Kind::constant) {
    const Node &x = node(a.node), &y = node(b.node);
    const int fraction = std::max(x.fraction_bits, y.fraction_bits);
    const Wide total = shifted_left(x.range.low, fraction - x.fraction_bits) + shifted_left(y.range.low, fraction - y.fraction_bits);
    return {constant(checked_range(total, total, group_name()).low, fraction)};
  }
  if (constant_b && node(a.node).kind == Kind::add) {  // (x + c) + d = x + (c + d)
    const Id inner = a.node;
    for (int k = 0; k < 2; ++k) {
      if (node(operand(*this, inner, k).node).kind != Kind::constant) continue;
      const auto outer = [&](Term t) { return Term{t.node, t.power + a.power, t.negative != a.negative}; };
      return sum(outer(operand(*this, inner, 1 - k)), sum(outer(operand(*this, inner, k)), b));
    }
  }
  if (a.node == b.node) {  // +-2^p +- 2^q of one value: a power of two needs no adder
    if (a.power == b.power) {
      if (a.negative != b.negative) return {constant(0, 0)};
      return {a.node, a.power + 1, a.negative};
    }
    if (a.negative != b.negative && a.power - b.power == 1) return {b.node, b.power, a.negative};
    if (a.negative != b.negative && b.power - a.power == 1) return {a.node, a.power, b.negative};
  }

  // Factor out a scale and, if both are negative, the sign; then order the operands.
  Term result{kNone, constant_b ? a.power : std::min(a.power, b.power), false};
  if (constant_b && a.negative) {
    std::swap(a, b);  // constant - x
  } else if (a.negative && b.negative) {
    result.negative = true;
    a.negative = b.negative = false;
  } else if (a.negative) {
    std::swap(a, b);
  } else if (!b.negative && !constant_b && std::pair(b.node, b.power) < std::pair(a.node, a.power)) {
    std::swap(a, b);
  }
  const auto scaled = [&](Term t) {  // without the factored scale
    if (node(t.node).kind != Kind::constant) return Term{t.node, t.power - result.power, t.negative};
    return Term{value({t.node, -result.power, false}), 0, false};
  };
  a = scaled(a);
  b = scaled(b);

  const int fraction_a = node(a.node).fraction_bits - a.power, fraction_b = node(b.node).fraction_bits - b.power;
  Node sum{
      .kind = Kind::add, .args = {a.node, b.node}, .subtract = b.negative, .fraction_bits = std::max(fraction_a, fraction_b), .range = {}};
  check_fraction(sum.fraction_bits);
  const int shift_a = sum.fraction_bits - fraction_a, shift_b = sum.fraction_bits - fraction_b;
  const Range ra = node(a.node).range, rb = node(b.node).range;
  const Wide sign = sum.subtract ? -1 : 1;
  if (a.node == b.node && shift_a <= 64 && shift_b <= 64) {
    const Wide factor = (Wide{1} << shift_a) + sign * (Wide{1} << shift_b);
    sum.range = checked_range(factor * (factor < 0 ? ra.high : ra.low), factor * (factor < 0 ? ra.low : ra.high), group_name());
  } else {
    sum.range = checked_range(shifted_left(ra.low, shift_a) + sign * shifted_left(sum.subtract ? rb.high : rb.low, shift_b),
                              shifted_left(ra.high, shift_a) + sign * shifted_left(sum.subtract ? rb.low : rb.high, shift_b), group_name());
  }
  if (std::max(shift_a, shift_b) > kMaxWireWidth) {  // only a value that is never but zero could be shifted that far
    throw DataError("the operands of a sum lie too far apart", {.where = group_name(),
                                                                .found = fmt::format("a shift by {} bits", std::max(shift_a, shift_b)),
                                                                .expected = fmt::format("at most {}", kMaxWireWidth),
                                                                .hint = "inputs, weights and biases of more similar grids"});
  }
  sum.shift_a = static_cast<std::uint8_t>(shift_a);
  sum.shift_b = static_cast<std::uint8_t>(shift_b);
  if (sum.range.low == sum.range.high) return {constant(sum.range.low, sum.fraction_bits - result.power)};
  result.node = intern(sum);
  return result;
}

void Circuit::narrow(Id adder, const Range& range) {
  Node& n = nodes_[static_cast<std::size_t>(adder)];
  if (n.kind != Kind::add) return;
  const Range common{std::max(n.range.low, range.low), std::min(n.range.high, range.high)};
  if (common.low >= common.high) {
    throw std::invalid_argument(
        fmt::format("circuit: node {} of {}..{} cannot stay within {}..{}", adder, n.range.low, n.range.high, range.low, range.high));
  }
  n.range = common;
}

Id Circuit::relu(Id a) {
  if (node(a).kind == Kind::shift) {
    const Id inner = node(a).args[0];
    return shift(relu(inner), node(inner).fraction_bits - node(a).fraction_bits);
  }
  const Node n = node(a);
  if (n.range.low >= 0) return a;
  return unary(Kind::relu, a, n.fraction_bits, {0, std::max<std::int64_t>(n.range.high, 0)});
}

Id Circuit::lookup(Id a, const Table& table, int fraction_bits) {
  if (node(a).kind == Kind::shift) return lookup(node(a).args[0], table, fraction_bits);
  const Node n = node(a);
  const Wide last = Wide{table.low} + static_cast<Wide>(table.entries.size()) - 1;
  if (n.range.low < table.low || n.range.high > last) {
    throw std::invalid_argument(fmt::format("circuit: a table of {} entries from {} does not cover {}..{}", table.entries.size(), table.low,
                                            n.range.low, n.range.high));
  }
  const auto first = table.entries.begin() + static_cast<std::ptrdiff_t>(n.range.low - table.low);
  Table used{n.range.low, {first, first + static_cast<std::ptrdiff_t>(n.range.high - n.range.low) + 1}};
  std::uint64_t bits = 0;
  for (const std::int64_t entry : used.entries) bits |= static_cast<std::uint64_t>(entry);
  const int zeros = bits == 0 ? 0 : std::countr_zero(bits);
  bool identity = true;
  for (std::size_t k = 0; k < used.entries.size(); ++k) {
    used.entries[k] >>= zeros;
    identity = identity && used.entries[k] == used.low + static_cast<std::int64_t>(k);
  }
  fraction_bits -= zeros;
  check_fraction(fraction_bits);
  if (identity) return shift(a, n.fraction_bits - fraction_bits);
  const auto [smallest, largest] = std::minmax_element(used.entries.begin(), used.entries.end());
  const Range range = checked_range(*smallest, *largest, group_name());
  if (range.low == range.high) return constant(range.low, fraction_bits);

  const auto same = std::find(tables_.begin(), tables_.end(), used);
  const auto index = static_cast<std::int32_t>(same - tables_.begin());
  if (same == tables_.end()) tables_.push_back(std::move(used));
  return intern({.kind = Kind::lookup, .args = {a, kNone}, .fraction_bits = fraction_bits, .range = range, .index = index});
}

void Circuit::output(Id id, const fixed::FixedType& type) {
  check_type(type);
  const Node& n = node(id);
  const std::int64_t left = std::int64_t{type.fraction_bits()} - n.fraction_bits;
  const bool zero = n.range.low == 0 && n.range.high == 0;
  if (!zero && (left < 0 || shifted_left(n.range.low, left) < type.min_raw() || shifted_left(n.range.high, left) > type.max_raw())) {
    throw std::invalid_argument(fmt::format("circuit: raw values {}..{} with {} fraction bits do not fit output {} of type {}", n.range.low,
                                            n.range.high, n.fraction_bits, outputs_.size(), fixed::to_string(type)));
  }
  outputs_.push_back({id, type});
}

void Circuit::remove_dead_nodes() {
  std::vector<char> live(nodes_.size(), 0);
  for (const Port& port : inputs_) live[static_cast<std::size_t>(port.node)] = 1;
  for (const Port& port : outputs_) live[static_cast<std::size_t>(port.node)] = 1;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!live[i]) continue;
    for (int k = 0; k < nodes_[i].num_args(); ++k) live[static_cast<std::size_t>(nodes_[i].args[static_cast<std::size_t>(k)])] = 1;
  }
  std::vector<Id> moved(nodes_.size(), kNone);
  std::vector<std::int32_t> moved_table(tables_.size(), -1);
  std::vector<Node> nodes;
  std::vector<Table> tables;
  known_.clear();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!live[i]) continue;
    Node n = nodes_[i];
    for (Id& arg : n.args) {
      if (arg != kNone) arg = moved[static_cast<std::size_t>(arg)];
    }
    if (n.kind == Kind::lookup) {
      std::int32_t& table = moved_table[static_cast<std::size_t>(n.index)];
      if (table < 0) {
        table = static_cast<std::int32_t>(tables.size());
        tables.push_back(std::move(tables_[static_cast<std::size_t>(n.index)]));
      }
      n.index = table;
    }
    moved[i] = static_cast<Id>(nodes.size());
    known_.emplace(key_of(n), moved[i]);
    nodes.push_back(n);
  }
  for (Port& port : inputs_) port.node = moved[static_cast<std::size_t>(port.node)];
  for (Port& port : outputs_) port.node = moved[static_cast<std::size_t>(port.node)];
  nodes_ = std::move(nodes);
  tables_ = std::move(tables);
}

Term operand(const Circuit& circuit, Id id, int k) {
  const Node& n = circuit.node(id);
  const Id arg = n.args[static_cast<std::size_t>(k)];
  return {arg, circuit.node(arg).fraction_bits + (k == 0 ? n.shift_a : n.shift_b) - n.fraction_bits, k == 1 && n.subtract};
}

bool is_concatenation(const Circuit& circuit, Id id) {
  const Node& n = circuit.node(id);
  if (n.kind != Kind::add || n.subtract) return false;
  const auto below = [&](std::size_t low, int shift) {
    const Range& range = circuit.node(n.args[low]).range;
    return range.low >= 0 && range.width() <= shift;
  };
  return below(1, n.shift_a - n.shift_b) || below(0, n.shift_b - n.shift_a);
}

}  // namespace snac::circuit
