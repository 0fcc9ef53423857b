// The arithmetic of training, as contracts: one table of functions per instruction set, chosen at run time.
// kernels_ref.cpp is the readable truth; the fast twins (kernels_simd.inc) are tested against it.
//
// Glossary: B rows of a batch, I inputs and O outputs of a layer; Ip and Op are I and O padded to a multiple of
// kPadding floats. Padding columns hold zeros on input and are zero on output unless a function says otherwise.
// Every matrix is dense, row-major and starts on a 64-byte boundary. No function allocates, locks or fails.
//
// This header includes nothing heavy on purpose: the instruction-set files must not emit inline functions of the
// standard library, which the linker might then pick for machines without that instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace snac::nn {

inline constexpr int kPadding = 16;  ///< floats in the widest vector register (AVX-512)
[[gnu::always_inline]] constexpr int padded(int width) { return (width + kPadding - 1) / kPadding * kPadding; }

struct DenseShape {
  int rows = 0, inputs = 0, outputs = 0;  ///< B, I, O
};

/// A fixed-point grid for single precision: value = raw * step with raw in [lowest, highest]; |raw| < 2^23, so that
/// raw values and their halves are exact in a float. step is a power of two.
struct FloatGrid {
  float step = 1, inverse_step = 1;
  float lowest = 0, highest = 0;  ///< raw integers; infinite = never saturated
  float pass_above = 0;           ///< the straight-through gradient passes where pass_above < x/step <= highest
};

/// One FloatGrid per column of a (B,Op) matrix; padding columns hold only 0 (lowest = highest = 0).
struct ColumnGrids {
  const float *step = nullptr, *inverse_step = nullptr, *lowest = nullptr, *highest = nullptr, *pass_above = nullptr;  ///< (Op) each
};

struct AdamStep {
  float rate = 0;                              ///< learning rate with the bias correction: lr * sqrt(1 - beta2^t) / (1 - beta1^t)
  float beta1 = 0.9F, one_minus_beta1 = 0.1F;  ///< given apart: 1 - 0.999F in float is 5e-5 off
  float beta2 = 0.999F, one_minus_beta2 = 0.001F;
  float epsilon = 1e-7F;
  float l1 = 0;  ///< added to the gradient as l1 * sign(w)
  float l2 = 0;  ///< added to the gradient as l2 * w
};

struct MomentumStep {
  float rate = 0;
  float momentum = 0;
  float l1 = 0, l2 = 0;  ///< as in AdamStep
};

inline constexpr float kLeakySlope = 0.125F;  ///< space::kLeakySlope, of leaky_relu_on_grids

/// Inverted dropout without stored masks: element i is kept if hash(key, i) >= threshold, so that the backward pass
/// calls the same function on the gradient. The hash is kernels_ref.cpp's; all instruction sets agree on every bit.
struct DropoutMask {
  std::uint32_t key = 0;
  std::uint32_t threshold = 0;  ///< probability * 2^32
  float scale = 1;              ///< 1 / (1 - probability)
};

using OnGrids = void (*)(std::size_t n, FloatGrid pre, FloatGrid out, const float* x, float* y, float* slope);

struct Kernels {
  const char* name;

  /// y(b,o) = bias(o) + sum_i x(b,i) w(i,o), then max(0, .) if relu. x (B,Ip), w (I,Op), bias (Op), y (B,Op).
  void (*dense_forward)(DenseShape shape, const float* x, const float* w, const float* bias, bool relu, float* y);
  /// dx(b,i) = sum_o dy(b,o) wt(o,i), then 0 where relu_output(b,i) <= 0 if that is given. dy (B,Op), wt (O,Ip), dx (B,Ip).
  void (*dense_input_gradient)(DenseShape shape, const float* dy, const float* wt, const float* relu_output, float* dx);
  /// dw(i,o) = sum_b x(b,i) dy(b,o), db(o) = sum_b dy(b,o). x (B,Ip), dy (B,Op), dw (I,Op), db (Op).
  void (*dense_weight_gradient)(DenseShape shape, const float* x, const float* dy, float* dw, float* db);
  /// wt(o,i) = w(i,o); w (I,Op), wt (O,Ip).
  void (*transpose)(int inputs, int outputs, const float* w, float* wt);

  /// Activations in place on n values (n a multiple of kPadding) and d *= derivative, from the activation's output y.
  /// sigmoid(0) = 1/2 also in padding columns.
  void (*relu)(std::size_t n, float* y);
  void (*tanh)(std::size_t n, float* y);
  void (*sigmoid)(std::size_t n, float* y);
  void (*leaky_relu)(std::size_t n, float negative_slope, float* y);
  void (*relu_gradient)(std::size_t n, const float* y, float* d);
  void (*tanh_gradient)(std::size_t n, const float* y, float* d);
  void (*sigmoid_gradient)(std::size_t n, const float* y, float* d);
  void (*leaky_relu_gradient)(std::size_t n, float negative_slope, const float* y, float* d);
  /// d *= slope.
  void (*multiply)(std::size_t n, const float* slope, float* d);

