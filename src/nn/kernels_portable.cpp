#define SNAC_KERNEL_LANES 4
#define SNAC_KERNEL_NAME "portable"
#define SNAC_KERNEL_TABLE portable_kernels
#include "kernels_simd.inc"
