// Operation counts by name. Several incompatible "BOPs" are in use; each is named after its source.
#pragma once

#include <string>
#include <vector>

#include "snac/fixed/fixed_net.hpp"
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

/// "nac_block": per dense layer in*out*b^2 (estimate_mlp_bops of nac-opt's block search; b = 32 there).
/// Check value at b = 32: 500-2-1 -> 1,026,048. @throws ConfigError as bops_nac_mlp.
double bops_nac_block(const space::ArchSpec& spec, double bits = 32);

/// "nac_effective": bops_nac_mlp at 32 bits * (bits / 32)^2 * (1 - sparsity), of nac-opt's local search.
/// @throws ConfigError as bops_nac.
double bops_nac_effective(const space::ArchSpec& spec, double bits, double sparsity);

/// Effective bit operations of a quantised network (HGQ, arXiv 2405.00645): over all weights, bits of the input times bits of the weight,
/// signs excluded; the bits of a weight are those between its highest and its lowest set bit. A bias counts its bits once. Input bits are
/// those of the input's type. Casts and tables are not counted.
double effective_bit_operations(const fixed::FixedNet& net);

/// What a count before training may use of the target.
struct CountTarget {
  double weight_bits = 8, activation_bits = 8, sparsity = 0.5;
};

/// The counts that can be asked for by name as search objectives.
struct NamedCount {
  std::string name;  ///< "macs", "bops", "bops_nac_mlp"...
  std::string help;  ///< formula and source
  double (*count)(const space::ArchSpec& spec, const CountTarget& target);
};
const std::vector<NamedCount>& operation_counts();

}  // namespace snac::cost
