#include "decompose.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "snac/circuit/lower.hpp"

namespace snac::circuit {
namespace {

constexpr double kMaxWork = 1e8;     ///< coefficients compared
constexpr int kMaxCoefficient = 40;  ///< bits: sums and differences stay far from 63

/// Non-zero signed digits of the canonical form: n xor 3n has a bit for each.
int count_digits(std::int64_t value) {
  const auto n = static_cast<std::uint64_t>(value < 0 ? -value : value);
  return std::popcount(n ^ (3 * n));
}

struct TreeNode {
  int parent = -1;        ///< -1: the root, zero
  bool negative = false;  ///< minus the parent
  int operands = 0;       ///< of the row: digits of the difference, and the parent
  int edges = 0;          ///< from the root
  int level = 0;          ///< least levels of the row without its constants, if it can be read
};

class Tree {
 public:
  explicit Tree(const SumSystem& system) : system_(system), nodes_(system.num_outputs) {}

  /// False if the rows are not comparable as integers, or too many.
  bool read_coefficients() {
    const double outputs = static_cast<double>(system_.num_outputs);
    if (outputs * outputs * static_cast<double>(system_.num_leaves) > kMaxWork) return false;
    int lowest = std::numeric_limits<int>::max(), highest = std::numeric_limits<int>::min();
    for (const Row& row : system_.rows) {
      for (const Ref& digit : row.digits) {
        if (system_.wire(digit.value).constant) continue;
        lowest = std::min(lowest, digit.power);
        highest = std::max(highest, digit.power);
      }
    }
    if (lowest > highest || highest - lowest > kMaxCoefficient) return false;
    lowest_ = lowest;
    coefficients_.assign(system_.num_outputs * system_.num_leaves, 0);
    for (std::size_t o = 0; o < system_.num_outputs; ++o) {
      for (const Ref& digit : system_.rows[o].digits) {
        if (system_.wire(digit.value).constant) continue;
        const std::int64_t weight = std::int64_t{1} << (digit.power - lowest);
        row(o)[static_cast<std::size_t>(digit.value)] += digit.negative ? -weight : weight;
      }
    }
    return true;
  }

  /// Prim's algorithm; ties go to the lower row. @returns operands saved.
  std::size_t grow(int max_edges) {
    const std::size_t count = system_.num_outputs;
    std::size_t before = 0, after = 0;
    for (std::size_t o = 0; o < count; ++o) {
      nodes_[o].operands = distance(o, o, 0);
      before += static_cast<std::size_t>(nodes_[o].operands);
    }
    std::vector<char> placed(count, 0);
    for (std::size_t step = 0; step < count; ++step) {
      std::size_t next = count;
      for (std::size_t o = 0; o < count; ++o) {
        if (!placed[o] && (next == count || nodes_[o].operands < nodes_[next].operands)) next = o;
      }
      placed[next] = 1;
      order_.push_back(next);
      TreeNode& node = nodes_[next];
      if (!fits(next)) node = {.operands = distance(next, next, 0)};  // too deep as a difference
      node.edges = node.parent < 0 ? 0 : nodes_[static_cast<std::size_t>(node.parent)].edges + 1;
      after += static_cast<std::size_t>(node.operands);
      if (node.edges >= max_edges || !can_be_read(next)) continue;
      for (std::size_t o = 0; o < count; ++o) {
        if (placed[o]) continue;
        for (const int sign : {-1, 1}) {
          const int operands = distance(o, next, sign) + 1;
          if (operands < nodes_[o].operands) nodes_[o] = {static_cast<int>(next), sign > 0, operands, 0, 0};
        }
      }
    }
    return before - std::min(before, after);
  }

  void rewrite(SumSystem& system) const {
    const std::size_t count = system.num_outputs;
    std::vector<Row> rows(count);
    std::vector<char> is_parent(count, 0);
    std::vector<std::int32_t> value(count, -1);
    for (const TreeNode& node : nodes_) {
      if (node.parent >= 0) is_parent[static_cast<std::size_t>(node.parent)] = 1;
    }
    for (const std::size_t o : order_) {
      Row& out = rows[o];
      out.digits = difference_digits(o);
      out.limit = system.rows[o].limit;
      if (nodes_[o].parent >= 0) out.digits.push_back({value[static_cast<std::size_t>(nodes_[o].parent)], 0, nodes_[o].negative});
      if (!is_parent[o]) continue;
      Wire wire{.lsb = std::numeric_limits<int>::max()};
      for (const Ref& digit : out.digits) {
        const Wire& part = system.wire(digit.value);
        const double low = std::ldexp(part.low, digit.power), high = std::ldexp(part.high, digit.power);
        wire.low += digit.negative ? -high : low;
        wire.high += digit.negative ? -low : high;
        wire.lsb = std::min(wire.lsb, part.lsb + digit.power);
      }
      wire.level = nodes_[o].level;
      wire.finish();
      value[o] = static_cast<std::int32_t>(system.values.size());
      system.values.push_back(wire);
      system.rows.push_back(std::move(out));
      out = {{{value[o], 0, false}}, system.rows[o].limit};
    }
    for (std::size_t o = 0; o < count; ++o) {
      for (const Ref& digit : system.rows[o].digits) {
        if (system.wire(digit.value).constant) rows[o].digits.push_back(digit);
      }
      system.rows[o] = std::move(rows[o]);
    }
    set_limits(system, value);
  }

