// What NSGA-II finds: quality of fronts, determinism, budget.
#include "snac/search/nsga2.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "problems.hpp"

namespace snac::search {
namespace {

std::set<Objectives> front_values(const std::vector<Objectives>& points) {
  std::set<Objectives> values;
  for (const std::size_t i : pareto_front(points)) values.insert(points[i]);
  return values;
}

TEST(Nsga2, finds_the_whole_front_of_a_space_known_by_enumeration) {
  // 6^6 = 46656 candidates, of which the search may look at one in six.
  const std::vector<std::int32_t> cardinality(6, 6);
  const auto two_objectives = [](const Genome& genome) {
    Evaluation evaluation = coupled(genome);
    evaluation.objectives.pop_back();
    return evaluation;
  };
  std::vector<Objectives> everything;
  for (const Genome& genome : all_genomes(cardinality)) everything.push_back(two_objectives(genome).objectives);
  const std::set<Objectives> truth = front_values(everything);
  ASSERT_GT(truth.size(), 20u);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    TestProblem problem(cardinality, two_objectives);
    const auto solutions = nsga2(problem, {.population = 100, .evaluations = 8000, .seed = seed});
    EXPECT_EQ(front_values(objectives_of(solutions)), truth) << "seed " << seed;
  }
}

TEST(Nsga2, reaches_95_percent_of_the_true_hypervolume_and_beats_random_search_in_three_objectives) {
  const std::vector<std::int32_t> cardinality(7, 5);
  std::vector<Objectives> everything;
  for (const Genome& genome : all_genomes(cardinality)) everything.push_back(coupled(genome).objectives);
  Objectives reference(3, 0.0);
  for (const auto& point : everything) {
    for (std::size_t i = 0; i < 3; ++i) reference[i] = std::max(reference[i], point[i] + 1);
  }
  std::vector<Objectives> true_front;
  for (const std::size_t i : pareto_front(everything)) true_front.push_back(everything[i]);
  const double truth = hypervolume(true_front, reference);
  double searched = 0, drawn = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Nsga2Params params{.population = 40, .evaluations = 1500, .seed = seed};
    TestProblem one(cardinality, coupled), other(cardinality, coupled);
    searched += hypervolume(objectives_of(nsga2(one, params)), reference) / truth / 3;
    drawn += hypervolume(objectives_of(random_search(other, params)), reference) / truth / 3;
  }
  EXPECT_GE(searched, 0.95);
  EXPECT_GT(searched, drawn);
  RecordProperty("hypervolume_nsga2", std::to_string(searched));
  RecordProperty("hypervolume_random", std::to_string(drawn));
}

TEST(Nsga2, comes_near_the_front_of_zdt1_where_random_search_does_not) {
  // 12 genes of 32 values, 10^18 candidates. The true front is f2 = 1 - sqrt(f1) on 32 points.
  std::vector<Objectives> true_front;
  for (int i = 0; i < 32; ++i) true_front.push_back({i / 31.0, 1 - std::sqrt(i / 31.0)});
  const Objectives reference{1.1, 1.1};
  const double truth = hypervolume(true_front, reference);
  double searched = 0, drawn = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Nsga2Params params{.population = 40, .evaluations = 4000, .seed = seed};
    TestProblem one = zdt1(12, 32), other = zdt1(12, 32);
    searched += hypervolume(objectives_of(nsga2(one, params)), reference) / truth / 3;
    drawn += hypervolume(objectives_of(random_search(other, params)), reference) / truth / 3;
  }
  EXPECT_GE(searched, 0.95);
  EXPECT_LT(drawn, 0.5);
  RecordProperty("hypervolume_nsga2", std::to_string(searched));
  RecordProperty("hypervolume_random", std::to_string(drawn));
}

TEST(Nsga2, same_seed_gives_same_front) {
  const Nsga2Params params{.population = 20, .evaluations = 500, .seed = 42};
  TestProblem first = zdt1(8, 16), second = zdt1(8, 16), third = zdt1(8, 16);
  nsga2(first, params);
  nsga2(second, params);
  EXPECT_EQ(first.calls, second.calls);
  EXPECT_EQ(first.batches, second.batches);
  nsga2(third, {.population = 20, .evaluations = 500, .seed = 43});
  EXPECT_NE(first.calls, third.calls);
}

