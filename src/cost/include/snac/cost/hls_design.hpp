// What an HLS flow such as hls4ml is given: dense layers with their reuse factors, and how they are to be built. Facts that a report
// does not state stay empty; nothing is guessed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snac/fixed/fixed_net.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// latency: one multiplier per weight, unrolled; resource: `reuse factor` cycles share a multiplier.
enum class HlsStrategy { latency, resource };
std::string to_string(HlsStrategy strategy);
/// Any case. @throws ConfigError listing the names.
HlsStrategy hls_strategy_from_string(const std::string& name);

struct HlsLayer {
  double inputs = 0, outputs = 0;  ///< >= 1
  double reuse_factor = 1;         ///< >= 1
  std::optional<double> weight_bits = {};
  std::optional<double> nonzeros = {};    ///< weights that are not zero
  std::optional<double> csd_digits = {};  ///< canonical signed digits of all weights
};

struct HlsDesign {
  std::vector<HlsLayer> layers;  ///< the dense ones, in order
  std::optional<HlsStrategy> strategy = {};
  std::optional<double> clock_ns = {};  ///< period asked for
  std::optional<bool> series7 = {};     ///< 7-series silicon (28 nm) instead of UltraScale+ (16 nm)
};

/// How a network is meant to be built.
struct HlsTargetSetup {
  std::string device = "xcvu13p";  ///< as find_device
  double clock_ns = 5;
  HlsStrategy strategy = HlsStrategy::latency;
  int reuse_factor = 1;  ///< each layer takes the nearest legal one
  int weight_bits = 8;   ///< networks without weights only
  double sparsity = 0;   ///< share of zero weights in [0, 1); networks without weights only
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

/// Before training: non-zeros from the sparsity, no digits. @throws ConfigError for a setup out of range or no chain of dense layers.
HlsDesign hls_design(const space::ArchSpec& network, const HlsTargetSetup& setup);
/// From the integers: non-zeros, digits and the bits of the widest weight. @throws ConfigError for a setup out of range.
HlsDesign hls_design(const fixed::FixedNet& network, const HlsTargetSetup& setup);

/// Whether a part belongs to the 7 series ("xc7z020clg400-1") or to UltraScale+ ("xcvu13p-...", "xcu250-..."); empty for others.
std::optional<bool> is_series7(const std::string& part);

}  // namespace snac::cost
