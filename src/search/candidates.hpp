// Proposes candidates that were never seen and evaluates them: the book-keeping that all samplers share.
// Internal to the module.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "snac/core/rng.hpp"
#include "snac/search/nsga2.hpp"

namespace snac::search {

class Candidates {
 public:
  /// @throws ConfigError if the space has no genes or a gene has no values.
  explicit Candidates(Problem& problem);

  std::span<const std::int32_t> cardinality() const { return cardinality_; }

  /// A genome whose candidate is new: the first of up to 100 genomes from `breed` (may be empty), else of 100 uniform
  /// draws, else a draw among the candidates left. Nothing if the space is exhausted. The candidate counts as known then.
  std::optional<Genome> propose(const std::function<Genome(Rng&)>& breed, Rng& rng);

  /// Evaluates, appends to solutions(), @returns the index of the first new one. Marks answers that are not finite as failed.
  std::size_t evaluate(std::vector<Genome> batch);

  const std::vector<Solution>& solutions() const { return solutions_; }
  /// Hands over the result and fills the counters.
  std::vector<Solution> finish(int generations, Nsga2Stats* stats);

 private:
  bool take(const Genome& genome);
  Genome identity(const Genome& genome) const;
  std::optional<Genome> draw_unseen(Rng& rng);
  void collect_all_unseen();
  void collect_unseen_neighbours();
  void check(const Evaluation& evaluation);

  Problem& problem_;
  std::vector<std::int32_t> cardinality_;
  std::uint64_t space_size_ = 1;  ///< number of genomes, capped
  std::set<Genome> known_;        ///< identities
  std::vector<Genome> proposed_;  ///< the same in order of proposal
  std::vector<Solution> solutions_;
  std::size_t num_objectives_ = 0;
  int failures_ = 0, duplicates_ = 0;
  bool exhausted_ = false;

  // Identities that may be unseen, for spaces that are nearly exhausted.
  std::vector<Genome> left_;
  std::set<Genome> ever_left_;  ///< all that ever stood in left_
  bool collected_all_ = false;  ///< left_ was filled by enumeration
  std::size_t expanded_ = 0;    ///< proposed_ up to here had their neighbours collected
};

}  // namespace snac::search
