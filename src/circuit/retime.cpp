#include "retime.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "bit_roots.hpp"
#include "max_closure.hpp"

// Retiming as Leiserson and Saxe (1991) put it: a linear cost under difference constraints. Variables: the stage of every node and,
// for every set of readers, the last stage that reads. Such a cost is L-natural convex, so steps of "raise the best set of variables
// by one", each a maximum closure, lead from the earliest schedule to the best one of all, in at most `latency` steps (Murota and
// Shioura 2014).
namespace snac::circuit {
namespace {

struct Constraint {
  std::uint32_t before, after;  ///< value[after] >= value[before] + gap
  std::int32_t gap;
};

class Retiming {
 public:
  Retiming(const Circuit& circuit, const std::vector<int>& delay, int limit, int latency, const std::vector<std::int32_t>& stage)
      : circuit_(circuit),
        delay_(delay),
        limit_(limit),
        latency_(latency),
        value_(stage),
        weight_(circuit.size(), 0),
        users_(circuit.size()) {}

  bool build(const RetimingLimits& limits) {
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      for_each_arg(i, [&](std::uint32_t arg) {
        users_[arg].push_back(static_cast<std::uint32_t>(i));
        constraints_.push_back({arg, static_cast<std::uint32_t>(i), 0});
      });
    }
    return separate_slow_paths(limits.max_constraints) && (add_registers(), true);
  }

  std::vector<std::int32_t> solve() {
    while (raise()) {
    }
    std::vector<std::int32_t> stage(value_.begin(), value_.begin() + static_cast<std::ptrdiff_t>(circuit_.size()));
    for (std::size_t i = 0; i < stage.size(); ++i) {  // a shift is its argument's wire
      const Node& node = circuit_.nodes()[i];
      if (node.kind == Kind::shift) stage[i] = stage[static_cast<std::size_t>(node.args[0])];
    }
    return stage;
  }

 private:
  template <class Body>
  void for_each_arg(std::size_t i, Body&& body) const {
    const Node& node = circuit_.nodes()[i];
    if (node.kind == Kind::shift) return;
    for (int k = 0; k < node.num_args(); ++k) {
      const Id arg = node.args[static_cast<std::size_t>(k)];
      if (circuit_.node(arg).kind != Kind::constant && !(k == 1 && arg == node.args[0])) body(static_cast<std::uint32_t>(arg));
    }
  }

  /// Nodes at the two ends of a path that is too slow for one stage need a register between them. The first such node of each path
  /// suffices: what comes behind it is no earlier.
  bool separate_slow_paths(std::size_t max_constraints) {
    std::vector<int> reached(circuit_.size(), -1);  // longest path from the start, its delay included
    std::vector<std::uint32_t> touched;
    for (std::uint32_t start = 0; start < circuit_.size(); ++start) {
      if (delay_[start] == 0) continue;
      std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> pending;  // ids are in topological order
      reached[start] = delay_[start];
      touched = {start};
      pending.push(start);
      while (!pending.empty()) {
        const std::uint32_t node = pending.top();
        pending.pop();
        if (reached[node] > limit_) {
          constraints_.push_back({start, node, 1});
          continue;
        }
        for (const std::uint32_t user : users_[node]) {
          if (reached[user] < 0) {
            touched.push_back(user);
            pending.push(user);
          }
          reached[user] = std::max(reached[user], reached[node] + delay_[user]);
        }
      }
      for (const std::uint32_t node : touched) reached[node] = -1;
      if (constraints_.size() > max_constraints) return false;
    }
    return true;
  }

  /// What a register costs: each root's bits from its stage to its last reader's.
  void add_registers() {
    const BitRoots bits = trace_bits(circuit_, value_);
    std::map<std::vector<Id>, std::uint32_t> last_of;  // variable for the last of several readers
    for (const BitRoot& root : bits.roots) {
      if (root.node == kNone || root.readers.empty()) continue;
      weight_[static_cast<std::size_t>(root.node)] += 1;
      if (root.readers.front() == kNone) continue;  // an output port: held to the end anyway
      if (root.readers.size() == 1) {
        weight_[static_cast<std::size_t>(root.readers.front())] -= 1;
        continue;
      }
      const auto [entry, inserted] = last_of.try_emplace(root.readers, static_cast<std::uint32_t>(weight_.size()));
      if (inserted) {
        std::int32_t last = 0;
        for (const Id reader : root.readers) {
          last = std::max(last, value_[static_cast<std::size_t>(reader)]);
          constraints_.push_back({static_cast<std::uint32_t>(reader), entry->second, 0});
        }
        value_.push_back(last);
        weight_.push_back(0);
      }
      weight_[entry->second] -= 1;
    }
    // What cannot move: inputs come in stage 0.
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      if (circuit_.nodes()[i].kind == Kind::input || circuit_.nodes()[i].kind == Kind::constant) weight_[i] = 0;
    }
  }

  bool raise() {
    constexpr std::int64_t kNever = std::int64_t{1} << 50;
    std::vector<std::int64_t> weight = weight_;
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      if (value_[i] >= latency_ - 1) weight[i] = -kNever;
    }
    MaxClosure closure(weight);
    for (const Constraint& c : constraints_) {
      if (value_[c.after] == value_[c.before] + c.gap) closure.require(c.before, c.after);
    }
    const std::vector<char> raised = closure.solve();
    bool any = false;
    for (std::size_t i = 0; i < raised.size(); ++i) {
      value_[i] += raised[i];
      any = any || raised[i];
    }
    return any;
  }

  const Circuit& circuit_;
  const std::vector<int>& delay_;
  int limit_, latency_;
  std::vector<std::int32_t> value_;   ///< of nodes, then of last readers
  std::vector<std::int64_t> weight_;  ///< register bits saved by raising the variable by one
  std::vector<Constraint> constraints_;
  std::vector<std::vector<std::uint32_t>> users_;
};

}  // namespace

bool retime(const Circuit& circuit, const std::vector<int>& delay, int limit, int latency, std::vector<std::int32_t>& stage,
            const RetimingLimits& limits) {
  Retiming problem(circuit, delay, limit, latency, stage);
  if (!problem.build(limits)) return false;
  stage = problem.solve();
  return true;
}

}  // namespace snac::circuit
