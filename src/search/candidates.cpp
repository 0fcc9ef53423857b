#include "candidates.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace snac::search {
namespace {

constexpr int kTries = 100;                       // children or draws that may repeat known candidates before the next resort
constexpr std::uint64_t kEnumerable = 1'000'000;  // genomes that are enumerated when draws keep failing

}  // namespace

Candidates::Candidates(Problem& problem) : problem_(problem), cardinality_(problem.cardinality().begin(), problem.cardinality().end()) {
  if (cardinality_.empty()) {
    throw ConfigError(
        "the search space is empty",
        {.where = "search space", .found = "no genes", .expected = "at least one axis", .hint = "give some axis two or more values"});
  }
  for (std::size_t gene = 0; gene < cardinality_.size(); ++gene) {
    if (cardinality_[gene] < 1) {
      throw ConfigError("an axis of the search space has no values", {.where = "search space: gene " + std::to_string(gene),
                                                                      .found = std::to_string(cardinality_[gene]) + " values",
                                                                      .expected = "at least one",
                                                                      .hint = {}});
    }
    space_size_ =
        std::min(space_size_ * static_cast<std::uint64_t>(cardinality_[gene]), kEnumerable + 1);  // cannot overflow: < 2^20 * 2^31
  }
}

Genome Candidates::identity(const Genome& genome) const {
  Genome key = problem_.identity(genome);
  bool valid = key.size() == cardinality_.size();
  for (std::size_t gene = 0; valid && gene < key.size(); ++gene) valid = key[gene] >= 0 && key[gene] < cardinality_[gene];
  if (!valid) throw std::logic_error("Problem::identity gave something that is not a genome of the space");
  return key;
}

bool Candidates::take(const Genome& genome) {
  Genome key = identity(genome);
  if (known_.contains(key)) {
    ++duplicates_;
    return false;
  }
  if (identity(key) != key) throw std::logic_error("Problem::identity is not stable: identity(identity(g)) differs from identity(g)");
  known_.insert(key);
  proposed_.push_back(std::move(key));
  return true;
}

std::optional<Genome> Candidates::propose(const std::function<Genome(Rng&)>& breed, Rng& rng) {
  if (exhausted_) return std::nullopt;
  for (int i = 0; breed && i < kTries; ++i) {
    Genome child = breed(rng);
    if (take(child)) return child;
  }
  Genome genome(cardinality_.size());
  for (int i = 0; i < kTries; ++i) {
    for (std::size_t gene = 0; gene < genome.size(); ++gene) {
      genome[gene] = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(cardinality_[gene])));
    }
    if (take(genome)) return genome;
  }
  return draw_unseen(rng);
}

std::optional<Genome> Candidates::draw_unseen(Rng& rng) {
  if (space_size_ > kEnumerable)
    collect_unseen_neighbours();
  else if (!collected_all_)
    collect_all_unseen();
  while (!left_.empty()) {
    std::swap(left_[static_cast<std::size_t>(rng.below(left_.size()))], left_.back());
    const Genome genome = std::move(left_.back());
    left_.pop_back();
    if (!known_.contains(genome) && take(genome)) return genome;
  }
  exhausted_ = true;
  return std::nullopt;
}

void Candidates::collect_all_unseen() {
  Genome genome(cardinality_.size(), 0);
  bool more = true;
  while (more) {
    if (!known_.contains(genome) && identity(genome) == genome) left_.push_back(genome);
    more = false;
    for (std::size_t gene = genome.size(); gene-- > 0 && !more;) {
      more = ++genome[gene] < cardinality_[gene];
      if (!more) genome[gene] = 0;
    }
  }
  collected_all_ = true;
}

// Too many genomes to enumerate, but few candidates (or draws would not have failed): conditions switch most genes off.
// Any two candidates are linked by changes of one gene at a time, so whatever is unseen has a neighbour that is seen or
// collected, and an empty collection means that the space is exhausted. The cost is (candidates seen) * (values in all).
void Candidates::collect_unseen_neighbours() {
  for (; expanded_ < proposed_.size(); ++expanded_) {
    for (std::size_t gene = 0; gene < cardinality_.size(); ++gene) {
      Genome neighbour = proposed_[expanded_];
      for (std::int32_t value = 0; value < cardinality_[gene]; ++value) {
        neighbour[gene] = value;
        Genome key = identity(neighbour);
        if (!known_.contains(key) && ever_left_.insert(key).second) left_.push_back(std::move(key));
      }
    }
  }
}

void Candidates::check(const Evaluation& evaluation) {
  if (evaluation.failed) return;
  if (evaluation.objectives.empty()) throw std::logic_error("Problem::evaluate gave a result without objectives");
  if (num_objectives_ == 0) num_objectives_ = evaluation.objectives.size();
  if (evaluation.objectives.size() != num_objectives_) {
    throw std::logic_error("Problem::evaluate gave " + std::to_string(evaluation.objectives.size()) + " objectives after " +
                           std::to_string(num_objectives_));
  }
  if (evaluation.violation < 0) throw std::logic_error("Problem::evaluate gave a negative constraint violation");
}

std::size_t Candidates::evaluate(std::vector<Genome> batch) {
  const std::size_t first = solutions_.size();
  std::vector<Evaluation> answers = problem_.evaluate(batch);
  if (answers.size() != batch.size()) {
    throw std::logic_error("Problem::evaluate gave " + std::to_string(answers.size()) + " results for " + std::to_string(batch.size()) +
                           " genomes");
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Evaluation& answer = answers[i];
    check(answer);
    const bool finite = std::isfinite(answer.violation) &&
                        std::all_of(answer.objectives.begin(), answer.objectives.end(), [](double value) { return std::isfinite(value); });
    answer.failed = answer.failed || !finite;
    failures_ += answer.failed ? 1 : 0;
    solutions_.push_back({.genome = std::move(batch[i]), .evaluation = std::move(answer)});
  }
  problem_.revise(solutions_);
  for (const Solution& solution : solutions_) {
    const auto& objectives = solution.evaluation.objectives;
    if (!solution.evaluation.failed &&
        !std::all_of(objectives.begin(), objectives.end(), [](double value) { return std::isfinite(value); }))
      throw std::logic_error("Problem::revise gave an objective that is not finite");
  }
  return first;
}

std::vector<Solution> Candidates::finish(int generations, Nsga2Stats* stats) {
  if (stats) {
    *stats = {.generations = generations,
              .evaluations = static_cast<int>(solutions_.size()),
              .failures = failures_,
              .duplicates_skipped = duplicates_,
              .space_exhausted = exhausted_};
  }
  return std::move(solutions_);
}

}  // namespace snac::search
