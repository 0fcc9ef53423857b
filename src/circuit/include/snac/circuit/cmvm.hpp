// Constant matrix times vector as a shared adder graph (CMVM): rows that need the same partial sums read them from one adder.
// Greedy two-term common-subexpression elimination on signed digits under a hard limit on depth; see docs/adr/0007.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

/// coefficient * node * 2^power.
struct Product {
  Id node = kNone;
  std::int64_t coefficient = 0;
  int power = 0;
};

/// One row of a constant matrix-vector product: the sum of products with distinct nodes, plus a constant.
struct LinearForm {
  std::vector<Product> products;
  Term constant;  ///< a constant node; kNone counts as 0
};

enum class Effort : std::uint8_t {
  quick,   ///< one pass: for estimates
  normal,  ///< several ways of scoring and decomposing; the cheapest is kept
  high,    ///< then a local search: parts of the graph are dissolved and shared anew
};

/// How sums become adders.
enum class Strategy : std::uint8_t {
  csd,     ///< a tree of its own for every row, over the canonical signed digits; equal subtrees are one
  shared,  ///< the CMVM optimiser
};

struct CmvmParams {
  Strategy strategy = Strategy::shared;
  Effort effort = Effort::normal;
  /// Adder levels above those of the deepest row's balanced tree; -1 = no limit. More saves another 0.1-0.5 % of the LUTs of trained
  /// networks and costs a pipeline stage or two (docs/adr/0007).
  int extra_depth = 0;
  std::uint64_t seed = 0;  ///< of the local search; same seed, same graph
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

struct CmvmStats {
  double csd_cost = 0, cost = 0;     ///< LUT estimate of the adders: plain trees, and what was built
  std::int64_t adders = 0;           ///< of what was built
  int depth = 0, minimal_depth = 0;  ///< levels to the deepest row: what was built, and the least possible
  std::int64_t digits = 0;           ///< signed digits of all coefficients
  std::string method;                ///< which variant won
};

/// The rows' values. Never costlier than plain trees, never deeper than the limit.
/// The same rows in the same order give the same nodes.
/// @throws DataError if a value would be wider than kMaxWireWidth.
std::vector<Term> multiply(Circuit& circuit, const std::vector<LinearForm>& rows, const CmvmParams& params = {},
                           CmvmStats* stats = nullptr);

}  // namespace snac::circuit
