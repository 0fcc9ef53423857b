// What one core can do: fused multiply-adds from registers only, the yardstick of "percent of peak".
#pragma once

#include <optional>

namespace snac::bench {

/// Single-precision GFLOP/s (a fused multiply-add counts as two) with the vectors of the kernels in use, from about
/// `milliseconds` of thread CPU time. Nothing if those kernels use no fused multiply-add.
std::optional<double> fma_peak(double milliseconds);
/// The same for dot products of bfloat16 pairs summed in single precision (AVX512_BF16).
std::optional<double> bf16_peak(double milliseconds);

}  // namespace snac::bench
