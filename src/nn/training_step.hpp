// One optimiser step on one mini-batch: forward, loss, backward, optimiser. All memory is allocated by the constructor.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "packed_net.hpp"
#include "snac/nn/kernels_bf16.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::nn {

/// A (B,Op) matrix in both orders of kernels_bf16.hpp.
struct RoundedBuffer {
  AlignedArray<Bf16> by_row, by_pair;
  RoundedBuffer() = default;
  explicit RoundedBuffer(int rows, int width);
  Bf16Matrix matrix() { return {by_row.data(), by_pair.data()}; }
};

class TrainingStep {
 public:
  /// Starts from the parameters and statistics of `mlp`; masked parameters become zero and, with a quantizer, weights are
  /// clamped into their grids' ranges. Of `params` the optimiser, l1, l2, seed and precision count. @throws std::invalid_argument as
  /// require_fits(), or for a mask of another size.
  TrainingStep(const Mlp& mlp, int largest_batch, const TrainParams& params, const TrainExtras& extras);

  /// Learns from the rows (at most largest_batch). @returns the sum of their losses (cross-entropy, without L1 and L2) before the update.
  double run(const data::Dataset& data, std::span<const std::uint32_t> rows, double learning_rate);
  /// As run() without the update: leaves the gradient in gradient(). `step` numbers the dropout masks.
  double compute_gradient(const data::Dataset& data, std::span<const std::uint32_t> rows, std::uint64_t step);

  /// Writes the current parameters and statistics into `mlp`, which must have the constructor's spec.
  void store(Mlp& mlp) const;
  std::uint64_t steps() const { return step_; }
  /// The optimiser's memory, one value per parameter of the Mlp; the second is empty for sgd.
  std::vector<float> first_moment() const { return flat(first_moment_); }
  std::vector<float> second_moment() const { return flat(second_moment_); }
  /// Goes on after `steps` steps. @throws std::invalid_argument for a memory of another size.
  void resume(const std::vector<float>& first_moment, const std::vector<float>& second_moment, std::uint64_t steps);
  /// The gradient of the last batch (mean over its rows), one value per parameter of the Mlp, without L1 and L2.
  std::vector<float> gradient() const { return flat(gradient_); }
  /// The dropout mask of a layer at a step: shared with tests. A layer without dropout has threshold 0.
  DropoutMask dropout_mask(std::size_t layer, std::uint64_t step) const;

 private:
  struct Layer {
    PackedLayer packed;
    ActivationFunction activation;
    bool batch_norm = false;
    double dropout = 0;
    bool fused_relu = false;  ///< ReLU applied by the product kernel, its gradient by the next layer's
    bool direct = false;      ///< bf16: the product's result is the next layer's input, in `rounded` only
    std::size_t running_mean = 0, running_variance = 0;
    AlignedBuffer sum;        ///< (B,Op) W x + b, with batch norm its normalised form; only if something comes after it
    AlignedBuffer activated;  ///< (B,Op) output of the activation
    AlignedBuffer slope;      ///< (B,Op) derivative of the quantised activation; only with a quantizer
    AlignedBuffer dropped;    ///< (B,Op) after dropout; only with dropout
    AlignedBuffer mean, variance, inverse_deviation;  ///< (Op) of the batch; only with batch norm
    RoundedBuffer rounded;                            ///< bf16: the output, as the next layer reads it
    AlignedArray<Bf16> weight;                        ///< bf16: the rounded weights by pair
    const float* output() const { return dropout > 0 ? dropped.data() : activated.data(); }
  };

  void forward(std::span<const std::uint32_t> rows, const data::Dataset& data, std::uint64_t step);
  void forward_layer(std::size_t l, int rows, const float* x, std::uint64_t step);
  void backward(int rows, std::uint64_t step);
  void update(double learning_rate);
  std::vector<float> flat(const AlignedBuffer& packed) const;
  /// Gradients of the layer's parameters and, but for the first layer, of the output of the layer below.
  void backward_products(std::size_t l, int rows);
  void backward_products_bf16(std::size_t l, int rows);
  bool folds_relu(std::size_t below) const;  ///< the input gradient of the layer above may apply this layer's ReLU gradient
  const float* effective() const { return quantizer_ != nullptr ? quantized_.data() : parameters_.data(); }

  const Kernels& kernels_;
  const Mlp& spec_;  ///< layouts only
  const NetQuantizer* quantizer_;
  TrainParams params_;
  std::uint64_t step_ = 0;
  PackedLayout layout_;
  std::vector<Layer> layers_;
  std::optional<GridRounding> input_rounding_;    ///< with a quantizer
  std::vector<QuantizedActivation> activations_;  ///< with a quantizer
  std::vector<float> statistics_;
  AlignedBuffer parameters_, quantized_, gradient_, first_moment_, second_moment_, mask_;
  AlignedBuffer input_, transposed_, upstream_, downstream_;
  std::vector<std::uint8_t> labels_;

  const Bf16Kernels* bf16_ = nullptr;  ///< null = single precision
  RoundedBuffer rounded_input_, rounded_upstream_, rounded_downstream_;
  AlignedArray<Bf16> rounded_transposed_;
  bool upstream_is_rounded_ = false;  ///< dL/d(sum) of the current layer is in rounded_upstream_ already
};

}  // namespace snac::nn
