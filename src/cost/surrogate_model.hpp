// The architecture surrogate for one kind of hardware, unrolled or folded: the net, the scales of its features and the width of its
// intervals.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/cost/surrogate.hpp"
#include "surrogate_features.hpp"
#include "surrogate_net.hpp"

namespace snac::cost {

/// What the net says of a layer. Costs are logarithms relative to the layer's baseline.
enum SurrogateOutput { kLut, kFf, kDsp, kBram, kStages, kLutSpread, kFfSpread, kNumSurrogateOutputs };

/// From where to where the training rows go, in plain numbers.
class SurrogateRange {
 public:
  void include(std::span<const LayerQuery> layers, const HardwareTarget& target);
  /// How far outside, in factors of two of sizes and widths (or tenths of sparsity); 0 = inside.
  double distance(std::span<const LayerQuery> layers, const HardwareTarget& target) const;
  std::vector<std::string> outside(std::span<const LayerQuery> layers, const HardwareTarget& target) const;
  Json to_json() const;
  static SurrogateRange from_json(const Json& json, const std::string& where);

 private:
  static constexpr std::size_t kNumbers = 9;
  static constexpr std::size_t kSparsity = 5;  ///< measured in tenths, not in factors of two
  static constexpr std::size_t kLayerNumbers = 2;
  using Numbers = std::array<double, kNumbers>;
  static const std::array<const char*, kNumbers>& names();
  /// Inputs and outputs of the layer first, then what is the network's.
  static Numbers numbers(const LayerQuery& layer, const HardwareTarget& target);
  double overshoot(std::size_t k, double value) const;

  Numbers low_{}, high_{};
  std::uint32_t activations_ = 0, outputs_ = 0;  ///< bits by enumerator: what occurred
  bool empty_ = true;
};

class SurrogateModel {
 public:
  struct Fit {
    std::uint64_t seed = 1;
    int epochs = 400;
    std::string name;  ///< for the progress
  };
  static SurrogateModel fit(const std::vector<SurrogateRow>& rows, const std::vector<SurrogateRow>& intervals, const Fit& params);

  /// Networks one after the other: network i has the layers [ends[i - 1], ends[i]). `terms` are those of the target.
  void estimate(std::span<const LayerQuery> layers, std::span<const std::size_t> ends, const HardwareTarget& target,
                const TargetTerms& terms, std::span<SurrogateEstimate> out) const;
  const SurrogateRange& range() const noexcept { return range_; }

  Json to_json() const;
  static SurrogateModel from_json(const Json& json, const std::string& where);

 private:
  class Trainer;
  /// Fills scaled features of a layer. @returns its baseline.
  LayerBaseline fill(const LayerQuery& layer, const HardwareTarget& target, const TargetTerms& terms, float* row) const;

  SurrogateNet net_;
  std::array<float, kNumSurrogateFeatures> mean_{}, inverse_deviation_{};
  double lut_interval_ = 1, ff_interval_ = 1;  ///< of the net's spreads, for 90 %
  SurrogateRange range_;
};

}  // namespace snac::cost
