// A small multilayer perceptron that is applied to every layer of a network: rows of features in, a few numbers out per row. On the
// training kernels, so that a search can ask it millions of times a second.
#pragma once

#include <cstddef>
#include <vector>

#include "snac/core/rng.hpp"
#include "snac/nn/aligned_buffer.hpp"

namespace snac::cost {

/// features -> hidden ReLU -> hidden ReLU -> outputs. Every matrix row is padded to nn::padded() floats; padding is zero.
class SurrogateNet {
 public:
  SurrogateNet() = default;
  /// All zero; `randomise` for training.
  SurrogateNet(int features, int hidden, int outputs);
  /// He initialisation; the output layer starts at a tenth of it.
  void randomise(Rng& rng);

  int features() const noexcept { return features_; }
  int hidden() const noexcept { return hidden_; }
  int outputs() const noexcept { return outputs_; }
  int feature_stride() const noexcept;
  int output_stride() const noexcept;

  /// Scratch memory of one thread, reused from call to call.
  struct Scratch {
    nn::AlignedBuffer hidden1, hidden2, out, d_out, d_hidden2, d_hidden1;
    int rows = 0;
    void reserve(int rows, const SurrogateNet& net);
  };

  /// x (rows, feature_stride), 64-byte aligned. @returns (rows, output_stride) in `scratch`.
  const float* forward(int rows, const float* x, Scratch& scratch) const;

  /// One Adam step for the loss whose gradient by the outputs of the last forward() stands in scratch.d_out (rows, output_stride).
  void step(int rows, const float* x, Scratch& scratch, float rate);
  /// The gradient of that loss by all parameters, in order of parameters(). For tests.
  std::vector<float> gradient(int rows, const float* x, Scratch& scratch);

  /// Without padding: weights (inputs, outputs) row by row and biases, layer by layer.
  std::vector<float> parameters() const;
  /// @throws std::invalid_argument for another number of values.
  void set_parameters(const std::vector<float>& values);

 private:
  struct Layer {
    int inputs = 0, outputs = 0;
    nn::AlignedBuffer weight, bias, transposed;  ///< weight (inputs, padded outputs), transposed (outputs, padded inputs)
    nn::AlignedBuffer d_weight, d_bias, m_weight, v_weight, m_bias, v_bias;  ///< only once training has begun
  };
  void backward(int rows, const float* x, Scratch& scratch);

  int features_ = 0, hidden_ = 0, outputs_ = 0;
  std::vector<Layer> layers_;
  int steps_ = 0;
};

}  // namespace snac::cost
