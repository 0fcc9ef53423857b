// Stopping hopeless candidates before their evaluation has ended: successive halving (Jamieson and Talwalkar 2016,
// arXiv:1502.07943; ASHA: Li et al. 2020, arXiv:1810.05934) for several objectives, and independent of timing.
// Some objectives are costs that are known beforehand; the others are scores that improve over the evaluation and are seen
// at a few points of it, the rungs. Knows nothing of what is evaluated.
#pragma once

#include <vector>

#include "snac/core/fields.hpp"
#include "snac/search/pareto.hpp"

namespace snac::search {

struct HalvingParams {
  int reduction = 3;      ///< eta >= 2: about the best 1/eta of comparable candidates go on at each rung
  int min_better = 2;     ///< >= 1: so many comparable candidates must be better before one is stopped
  double margin = 0;      ///< >= 0: better means by more than this in every score
  void validate() const;  ///< @throws ConfigError naming field, value, allowed range
};
void describe(Fields& fields, HalvingParams& params);

/// Where the rungs are: first, first * eta, first * eta^2, ... below `total`.
std::vector<int> rung_positions(int first, int reduction, int total);

/// What is known of a candidate at a rung. All minimised; the same sizes in all calls.
struct RungEntry {
  Objectives costs;   ///< known beforehand
  Objectives scores;  ///< reached so far, at least one
};

struct RungVerdict {
  bool stop = false;
  int rivals = 0;  ///< recorded candidates that cost no more in any respect
  int better = 0;  ///< of these, better in every score by more than the margin
};

/// The rule: a candidate is compared with its rivals only, the recorded candidates that cost no more in any respect. It is
/// stopped if it is not among the best 1/eta of them and itself: better >= max(min_better, (rivals + 1) / eta). So a
/// candidate that no rival beats goes on, however poor its score: a cheap one is compared with cheap ones. With no costs and
/// one score this is the rule of ASHA.
///
/// Deterministic where ASHA is not: record() what has been seen between batches, judge() within a batch. Then a verdict
/// depends on earlier batches only, not on which evaluation is faster.
class Rungs {
 public:
  /// @throws ConfigError for wrong params.
  Rungs(const HalvingParams& params, std::size_t num_rungs);
  /// Safe from several threads, but not beside record().
  /// @throws std::invalid_argument for a rung that does not exist, or sizes that differ from the recorded ones.
  RungVerdict judge(std::size_t rung, const RungEntry& entry) const;
  /// Records with NaN are left out. @throws as judge.
  void record(std::size_t rung, RungEntry entry);

 private:
  const std::vector<RungEntry>& checked(std::size_t rung, const RungEntry& entry) const;
  HalvingParams params_;
  std::vector<std::vector<RungEntry>> records_;  ///< by rung
};

}  // namespace snac::search
