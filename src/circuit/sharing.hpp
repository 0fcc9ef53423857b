// Greedy two-term common-subexpression elimination over a system of sums.
#pragma once

#include <cstdint>

#include "sum_system.hpp"

namespace snac::circuit {

/// What one shared adder is taken to save, times the number of its uses.
enum class Score : std::uint8_t {
  overlap,  ///< bits that both operands have
  width,    ///< its cost
  count,    ///< nothing but the number
};

struct SharingParams {
  Score score = Score::overlap;
  double level_penalty = 0;  ///< of the score, per level between the operands
  double count_offset = 0;   ///< uses that do not count: 1 is what is saved at once; 0 costs less in the end
  double noise = 0;          ///< scores are scaled by up to 1 + noise, by a hash of pair and seed
  std::uint64_t seed = 0;
};

/// Moves the pair of digits with the highest score into a row of its own and puts one digit in its places, until no pair occurs
/// twice within the rows' limits.
void share_pairs(SumSystem& system, const SharingParams& params);

}  // namespace snac::circuit
