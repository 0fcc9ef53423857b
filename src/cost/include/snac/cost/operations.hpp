// Operation counts by name. Several incompatible "BOPs" are in use; each is named after its source.
#pragma once

#include <cstdint>
#include <string>

#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// "nac_mlp": per dense layer in*out*b^2 + in*out*2b + out*log2(in)*b  (get_MLP_bops_tf of nac-opt; b = 32 there).
/// Check values at b = 32: 64-128-10 -> 10,332,352; 64-16-10 -> 1,292,544.
double bops_nac_mlp(const space::ArchSpec& spec, double bits = 32);

/// "nac_pytorch": out*in*((1-sparsity)*bw*ba + bw + ba + log2(in)), the sparsity- and precision-aware form (NAC, Linear layers).
double bops_nac(const space::ArchSpec& spec, double weight_bits, double activation_bits, double sparsity);

}  // namespace snac::cost
