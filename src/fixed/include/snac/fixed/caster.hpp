// The fast twin of cast_raw for many values on one grid: everything that depends on the types alone is worked out once.
#pragma once

#include <cstdint>

#include "snac/fixed/fixed_type.hpp"

namespace snac::fixed {

class Caster {
 public:
  Caster(int fraction_bits, const FixedType& type);

  /// cast_raw(raw, fraction_bits, type). Expects |raw| <= 2^62.
  std::int64_t operator()(std::int64_t raw) const {
    if (general_) return cast_raw(raw, fraction_bits_, type_);
    // Rounding is an addition before the floor; what is added depends on the sign or on the parity of the floor.
    std::int64_t add = add_;
    if (parity_) add += (raw >> drop_) & 1;
    if (raw < 0) add += add_if_negative_;
    const std::int64_t value = (raw + add) >> drop_;
    if (value >= low_ && value <= high_) return value;
    if (wrap_) return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << wrap_shift_) >> wrap_shift_ & wrap_mask_;
    return value < low_ ? below_ : above_;
  }

 private:
  FixedType type_;
  int fraction_bits_, drop_ = 0, wrap_shift_ = 0;
  bool general_ = false, parity_ = false, wrap_ = false;
  std::int64_t add_ = 0, add_if_negative_ = 0;
  std::int64_t low_, high_, below_, above_, wrap_mask_ = 0;
};

}  // namespace snac::fixed
