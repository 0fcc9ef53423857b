#define SNAC_KERNEL_LANES 8
#define SNAC_KERNEL_NAME "avx2"
#define SNAC_KERNEL_TABLE avx2_kernels
#if defined(__x86_64__)
#include "kernels_simd.inc"
#else
#include "kernel_tables.hpp"
const snac::nn::Kernels* snac::nn::detail::SNAC_KERNEL_TABLE() { return nullptr; }
#endif
