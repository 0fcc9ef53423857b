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

/// Logarithms of a target that all its layers share.
class TargetTerms {
 public:
  explicit TargetTerms(const HardwareTarget& target);

  double log_kept;    ///< log2 of the share of weights that are not zero
  double log_digits;  ///< log2 of the signed digits of a weight, roughly
  /// Natural logarithm of the share of multipliers used over so many cycles of which not all weights are zero.
  double log_multipliers(int cycles) const;

 private:
  double sparsity_;
  std::vector<double> log_multipliers_;  ///< by cycles, as far as they are usual
};

struct LayerBaseline {
  double log_cost = 0;  ///< natural logarithm of a rough cost in LUTs, which the net corrects
  double log_dsp = 0;   ///< natural logarithm of the multipliers that are not all zero, roughly; no DSP: a large negative number
  double stages = 0;    ///< of the pipeline, roughly
  LayerFold fold;
};

/// Fills in one row of features. `terms` are those of the target. @returns what the net's answers are relative to.
LayerBaseline fill_features(const LayerQuery& layer, const HardwareTarget& target, const TargetTerms& terms,
                            std::span<float, kNumSurrogateFeatures> row);

/// Cycles that a folded layer takes by formula, its casts and activations left out (FoldedLayer::sum_latency); 0 if unrolled.
int formula_cycles(const LayerFold& fold, const HardwareTarget& target);

}  // namespace snac::cost
