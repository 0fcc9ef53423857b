// Integer arithmetic that cannot overflow silently: private to the builders and the lowering.
#pragma once

#include <cstdint>
#include <string>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

__extension__ using Wide = __int128;

/// value * 2^shift; beyond any range if the exact product is (only comparisons with 64-bit limits follow).
inline Wide shifted_left(Wide value, std::int64_t shift) noexcept {
  constexpr Wide kBeyond = Wide{1} << 120;
  if (value == 0) return 0;
  if (shift > 120) return value < 0 ? -kBeyond : kBeyond;
  const Wide limit = kBeyond >> shift;
  if (value > limit || value < -limit) return value < 0 ? -kBeyond : kBeyond;
  return value * (Wide{1} << shift);
}

/// floor(value / 2^shift).
inline std::int64_t shifted_right(std::int64_t value, std::int64_t shift) noexcept { return value >> (shift > 63 ? 63 : shift); }

/// @throws DataError if a wire for these values would be wider than kMaxWireWidth.
Range checked_range(Wide low, Wide high, const std::string& where);

}  // namespace snac::circuit
