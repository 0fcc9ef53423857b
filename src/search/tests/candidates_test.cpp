// Coverage of small and collapsed spaces: every candidate once, no hang, an early end.
#include <gtest/gtest.h>

#include <ostream>

#include "problems.hpp"
#include "snac/search/nsga2.hpp"

namespace snac::search {
namespace {

Evaluation spread(const Genome& genome) {
  double sum = 0;
  for (std::size_t i = 0; i < genome.size(); ++i) sum += static_cast<double>((i + 1) * static_cast<std::size_t>(genome[i]));
  return {.objectives = {sum, -sum}};
}

/// Gene 0 counts layers; gene k means something only if k <= gene 0.
Genome layered(const Genome& genome) {
  Genome key = genome;
  for (std::size_t gene = 1; gene < key.size(); ++gene) {
    if (static_cast<std::int32_t>(gene) > genome[0]) key[gene] = 0;
  }
  return key;
}

struct Sampler {
  const char* name;
  std::vector<Solution> (*search)(Problem&, const Nsga2Params&, Nsga2Stats*);
  friend std::ostream& operator<<(std::ostream& out, const Sampler& sampler) { return out << sampler.name; }
};

class Exhaustion : public testing::TestWithParam<Sampler> {};
INSTANTIATE_TEST_SUITE_P(Samplers, Exhaustion, testing::Values(Sampler{"nsga2", nsga2}, Sampler{"random_search", random_search}));

TEST_P(Exhaustion, a_tiny_space_is_covered_completely_and_ends_early) {
  TestProblem problem({3, 5, 1, 4}, spread);
  Nsga2Stats stats;
  const auto solutions = GetParam().search(problem, {.population = 7, .evaluations = 500}, &stats);
  EXPECT_EQ(solutions.size(), 60u);
  EXPECT_EQ(problem.seen.size(), 60u);
  EXPECT_TRUE(stats.space_exhausted);
  EXPECT_EQ(stats.evaluations, 60);
}

TEST_P(Exhaustion, a_space_smaller_than_the_population_is_covered) {
  TestProblem problem({2}, spread);
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {.population = 20, .evaluations = 20}, &stats).size(), 2u);
  EXPECT_TRUE(stats.space_exhausted);
}

TEST_P(Exhaustion, a_space_of_one_candidate_ends_at_once) {
  TestProblem problem({1, 1, 1}, spread);
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {}, &stats).size(), 1u);
  EXPECT_TRUE(stats.space_exhausted);
}

TEST_P(Exhaustion, a_budget_equal_to_the_space_is_used_up) {
  TestProblem problem({4, 5, 5}, spread);
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {.population = 10, .evaluations = 100}, &stats).size(), 100u);
  EXPECT_FALSE(stats.space_exhausted) << "nothing was asked for beyond the last candidate";
}

TEST_P(Exhaustion, genomes_that_collapse_to_few_candidates_are_enumerated) {
  // 4 * 6^3 = 864 genomes, 1 + 6 + 36 + 216 = 259 candidates.
  TestProblem problem({4, 6, 6, 6}, spread);
  problem.canonical = layered;
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {.population = 10, .evaluations = 5000}, &stats).size(), 259u);
  EXPECT_TRUE(stats.space_exhausted);
}

TEST_P(Exhaustion, a_huge_space_that_collapses_to_few_candidates_is_covered) {
  // 2 * 50^12 = 5e20 genomes; gene 0 switches on gene 1 only, all others never mean anything: 1 + 50 candidates.
  std::vector<std::int32_t> cardinality(13, 50);
  cardinality[0] = 2;
  TestProblem problem(cardinality, spread);
  problem.canonical = [](const Genome& genome) {
    Genome key(genome.size(), 0);
    key[0] = genome[0];
    key[1] = genome[0] ? genome[1] : 0;
    return key;
  };
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {.population = 8, .evaluations = 1000}, &stats).size(), 51u);
  EXPECT_TRUE(stats.space_exhausted);
}

TEST_P(Exhaustion, rare_candidates_of_a_huge_space_are_reached) {
  // Nearly every genome is the same candidate: gene 1 means something only if gene 0 takes one value of 3000 and so on.
  TestProblem problem({3000, 3000, 3}, spread);
  problem.canonical = [](const Genome& genome) {
    if (genome[0] != 17) return Genome{0, 0, 0};
    if (genome[1] != 2999) return Genome{17, 0, 0};
    return Genome{17, 2999, genome[2]};
  };
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {.population = 4, .evaluations = 100}, &stats).size(), 5u);
  EXPECT_TRUE(stats.space_exhausted);
}

TEST_P(Exhaustion, duplicates_are_never_evaluated_and_are_counted) {
  TestProblem problem({4, 6, 6, 6}, spread);  // the problem throws if asked twice
  problem.canonical = layered;
  Nsga2Stats stats;
  EXPECT_EQ(GetParam().search(problem, {.population = 10, .evaluations = 200}, &stats).size(), 200u);
  EXPECT_GT(stats.duplicates_skipped, 0);
  EXPECT_FALSE(stats.space_exhausted);
}

TEST(Candidates, switched_off_genes_are_carried_along) {
  TestProblem problem({4, 6, 6, 6}, spread);
  problem.canonical = layered;
  const auto solutions = nsga2(problem, {.population = 10, .evaluations = 100});
  int hidden = 0;
  for (const auto& solution : solutions) hidden += solution.genome != layered(solution.genome);
  EXPECT_GT(hidden, 10);
}

}  // namespace
}  // namespace snac::search
