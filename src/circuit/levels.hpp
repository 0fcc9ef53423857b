// Levels of logic from the inputs to a node, while a circuit is still growing.
#pragma once

#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

/// The circuit must not be rebuilt (remove_dead_nodes) during the tracker's life.
class LevelTracker {
 public:
  explicit LevelTracker(const Circuit& circuit) : circuit_(&circuit) {}
  int operator()(Id id);

 private:
  const Circuit* circuit_;
  std::vector<int> level_;
};

}  // namespace snac::circuit
