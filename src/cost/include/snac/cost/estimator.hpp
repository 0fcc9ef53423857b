// Estimate before any weight exists: the circuit of every layer with weights drawn at the target precision and sparsity,
// lowered and costed for real, summed over the layers. An estimate of our own back-end, not of HLS.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "snac/cost/resources.hpp"
#include "snac/fixed/fixed_type.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// What the compressed network is meant to look like.
struct TargetPrecision {
  int weight_bits = 8;
  int activation_bits = 8;
  fixed::FixedType input{12, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat};
  double sparsity = 0.5;  ///< share of zero weights, in [0, 1)
  int adders_per_stage = 2;
};

struct Estimate {
  Resources resources;      ///< source "architecture sample"
  double latency_cycles = 0;
  double initiation_interval = 1;
};

/// Thread-safe; remembers layers, so that a search pays for each distinct layer once.
/// The weights are a trained layer's look-alike (Gaussian, the smallest share pruned), drawn from a seed made of the
/// layer's shape: the same architecture always has the same estimate.
class ArchitectureSampler {
 public:
  explicit ArchitectureSampler(TargetPrecision target);
  ~ArchitectureSampler();
  Estimate estimate(const space::ArchSpec& spec) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace snac::cost
