// Test problems over integer genomes that record how they were called.
#pragma once

#include <cmath>
#include <functional>
#include <set>
#include <stdexcept>
#include <vector>

#include "snac/search/nsga2.hpp"

namespace snac::search {

class TestProblem : public Problem {
 public:
  using Function = std::function<Evaluation(const Genome&)>;
  TestProblem(std::vector<std::int32_t> cardinality, Function function)
      : cardinality_(std::move(cardinality)), function_(std::move(function)) {}

  std::span<const std::int32_t> cardinality() const override { return cardinality_; }
  Genome identity(const Genome& genome) const override { return canonical ? canonical(genome) : genome; }
  bool ordered(std::size_t) const override { return true; }
  std::vector<Evaluation> evaluate(std::span<const Genome> batch) override {
    std::vector<Evaluation> results;
    batches.push_back(batch.size());
    for (const Genome& genome : batch) {
      if (!seen.insert(identity(genome)).second) throw std::runtime_error("a candidate was evaluated twice");
      calls.push_back(genome);
      results.push_back(function_(genome));
    }
    return results;
  }

  std::function<Genome(const Genome&)> canonical;
  std::vector<Genome> calls;
  std::vector<std::size_t> batches;
  std::set<Genome> seen;

 private:
  std::vector<std::int32_t> cardinality_;
  Function function_;
};

/// Every genome of a space, for true fronts.
inline std::vector<Genome> all_genomes(const std::vector<std::int32_t>& cardinality) {
  std::vector<Genome> genomes{Genome{}};
  for (const std::int32_t values : cardinality) {
    std::vector<Genome> longer;
    for (const Genome& genome : genomes) {
      for (std::int32_t value = 0; value < values; ++value) {
        longer.push_back(genome);
        longer.back().push_back(value);
      }
    }
    genomes = std::move(longer);
  }
  return genomes;
}

/// ZDT1 (Zitzler, Deb, Thiele 2000) with each variable on a grid of `levels` values; optimum where all but gene 0 are 0.
inline TestProblem zdt1(std::size_t genes, std::int32_t levels) {
  return TestProblem(std::vector<std::int32_t>(genes, levels), [levels](const Genome& genome) {
    double sum = 0;
    for (std::size_t i = 1; i < genome.size(); ++i) sum += genome[i];
    const double x = static_cast<double>(genome[0]) / (levels - 1);
    const double g = 1 + 9 * sum / (static_cast<double>(genome.size() - 1) * (levels - 1));
    return Evaluation{.objectives = {x, g * (1 - std::sqrt(x / g))}};
  });
}

/// Value against cost with a coupling between neighbours, so that greedy choices fail; three objectives.
inline Evaluation coupled(const Genome& genome) {
  double cost = 0, loss = 0, delay = 0;
  for (std::size_t i = 0; i < genome.size(); ++i) {
    const double weight = static_cast<double>(i % 3 + 1);
    cost += weight * genome[i] * (genome[i] + 1);
    loss += weight * 30.0 / (1 + genome[i]);
    const int step = i ? genome[i] - genome[i - 1] : 0;
    delay += step * step;
  }
  return {.objectives = {cost, loss, delay}};
}

inline std::vector<Objectives> objectives_of(const std::vector<Solution>& solutions) {
  std::vector<Objectives> points;
  for (const auto& solution : solutions) {
    if (!solution.evaluation.failed && solution.evaluation.violation == 0) points.push_back(solution.evaluation.objectives);
  }
  return points;
}

}  // namespace snac::search
