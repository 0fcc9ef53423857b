#define SNAC_KERNEL_LANES 16
#define SNAC_KERNEL_NAME "avx512"
#define SNAC_KERNEL_TABLE avx512_kernels
#if defined(__x86_64__)
#include "kernels_simd.inc"
#else
#include "kernel_tables.hpp"
const snac::nn::Kernels* snac::nn::detail::SNAC_KERNEL_TABLE() { return nullptr; }
#endif
