#include "shared_sums.hpp"

#include <algorithm>
#include <limits>

#include "decompose.hpp"
#include "sharing.hpp"
#include "snac/core/rng.hpp"

namespace snac::circuit {
namespace {

// The local search's length: steps for small systems, fewer for large ones, whose steps are longer.
constexpr std::size_t kMaxSteps = 1000, kMinSteps = 60, kWork = 4'000'000;
constexpr double kLeastDissolved = 0.02, kMostDissolved = 0.25;
constexpr std::size_t kManyDigits = 2000;
constexpr double kRecodedDigits = 100, kRecodingSteps = 500;  // of a large system, divided by its digits
constexpr double kNoise = 0.3;
// The search's second start.
constexpr int kOtherOrders = 8;
constexpr double kTieNoise = 0.02;
constexpr std::int64_t kLeastGainPercent = 1;

struct State {
  SumSystem system;
  Draft draft;
  std::string method;
};

/// Makes the levels of what was built the limits: whoever reads a value relies on them.
void fix_levels(State& state) {
  SumSystem& system = state.system;
  for (std::size_t v = system.num_leaves; v < system.values.size(); ++v) {
    system.values[v].level = state.draft.built[v];
    system.row_of(static_cast<std::int32_t>(v)).limit = state.draft.built[v];
  }
}

State shared(SumSystem system, const SharingParams& params, std::string method) {
  share_pairs(system, params);
  dissolve(system, {});
  Draft draft = build(system, TreeKind::cheapest);
  State state{std::move(system), std::move(draft), std::move(method)};
  fix_levels(state);
  return state;
}

/// Writes some coefficients in another form with as few digits: 4 - 1 as 2 + 1 and back. Canonical digits are not the ones that
/// share most.
void recode(SumSystem& system, double share, Rng& rng) {
  for (Row& row : system.rows) {
    std::vector<Ref>& digits = row.digits;
    std::sort(digits.begin(), digits.end(),
              [](const Ref& a, const Ref& b) { return std::pair(a.value, a.power) < std::pair(b.value, b.power); });
    for (std::size_t i = 1; i < digits.size(); ++i) {
      Ref &low = digits[i - 1], &high = digits[i];
      if (low.value != high.value) continue;
      const bool is_last = i + 1 == digits.size() || digits[i + 1].value != high.value;
      if (high.power == low.power + 2 && high.negative != low.negative && rng.chance(share)) {
        high.power = low.power + 1;
        low.negative = high.negative;
      } else if (high.power == low.power + 1 && high.negative == low.negative && (is_last || digits[i + 1].power > low.power + 2) &&
                 rng.chance(share)) {
        high.power = low.power + 2;
        low.negative = !high.negative;
      }
    }
  }
}

/// Dissolves a random part of the shared values, shares anew with scores disturbed a little, and keeps what costs no more
/// (large neighbourhood search: Shaw 1998).
State improve(State best, std::size_t digits, Rng rng) {
  const std::size_t steps = std::clamp(kWork / (digits + 1), kMinSteps, kMaxSteps);
  const double size = static_cast<double>(digits + 1);
  const double most_recoded = std::min(0.3, kRecodedDigits / size), recoding = std::min(0.5, kRecodingSteps / size);
  for (std::size_t step = 0; step < steps; ++step) {
    SumSystem system = best.system;
    const double share = rng.uniform(kLeastDissolved, kMostDissolved);
    std::vector<char> marked(system.values.size(), 0);
    for (std::size_t v = system.num_leaves; v < marked.size(); ++v) marked[v] = rng.chance(share);
    dissolve(system, marked);
    if (rng.chance(recoding)) recode(system, rng.uniform(0, most_recoded), rng);
    State trial = shared(std::move(system), {.noise = kNoise, .seed = rng.next()}, best.method);
    if (trial.draft.cost() <= best.draft.cost()) best = std::move(trial);
  }
  return best;
}

/// The cheaper one of both; the first if they cost the same.
void keep_cheaper(State& best, State other) {
  if (other.draft.cost() < best.draft.cost()) best = std::move(other);
}

/// The best of some other orders: of the digits in their rows, which decides between adders of the same cost, and of pairs whose scores
/// are about the same.
State in_other_orders(SumSystem system, std::uint64_t seed) {
  Rng rng = Rng::stream(seed, "adder graph orders");
  const auto once = [&] {
    for (Row& row : system.rows) {
      for (std::size_t i = row.digits.size(); i > 1; --i) std::swap(row.digits[i - 1], row.digits[rng.below(i)]);
    }
    return shared(system, {.noise = kTieNoise, .seed = rng.next()}, "overlap, other order");
  };
  State best = once();
  for (int k = 1; k < kOtherOrders; ++k) keep_cheaper(best, once());
  return best;
}

}  // namespace

Candidate cheapest_sums(const SumSystem& system, Candidate plain, const CmvmParams& params) {
  State best = shared(system, {}, "overlap");
  if (params.effort != Effort::quick) {
    keep_cheaper(best, shared(system, {.level_penalty = 0.1}, "overlap, like levels"));
    const State of_pairs = best;
    std::size_t last = 0;
    for (const int edges : {1, 2, 4, std::numeric_limits<int>::max()}) {
      SumSystem differences = system;
      const std::size_t saved = decompose(differences, edges);
      if (saved == last) continue;  // nothing, or the same tree again
      last = saved;
      // Differences make more outputs late, and with them the layers behind: not for a trifle.
      State state = shared(std::move(differences), {}, "differences, overlap");
      if (state.draft.cost() * 100 < best.draft.cost() * (100 - kLeastGainPercent)) best = std::move(state);
    }
    if (params.effort == Effort::high) {
      std::size_t digits = 0;
      for (const Row& row : system.rows) digits += row.digits.size();
      // The few steps that a large system gets go further from pairs alone than from the long rows of differences.
      State searched = improve(digits > kManyDigits ? of_pairs : best, digits, Rng::stream(params.seed, "adder graph search"));
      // A search ends near its start: two of them reach further than one of twice the length (docs/adr/0007).
      keep_cheaper(searched, improve(in_other_orders(system, params.seed), digits, Rng::stream(params.seed, "second adder graph search")));
      searched.method += ", searched";
      keep_cheaper(best, std::move(searched));
    }
  }
  if (best.draft.cost() < plain.draft.cost()) return {std::move(best.draft), std::move(best.method)};
  return plain;
}

}  // namespace snac::circuit
