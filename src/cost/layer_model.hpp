// What a sampled layer contributes to any network that contains it: its logic, and when its values are ready and how wide.
#pragma once

#include <cstdint>
#include <vector>

#include "layer_sample.hpp"

namespace snac::cost {

/// Times are levels of logic since the network's inputs; `per_stage` levels make a pipeline stage.
inline constexpr int kNever = -1;  ///< the time of a constant

struct LayerModel {
  struct Row {
    bool constant = false;
    int terms = 0;  ///< terms of the sum: signed digits of all weights, and the bias
    bool has_bias = false;
    int extra_levels = 0;   ///< of the sum in the layer alone, above a balanced tree's: what sharing adders cost
    int clip_levels = 0;    ///< after the sum: saturation, negation
    int lookup_levels = 0;  ///< after those, at most one stage
    int width = 0;          ///< bits of the output
  };

  int depth = 0;                           ///< levels of the layer alone
  double lut = 0;                          ///< of all outputs
  double sharing = 1;                      ///< cost of all outputs over outputs / rows times the cost of the rows: <= 1, rows share adders
  std::vector<Row> row;                    ///< the outputs that were lowered; output o is taken to be like row o % rows
  std::vector<std::uint8_t> digits;        ///< (rows, inputs) signed digits of each weight
  std::vector<char> used;                  ///< (inputs) read by some row
  std::vector<double> waiting_input_bits;  ///< (depth + 1) bits of inputs still needed after each level of the layer alone
  std::vector<double> sum_bits;            ///< (depth + 1) bits of a mean partial sum or output after each level

  /// Follows the layer's values through time. `built[o]`: output o is read by somebody.
  /// Adds to `bits[t]` what a register after time t would hold of the layer: partial sums, outputs that are ready at t, and inputs
  /// still waiting then.
  /// @returns the times of the outputs, kNever for constants.
  std::vector<int> run(const std::vector<int>& input_times, const std::vector<char>& built, int per_stage, std::vector<double>& bits) const;
};

/// Layers with more than about 20,000 weights are sampled by rows.
LayerModel make_layer_model(const LayerShape& shape, const TargetPrecision& target);

}  // namespace snac::cost
