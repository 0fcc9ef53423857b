// FixedNet -> Circuit: every dense layer becomes shifts and adders, shared between its outputs where that is cheaper (cmvm.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/cmvm.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::circuit {

/// One term +-2^power of a constant.
struct SignedDigit {
  int power = 0;
  bool negative = false;
  bool operator==(const SignedDigit&) const = default;
};

/// Canonical signed digits (Reitwiesner 1960): no two neighbours non-zero, fewest non-zero digits. Lowest power first.
std::vector<SignedDigit> canonical_signed_digits(std::int64_t value);

struct LowerParams {
  CmvmParams cmvm;
};

struct LowerStats {
  std::vector<std::pair<std::string, CmvmStats>> layers;  ///< dense layers by name, in order
};

/// Rounding half up or half down goes into the constant of the sum before it. Equal rows, neurons and tables are shared; pruned
/// weights, unused inputs and constant neurons cost nothing.
/// @throws DataError if the network is not valid, a node kind has no lowering or a value would exceed 62 bits; ConfigError for bad
/// parameters.
Circuit lower(const fixed::FixedNet& net, const LowerParams& params = {}, LowerStats* stats = nullptr);

struct SumsCircuit {
  Circuit circuit;
  std::vector<std::int64_t> offsets;  ///< (outputs) the circuit expects each sum plus this: roundings that a bias does for free
};

/// The circuit behind a dense node whose sums something else computes: its cast, then `after`, a chain of element-wise nodes of the
/// net that begins at it. `sums`: raw values on the grid of the bias, (outputs); a sum of one value is a constant, each other one an
/// input. Outputs: the elements of the last node.
/// @throws DataError as lower().
SumsCircuit lower_behind(const fixed::FixedNet& net, std::size_t dense, std::span<const std::size_t> after, std::span<const Range> sums);

}  // namespace snac::circuit