  /// Normalises z (B,Op) in place over the batch: z = (z - mean) * inverse_deviation, and y = gamma * z + beta.
  /// variance is the biased one; inverse_deviation = 1 / sqrt(variance + epsilon). `width` is Op.
  void (*batch_norm_forward)(int rows, int width, float epsilon, const float* gamma, const float* beta, float* z, float* y, float* mean,
                             float* variance, float* inverse_deviation);
  /// d holds dL/dy on entry and dL/d(input) on return. normalized is what the forward pass left in z.
  void (*batch_norm_backward)(int rows, int width, const float* normalized, const float* inverse_deviation, const float* gamma, float* d,
                              float* dgamma, float* dbeta);

  /// out(i) = keep(i) ? in(i) * scale : 0. in and out may be the same.
  void (*dropout)(std::size_t n, DropoutMask mask, const float* in, float* out);

  /// @returns the sum over rows of -log softmax(logits)(label); gradient (B,Op), if given, gets scale * (softmax - onehot),
  /// zero in padding. logits (B,Op) with `classes` = O.
  double (*softmax_cross_entropy)(int rows, int classes, const float* logits, const std::uint8_t* labels, float scale, float* gradient);

  /// One Adam step on n values: g += l1 sign(w) + l2 w; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate m / (sqrt(v) + eps).
  /// Where mask (nullable) is 0 nothing is learnt: w, m and v become 0.
  void (*adam)(std::size_t n, AdamStep step, const float* mask, const float* gradient, float* m, float* v, float* w);
  /// One step of gradient descent with momentum: g as above; v = momentum v - rate g; w += v. Masked values as above.
  void (*momentum)(std::size_t n, MomentumStep step, const float* mask, const float* gradient, float* v, float* w);
  /// w = min(max(w, lowest), highest).
  void (*clamp)(std::size_t n, float lowest, float highest, float* w);

  /// y = clamp(floor(x/step + 1/2), lowest, highest) * step: the same integer as quantize_raw(). NaN stays NaN here, so
  /// that a diverging training is seen. slope (nullable) gets 1 where the straight-through gradient passes, else 0.
  void (*fake_quantize)(std::size_t n, FloatGrid grid, const float* x, float* y, float* slope);
  /// fake_quantize() with a grid per column; x, y, slope (B,Op). `width` is Op.
  void (*fake_quantize_columns)(int rows, int width, ColumnGrids grids, const float* x, float* y, float* slope);
  /// Backward pass of fake_quantize_columns() with a trainable grid: fraction bits f (step 2^-f) and range bits i (largest value
  /// 2^i - 2^-f). Inside the grid dy/df = ln 2 (x - y), as HGQ (arXiv 2405.00645) has it; above it dy/df = ln 2 2^-f and
  /// dy/di = ln 2 2^i; below it dy/di = ln 2 times the lowest value, which is -2^i or 0. Sums over the rows, without the ln 2, into
  /// d_fraction and d_range (Op). d (B,Op) holds dL/dy on entry and dL/dx (straight through) on return; x, y (B,Op).
  void (*fake_quantize_columns_gradient)(int rows, int width, ColumnGrids grids, const float* x, const float* y, float* d,
                                         float* d_fraction, float* d_range);
  /// A grid per value, never saturated: y = floor(x 2^f + 1/2) 2^-f with f = floor(fraction + 1/2), |f| <= 60.
  void (*fake_quantize_each)(std::size_t n, const float* fraction, const float* x, float* y);
  /// y = values[raw - lowest], slope (nullable) = slopes[raw - lowest] where the gradient passes grid, else 0;
  /// raw = x on the grid as above. NaN gives NaN.
  void (*table)(std::size_t n, FloatGrid grid, const float* values, const float* slopes, const float* x, float* y, float* slope);
  /// Without a table: v = x on `pre`, y = f(v) on `out`, slope (nullable) = f'(v) where the gradient passes both grids, else 0.
  /// f is computed in single precision, so that a y next to a tie may be a step off the table's, and only for |v| <= 8.5
  /// (sigmoid: 17). The user compares with the table on all of `pre` first. NaN gives NaN.
  OnGrids tanh_on_grids, sigmoid_on_grids, leaky_relu_on_grids;
};

enum class Isa { automatic, reference, portable, avx2, avx512 };

/// The table in use. Chosen at first use: the best this processor has, or what the environment variable SNAC_KERNELS
/// names (reference, portable, avx2, avx512). @throws ConfigError if that name is unknown or not supported here.
const Kernels& kernels();
/// The table of one instruction set, or nullptr if this processor or build lacks it.
const Kernels* kernels_for(Isa isa);
/// Forces an instruction set for the whole process (automatic = the best). @throws std::invalid_argument if not supported.
void set_kernel_isa(Isa isa);
const char* kernel_isa_name();

}  // namespace snac::nn
