#define SNAC_KERNEL_LANES 16
#include "kernel_tables.hpp"
#if defined(__x86_64__)
#include "simd/products_bf16.inc"

const snac::nn::Bf16Kernels* snac::nn::detail::avx512_bf16_kernels() {
  static constexpr Bf16Kernels kTable{.name = "avx512",
                                      .round = round,
                                      .round_transposed = round_transposed,
                                      .dense_forward = dense_forward,
                                      .dense_input_gradient = dense_input_gradient,
                                      .dense_weight_gradient = dense_weight_gradient,
                                      .adam = adam};
  return &kTable;
}
#else
const snac::nn::Bf16Kernels* snac::nn::detail::avx512_bf16_kernels() { return nullptr; }
#endif
