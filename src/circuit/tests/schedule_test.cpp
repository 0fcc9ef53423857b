#include "snac/circuit/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "random_net.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/mapping.hpp"
#include "snac/core/error.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

/// Levels used in its stage up to and including each node, recomputed from stages alone.
void expect_legal(const Circuit& circuit, const Schedule& schedule, int limit) {
  ASSERT_EQ(schedule.stage.size(), circuit.size());
  std::vector<int> chain(circuit.size(), 0);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const auto& node = circuit.nodes()[i];
    ASSERT_GE(schedule.stage[i], 0);
    for (int k = 0; k < node.num_args(); ++k) {
      const auto arg = static_cast<std::size_t>(node.args[static_cast<std::size_t>(k)]);
      if (circuit.nodes()[arg].kind == Kind::constant) continue;
      ASSERT_LE(schedule.stage[arg], schedule.stage[i]) << "node " << i << " reads a value of a later stage";
      if (schedule.stage[arg] == schedule.stage[i]) chain[i] = std::max(chain[i], chain[arg]);
    }
    const int levels = logic_levels(circuit, static_cast<Id>(i));
    ASSERT_LE(chain[i] + std::min(levels, limit), limit) << "node " << i << ": chain too long";
    chain[i] += std::min(levels, limit);
    if (node.kind == Kind::input) {
      ASSERT_EQ(schedule.stage[i], 0);
    }
  }
  for (const Port& port : circuit.outputs()) ASSERT_LT(schedule.stage[static_cast<std::size_t>(port.node)], schedule.latency);
}

/// Register bits counted from the definition: each value in each stage boundary where somebody behind still needs it.
std::int64_t count_registers(const Circuit& circuit, const Schedule& schedule) {
  std::int64_t bits = schedule.latency;
  const std::vector<LiveWire> live = live_wires(circuit);
  const auto wire = [&](Id id) { return circuit.node(id).kind == Kind::shift ? circuit.node(id).args[0] : id; };
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const auto& node = circuit.nodes()[i];
    if (node.kind == Kind::constant || node.kind == Kind::shift) continue;
    for (int boundary = schedule.stage[i] + 1; boundary <= schedule.latency; ++boundary) {
      bool needed = false;
      for (std::size_t user = 0; user < circuit.size() && !needed; ++user) {
        const auto& reader = circuit.nodes()[user];
        for (int k = 0; k < reader.num_args(); ++k) {
          needed = needed || (reader.args[static_cast<std::size_t>(k)] == static_cast<Id>(i) && schedule.stage[user] >= boundary);
        }
      }
      for (const Port& port : circuit.outputs()) needed = needed || wire(port.node) == static_cast<Id>(i);
      if (needed) bits += live[i].count;
    }
  }
  return bits;
}

TEST(Schedule, is_legal_exact_and_never_worse_than_as_soon_as_possible) {
  std::int64_t saved = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng = Rng::stream(seed, "schedule");
    const Circuit circuit = lower(random_net(rng, 6));
    for (const int limit : {1, 2, 3, 7}) {
      const Schedule asap = schedule(circuit, {.adders_per_stage = limit, .move_later = false});
      const Schedule best = schedule(circuit, {.adders_per_stage = limit});
      for (const Schedule* s : {&asap, &best}) {
        expect_legal(circuit, *s, limit);
        if (HasFatalFailure()) return;
        ASSERT_EQ(s->register_bits, count_registers(circuit, *s));
        EXPECT_EQ(s->initiation_interval, 1);
      }
      EXPECT_EQ(best.latency, asap.latency);
      const std::int64_t before = map_bits(circuit, asap).register_bits, after = map_bits(circuit, best).register_bits;
      EXPECT_LE(after, before);
      saved += before - after;
    }
  }
  EXPECT_GT(saved, 0);
}

