#include "snac/fixed/caster.hpp"

namespace snac::fixed {

Caster::Caster(int fraction_bits, const FixedType& type)
    : type_(type), fraction_bits_(fraction_bits), low_(type.lowest_raw()), high_(type.max_raw()), below_(low_), above_(high_) {
  const std::int64_t drop = std::int64_t{fraction_bits} - type.fraction_bits();
  general_ = drop < 0 || drop > 61;  // a shift to the left may overflow, a longer one to the right has no half in 64 bits
  if (general_) return;
  drop_ = static_cast<int>(drop);
  const std::int64_t rest = (std::int64_t{1} << drop_) - 1;  // the largest
  const std::int64_t half = drop_ > 0 ? std::int64_t{1} << (drop_ - 1) : 0;
  if (drop_ > 0) {
    switch (type.rounding) {
      case Rounding::trn:
        break;
      case Rounding::trn_zero:
        add_if_negative_ = rest;
        break;
      case Rounding::rnd:
        add_ = half;
        break;
      case Rounding::rnd_zero:
        add_ = half - 1;
        add_if_negative_ = 1;
        break;
      case Rounding::rnd_inf:
        add_ = half;
        add_if_negative_ = -1;
        break;
      case Rounding::rnd_min_inf:
        add_ = half - 1;
        break;
      case Rounding::rnd_conv:
        add_ = half - 1;
        parity_ = true;
        break;
    }
  }
  switch (type.overflow) {
    case Overflow::wrap:
      wrap_ = true;
      wrap_shift_ = 64 - type.width;
      wrap_mask_ = type.is_signed ? -1 : type.max_raw();
      break;
    case Overflow::sat_zero:
      below_ = above_ = 0;
      break;
    case Overflow::sat:
    case Overflow::sat_sym:
      break;
  }
}

}  // namespace snac::fixed
