#include "shared_sums.hpp"

#include <fmt/format.h>

#include "sharing.hpp"

namespace snac::circuit {

Candidate cheapest_sums(const SumSystem& system, Candidate plain, const CmvmParams& params) {
  Candidate best = std::move(plain);
  const auto consider = [&](const SumSystem& shared, const std::string& method) {
    Draft draft = build(shared, TreeKind::cheapest);
    if (draft.cost() < best.draft.cost()) best = {std::move(draft), method};
  };
  const auto share = [&](const SharingParams& sharing, const std::string& method) {
    SumSystem shared = system;
    share_pairs(shared, sharing);
    dissolve(shared, {});
    consider(shared, method);
  };
  share({}, "overlap");
  if (params.effort == Effort::quick) return best;
  share({.level_penalty = 0.1}, "overlap, like levels");
  return best;
}

}  // namespace snac::circuit