/// True if all stages are in order and no path within a stage has more levels than the limit.
bool is_legal(const Circuit& circuit, const std::vector<std::int32_t>& stage, int limit) {
  std::vector<int> chain(circuit.size(), 0);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const auto& node = circuit.nodes()[i];
    for (int k = 0; k < node.num_args(); ++k) {
      const auto arg = static_cast<std::size_t>(node.args[static_cast<std::size_t>(k)]);
      if (circuit.nodes()[arg].kind == Kind::constant) continue;
      if (stage[arg] > stage[i] || (node.kind == Kind::shift && stage[arg] != stage[i])) return false;
      if (stage[arg] == stage[i]) chain[i] = std::max(chain[i], chain[arg]);
    }
    chain[i] += std::min(logic_levels(circuit, static_cast<Id>(i)), limit);
    if (chain[i] > limit) return false;
  }
  return true;
}

/// The fewest register bits of all schedules of this latency, by trying them all.
std::int64_t fewest_register_bits(const Circuit& circuit, int limit, int latency) {
  Schedule trial{.stage = std::vector<std::int32_t>(circuit.size(), 0), .last_use = {}, .latency = latency};
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Kind kind = circuit.nodes()[i].kind;
    if (kind != Kind::input && kind != Kind::constant && kind != Kind::shift) free.push_back(i);
  }
  while (true) {
    for (std::size_t i = 0; i < circuit.size(); ++i) {
      const auto& node = circuit.nodes()[i];
      if (node.kind == Kind::shift) trial.stage[i] = trial.stage[static_cast<std::size_t>(node.args[0])];
    }
    if (is_legal(circuit, trial.stage, limit)) fewest = std::min(fewest, map_bits(circuit, trial).register_bits);
    std::size_t digit = 0;  // the next combination
    while (digit < free.size() && ++trial.stage[free[digit]] == latency) trial.stage[free[digit++]] = 0;
    if (digit == free.size()) return fewest;
  }
}

TEST(Schedule, no_schedule_of_the_same_latency_has_fewer_register_bits) {
  int compared = 0;
  for (std::uint64_t seed = 0; compared < 60 && seed < 3000; ++seed) {
    Rng rng = Rng::stream(seed, "best schedule");
    const Circuit circuit = lower(random_net(rng, 3));
    for (const int limit : {1, 2}) {
      const Schedule best = schedule(circuit, {.adders_per_stage = limit});
      std::int64_t choices = 1;
      for (const auto& node : circuit.nodes()) {
        if (node.kind != Kind::input && node.kind != Kind::constant) choices = std::min<std::int64_t>(choices * best.latency, 1 << 20);
      }
      if (best.latency < 2 || choices > 20000) continue;
      ++compared;
      EXPECT_EQ(map_bits(circuit, best).register_bits, fewest_register_bits(circuit, limit, best.latency))
          << "seed " << seed << ", limit " << limit;
    }
  }
  EXPECT_GE(compared, 60);
}

TEST(Schedule, every_stage_keeps_within_the_period) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng = Rng::stream(seed, "period");
    const Circuit circuit = lower(random_net(rng, 6));
    const DelayModel model;
    int slowest = 0;
    for (std::size_t i = 0; i < circuit.size(); ++i) slowest = std::max(slowest, node_delay_ps(circuit, static_cast<Id>(i), model));
    int previous = std::numeric_limits<int>::max();
    for (const double period : {2.0, 3.0, 4.5, 8.0, 1000.0}) {
      const Schedule pipeline = schedule(circuit, {.pipelining = Pipelining::period, .period_ns = period});
      const std::vector<int> delays = stage_delays_ps(circuit, pipeline, model);
      ASSERT_EQ(delays.size(), static_cast<std::size_t>(pipeline.latency));
      // Only a node that is slower than the period by itself may exceed it, alone in its stage.
      for (const int delay : delays) EXPECT_LE(delay, std::max(static_cast<int>(period * 1000), slowest + model.register_ps));
      ASSERT_EQ(pipeline.register_bits, count_registers(circuit, pipeline));
      EXPECT_LE(pipeline.latency, previous) << "a longer period never needs more stages";
      previous = pipeline.latency;
    }
    EXPECT_EQ(previous, 1);
  }
}

