// One optimiser step of training with learned precision. All memory is allocated by the constructor.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "packed_net.hpp"
#include "snac/nn/learned_precision.hpp"

namespace snac::nn {

/// Nearest integers of an element's bits, and the grid that they make.
struct RoundedBits {
  int fraction = 0, range = 0;
  int width() const { return fraction + range; }  ///< magnitude bits; <= 0: always 0
};
RoundedBits rounded_bits(const ElementBits& bits, std::size_t element);
/// Values 0 to 2^range - 2^-fraction, or from -2^range. Just 0 without bits.
Grid learned_grid(RoundedBits bits, bool is_signed);

/// The cost of one dense layer and its derivatives, see CostProxy.
struct LayerCost {
  double cost = 0;
  std::vector<double> by_input_bit;  ///< (I) derivative by a bit of an input
};
/// quantized (I,Op): weights on their grids; fraction (I,Op): their fraction bits. by_fraction (I,Op), if given, gets the derivatives by
/// them. input_bits (I): with sign; 0 = the input is always 0.
LayerCost layer_cost(CostProxy proxy, const PackedLayer& layer, const float* quantized, const float* fraction,
                     std::span<const int> input_bits, float* by_fraction);

class PrecisionStep {
 public:
  /// Bits in common start from the largest among them.
  PrecisionStep(const PrecisionNet& net, int largest_batch, CostProxy proxy, Granularity granularity = {});

  struct Rates {
    double weights = 0, bits = 0, cost_factor = 0;
  };
  /// Learns from the rows. @returns the sum of their cross-entropies before the update.
  double run(const data::Dataset& data, std::span<const std::uint32_t> rows, const Rates& rates);
  /// As run() without the update: leaves the derivatives of mean cross-entropy + cost_factor * cost in gradient().
  double compute_gradient(const data::Dataset& data, std::span<const std::uint32_t> rows, double cost_factor);

  /// The cost of the net as it is, without a factor.
  double cost();
  PrecisionNet net() const;
  /// Derivatives in the shape of a net: mlp.parameters, weight_fraction, input, outputs.
  PrecisionNet gradient() const { return shaped(gradient_); }
  std::int64_t steps() const { return steps_; }
  /// Everything trained and the optimiser's memory, in an order of its own; and back.
  std::vector<float> values() const;
  void resume(std::span<const float> values, std::int64_t steps);

 private:
  /// Where the bits of one tensor's elements lie in the trained buffer.
  struct Elements {
    int count = 0;
    bool is_signed = false, relu = false;
    std::size_t fraction = 0, range = 0;  ///< (padded count) each
  };
  struct Layer {
    PackedLayer packed;
    std::optional<Elements> elements;          ///< without a table
    std::optional<QuantizedActivation> table;  ///< with one
    std::optional<ColumnGridBuffer> grids;
    AlignedBuffer sum, output, slope;
  };

  Elements place(int count, bool is_signed, bool relu);
  RoundedBits bits_of(const Elements& elements, int element) const;
  void set_grids(const Elements& elements, ColumnGridBuffer& grids) const;
  void quantize();
  void forward(std::span<const std::uint32_t> rows, const data::Dataset& data);
  void backward(int rows);
  const Elements* below(std::size_t l) const;        ///< the bits of what layer l reads; null after a table
  std::vector<int> input_bits(std::size_t l) const;  ///< with sign; 0 = always 0
  void add_cost(double factor);
  /// Calls merge(offset, stride, count) for every set of bits in the trained buffer that have one value in common.
  template <class Merge>
  void for_each_common(Merge merge) const;
  void update(const Rates& rates);
  void keep_in_range();
  PrecisionNet shaped(const AlignedBuffer& trained) const;
  void load(const PrecisionNet& net);

  const Kernels& kernels_;
  PrecisionNet spec_;
  CostProxy proxy_;
  Granularity granularity_;
  std::int64_t steps_ = 0;
  PackedLayout layout_;
  std::size_t fractions_ = 0;  ///< offset of the weights' fraction bits: same order as the parameters
  std::size_t size_ = 0;       ///< of the trained buffer
  Elements input_elements_;
  std::optional<ColumnGridBuffer> input_grids_;
  std::vector<Layer> layers_;
  AlignedBuffer trained_, gradient_, first_moment_, second_moment_;  ///< parameters, fraction bits, element bits
  AlignedBuffer quantized_, cost_slope_, raw_input_, input_, transposed_, upstream_, downstream_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace snac::nn
