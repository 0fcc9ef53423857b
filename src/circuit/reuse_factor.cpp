#include "snac/circuit/reuse_factor.hpp"

#include <cstdlib>
#include <stdexcept>

namespace snac::circuit {

bool is_legal_reuse_factor(int reuse_factor, int inputs, int outputs) {
  if (reuse_factor < 1 || inputs < 1 || outputs < 1) return false;
  if (reuse_factor <= inputs) return inputs % reuse_factor == 0;
  return reuse_factor % inputs == 0 && outputs % (reuse_factor / inputs) == 0;
}

int nearest_legal_reuse_factor(std::int64_t wanted, int inputs, int outputs) {
  if (inputs < 1 || outputs < 1) throw std::invalid_argument("hls: a dense layer without inputs or outputs");
  int best = 1;
  const auto consider = [&](std::int64_t factor) {
    if (std::abs(factor - wanted) < std::abs(best - wanted)) best = static_cast<int>(factor);
  };
  for (int d = 1; d <= inputs; ++d) {
    if (inputs % d == 0) consider(d);
  }
  for (int d = 2; d <= outputs; ++d) {
    if (outputs % d == 0) consider(std::int64_t{inputs} * d);
  }
  return best;
}

}  // namespace snac::circuit
