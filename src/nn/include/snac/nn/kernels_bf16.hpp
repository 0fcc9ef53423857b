// Dense products whose factors are bfloat16 (the upper half of a float: 8 significant bits) and whose sums are floats.
// kernels_bf16_ref.cpp is the readable truth, kernels_avx512bf16.cpp its fast twin. Letters and rules as in kernels.hpp.
//
// A product sums over pairs of neighbours, so each matrix exists in one or both of two orders:
// by row,  (R,C) like floats; by pair, (ceil(R/2),C,2): rows 2r and 2r+1 interleaved, a missing last row is zero.
#pragma once

#include <cstdint>

#include "snac/nn/kernels.hpp"

namespace snac::nn {

struct Bf16 {
  std::uint16_t bits = 0;
  friend bool operator==(Bf16, Bf16) = default;
};

/// A matrix in both orders; either may be null where a function does not need it.
struct Bf16Matrix {
  Bf16* by_row = nullptr;
  Bf16* by_pair = nullptr;
};

/// Rounding is to the nearest, ties to even, in round(). As the instruction does, denormal numbers become zero of their
/// sign and NaN stays NaN. Products of two values are exact in a float; denormal sums may become zero.
struct Bf16Kernels {
  const char* name;

  /// y = x rounded; x (R,C), C a multiple of kPadding.
  void (*round)(int rows, int columns, const float* x, Bf16Matrix y);
  /// wt(o,i) = w(i,o) rounded; w (I,Op), wt by pair (ceil(O/2),Ip,2).
  void (*round_transposed)(int inputs, int outputs, const float* w, Bf16* wt);

  /// As Kernels::dense_forward. x by row (B,Ip), w by pair (ceil(I/2),Op,2). The result goes to y (B,Op) as floats or, if
  /// that is null, rounded to both orders of `rounded`.
  void (*dense_forward)(DenseShape shape, const Bf16* x, const Bf16* w, const float* bias, bool relu, float* y, Bf16Matrix rounded);
  /// As Kernels::dense_input_gradient. dy by row (B,Op), wt by pair (ceil(O/2),Ip,2), relu_output by row (B,Ip); the result
  /// as that of dense_forward.
  void (*dense_input_gradient)(DenseShape shape, const Bf16* dy, const Bf16* wt, const Bf16* relu_output, float* dx, Bf16Matrix rounded);
  /// As Kernels::dense_weight_gradient. x by pair (ceil(B/2),Ip,2), dy by pair (ceil(B/2),Op,2).
  void (*dense_weight_gradient)(DenseShape shape, const Bf16* x, const Bf16* dy, float* dw, float* db);
  /// As Kernels::adam; roots and quotients may be estimates, so that a change is exact to 1e-6 of its size only.
  void (*adam)(std::size_t n, AdamStep step, const float* mask, const float* gradient, float* m, float* v, float* w);
};

/// The bfloat16 twin of kernels(): nullptr if the instruction set in use has none. The reference has one everywhere.
const Bf16Kernels* bf16_kernels();
/// The bfloat16 twin of one instruction set, or nullptr.
const Bf16Kernels* bf16_kernels_for(Isa isa);

}  // namespace snac::nn
