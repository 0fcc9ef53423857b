// What logic synthesis makes of a scheduled circuit, bit by bit: which registers are one register, which bits are wires, and how
// many look-up tables of which sort are left. Counted on the circuit in milliseconds; docs/cost-model.md compares it with Yosys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/schedule.hpp"

namespace snac::circuit {

/// Sorts of LUTs that are counted apart, so that each has its own coefficient in a calibration.
enum class LutSort : std::uint8_t {
  sum,            ///< a XOR b in front of a carry chain: one per pair of distinct bits in a stage
  inverter,       ///< NOT a in front of a carry chain: subtracted or constant partner; one per bit in a stage
  relu,           ///< a bit kept unless the sign is set, read by logic of the same stage
  relu_register,  ///< the same, read by registers only: they have a reset
  clip,           ///< a bit of a saturated value, read by logic of the same stage
  clip_register,  ///< the same, read by registers only
  test,           ///< a LUT that looks at dropped or upper bits to decide on rounding or saturation
  lookup,         ///< of tables, see lookup_luts in bit_roots.cpp
  choice,         ///< a bit of the larger of two values
  product,        ///< of a multiplier of two variable values
};
inline constexpr std::size_t kNumLutSorts = 10;
/// Name in calibration files: "sum", "inverter", ...
std::string_view to_string(LutSort sort) noexcept;

/// LUTs by sort.
using LutCounts = std::array<double, kNumLutSorts>;

struct MappingParams {
  int min_shift_register = 3;  ///< a chain of at least so many registers without another reader becomes a shift register in LUTs; 0 = never
};

struct Mapping {
  LutCounts luts{};
  std::int64_t ff = 0;             ///< register bits that stay flip-flops, valid bits included
  std::int64_t srl = 0;            ///< shift registers of up to 32 bits in LUTs; not in `luts`
  std::int64_t register_bits = 0;  ///< before shift registers are taken out: equal and dead bits left out
};

/// Every bit has a root: the logic that computes it, or a constant. A register chain belongs to a root and reaches to its last reader,
/// whichever nodes the bit passes through as a wire. Bits that nothing reads are gone.
/// The whole circuit, or one entry per group in `per_group` if given (index = group number; valid bits in the last).
Mapping map_bits(const Circuit& circuit, const Schedule& schedule, const MappingParams& params = {},
                 std::vector<Mapping>* per_group = nullptr);

}  // namespace snac::circuit
