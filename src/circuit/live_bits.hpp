// Which bits of each node something needs: private to the mapping. See live_wires in circuit.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

inline BitMask low_bits(int count) noexcept { return count >= 64 ? ~BitMask{0} : count <= 0 ? 0 : (BitMask{1} << count) - 1; }

/// Position in operand k of bit `bit` of the sum: negative below its lowest bit.
inline int operand_bit(const Node& node, int k, int bit) noexcept { return bit - (k == 0 ? node.shift_a : node.shift_b); }

/// Position in the argument of bit 0 of a cast's result; negative if the result is on a finer grid.
std::int64_t cast_offset(const Circuit& circuit, const Node& node);
/// True if the cast may leave its type above or below and does not wrap.
struct Clips {
  bool over = false, under = false;
};
Clips clips_of(const Circuit& circuit, const Node& node);

/// Backwards from the outputs: a bit is live if an output or a live bit depends on it. See live_wires for wires without holes.
std::vector<BitMask> live_bits(const Circuit& circuit);

}  // namespace snac::circuit
