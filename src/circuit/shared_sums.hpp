// Which adders: variants of sharing compared, and the local search.
#pragma once

#include <string>

#include "snac/circuit/cmvm.hpp"
#include "sum_system.hpp"

namespace snac::circuit {

struct Candidate {
  Draft draft;
  std::string method;
};

/// The cheapest of what the effort allows to try, and `plain`.
Candidate cheapest_sums(const SumSystem& system, Candidate plain, const CmvmParams& params);

}  // namespace snac::circuit
