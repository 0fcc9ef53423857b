#include "snac/search/rungs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "problems.hpp"
#include "snac/core/rng.hpp"
#include "snac/search/nsga2.hpp"

namespace snac::search {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Rungs recorded(const HalvingParams& params, const std::vector<RungEntry>& entries) {
  Rungs rungs(params, 1);
  for (const RungEntry& entry : entries) rungs.record(0, entry);
  return rungs;
}

TEST(Rungs, positions_grow_by_the_reduction_and_end_before_the_last) {
  EXPECT_EQ(rung_positions(1, 3, 5), (std::vector<int>{1, 3}));
  EXPECT_EQ(rung_positions(1, 2, 5), (std::vector<int>{1, 2, 4}));
  EXPECT_EQ(rung_positions(2, 3, 100), (std::vector<int>{2, 6, 18, 54}));
  EXPECT_EQ(rung_positions(1, 3, 3), (std::vector<int>{1}));
  EXPECT_TRUE(rung_positions(5, 3, 5).empty());
  EXPECT_EQ(rung_positions(1, 1000, 2147483647), (std::vector<int>{1, 1000, 1000000, 1000000000}));
  EXPECT_THROW(rung_positions(0, 3, 5), std::invalid_argument);
  EXPECT_THROW(rung_positions(1, 1, 5), std::invalid_argument);
}

TEST(Rungs, one_score_without_costs_is_the_rule_of_asha) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    const int reduction = 2 + static_cast<int>(rng.below(4));
    const auto count = static_cast<int>(rng.below(30));
    std::vector<double> all;
    Rungs rungs({.reduction = reduction, .min_better = 1}, 1);
    for (int i = 0; i < count; ++i) {
      all.push_back(rng.uniform());
      rungs.record(0, {.costs = {}, .scores = {all.back()}});
    }
    const double score = rng.uniform();
    all.push_back(score);
    std::sort(all.begin(), all.end());
    const auto rank = static_cast<double>(std::find(all.begin(), all.end(), score) - all.begin());  // 0 = best
    const bool among_the_best = rank < static_cast<double>(all.size()) / reduction;
    EXPECT_EQ(rungs.judge(0, {.costs = {}, .scores = {score}}).stop, !among_the_best) << round;
  }
}

TEST(Rungs, nothing_is_stopped_without_records) {
  const RungVerdict verdict = Rungs({.min_better = 1}, 2).judge(1, {.costs = {5}, .scores = {9}});
  EXPECT_FALSE(verdict.stop);
  EXPECT_EQ(verdict.rivals, 0);
}

TEST(Rungs, a_cheap_candidate_is_not_compared_with_costlier_ones) {
  std::vector<RungEntry> entries;
  for (int i = 0; i < 20; ++i) entries.push_back({.costs = {10.0 + i, 3}, .scores = {-0.9}});
  const Rungs rungs = recorded({.min_better = 1}, entries);
  EXPECT_FALSE(rungs.judge(0, {.costs = {9.9, 3}, .scores = {-0.2}}).stop);
  EXPECT_FALSE(rungs.judge(0, {.costs = {40, 2}, .scores = {-0.2}}).stop) << "cheaper in one respect is enough";
  const RungVerdict costly = rungs.judge(0, {.costs = {40, 3}, .scores = {-0.2}});
  EXPECT_TRUE(costly.stop);
  EXPECT_EQ(costly.rivals, 20);
  EXPECT_EQ(costly.better, 20);
}

TEST(Rungs, margin_and_number_of_better_rivals_are_respected) {
  const std::vector<RungEntry> entries{{{1}, {-0.60}}, {{1}, {-0.61}}, {{1}, {-0.62}}};
  const auto verdict = [&](double margin, int min_better, double score) {
    return recorded({.reduction = 3, .min_better = min_better, .margin = margin}, entries).judge(0, {.costs = {1}, .scores = {score}});
  };
  EXPECT_TRUE(verdict(0, 3, -0.595).stop);
  EXPECT_FALSE(verdict(0, 4, -0.595).stop);
  EXPECT_EQ(verdict(0.01, 3, -0.595).better, 2);
  EXPECT_FALSE(verdict(0.01, 3, -0.595).stop);
  EXPECT_TRUE(verdict(0.01, 2, -0.595).stop);
  EXPECT_EQ(verdict(0, 1, -0.62).better, 0) << "a tie is not better";
  EXPECT_FALSE(verdict(0, 1, -0.615).stop) << "second of four is within the best third of four, rounded up";
  EXPECT_TRUE(verdict(0, 1, -0.605).stop);
}

