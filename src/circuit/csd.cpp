#include "snac/circuit/lower.hpp"

namespace snac::circuit {

std::vector<SignedDigit> canonical_signed_digits(std::int64_t value) {
  std::vector<SignedDigit> digits;
  const bool negative = value < 0;
  std::uint64_t rest = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  for (int power = 0; rest != 0; ++power) {
    if (rest & 1) {
      const bool minus = (rest & 3) == 3;  // ...11 = ...00 + 100 - 1: the carry runs through the ones above
      digits.push_back({power, minus != negative});
      rest += minus ? 1 : static_cast<std::uint64_t>(-1);
    }
    rest >>= 1;
  }
  return digits;
}

}  // namespace snac::circuit
