// The delay model of the scheduler.
#include <algorithm>

#include "live_bits.hpp"
#include "snac/circuit/schedule.hpp"

namespace snac::circuit {
namespace {

/// LUT6 in a row that combine so many bits into one: 6, 36, ...
int lut_depth(std::int64_t bits) {
  int depth = 1;
  for (std::int64_t reach = 6; reach < bits; reach *= 6) ++depth;
  return depth;
}

int adder_delay(const DelayModel& model, int bits) { return model.adder_ps + model.carry_bit_ps * std::max(bits, 1); }

}  // namespace

int node_delay_ps(const Circuit& circuit, Id id, const DelayModel& model) {
  const Node& node = circuit.node(id);
  const int width = node.range.width();
  switch (node.kind) {
    case Kind::input:
    case Kind::constant:
    case Kind::shift:
      return 0;
    case Kind::add:
      return is_concatenation(circuit, id) ? 0 : adder_delay(model, width - split_of(circuit, node).split);
    case Kind::negate:
      return adder_delay(model, width);
    case Kind::relu:
      return model.lut_ps;
    case Kind::cast: {
      const std::int64_t dropped = std::max<std::int64_t>(cast_offset(circuit, node), 0);
      if (node.type.rounding != fixed::Rounding::trn) return lut_depth(dropped + 1) * model.lut_ps + adder_delay(model, width);
      const Clips clips = clips_of(circuit, node);
      if (!clips.over && !clips.under) return 0;
      const std::int64_t upper = circuit.node(node.args[0]).range.width() - dropped - node.type.width + 1;
      return (lut_depth(upper) + 1) * model.lut_ps;
    }
    case Kind::maximum:  // a comparison, then a choice
      return adder_delay(model, width) + model.lut_ps;
    case Kind::multiply:  // a tree of adders over the rows of partial products
      return logic_levels(circuit, id) * adder_delay(model, width);
    case Kind::lookup:  // a table of 64 entries per LUT6 and 4:1 multiplexers in front
      return model.lut_ps * (1 + (std::max(0, circuit.node(node.args[0]).range.width() - 6) + 1) / 2);
  }
  return 0;
}

std::vector<int> stage_delays_ps(const Circuit& circuit, const Schedule& schedule, const DelayModel& model) {
  std::vector<int> delays(static_cast<std::size_t>(schedule.latency), 0);
  std::vector<int> arrival(circuit.size(), 0);
  for (std::size_t i = 0; i < circuit.size(); ++i) {
    const Node& node = circuit.nodes()[i];
    if (node.kind == Kind::constant) continue;
    for (int k = 0; k < node.num_args(); ++k) {
      const auto arg = static_cast<std::size_t>(node.args[static_cast<std::size_t>(k)]);
      if (schedule.stage[arg] == schedule.stage[i]) arrival[i] = std::max(arrival[i], arrival[arg]);
    }
    arrival[i] += node_delay_ps(circuit, static_cast<Id>(i), model);
    int& worst = delays[static_cast<std::size_t>(schedule.stage[i])];
    worst = std::max(worst, arrival[i]);
  }
  for (int& delay : delays) delay += model.register_ps;
  return delays;
}

}  // namespace snac::circuit
