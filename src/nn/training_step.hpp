// One optimiser step on one mini-batch: forward, loss, backward, Adam. All memory is allocated by the constructor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "packed_net.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::nn {

class TrainingStep {
 public:
  /// Starts from the parameters and statistics of `mlp`; masked parameters become zero and, with a quantizer, weights are
  /// clamped into their grids' ranges. @throws std::invalid_argument as require_fits(), or for a mask of another size.
  TrainingStep(const Mlp& mlp, int largest_batch, double l1, std::uint64_t seed, const TrainExtras& extras);

  /// Learns from the rows (at most largest_batch). @returns the sum of their losses (cross-entropy, without L1) before the update.
  double run(const data::Dataset& data, std::span<const std::uint32_t> rows, double learning_rate);
  /// As run() without the update: leaves the gradient in gradient(). `step` numbers the dropout masks.
  double compute_gradient(const data::Dataset& data, std::span<const std::uint32_t> rows, std::uint64_t step);

  /// Writes the current parameters and statistics into `mlp`, which must have the constructor's spec.
  void store(Mlp& mlp) const;
  /// The gradient of the last batch (mean over its rows), one value per parameter of the Mlp, without the L1 term.
  std::vector<float> gradient() const;
  /// The dropout mask of a layer at a step: shared with tests. A layer without dropout has threshold 0.
  DropoutMask dropout_mask(std::size_t layer, std::uint64_t step) const;

 private:
  struct Layer {
    PackedLayer packed;
    space::Activation activation = space::Activation::linear;
    bool batch_norm = false;
    double dropout = 0;
    bool fused_relu = false;  ///< ReLU applied by the product kernel, its gradient by the next layer's
    std::size_t running_mean = 0, running_variance = 0;
    AlignedBuffer sum;        ///< (B,Op) W x + b, with batch norm its normalised form; only if something comes after it
    AlignedBuffer activated;  ///< (B,Op) output of the activation
    AlignedBuffer slope;      ///< (B,Op) derivative of the quantised activation; only with a quantizer
    AlignedBuffer dropped;    ///< (B,Op) after dropout; only with dropout
    AlignedBuffer mean, variance, inverse_deviation;  ///< (Op) of the batch; only with batch norm
    const float* output() const { return dropout > 0 ? dropped.data() : activated.data(); }
  };

  void forward(std::span<const std::uint32_t> rows, const data::Dataset& data, std::uint64_t step);
  void forward_layer(std::size_t l, int rows, const float* x, std::uint64_t step);
  void backward(int rows, std::uint64_t step);
  void update(double learning_rate);
  const float* effective() const { return quantizer_ != nullptr ? quantized_.data() : parameters_.data(); }

  const Kernels& kernels_;
  const Mlp& spec_;  ///< layouts only
  const NetQuantizer* quantizer_;
  double l1_;
  std::uint64_t seed_, step_ = 0;
  PackedLayout layout_;
  std::vector<Layer> layers_;
  std::vector<QuantizedActivation> activations_;  ///< with a quantizer
  std::vector<float> statistics_;
  AlignedBuffer parameters_, quantized_, gradient_, first_moment_, second_moment_, mask_;
  AlignedBuffer input_, transposed_, upstream_, downstream_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace snac::nn
