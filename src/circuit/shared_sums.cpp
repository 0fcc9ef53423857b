#include "shared_sums.hpp"

#include <algorithm>

#include "sharing.hpp"
#include "snac/core/rng.hpp"

namespace snac::circuit {
namespace {

// The local search's length: steps for small systems, fewer for large ones, whose steps are longer.
constexpr std::size_t kMaxSteps = 600, kMinSteps = 60, kWork = 1'500'000;
constexpr double kLeastDissolved = 0.02, kMostDissolved = 0.25;
constexpr double kNoise = 0.3;

struct State {
  SumSystem system;
  Draft draft;
};

/// Makes the levels of what was built the limits: whoever reads a value relies on them.
void fix_levels(State& state) {
  SumSystem& system = state.system;
  for (std::size_t v = system.num_leaves; v < system.values.size(); ++v) {
    system.values[v].level = state.draft.built[v];
    system.row_of(static_cast<std::int32_t>(v)).limit = state.draft.built[v];
  }
}

State shared(SumSystem system, const SharingParams& params) {
  share_pairs(system, params);
  dissolve(system, {});
  Draft draft = build(system, TreeKind::cheapest);
  State state{std::move(system), std::move(draft)};
  fix_levels(state);
  return state;
}

/// Dissolves a random part of the shared values, shares anew with scores disturbed a little, and keeps what costs no more
/// (large neighbourhood search: Shaw 1998).
State improve(State best, std::size_t digits, std::uint64_t seed) {
  Rng rng = Rng::stream(seed, "adder graph search");
  const std::size_t steps = std::clamp(kWork / (digits + 1), kMinSteps, kMaxSteps);
  for (std::size_t step = 0; step < steps; ++step) {
    SumSystem system = best.system;
    const double share = rng.uniform(kLeastDissolved, kMostDissolved);
    std::vector<char> marked(system.values.size(), 0);
    for (std::size_t v = system.num_leaves; v < marked.size(); ++v) marked[v] = rng.chance(share);
    dissolve(system, marked);
    State trial = shared(std::move(system), {.noise = kNoise, .seed = rng.next()});
    if (trial.draft.cost() <= best.draft.cost()) best = std::move(trial);
  }
  return best;
}

}  // namespace

Candidate cheapest_sums(const SumSystem& system, Candidate plain, const CmvmParams& params) {
  struct Variant {
    SharingParams sharing;
    const char* name;
  };
  std::vector<Variant> variants{{{}, "overlap"}};
  if (params.effort != Effort::quick) variants.push_back({{.level_penalty = 0.1}, "overlap, like levels"});
  State best;
  const char* method = nullptr;
  for (const Variant& variant : variants) {
    State state = shared(system, variant.sharing);
    if (method != nullptr && state.draft.cost() >= best.draft.cost()) continue;
    best = std::move(state);
    method = variant.name;
  }
  std::string name = method;
  if (params.effort == Effort::high) {
    std::size_t digits = 0;
    for (const Row& row : system.rows) digits += row.digits.size();
    best = improve(std::move(best), digits, params.seed);
    name += ", searched";
  }
  if (best.draft.cost() < plain.draft.cost()) return {std::move(best.draft), std::move(name)};
  return plain;
}

}  // namespace snac::circuit