TEST(Rungs, every_score_must_be_worse) {
  const Rungs rungs = recorded({.min_better = 1}, {{{1}, {-0.9, 0.3}}, {{1}, {-0.9, 0.3}}});
  EXPECT_TRUE(rungs.judge(0, {.costs = {1}, .scores = {-0.8, 0.4}}).stop);
  EXPECT_FALSE(rungs.judge(0, {.costs = {1}, .scores = {-0.8, 0.2}}).stop);
}

TEST(Rungs, not_a_number_neither_counts_nor_is_stopped) {
  Rungs rungs({.min_better = 1}, 1);
  rungs.record(0, {.costs = {1}, .scores = {kNaN}});
  rungs.record(0, {.costs = {kNaN}, .scores = {-1}});
  EXPECT_EQ(rungs.judge(0, {.costs = {2}, .scores = {0}}).rivals, 0);
  rungs.record(0, {.costs = {1}, .scores = {-1}});
  EXPECT_TRUE(rungs.judge(0, {.costs = {2}, .scores = {0}}).stop);
  EXPECT_FALSE(rungs.judge(0, {.costs = {2}, .scores = {kNaN}}).stop);
  EXPECT_FALSE(rungs.judge(0, {.costs = {kNaN}, .scores = {0}}).stop);
}

TEST(Rungs, rungs_are_judged_apart) {
  Rungs rungs({.min_better = 1}, 2);
  rungs.record(0, {.costs = {}, .scores = {0}});
  rungs.record(0, {.costs = {}, .scores = {0}});
  EXPECT_TRUE(rungs.judge(0, {.costs = {}, .scores = {1}}).stop);
  EXPECT_FALSE(rungs.judge(1, {.costs = {}, .scores = {1}}).stop);
}

TEST(Rungs, wrong_params_and_sizes_are_refused) {
  EXPECT_THROW(Rungs({.reduction = 1}, 1), ConfigError);
  EXPECT_THROW(Rungs({.min_better = 0}, 1), ConfigError);
  EXPECT_THROW(Rungs({.margin = -0.1}, 1), ConfigError);
  EXPECT_THROW(Rungs({.margin = kNaN}, 1), ConfigError);
  Rungs rungs({}, 2);
  EXPECT_THROW(rungs.record(2, {.costs = {1}, .scores = {1}}), std::invalid_argument);
  EXPECT_THROW(rungs.record(0, {.costs = {1}, .scores = {}}), std::invalid_argument);
  rungs.record(0, {.costs = {1}, .scores = {1}});
  EXPECT_THROW(rungs.judge(1, {.costs = {1, 2}, .scores = {1}}), std::invalid_argument);
  EXPECT_THROW(rungs.record(0, {.costs = {1}, .scores = {1, 2}}), std::invalid_argument);
}

/// Candidates that learn: the score after `epochs` epochs falls towards a limit. Cost and limit pull apart.
struct Learner {
  static double limit(const Genome& g) { return 1.0 / (1 + g[0]) + 0.05 * std::abs(g[1] - 5) + 0.02 * g[2]; }
  static double cost(const Genome& g) { return g[0] + 0.5 * g[2] + (g[1] > 5 ? 1 : 0); }
  static double score(const Genome& g, int epochs) { return limit(g) * (1 + std::pow(0.5, epochs)); }  // curves never cross
};

