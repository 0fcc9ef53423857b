// The tables that kernels.cpp chooses from; null where the build has no such instruction set.
#pragma once

#include "snac/nn/kernels.hpp"
#include "snac/nn/kernels_bf16.hpp"

namespace snac::nn::detail {

const Kernels* reference_kernels();
const Kernels* portable_kernels();
const Kernels* avx2_kernels();
const Kernels* avx512_kernels();

const Bf16Kernels* reference_bf16_kernels();
const Bf16Kernels* avx512_bf16_kernels();

}  // namespace snac::nn::detail
