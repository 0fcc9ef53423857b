// Estimate before any weight exists: the circuit of every layer with weights drawn at the target precision and sparsity,
// lowered and costed for real, summed over the layers. An estimate of our own back-end, not of HLS.
#pragma once

#include <memory>

#include "snac/circuit/folded.hpp"
#include "snac/cost/resources.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// What the compressed network is meant to look like.
struct TargetPrecision {
  int weight_bits = 8;      ///< 2..16, symmetric signed
  int activation_bits = 8;  ///< 1..16
  fixed::FixedType input{12, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat};
  double sparsity = 0.5;     ///< share of zero weights, in [0, 1)
  int adders_per_stage = 2;  ///< 1..1000
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

inline constexpr const char* kSampleSource = "architecture sample";
inline constexpr const char* kFoldedSampleSource = "folded architecture sample";

struct Estimate {
  Resources resources;  ///< source: one of these; FF as the Verilog states registers, about 10 % above what synthesis keeps
  double latency_cycles = 0;
  double initiation_interval = 1;
};

/// Thread-safe; remembers layers, so that a search pays for each distinct layer once.
/// The weights are a trained layer's look-alike (Gaussian, the smallest share pruned), drawn from a seed made of the
/// layer's shape: the same architecture always has the same estimate.
class ArchitectureSampler {
 public:
  /// @throws ConfigError if the target is out of range.
  explicit ArchitectureSampler(TargetPrecision target);
  ~ArchitectureSampler();
  /// Sums the layers. Batch normalisation is folded into the weights and costs nothing. Latency: the levels of all layers over
  /// adders_per_stage.
  /// @throws ConfigError if the graph is not a chain of dense layers.
  Estimate estimate(const space::ArchSpec& spec) const;
  const TargetPrecision& target() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// For a reuse factor above 1: sampled_network, folded and counted for real (circuit/folded.hpp). Latency and interval are those of
/// that network: exact up to inputs and outputs of a layer that pruning removes.
/// @throws ConfigError as ArchitectureSampler, or for bad parameters.
Estimate estimate_folded(const space::ArchSpec& spec, const TargetPrecision& target, const circuit::FoldedParams& params);

/// The whole network with the weights that the sampler draws: for comparing, and for trying back-ends without training.
fixed::FixedNet sampled_network(const space::ArchSpec& spec, const TargetPrecision& target);

}  // namespace snac::cost