/// Trains for up to 8 epochs; stopped candidates count as failed.
class LearningProblem : public TestProblem {
 public:
  explicit LearningProblem(std::optional<HalvingParams> params)
      : TestProblem({12, 10, 6}, nullptr), positions_(rung_positions(1, 3, kEpochs)) {
    if (params) rungs_.emplace(*params, positions_.size());
  }
  std::vector<Evaluation> evaluate(std::span<const Genome> batch) override {
    std::vector<Evaluation> results;
    std::vector<std::size_t> reached;
    for (const Genome& genome : batch) {
      std::size_t rung = 0;
      bool stop = false;
      for (; rungs_ && !stop && rung < positions_.size(); ++rung) stop = rungs_->judge(rung, entry(genome, rung)).stop;
      reached.push_back(rung);
      epochs += stop ? positions_[rung - 1] : kEpochs;
      results.push_back({.objectives = {Learner::score(genome, kEpochs), Learner::cost(genome)}, .failed = stop});
      calls.push_back(genome);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (std::size_t rung = 0; rung < reached[i]; ++rung) rungs_->record(rung, entry(batch[i], rung));
    }
    return results;
  }
  int epochs = 0;
  static constexpr int kEpochs = 8;

 private:
  RungEntry entry(const Genome& genome, std::size_t rung) const {
    return {.costs = {Learner::cost(genome)}, .scores = {Learner::score(genome, positions_[rung])}};
  }
  std::vector<int> positions_;
  std::optional<Rungs> rungs_;
};

std::vector<Objectives> front_points(const std::vector<Solution>& solutions) {
  std::vector<Objectives> points, front;
  for (const Solution& solution : solutions) {
    if (!solution.evaluation.failed) points.push_back(solution.evaluation.objectives);
  }
  for (const std::size_t i : pareto_front(points)) front.push_back(points[i]);
  std::sort(front.begin(), front.end());
  return front;
}

TEST(Rungs, the_front_is_the_same_when_learning_curves_do_not_cross) {
  // Random search proposes the same candidates whatever becomes of them. A stopped one has better rivals; the best of them
  // has none itself, so it was trained to the end and dominates.
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    LearningProblem off(std::nullopt), on(HalvingParams{.min_better = 1});
    const Nsga2Params params{.population = 20, .evaluations = 300, .seed = seed};
    const auto all = random_search(off, params), some = random_search(on, params);
    EXPECT_EQ(off.calls, on.calls);
    EXPECT_EQ(front_points(all), front_points(some));
    EXPECT_LT(on.epochs, off.epochs * 7 / 10);
  }
}

TEST(Rungs, nsga2_finds_as_good_a_front_with_fewer_epochs) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    LearningProblem off(std::nullopt), on(HalvingParams{.min_better = 3});
    const Nsga2Params params{.population = 20, .evaluations = 300, .seed = seed};
    const Objectives reference{4, 16};
    const double full = hypervolume(front_points(nsga2(off, params)), reference);
    EXPECT_GT(hypervolume(front_points(nsga2(on, params)), reference), 0.99 * full);
    EXPECT_LT(on.epochs, off.epochs * 9 / 10);
  }
}

TEST(Rungs, same_seed_gives_the_same_search_and_the_order_of_records_does_not_matter) {
  LearningProblem a(HalvingParams{}), b(HalvingParams{});
  const Nsga2Params params{.population = 12, .evaluations = 200};
  nsga2(a, params);
  nsga2(b, params);
  EXPECT_EQ(a.calls, b.calls);
  EXPECT_EQ(a.epochs, b.epochs);

  Rng rng(8);
  std::vector<RungEntry> entries;
  for (int i = 0; i < 40; ++i) entries.push_back({.costs = {rng.uniform(), rng.uniform()}, .scores = {rng.uniform()}});
  std::vector<RungEntry> backwards(entries.rbegin(), entries.rend());
  const Rungs forward = recorded({}, entries), reverse = recorded({}, backwards);
  for (int i = 0; i < 100; ++i) {
    const RungEntry entry{.costs = {rng.uniform(), rng.uniform()}, .scores = {rng.uniform()}};
    const RungVerdict x = forward.judge(0, entry), y = reverse.judge(0, entry);
    EXPECT_EQ(x.stop, y.stop);
    EXPECT_EQ(x.better, y.better);
    EXPECT_EQ(x.rivals, y.rivals);
  }
}

}  // namespace
}  // namespace snac::search
