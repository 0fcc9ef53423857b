#include "snac/circuit/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "retime.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

std::size_t at(Id id) { return static_cast<std::size_t>(id); }

bool is_wire_of_arg(const Node& node) { return node.kind == Kind::shift; }

/// Places nodes in stages and, within a stage, on levels 1..limit (0 for wiring at the start of a stage). Levels may as well be
/// picoseconds.
class Scheduler {
 public:
  Scheduler(const Circuit& circuit, std::vector<int> levels, int limit)
      : circuit_(circuit), limit_(limit), place_(circuit.size()), levels_(std::move(levels)) {
    for (int& level : levels_) level = std::min(level, limit);
  }

  int num_stages() const noexcept { return stages_; }

  void as_soon_as_possible() {
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      if (is_wire_of_arg(node(i))) {
        place_[i] = place_[storage(i)];
        continue;
      }
      Place start;
      for_each_arg(i, [&](std::size_t arg) { start = std::max(start, place_[arg]); });
      place_[i] = start.level + levels_[i] <= limit_ ? Place{start.stage, start.level + levels_[i]} : Place{start.stage + 1, levels_[i]};
    }
    stages_ = 0;
    for (const Port& port : circuit_.outputs()) stages_ = std::max(stages_, place_[at(port.node)].stage + 1);
    stages_ = std::max(stages_, 1);
  }

  /// Stages beyond those that the logic needs: registers more.
  void extend_to(int stages) { stages_ = std::max(stages_, stages); }

  /// The fewest register bits of all schedules with these stages; false if the circuit is too large for that.
  bool retime_all() {
    std::vector<std::int32_t> stage(circuit_.size());
    for (std::size_t i = 0; i < stage.size(); ++i) stage[i] = place_[i].stage;
    if (!retime(circuit_, levels_, limit_, stages_, stage)) return false;
    for (std::size_t i = 0; i < stage.size(); ++i) place_[i].stage = stage[i];
    return true;
  }

  /// Moves single nodes to later stages wherever that saves register bits, users first, until nothing is saved.
  /// Never moves anything earlier or past a user, so that latency and legality are kept.
  void move_later() {
    collect_users();
    uses_.assign(circuit_.size() * uses_per_node(), 0);
    for (std::size_t i = 0; i < circuit_.size(); ++i) count_uses(i, place_[i].stage, +1);
    for (const Port& port : circuit_.outputs()) ++use_count(storage(at(port.node)), stages_);
    constexpr int kMaxPasses = 16;
    for (int pass = 0; pass < kMaxPasses; ++pass) {
      bool moved = false;
      for (std::size_t i = circuit_.size(); i-- > 0;) moved = improve(i) || moved;
      if (!moved) break;
    }
  }

  Schedule result() const {
    Schedule schedule;
    schedule.latency = stages_;
    schedule.stage.resize(circuit_.size());
    schedule.last_use.resize(circuit_.size());
    for (std::size_t i = 0; i < circuit_.size(); ++i) schedule.stage[i] = schedule.last_use[i] = place_[storage(i)].stage;
    const auto needed = [&](std::size_t i, std::int32_t stage) {
      std::int32_t& last = schedule.last_use[storage(i)];
      last = std::max(last, stage);
    };
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      for_each_arg(i, [&](std::size_t arg) { needed(arg, place_[i].stage); });
    }
    for (const Port& port : circuit_.outputs()) needed(at(port.node), stages_);
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      if (!has_registers(i)) schedule.last_use[i] = schedule.stage[i];
    }
    const std::vector<std::int64_t> bits = register_bits(circuit_, schedule);
    schedule.register_bits = std::accumulate(bits.begin(), bits.end(), std::int64_t{schedule.latency});  // one valid bit per stage
    return schedule;
  }

 private:
  struct Place {
    std::int32_t stage = 0;
    int level = 0;  ///< levels of the stage used up after this node
    auto operator<=>(const Place&) const = default;
  };

  const Node& node(std::size_t i) const { return circuit_.nodes()[i]; }
  bool has_registers(std::size_t i) const { return node(i).kind != Kind::constant && !is_wire_of_arg(node(i)); }
  /// The node whose registers carry this value.
  std::size_t storage(std::size_t i) const { return is_wire_of_arg(node(i)) ? at(node(i).args[0]) : i; }

  /// Distinct arguments that take part in timing: constants are there at all times, and shifts follow their argument.
  template <class Body>
  void for_each_arg(std::size_t i, Body&& body) const {
    const Node& n = node(i);
    if (is_wire_of_arg(n)) return;
    for (std::size_t k = 0; k < static_cast<std::size_t>(n.num_args()); ++k) {
      if (k == 1 && n.args[1] == n.args[0]) continue;
      if (node(at(n.args[k])).kind != Kind::constant) body(at(n.args[k]));
    }
  }

  void collect_users() {
    first_user_.assign(circuit_.size() + 1, 0);
    for (std::size_t i = 0; i < circuit_.size(); ++i) for_each_arg(i, [&](std::size_t arg) { ++first_user_[arg + 1]; });
    for (std::size_t i = 0; i < circuit_.size(); ++i) first_user_[i + 1] += first_user_[i];
    users_.resize(first_user_.back());
    std::vector<std::size_t> next(first_user_.begin(), first_user_.end() - 1);
    for (std::size_t i = 0; i < circuit_.size(); ++i) for_each_arg(i, [&](std::size_t arg) { users_[next[arg]++] = static_cast<Id>(i); });
  }
  std::span<const Id> users(std::size_t i) const { return {users_.data() + first_user_[i], first_user_[i + 1] - first_user_[i]}; }

  std::size_t uses_per_node() const { return static_cast<std::size_t>(stages_) + 1; }
  std::int32_t& use_count(std::size_t i, std::int32_t stage) { return uses_[i * uses_per_node() + static_cast<std::size_t>(stage)]; }
  void count_uses(std::size_t user, std::int32_t stage, std::int32_t change) {
    for_each_arg(user, [&](std::size_t arg) { use_count(storage(arg), stage) += change; });
  }
  /// Last stage that reads i, `without` one use in that stage (-1: count all); i's own stage if none.
  std::int32_t last_use(std::size_t i, std::int32_t without) {
    for (std::int32_t stage = stages_; stage > place_[i].stage; --stage) {
      if (use_count(i, stage) > (stage == without ? 1 : 0)) return stage;
    }
    return place_[i].stage;
  }

  /// The latest place of i in `stage`: before its users there, after its arguments there.
  bool find_level(std::size_t i, std::int32_t stage, int& level) const {
    level = limit_;
    for (const Id user : users(i)) {
      const Place& place = place_[at(user)];
      if (place.stage < stage) return false;
      if (place.stage == stage) level = std::min(level, place.level - levels_[at(user)]);
    }
    int earliest = 0;
    for_each_arg(i, [&](std::size_t arg) {
      if (place_[arg].stage == stage) earliest = std::max(earliest, place_[arg].level);
    });
    return level >= earliest + levels_[i];
  }

  bool improve(std::size_t i) {
    if (node(i).kind == Kind::input || !has_registers(i)) return false;
    const std::int32_t from = place_[i].stage;
    int within = 0;
    if (find_level(i, from, within)) place_[i].level = within;  // late within the stage: more room for the arguments
    std::int32_t latest = stages_ - 1;
    for (const Id user : users(i)) latest = std::min(latest, place_[at(user)].stage);
    const std::int32_t own_last = last_use(i, -1);
    Place best = place_[i];
    std::int64_t best_gain = 0;
    for (std::int32_t stage = from + 1; stage <= latest; ++stage) {
      int level = 0;
      if (!find_level(i, stage, level)) continue;
      std::int64_t gain = std::int64_t{node(i).range.width()} * (std::min(stage, own_last) - from);
      for_each_arg(i, [&](std::size_t arg) {
        const std::size_t held = storage(arg);
        gain -= node(held).range.width() * (std::max(last_use(held, from), stage) - last_use(held, -1));
      });
      if (gain > best_gain) {
        best_gain = gain;
        best = {stage, level};
      }
    }
    if (best_gain == 0) return false;
    count_uses(i, from, -1);
    count_uses(i, best.stage, +1);
    place_[i] = best;
    return true;
  }

  const Circuit& circuit_;
  int limit_;
  std::vector<Place> place_;
  std::vector<int> levels_;
  int stages_ = 1;
  std::vector<std::size_t> first_user_;
  std::vector<Id> users_;
  std::vector<std::int32_t> uses_;  ///< (nodes, stages + 1): users of a value by stage; column `stages_` is the output register
};

}  // namespace