TEST(Schedule, a_number_of_stages_is_met_with_the_shortest_period) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng = Rng::stream(seed, "stages");
    const Circuit circuit = lower(random_net(rng, 6));
    const DelayModel model;
    int previous = std::numeric_limits<int>::max();
    for (const int stages : {1, 2, 3, 5, 9}) {
      const Schedule pipeline = schedule(circuit, {.pipelining = Pipelining::stages, .num_stages = stages});
      EXPECT_LE(pipeline.latency, stages);
      const std::vector<int> delays = stage_delays_ps(circuit, pipeline, model);
      const int worst = *std::max_element(delays.begin(), delays.end());
      EXPECT_LE(worst, previous);
      previous = worst;
      // A period one picosecond shorter needs more stages, unless a single node takes it up.
      int slowest = 0;
      for (std::size_t i = 0; i < circuit.size(); ++i) slowest = std::max(slowest, node_delay_ps(circuit, static_cast<Id>(i), model));
      if (worst > slowest + model.register_ps) {
        const double shorter = (worst - 1) / 1000.0;
        EXPECT_GT(schedule(circuit, {.pipelining = Pipelining::period, .period_ns = shorter}).latency, stages);
      }
    }
  }
}

TEST(Schedule, delays_of_single_nodes) {
  Circuit c;
  const Id x = c.input({8, 8, true}), y = c.input({8, 8, true});
  const Id sum = c.add(x, 0, y, 0, false), tail = c.add(x, 0, y, 4, false), joined = c.add(c.relu(x), 0, y, 8, false);
  const DelayModel m{.register_ps = 10, .lut_ps = 100, .adder_ps = 1000, .carry_bit_ps = 1, .source = "test"};
  EXPECT_EQ(node_delay_ps(c, x, m), 0);
  EXPECT_EQ(node_delay_ps(c, sum, m), 1009);
  EXPECT_EQ(node_delay_ps(c, tail, m), 1009) << "4 of its 13 bits pass through";
  EXPECT_EQ(node_delay_ps(c, joined, m), 0);
  EXPECT_EQ(node_delay_ps(c, c.relu(x), m), 100);
  c.output(c.add(sum, 0, c.relu(x), 3, false), {16, 16, true});
  const Schedule one = schedule(c, {.adders_per_stage = 9});
  EXPECT_EQ(stage_delays_ps(c, one, m), (std::vector<int>{10 + 1009 + node_delay_ps(c, c.outputs()[0].node, m)}));
}

TEST(Schedule, latency_is_the_depth_over_the_levels_per_stage) {
  // 15 digits and a bias: four levels of adders.
  FixedNet net;
  net.input = vector_of(15, FixedType{6, 6, true});
  const DenseOp op{15, 1, std::vector<std::int32_t>(15, 1), 0, {3}, 0};
  net.nodes.push_back(make_node("dense", op, 0, vector_of(1, FixedType{20, 20, true})));
  const Circuit sum = lower(net);
  for (const auto& [limit, latency] : {std::pair{1, 4}, std::pair{2, 2}, std::pair{3, 2}, std::pair{4, 1}, std::pair{9, 1}}) {
    EXPECT_EQ(schedule(sum, {.adders_per_stage = limit}).latency, latency) << limit;
  }
  // A saturating cast is one more level; a truncation is not.
  net.nodes.back().output = vector_of(1, FixedType{4, 4, false, Rounding::rnd, Overflow::sat});
  EXPECT_EQ(schedule(lower(net), {.adders_per_stage = 4}).latency, 2);
  net.nodes.back().output = vector_of(1, FixedType{8, 10, true, Rounding::trn, Overflow::wrap});
  EXPECT_EQ(schedule(lower(net), {.adders_per_stage = 4}).latency, 1);
}

