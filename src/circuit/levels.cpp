#include "levels.hpp"

#include <algorithm>
#include <bit>

#include "snac/circuit/schedule.hpp"

namespace snac::circuit {

// What counts as a level: one carry chain, or a LUT or two between chains.
// - Wide lookups: a LUT6 holds 64 entries, each further input bit doubles the table and adds a multiplexer in front of it:
//   max(b_in - 6, 1), the latency model of da4ml (FixedVariable.get_cost_and_latency).
// - A saturating cast (comparison of the upper bits and a clip) is counted as a level; da4ml counts 0. Being strict
//   costs at most one stage per layer and keeps the promise of `adders_per_stage`.
int logic_levels(const Circuit& circuit, Id id) {
  const Node& node = circuit.node(id);
  switch (node.kind) {
    case Kind::input:
    case Kind::constant:
    case Kind::shift:
      return 0;
    case Kind::add:
      return is_concatenation(circuit, id) ? 0 : 1;
    case Kind::negate:
    case Kind::relu:
      return 1;
    case Kind::cast:
      return node.type.rounding == fixed::Rounding::trn && node.type.overflow == fixed::Overflow::wrap ? 0 : 1;
    case Kind::lookup:
      return std::max(1, circuit.node(node.args[0]).range.width() - 6);
    case Kind::maximum:  // a comparison's carry chain, then a choice
      return 2;
    case Kind::multiply:  // a tree of adders over the rows of partial products, as many as the narrower operand has bits
      return std::max<int>(1, std::bit_width(static_cast<unsigned>(
                                  std::min(circuit.node(node.args[0]).range.width(), circuit.node(node.args[1]).range.width()) - 1)));
  }
  return 0;
}

int LevelTracker::operator()(Id id) {
  for (std::size_t i = level_.size(); i <= static_cast<std::size_t>(id); ++i) {
    const Node& node = circuit_->nodes()[i];
    int level = 0;
    for (int k = 0; k < node.num_args(); ++k) {
      level = std::max(level, level_[static_cast<std::size_t>(node.args[static_cast<std::size_t>(k)])]);
    }
    level_.push_back(level + logic_levels(*circuit_, static_cast<Id>(i)));
  }
  return level_[static_cast<std::size_t>(id)];
}

}  // namespace snac::circuit
