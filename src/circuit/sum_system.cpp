#include "sum_system.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

namespace snac::circuit {
namespace {

/// Rows of more operands are first reduced by balanced merging: the search for the cheapest adder is quadratic.
constexpr std::size_t kMaxSearched = 48;
constexpr int kMany = 1 << 20;

struct Operand {
  Ref ref;
  int level = 0, lsb = 0, msb = 0;
  auto order() const { return std::tuple(level, msb, lsb, ref.value, ref.power, ref.negative); }
};
struct Later {
  bool operator()(const Operand& a, const Operand& b) const { return a.order() > b.order(); }
};

Operand operand_of(const AdderGraph& graph, Ref ref) {
  const Wire& wire = graph.wire(ref.value);
  return {ref, wire.level, wire.lsb + ref.power, wire.msb + ref.power + (wire.is_signed ? 1 : 0)};
}

/// Sums until `left` operands are left.
void merge_balanced(AdderGraph& graph, std::vector<Operand>& operands, std::size_t left) {
  std::priority_queue<Operand, std::vector<Operand>, Later> queue(Later{}, std::move(operands));
  while (queue.size() > left) {
    const Ref a = queue.top().ref;
    queue.pop();
    const Ref b = queue.top().ref;
    queue.pop();
    const Ref sum = graph.sum(a, b);
    if (sum.value != kZero) queue.push(operand_of(graph, sum));
  }
  operands.clear();
  for (; !queue.empty(); queue.pop()) operands.push_back(queue.top());
}

std::int64_t cost_of(const AdderGraph& graph, const Ref& a, const Ref& b) {
  return adder_cost(graph.wire(a.value), a.power, a.negative, graph.wire(b.value), b.power, b.negative);
}

/// The cheapest adder next, as long as the rest still fits under the limit.
void merge_cheapest(AdderGraph& graph, std::vector<Operand>& operands, int limit) {
  std::int64_t used = 0;
  for (const Operand& o : operands) used += room_for(o.level, limit);
  std::vector<std::vector<std::int64_t>> cost(operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) cost[i].push_back(cost_of(graph, operands[i].ref, operands[j].ref));
  }
  while (operands.size() > 1) {
    std::size_t best_i = 0, best_j = 0;
    std::tuple<std::int64_t, int, int> best{};
    for (std::size_t i = 1; i < operands.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Operand &a = operands[i], &b = operands[j];
        const std::tuple key(cost[i][j], std::max(a.level, b.level), std::max(a.msb, b.msb));
        if (best_i != 0 && key >= best) continue;
        const int level = std::max(a.level, b.level) + 1;
        if (level > limit || used - room_for(a.level, limit) - room_for(b.level, limit) + room_for(level, limit) > kCapacity) continue;
        best = key;
        best_i = i;
        best_j = j;
      }
    }
    if (best_i == 0) {  // only rounding of very distant levels comes here: balanced merging needs the fewest
      merge_balanced(graph, operands, 1);
      return;
    }
    const Operand &a = operands[best_i], &b = operands[best_j];
    used -= room_for(a.level, limit) + room_for(b.level, limit);
    const Ref ref = graph.sum(a.ref, b.ref);
    const auto remove = [&](std::size_t k) {
      operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(k));
      cost.erase(cost.begin() + static_cast<std::ptrdiff_t>(k));
      for (std::size_t i = k; i < cost.size(); ++i) cost[i].erase(cost[i].begin() + static_cast<std::ptrdiff_t>(k));
    };
    remove(best_i);
    if (ref.value == kZero) {
      remove(best_j);
      continue;
    }
    const Operand sum = operand_of(graph, ref);
    used += room_for(sum.level, limit);
    operands[best_j] = sum;
    for (std::size_t j = 0; j < best_j; ++j) cost[best_j][j] = cost_of(graph, sum.ref, operands[j].ref);
    for (std::size_t i = best_j + 1; i < operands.size(); ++i) cost[i][best_j] = cost_of(graph, operands[i].ref, sum.ref);
  }
}

class Builder {
  static constexpr std::int32_t kUnknown = -2;

 public:
  Builder(const SumSystem& system, TreeKind kind)
      : system_(system),
        kind_(kind),
        draft_{AdderGraph({system.values.begin(), system.values.begin() + static_cast<std::ptrdiff_t>(system.num_leaves)}), {}, {}},
        known_(system.values.size(), Ref{kUnknown}) {}

  Draft run() {
    for (std::size_t o = 0; o < system_.num_outputs; ++o) draft_.outputs.push_back(sum(system_.rows[o]));
    for (const Ref& ref : known_) draft_.built.push_back(ref.value < 0 ? 0 : draft_.graph.wire(ref.value).level);
    return std::move(draft_);
  }

 private:
  Ref value(std::int32_t v) {
    if (system_.is_leaf(v)) return {v};
    const Ref ref = known_[static_cast<std::size_t>(v)];
    if (ref.value == kUnknown) {
      const Ref built = sum(system_.row_of(v));
      known_[static_cast<std::size_t>(v)] = built;
      return built;
    }
    return ref;
  }

