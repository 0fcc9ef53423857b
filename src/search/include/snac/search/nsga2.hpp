// NSGA-II over integer genomes (Deb et al. 2002, doi:10.1109/4235.996017).
// Knows nothing about networks: it sees genomes and objective vectors only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snac/core/fields.hpp"
#include "snac/search/pareto.hpp"

namespace snac::search {

using Genome = std::vector<std::int32_t>;  ///< gene i lies in [0, cardinality[i])

struct Evaluation {
  Objectives objectives;  ///< minimised
  double violation = 0;   ///< sum of relative constraint violations, 0 = feasible
  bool failed = false;    ///< a failed trial never enters a population
};

struct Solution {
  Genome genome;
  Evaluation evaluation;
};

class Problem {  /// Evaluation is batched, so threads live in one place.
 public:
  virtual ~Problem() = default;
  virtual std::span<const std::int32_t> cardinality() const = 0;
  /// Genes that mean nothing set to 0; equal identities are the same candidate and are never evaluated twice.
  /// The identity is itself a genome of that candidate: identity(identity(g)) == identity(g).
  virtual Genome identity(const Genome& genome) const { return genome; }
  /// True if neighbouring values of gene i are similar (integer mutation by small steps is allowed there).
  virtual bool ordered(std::size_t gene) const = 0;
  /// One entry per genome, same order. An answer with objectives or a violation that are not finite counts as failed.
  virtual std::vector<Evaluation> evaluate(std::span<const Genome> batch) = 0;
  /// Called after each batch with all solutions so far: a problem that learns may change objectives and violations of those that have not
  /// failed. Objectives that are not finite are refused (std::logic_error).
  virtual void revise(std::span<Solution> solutions);
};

struct Nsga2Params {
  int population = 20;          ///< >= 4
  int evaluations = 500;        ///< distinct candidates evaluated in all, >= population; fewer if the space is smaller
  double crossover_prob = 0.9;  ///< in [0, 1]: else the child is a copy of a parent, then mutated
  double swap_prob = 0.5;       ///< in [0, 1]; uniform crossover: chance of taking a gene from the second parent
  double mutation_prob = 0;     ///< per gene, in [0, 1]; 0 = 1 / number of genes
  std::uint64_t seed = 1;       ///< same seed, same front, on every platform
  void validate() const;        ///< @throws ConfigError naming field, value, allowed range
};
/// All fields, or only those of the sampler itself (a configuration may hold budget and seed elsewhere).
void describe(Fields& fields, Nsga2Params& params);
void describe_sampler(Fields& fields, Nsga2Params& params);

struct Nsga2Stats {
  int generations = 0;         ///< batches after the initial population
  int evaluations = 0;         ///< failed ones included
  int failures = 0;            ///< evaluations that failed
  int duplicates_skipped = 0;  ///< genomes that were bred or drawn again because their candidate was known
  bool space_exhausted = false;
};

/// @returns every distinct candidate evaluated, in order of evaluation. A problem that answers known candidates from a
/// store makes the search resumable: the same calls come in the same order.
/// The last generation is cut to the budget. Children that repeat a known candidate are bred anew (up to 100 tries, then
/// drawn at random among the unseen); the search ends early when the space holds no unseen candidate.
/// @throws ConfigError for wrong params or a space without genes, std::logic_error if the problem breaks its contract.
std::vector<Solution> nsga2(Problem& problem, const Nsga2Params& params, Nsga2Stats* stats = nullptr);

/// The same interface, genomes drawn uniformly without repetition: the baseline to beat.
std::vector<Solution> random_search(Problem& problem, const Nsga2Params& params, Nsga2Stats* stats = nullptr);

}  // namespace snac::search
