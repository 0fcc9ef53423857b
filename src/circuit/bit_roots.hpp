// Where the bits of a circuit come from: private to the mapping and the scheduler.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/circuit/mapping.hpp"

namespace snac::circuit {

/// The logic or input that makes one bit, whichever nodes it passes through as a wire.
struct BitRoot {
  Id node = kNone;               ///< that computes it
  bool may_reset = false;        ///< a ReLU's or clip's bit: registers can do it by their reset
  bool is_choice = false;        ///< a bit of the larger of two values: comparisons of its stage make it themselves
  bool only_compared = true;     ///< with is_choice: nothing but comparisons reads it
  LutSort sort = LutSort::sum;   ///< with may_reset: the sort if logic of its stage reads it
  std::vector<Id> readers = {};  ///< nodes whose logic reads it, ascending; kNone = an output port. Empty: nobody
};

struct BitRoots {
  std::vector<BitRoot> roots;
  std::vector<LutCounts> luts;  ///< per group; those of may_reset and is_choice roots are not in it
};

/// `stage`: per node; equal logic is shared within a stage.
BitRoots trace_bits(const Circuit& circuit, const std::vector<std::int32_t>& stage);

}  // namespace snac::circuit