TEST(Nsga2, a_longer_budget_continues_the_same_sequence) {
  TestProblem brief = zdt1(8, 16), lengthy = zdt1(8, 16);
  nsga2(brief, {.population = 20, .evaluations = 200});
  nsga2(lengthy, {.population = 20, .evaluations = 400});
  EXPECT_TRUE(std::equal(brief.calls.begin(), brief.calls.end(), lengthy.calls.begin()));
}

TEST(Nsga2, the_sequence_for_a_seed_is_pinned) {
  // Recorded once; a change here changes every study of every user and needs a changelog entry.
  TestProblem problem = zdt1(5, 8);
  nsga2(problem, {.population = 4, .evaluations = 12, .seed = 7});
  std::string text;
  for (const Genome& genome : problem.calls) {
    for (const auto value : genome) text += std::to_string(value);
    text += ' ';
  }
  EXPECT_EQ(text, "63073 52342 60720 52263 62341 63670 52343 62072 60730 52322 00620 52722 ");
}

TEST(Nsga2, the_budget_is_met_exactly_and_the_last_generation_is_cut) {
  for (const int evaluations : {20, 21, 59, 60, 61}) {
    TestProblem problem = zdt1(8, 16);
    Nsga2Stats stats;
    const auto solutions = nsga2(problem, {.population = 20, .evaluations = evaluations}, &stats);
    EXPECT_EQ(solutions.size(), static_cast<std::size_t>(evaluations));
    EXPECT_EQ(problem.calls.size(), solutions.size());
    EXPECT_EQ(stats.evaluations, evaluations);
    EXPECT_EQ(stats.generations, (evaluations - 1) / 20);
    EXPECT_FALSE(stats.space_exhausted);
    for (std::size_t i = 0; i < solutions.size(); ++i) EXPECT_EQ(solutions[i].genome, problem.calls[i]);
    for (std::size_t i = 0; i + 1 < problem.batches.size(); ++i) EXPECT_EQ(problem.batches[i], 20u);
  }
}

TEST(Nsga2, finds_feasible_solutions_under_a_narrow_constraint) {
  // Feasible: the last five genes lie within 2 of the end: about 6e-5 of the space, and against both objectives.
  const auto constrained = [](const Genome& genome) {
    Evaluation evaluation{.objectives = {0, 0}};
    for (std::size_t i = 0; i < genome.size(); ++i) {
      evaluation.objectives[i % 2] += genome[i];
      if (i >= 3) evaluation.violation += std::max(0, 13 - genome[i]) / 13.0;
    }
    return evaluation;
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    TestProblem problem(std::vector<std::int32_t>(8, 16), constrained), baseline(std::vector<std::int32_t>(8, 16), constrained);
    const Nsga2Params params{.population = 20, .evaluations = 1500, .seed = seed};
    const auto searched = objectives_of(nsga2(problem, params));
    ASSERT_FALSE(searched.empty());
    EXPECT_GT(searched.size(), objectives_of(random_search(baseline, params)).size());
    // The optimum has the constrained genes at 13 and the free ones at 0: (26, 39).
    EXPECT_TRUE(std::any_of(searched.begin(), searched.end(), [](const Objectives& o) { return o[0] <= 28 && o[1] <= 41; }));
  }
}

TEST(RandomSearch, draws_every_candidate_once_and_repeats_by_seed) {
  TestProblem first = zdt1(4, 8), second = zdt1(4, 8);
  Nsga2Stats stats;
  const auto solutions = random_search(first, {.population = 16, .evaluations = 1000, .seed = 5}, &stats);
  random_search(second, {.population = 50, .evaluations = 1000, .seed = 5});
  EXPECT_EQ(solutions.size(), 1000u);
  EXPECT_EQ(first.seen.size(), 1000u);
  EXPECT_EQ(first.calls, second.calls) << "the size of batches does not change the draws";
  EXPECT_EQ(stats.evaluations, 1000);
  EXPECT_GT(stats.duplicates_skipped, 0);
}

TEST(RandomSearch, is_uniform_over_the_values_of_a_gene) {
  TestProblem problem({4, 1000, 1000}, [](const Genome&) { return Evaluation{.objectives = {0}}; });
  random_search(problem, {.evaluations = 4000});
  std::vector<int> counts(4, 0);
  for (const Genome& genome : problem.calls) ++counts[static_cast<std::size_t>(genome[0])];
  // Binomial(4000, 1/4): sigma = 27, five sigma = 137.
  for (const int count : counts) EXPECT_NEAR(count, 1000, 137);
}

}  // namespace
}  // namespace snac::search