  Ref sum(const Row& row) {
    std::vector<Operand> operands;
    for (const Ref& digit : row.digits) {
      Ref ref = value(digit.value);
      if (ref.value == kZero) continue;
      ref.power += digit.power;
      ref.negative = ref.negative != digit.negative;
      operands.push_back(operand_of(draft_.graph, ref));
    }
    if (operands.empty()) return {kZero};
    if (kind_ == TreeKind::balanced) {
      merge_balanced(draft_.graph, operands, 1);
    } else {
      if (operands.size() > kMaxSearched) merge_balanced(draft_.graph, operands, kMaxSearched);
      merge_cheapest(draft_.graph, operands, row.limit);
    }
    return operands.empty() ? Ref{kZero} : operands.front().ref;
  }

  const SumSystem& system_;
  TreeKind kind_;
  Draft draft_;
  std::vector<Ref> known_;
};

}  // namespace

void add_digit(std::vector<Ref>& digits, Ref digit) {
  for (;;) {
    const auto same =
        std::find_if(digits.begin(), digits.end(), [&](const Ref& d) { return d.value == digit.value && d.power == digit.power; });
    if (same == digits.end()) break;
    const bool cancels = same->negative != digit.negative;
    digits.erase(same);
    if (cancels) return;
    ++digit.power;
  }
  digits.push_back(digit);
}

int balanced_depth(const std::vector<int>& operand_levels) {
  std::priority_queue<int, std::vector<int>, std::greater<>> levels({}, operand_levels);
  while (levels.size() > 1) {
    levels.pop();
    const int level = levels.top() + 1;
    levels.pop();
    levels.push(level);
  }
  return levels.empty() ? 0 : levels.top();
}

int balanced_depth(const SumSystem& system, const std::vector<Ref>& digits) {
  std::vector<int> levels;
  for (const Ref& digit : digits) levels.push_back(system.wire(digit.value).level);
  return balanced_depth(levels);
}

void dissolve(SumSystem& system, const std::vector<char>& marked) {
  const std::size_t num_values = system.values.size();
  std::vector<char> gone = marked;
  gone.resize(num_values, 0);
  // Values read nowhere or once, and values that are one digit, go too. Readers are counted from the outputs down.
  std::vector<std::int32_t> order;  // defined values, readers first
  {
    std::vector<char> seen(num_values, 0);
    std::vector<std::pair<std::int32_t, std::size_t>> stack;
    const auto visit_row = [&](const Row& row, auto&& self) -> void {
      for (const Ref& digit : row.digits) {
        if (system.is_leaf(digit.value) || seen[static_cast<std::size_t>(digit.value)]) continue;
        seen[static_cast<std::size_t>(digit.value)] = 1;
        self(system.row_of(digit.value), self);
        order.push_back(digit.value);
      }
    };
    for (std::size_t o = 0; o < system.num_outputs; ++o) visit_row(system.rows[o], visit_row);
    std::reverse(order.begin(), order.end());
    for (std::size_t v = system.num_leaves; v < num_values; ++v) gone[v] = gone[v] || !seen[v];
  }
  std::vector<int> readers(num_values, 0);
  const auto count = [&](const Row& row, int times) {  // a row put into several places reads its operands as often
    for (const Ref& digit : row.digits) {
      int& number = readers[static_cast<std::size_t>(digit.value)];
      number = std::min(kMany, number + times);
    }
  };
  for (std::size_t o = 0; o < system.num_outputs; ++o) count(system.rows[o], 1);
  for (const std::int32_t v : order) {
    const auto i = static_cast<std::size_t>(v);
    if (readers[i] < 2 || system.row_of(v).digits.size() < 2) gone[i] = 1;
    count(system.row_of(v), gone[i] ? readers[i] : 1);
  }
  // Rewrite rows, arguments first, so that what is put in place is final.
  const auto rewrite = [&](Row& row) {
    std::vector<Ref> digits;
    for (const Ref& digit : row.digits) {
      if (!gone[static_cast<std::size_t>(digit.value)]) {
        add_digit(digits, digit);
        continue;
      }
      for (const Ref& inner : system.row_of(digit.value).digits) {
        add_digit(digits, {inner.value, inner.power + digit.power, inner.negative != digit.negative});
      }
    }
    row.digits = std::move(digits);
  };
  for (auto it = order.rbegin(); it != order.rend(); ++it) rewrite(system.row_of(*it));
  for (std::size_t o = 0; o < system.num_outputs; ++o) rewrite(system.rows[o]);
  // Renumber.
  std::vector<std::int32_t> moved(num_values, -1);
  SumSystem rest{{}, {}, system.num_leaves, system.num_outputs};
  for (std::size_t o = 0; o < system.num_outputs; ++o) rest.rows.push_back(std::move(system.rows[o]));
  for (std::size_t v = 0; v < num_values; ++v) {
    if (v >= system.num_leaves && gone[v]) continue;
    moved[v] = static_cast<std::int32_t>(rest.values.size());
    rest.values.push_back(system.values[v]);
    if (v >= system.num_leaves) rest.rows.push_back(std::move(system.row_of(static_cast<std::int32_t>(v))));
  }
  for (Row& row : rest.rows) {
    for (Ref& digit : row.digits) digit.value = moved[static_cast<std::size_t>(digit.value)];
  }
  system = std::move(rest);
}

Draft build(const SumSystem& system, TreeKind kind) { return Builder(system, kind).run(); }

}  // namespace snac::circuit
