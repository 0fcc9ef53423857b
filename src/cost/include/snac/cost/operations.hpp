// Operation counts by name. Several incompatible "BOPs" are in use; each is named after its source.
#pragma once

#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// "nac_mlp": per dense layer in*out*b^2 + in*out*2b + out*log2(in)*b  (get_MLP_bops_tf of nac-opt; b = 32 there).
/// `in` is the size of the last axis; a layer that is applied at several positions counts once for each.
/// Check values at b = 32: 64-128-10 -> 10,332,352; 64-16-10 -> 1,292,544; 800-4-1 -> 3,487,250.41.
/// @throws ConfigError if bits <= 0 or not finite.
double bops_nac_mlp(const space::ArchSpec& spec, double bits = 32);

/// "nac_pytorch": out*in*((1-sparsity)*bw*ba + bw + ba + log2(in)), the sparsity- and precision-aware form (NAC, Linear layers).
/// @throws ConfigError if a width is <= 0 or not finite, or the sparsity lies outside [0, 1].
double bops_nac(const space::ArchSpec& spec, double weight_bits, double activation_bits, double sparsity);

}  // namespace snac::cost
