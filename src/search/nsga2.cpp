#include "snac/search/nsga2.hpp"

#include <algorithm>

#include "candidates.hpp"

namespace snac::search {
namespace {

/// Parents as indices into the solutions, with their crowding distances. Failed solutions never stand here.
struct Population {
  std::vector<std::size_t> members;
  std::vector<double> crowding;
};

/// The best `size` of the given solutions: whole fronts, then the least crowded of the front that does not fit.
Population select(const std::vector<Solution>& solutions, const std::vector<std::size_t>& pool, std::size_t size) {
  std::vector<Objectives> points;
  std::vector<double> violations;
  for (const std::size_t i : pool) {
    points.push_back(solutions[i].evaluation.objectives);
    violations.push_back(solutions[i].evaluation.violation);
  }
  Population chosen;
  for (const auto& front : non_dominated_sort(points, violations)) {
    if (chosen.members.size() == size) break;
    const std::vector<double> distance = crowding_distance(points, front);
    std::vector<std::size_t> order(front.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::size_t room = size - chosen.members.size();
    if (front.size() > room) {
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return distance[a] > distance[b]; });
      order.resize(room);
    }
    for (const std::size_t i : order) {
      chosen.members.push_back(pool[front[i]]);
      chosen.crowding.push_back(distance[i]);
    }
  }
  return chosen;
}

class Breeder {
 public:
  Breeder(const Problem& problem, std::span<const std::int32_t> cardinality, const Nsga2Params& params)
      : cardinality_(cardinality.begin(), cardinality.end()),
        crossover_prob_(params.crossover_prob),
        swap_prob_(params.swap_prob),
        mutation_prob_(params.mutation_prob > 0 ? params.mutation_prob : 1.0 / static_cast<double>(cardinality.size())) {
    for (std::size_t gene = 0; gene < cardinality_.size(); ++gene) ordered_.push_back(problem.ordered(gene));
  }

  /// Needs two parents or more.
  Genome child(const std::vector<Solution>& solutions, const Population& parents, Rng& rng) const {
    const std::size_t first = tournament(solutions, parents, rng);
    Genome genome = solutions[first].genome;
    if (rng.chance(crossover_prob_)) {
      const Genome& other = solutions[tournament(solutions, parents, rng)].genome;
      for (std::size_t gene = 0; gene < genome.size(); ++gene) {
        if (rng.chance(swap_prob_)) genome[gene] = other[gene];
      }
    }
    for (std::size_t gene = 0; gene < genome.size(); ++gene) {
      if (cardinality_[gene] > 1 && rng.chance(mutation_prob_)) genome[gene] = mutated(gene, genome[gene], rng);
    }
    return genome;
  }

 private:
  /// Two distinct members; constrained domination decides, then crowding, then chance.
  static std::size_t tournament(const std::vector<Solution>& solutions, const Population& parents, Rng& rng) {
    const std::size_t count = parents.members.size();
    const auto a = static_cast<std::size_t>(rng.below(count));
    auto b = static_cast<std::size_t>(rng.below(count - 1));
    if (b >= a) ++b;
    const bool coin = rng.chance(0.5);  // drawn always, so that the sequence does not depend on the outcome
    const Evaluation& x = solutions[parents.members[a]].evaluation;
    const Evaluation& y = solutions[parents.members[b]].evaluation;
    bool first = coin;
    if (constrained_dominates(x.objectives, x.violation, y.objectives, y.violation))
      first = true;
    else if (constrained_dominates(y.objectives, y.violation, x.objectives, x.violation))
      first = false;
    else if (parents.crowding[a] != parents.crowding[b])
      first = parents.crowding[a] > parents.crowding[b];
    return parents.members[first ? a : b];
  }

  /// Another value of the gene: half the time a neighbour if neighbours are similar, else any.
  std::int32_t mutated(std::size_t gene, std::int32_t value, Rng& rng) const {
    const std::int32_t last = cardinality_[gene] - 1;
    if (ordered_[gene] && rng.chance(0.5)) {
      if (value == 0) return 1;
      if (value == last) return last - 1;
      return rng.chance(0.5) ? value + 1 : value - 1;
    }
    const auto other = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(last)));
    return other < value ? other : other + 1;
  }

  std::vector<std::int32_t> cardinality_;
  std::vector<bool> ordered_;
  double crossover_prob_, swap_prob_, mutation_prob_;
};

}  // namespace

void Problem::revise(std::span<Solution> /*solutions*/) {}

std::vector<Solution> nsga2(Problem& problem, const Nsga2Params& params, Nsga2Stats* stats) {
  params.validate();
  Candidates candidates(problem);
  const Breeder breeder(problem, candidates.cardinality(), params);
  const auto size = static_cast<std::size_t>(params.population);
  const auto budget = static_cast<std::size_t>(params.evaluations);
  Population parents;
  int batches = 0;
  for (bool exhausted = false; !exhausted && candidates.solutions().size() < budget; ++batches) {
    // One stream per generation: a resumed or changed generation cannot shift the numbers of the next.
    Rng rng = Rng::stream(params.seed, "search.nsga2", static_cast<std::uint64_t>(batches));
    std::function<Genome(Rng&)> breed;  // empty = uniform draws: the first generation, or when too few parents survived
    if (parents.members.size() >= 2) {
      breed = [&](Rng& generator) { return breeder.child(candidates.solutions(), parents, generator); };
    }
    std::vector<Genome> batch;
    const std::size_t wanted = std::min(size, budget - candidates.solutions().size());
    while (!exhausted && batch.size() < wanted) {
      std::optional<Genome> genome = candidates.propose(breed, rng);
      exhausted = !genome;
      if (genome) batch.push_back(std::move(*genome));
    }
    if (batch.empty()) break;
    std::vector<std::size_t> pool = parents.members;
    for (std::size_t i = candidates.evaluate(std::move(batch)); i < candidates.solutions().size(); ++i) {
      if (!candidates.solutions()[i].evaluation.failed) pool.push_back(i);
    }
    parents = select(candidates.solutions(), pool, size);
  }
  return candidates.finish(std::max(0, batches - 1), stats);
}

}  // namespace snac::search