 private:
  std::int64_t* row(std::size_t o) { return coefficients_.data() + o * system_.num_leaves; }
  const std::int64_t* row(std::size_t o) const { return coefficients_.data() + o * system_.num_leaves; }

  /// Digits of row a + sign * row b.
  int distance(std::size_t a, std::size_t b, int sign) const {
    int digits = 0;
    for (std::size_t i = 0; i < system_.num_leaves; ++i) digits += count_digits(row(a)[i] + sign * row(b)[i]);
    return digits;
  }

  std::vector<Ref> difference_digits(std::size_t o) const {
    const TreeNode& node = nodes_[o];
    std::vector<Ref> digits;
    for (std::size_t i = 0; i < system_.num_leaves; ++i) {
      std::int64_t rest = row(o)[i];
      if (node.parent >= 0) rest -= (node.negative ? -1 : 1) * row(static_cast<std::size_t>(node.parent))[i];
      for (const SignedDigit& digit : canonical_signed_digits(rest)) {
        digits.push_back({static_cast<std::int32_t>(i), lowest_ + digit.power, digit.negative});
      }
    }
    return digits;
  }

  std::vector<int> operand_levels(std::size_t o) const {
    std::vector<int> levels;
    for (const Ref& digit : difference_digits(o)) levels.push_back(system_.wire(digit.value).level);
    if (nodes_[o].parent >= 0) levels.push_back(nodes_[static_cast<std::size_t>(nodes_[o].parent)].level);
    return levels;
  }
  void add_constants(std::size_t o, std::vector<int>& levels) const {
    for (const Ref& digit : system_.rows[o].digits) {
      if (system_.wire(digit.value).constant) levels.push_back(system_.wire(digit.value).level);
    }
  }

  bool fits(std::size_t o) const {
    std::vector<int> levels = operand_levels(o);
    add_constants(o, levels);
    return balanced_depth(levels) <= system_.rows[o].limit;
  }

  /// As a value that others read, with the row's own constants after it. Sets the node's level.
  bool can_be_read(std::size_t o) {
    nodes_[o].level = balanced_depth(operand_levels(o));
    std::vector<int> levels{nodes_[o].level};
    add_constants(o, levels);
    return balanced_depth(levels) <= system_.rows[o].limit;
  }

  /// The latest level at which a value may be ready: every row that reads it must still fit. Readers first.
  void set_limits(SumSystem& system, const std::vector<std::int32_t>& value) const {
    std::vector<int> latest(system.values.size(), kNoLimit);
    const auto visit = [&](const Row& one) {
      if (one.limit == kNoLimit) return;
      std::int64_t used = 0;
      std::int32_t read = -1;
      for (const Ref& digit : one.digits) {
        if (system.is_leaf(digit.value)) {
          used += room_for(system.wire(digit.value).level, one.limit);
        } else {
          read = digit.value;  // one at most: the parent, or the row's own value
        }
      }
      if (read < 0) return;
      int level = one.limit;
      while (used + room_for(level, one.limit) > kCapacity) --level;
      latest[static_cast<std::size_t>(read)] = std::min(latest[static_cast<std::size_t>(read)], level);
    };
    for (std::size_t o = 0; o < system.num_outputs; ++o) visit(system.rows[o]);
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
      const std::int32_t v = value[*it];
      if (v < 0) continue;
      const int level = latest[static_cast<std::size_t>(v)];
      system.row_of(v).limit = level;
      if (level != kNoLimit) system.values[static_cast<std::size_t>(v)].level = level;
      visit(system.row_of(v));
    }
  }

  const SumSystem& system_;
  std::vector<std::int64_t> coefficients_;  ///< (outputs, leaves), in units of 2^lowest_
  int lowest_ = 0;
  std::vector<TreeNode> nodes_;
  std::vector<std::size_t> order_;  ///< parents first
};

}  // namespace

std::size_t decompose(SumSystem& system, int max_edges) {
  if (system.values.size() != system.num_leaves) throw std::invalid_argument("decompose: values are shared already");
  Tree tree(system);
  if (!tree.read_coefficients()) return 0;
  const std::size_t saved = tree.grow(max_edges);
  if (saved > 0) tree.rewrite(system);
  return saved;
}

}  // namespace snac::circuit
