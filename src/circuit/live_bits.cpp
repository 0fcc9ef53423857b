#include "live_bits.hpp"

#include <algorithm>
#include <bit>

#include "exact.hpp"

namespace snac::circuit {
namespace {

/// Marks bits of an operand: positions above the wire repeat its sign bit, or are zero.
class Marker {
 public:
  Marker(const Circuit& circuit, std::vector<BitMask>& live) : circuit_(circuit), live_(live) {}

  void bit(Id id, std::int64_t position) {
    const Range& range = circuit_.node(id).range;
    if (position < 0 || range.width() == 0) return;
    if (position >= range.width()) {
      if (!range.is_signed()) return;
      position = range.width() - 1;
    }
    live_[static_cast<std::size_t>(id)] |= BitMask{1} << position;
  }
  /// Positions first .. last.
  void bits(Id id, std::int64_t first, std::int64_t last) {
    const int width = circuit_.node(id).range.width();
    for (std::int64_t k = std::max<std::int64_t>(first, 0); k <= std::min<std::int64_t>(last, width); ++k) bit(id, k);
  }
  void all(Id id) { live_[static_cast<std::size_t>(id)] |= low_bits(circuit_.node(id).range.width()); }

 private:
  const Circuit& circuit_;
  std::vector<BitMask>& live_;
};

int highest(BitMask mask) { return static_cast<int>(std::bit_width(mask)) - 1; }

void mark_add(const Circuit& circuit, const Node& node, BitMask live, Marker& mark) {
  const AdderSplit split = split_of(circuit, node);
  const int top = highest(live);
  for (int bit = 0; bit < split.split && bit <= top; ++bit) {
    const int k = split.through(bit);
    if (live >> bit & 1) mark.bit(node.args[static_cast<std::size_t>(k)], operand_bit(node, k, bit));
  }
  if (top < split.split) return;
  for (int k = 0; k < 2; ++k) {  // a carry depends on all bits below
    mark.bits(node.args[static_cast<std::size_t>(k)], operand_bit(node, k, split.split), operand_bit(node, k, top));
  }
}

void mark_cast(const Circuit& circuit, const Node& node, BitMask live, Marker& mark) {
  const Id arg = node.args[0];
  const std::int64_t offset = cast_offset(circuit, node);
  const Clips clips = clips_of(circuit, node);
  const int top = highest(live);
  if (clips.over || clips.under) {  // the decision looks at everything from the type's upper end to the sign
    const int magnitude = node.type.is_signed ? node.type.width - 1 : node.type.width;
    mark.bits(arg, magnitude + offset, kMaxWireWidth);
    mark.bit(arg, kMaxWireWidth);
    if (node.type.overflow == fixed::Overflow::sat_sym && clips.under) mark.bits(arg, offset, magnitude + offset);
  }
  if (node.type.rounding != fixed::Rounding::trn && offset > 0) {  // an increment, decided by the dropped bits and the sign
    mark.bits(arg, 0, offset + top);
    mark.bit(arg, kMaxWireWidth);
    return;
  }
  for (int bit = 0; bit <= top; ++bit) {
    if (live >> bit & 1) mark.bit(arg, bit + offset);
  }
}

}  // namespace

AdderSplit split_of(const Circuit& circuit, const Node& node) {
  const int width = node.range.width();
  // An operand's bits that are zero for sure: below its shift, or of a constant.
  const auto zero = [&](int k, int bit) {
    const Node& arg = circuit.node(node.args[static_cast<std::size_t>(k)]);
    const int position = operand_bit(node, k, bit);
    if (position < 0 || (position >= arg.range.width() && !arg.range.is_signed())) return true;
    if (arg.kind != Kind::constant) return false;
    return (arg.range.low >> std::min(position, 63) & 1) == 0;
  };
  AdderSplit result;
  for (; result.split < width; ++result.split) {
    if (zero(1, result.split)) continue;
    if (node.subtract || !zero(0, result.split)) break;  // below the first bit subtracted there is no borrow
    result.second |= BitMask{1} << result.split;
  }
  return result;
}

std::int64_t cast_offset(const Circuit& circuit, const Node& node) {
  return std::int64_t{circuit.node(node.args[0]).fraction_bits} - node.type.fraction_bits();
}

Clips clips_of(const Circuit& circuit, const Node& node) {
  if (node.type.overflow == fixed::Overflow::wrap || node.type.rounding != fixed::Rounding::trn) return {};
  const Range& range = circuit.node(node.args[0]).range;
  const std::int64_t offset = cast_offset(circuit, node);
  const Wide low = offset >= 0 ? Wide{shifted_right(range.low, offset)} : shifted_left(range.low, -offset);
  const Wide high = offset >= 0 ? Wide{shifted_right(range.high, offset)} : shifted_left(range.high, -offset);
  return {high > node.type.max_raw(), low < node.type.lowest_raw()};
}

namespace {

/// `whole`: between a node's lowest and highest live bit all are.
std::vector<BitMask> spread(const Circuit& circuit, bool whole) {
  std::vector<BitMask> live(circuit.size(), 0);
  Marker mark(circuit, live);
  for (const Port& port : circuit.outputs()) mark.all(port.node);
  for (std::size_t i = circuit.size(); i-- > 0;) {
    const Node& node = circuit.nodes()[i];
    if (live[i] == 0) continue;
    if (whole) live[i] = low_bits(highest(live[i]) + 1) & ~low_bits(std::countr_zero(live[i]));
    switch (node.kind) {
      case Kind::input:
      case Kind::constant:
        break;
      case Kind::shift:
        live[static_cast<std::size_t>(node.args[0])] |= live[i];
        break;
      case Kind::add:
        mark_add(circuit, node, live[i], mark);
        break;
      case Kind::negate:
        mark.bits(node.args[0], 0, highest(live[i]));
        break;
      case Kind::relu:
        live[static_cast<std::size_t>(node.args[0])] |= live[i];
        mark.bit(node.args[0], kMaxWireWidth);  // the sign
        break;
      case Kind::cast:
        mark_cast(circuit, node, live[i], mark);
        break;
      case Kind::lookup:
        mark.all(node.args[0]);
        break;
      case Kind::maximum:  // the comparison looks at everything
        for (const Id arg : node.args) mark.all(arg);
        break;
      case Kind::multiply:
        for (const Id arg : node.args) mark.bits(arg, 0, highest(live[i]));
        break;
    }
  }
  return live;
}

}  // namespace

std::vector<BitMask> live_bits(const Circuit& circuit) { return spread(circuit, false); }

std::vector<LiveWire> live_wires(const Circuit& circuit) {
  std::vector<LiveWire> wires;
  for (const BitMask mask : spread(circuit, true)) {
    if (mask == 0) {
      wires.push_back({});
    } else {
      const int first = std::countr_zero(mask);
      wires.push_back({first, highest(mask) + 1 - first});
    }
  }
  return wires;
}

}  // namespace snac::circuit
