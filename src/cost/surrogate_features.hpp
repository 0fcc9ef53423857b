// What the architecture surrogate sees of a layer, and what formulas know without it.
#pragma once

#include <span>
#include <vector>

#include "snac/cost/surrogate_rows.hpp"

namespace snac::cost {

inline constexpr int kNumSurrogateFeatures = 30;

/// How a folded layer of n inputs and m outputs uses its multipliers, if all inputs and outputs take part: as fold() chooses
/// (circuit/fold.cpp). One cycle, n slots if unrolled.
struct LayerFold {
  int slots = 1, steps = 1, groups = 1;
  int units = 1;
  int cycles() const noexcept { return steps * groups; }
};
LayerFold layer_fold(int inputs, int outputs, int reuse_factor);

/// One layer of a query.
struct LayerQuery {
  int inputs = 0, outputs = 0, next = 0;  ///< next: outputs of the layer behind, 0 = none
  int index = 0, layers = 1;
  space::Activation activation = space::Activation::linear, before = space::Activation::linear;
  bool batch_norm = false;
};

/// Appends the layers of a chain. @throws ConfigError if the graph is none.
void append_queries(const space::ArchSpec& spec, std::vector<LayerQuery>& queries);

struct LayerBaseline {
  double log_cost = 0;  ///< natural logarithm of a rough cost in LUTs, which the net corrects
  double log_dsp = 0;   ///< natural logarithm of the multipliers that are not all zero, roughly; no DSP: a large negative number
  double stages = 0;    ///< of the pipeline, roughly
};

/// Fills in one row of features. @returns what the net's answers are relative to.
LayerBaseline fill_features(const LayerQuery& layer, const HardwareTarget& target, std::span<float, kNumSurrogateFeatures> row);

/// Cycles that a folded layer takes by formula, its casts and activations left out (FoldedLayer::sum_latency); 0 if unrolled.
int formula_cycles(const LayerQuery& layer, const HardwareTarget& target);

}  // namespace snac::cost