TEST(Schedule, register_bits_of_a_hand_made_pipeline) {
  // s = a + b (stage 0, 9 bits), t = s + c (stage 1, 10 bits), u = t + d (stage 2, 10 bits); inputs of 8 bits.
  Circuit c;
  const FixedType byte{8, 8, true};
  const Id a = c.input(byte), b = c.input(byte), x = c.input(byte), d = c.input(byte);
  const Id s = c.add(a, 0, b, 0, false), t = c.add(s, 0, x, 0, false), u = c.add(t, 0, d, 0, false);
  c.output(u, {16, 16, true});
  c.output(s, {16, 16, true});
  const Schedule pipeline = schedule(c, {.adders_per_stage = 1});
  EXPECT_EQ(pipeline.latency, 3);
  EXPECT_EQ(pipeline.stage[static_cast<std::size_t>(u)], 2);
  EXPECT_EQ(pipeline.last_use[static_cast<std::size_t>(s)], 3);
  // x waits 1 stage, d waits 2; s is an output: 3 registers; t 1; u 1; valid 3.
  EXPECT_EQ(pipeline.register_bits, 8 * 1 + 8 * 2 + 9 * 3 + 10 * 1 + 10 * 1 + 3);
  EXPECT_EQ(schedule(c, {.adders_per_stage = 3}).register_bits, 9 + 10 + 1);
}

TEST(Schedule, a_widening_value_is_made_late) {
  // y = 3x (10 bits) is needed in stage 2 only, and x (8 bits) is kept until then anyway.
  Circuit c;
  const FixedType byte{8, 8, true};
  const Id x = c.input(byte), p = c.input(byte), q = c.input(byte), r = c.input(byte);
  const Id late = c.add(c.add(p, 0, q, 0, false), 0, r, 0, false);
  const Id triple = c.add(x, 0, x, 1, false);
  c.output(c.add(c.add(late, 0, x, 0, false), 0, triple, 3, true), {20, 20, true});
  const Schedule asap = schedule(c, {.adders_per_stage = 1, .move_later = false});
  const Schedule best = schedule(c, {.adders_per_stage = 1});
  EXPECT_EQ(asap.stage[static_cast<std::size_t>(triple)], 0);
  EXPECT_EQ(best.stage[static_cast<std::size_t>(triple)], 2);
  EXPECT_EQ(best.register_bits, asap.register_bits - 2 * 10);
}

TEST(Schedule, constants_and_scales_have_no_registers) {
  Circuit c;
  const Id x = c.input({8, 8, true});
  c.output(c.constant(5, 0), {8, 8, true});
  c.output(c.shift(x, 2), {12, 12, true});
  c.output(x, {8, 8, true});
  EXPECT_EQ(schedule(c).register_bits, 8 + 1) << "one output register for x, shared by both ports, and the valid bit";
}

TEST(Schedule, a_wide_lookup_takes_a_stage_of_its_own) {
  Circuit c;
  const Id x = c.input({10, 10, false}), y = c.input({10, 10, false});
  Table table{0, {}};
  for (int i = 0; i < 2047; ++i) table.entries.push_back((i * 37) % 101);
  const Id sum = c.add(x, 0, y, 0, false);
  const Id looked_up = c.lookup(sum, table, 0);
  EXPECT_EQ(logic_levels(c, looked_up), 5);  // 11 bits in
  c.output(c.add(looked_up, 0, y, 0, false), {12, 12, false});
  const Schedule pipeline = schedule(c, {.adders_per_stage = 2});
  EXPECT_EQ(pipeline.latency, 3);
  expect_legal(c, pipeline, 2);
}

TEST(Schedule, a_stage_without_room_for_an_adder_is_refused) {
  Circuit c;
  c.output(c.input({8, 8, true}), {8, 8, true});
  EXPECT_THROW(schedule(c, {.adders_per_stage = 0}), ConfigError);
  EXPECT_THROW(schedule(c, {.pipelining = Pipelining::stages, .num_stages = 0}), ConfigError);
  for (const double period : {0.25, 0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(schedule(c, {.pipelining = Pipelining::period, .period_ns = period}), ConfigError) << period;
  }
}

}  // namespace
}  // namespace snac::circuit
