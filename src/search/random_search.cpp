#include <algorithm>

#include "candidates.hpp"

namespace snac::search {

std::vector<Solution> random_search(Problem& problem, const Nsga2Params& params, Nsga2Stats* stats) {
  params.validate();
  Candidates candidates(problem);
  Rng rng = Rng::stream(params.seed, "search.random");
  const auto budget = static_cast<std::size_t>(params.evaluations);
  int batches = 0;
  bool exhausted = false;
  while (!exhausted && candidates.solutions().size() < budget) {
    const std::size_t wanted = std::min(static_cast<std::size_t>(params.population), budget - candidates.solutions().size());
    std::vector<Genome> batch;
    while (!exhausted && batch.size() < wanted) {
      std::optional<Genome> genome = candidates.propose({}, rng);
      exhausted = !genome;
      if (genome) batch.push_back(std::move(*genome));
    }
    if (batch.empty()) break;
    candidates.evaluate(std::move(batch));
    ++batches;
  }
  return candidates.finish(std::max(0, batches - 1), stats);
}

}  // namespace snac::search
