// Sums of many scaled terms as trees of two-operand adders.
#pragma once

#include <vector>

#include "levels.hpp"
#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

/// The sum of the terms with the fewest levels possible, operands of like weight paired first; 0 for no terms.
/// The same terms in any order give the same nodes.
Term sum_terms(Circuit& circuit, LevelTracker& levels, const std::vector<Term>& terms);

}  // namespace snac::circuit