std::vector<std::int64_t> register_bits(const Circuit& circuit, const Schedule& schedule) {
  std::vector<std::int64_t> bits;
  for (const LiveWire& wire : live_wires(circuit)) {
    const std::size_t i = bits.size();
    bits.push_back(std::int64_t{wire.count} * (schedule.last_use[i] - schedule.stage[i]));
  }
  return bits;
}

namespace {

std::vector<int> all_levels(const Circuit& circuit) {
  std::vector<int> levels;
  for (std::size_t i = 0; i < circuit.size(); ++i) levels.push_back(logic_levels(circuit, static_cast<Id>(i)));
  return levels;
}

std::vector<int> all_delays(const Circuit& circuit, const DelayModel& model) {
  std::vector<int> delays;
  for (std::size_t i = 0; i < circuit.size(); ++i) delays.push_back(node_delay_ps(circuit, static_cast<Id>(i), model));
  return delays;
}

int budget_ps(const ScheduleParams& params) {
  constexpr double kLongest = 1e6;  // 1 ms: beyond, everything fits into one stage
  const double budget = std::min(params.period_ns, kLongest) * 1000 - params.delay.register_ps;
  if (!(budget >= 1)) {
    throw ConfigError("the clock period leaves no time for logic",
                      {.where = "period",
                       .found = fmt::format("{} ns", params.period_ns),
                       .expected = fmt::format("more than the {} ns of a register", params.delay.register_ps / 1000.0),
                       .hint = "2 to 5 ns is usual"});
  }
  return static_cast<int>(budget);
}

/// The smallest budget with at most so many stages: a smaller one never has fewer.
int smallest_budget(const Circuit& circuit, const std::vector<int>& delays, int stages) {
  int slowest = 1, total = 1;
  std::vector<int> arrival(circuit.size(), 0);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Node& node = circuit.nodes()[i];
    for (int k = 0; k < node.num_args(); ++k) arrival[i] = std::max(arrival[i], arrival[at(node.args[static_cast<std::size_t>(k)])]);
    arrival[i] += delays[i];
    slowest = std::max(slowest, delays[i]);
    total = std::max(total, arrival[i]);
  }
  int low = slowest, high = total;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    Scheduler scheduler(circuit, delays, middle);
    scheduler.as_soon_as_possible();
    if (scheduler.num_stages() <= stages) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

void require_positive(const char* field, int value, const char* hint) {
  if (value >= 1) return;
  throw ConfigError("a pipeline stage needs room for an adder",
                    {.where = field, .found = fmt::format("{}", value), .expected = "1 or more", .hint = hint});
}

Scheduler scheduler_for(const Circuit& circuit, const ScheduleParams& params) {
  switch (params.pipelining) {
    case Pipelining::levels:
      break;
    case Pipelining::period:
      return Scheduler(circuit, all_delays(circuit, params.delay), budget_ps(params));
    case Pipelining::stages: {
      std::vector<int> delays = all_delays(circuit, params.delay);
      const int budget = smallest_budget(circuit, delays, params.num_stages);
      return Scheduler(circuit, std::move(delays), budget);
    }
  }
  return Scheduler(circuit, all_levels(circuit), params.adders_per_stage);
}

}  // namespace

Schedule schedule(const Circuit& circuit, const ScheduleParams& params) {
  require_positive("adders_per_stage", params.adders_per_stage, "2 is usual at 200-300 MHz");
  require_positive("num_stages", params.num_stages, "1 = no registers but those of the outputs");
  Scheduler scheduler = scheduler_for(circuit, params);
  scheduler.as_soon_as_possible();
  if (params.pipelining == Pipelining::stages) scheduler.extend_to(params.num_stages);
  if (params.move_later && !scheduler.retime_all()) scheduler.move_later();
  return scheduler.result();
}

}  // namespace snac::circuit
