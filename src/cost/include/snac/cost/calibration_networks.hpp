// Random quantised networks to calibrate the cost model with: a wide spread of sizes, precisions, sparsities and modes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/fixed/fixed_net.hpp"

namespace snac::cost {

/// One network of the set, and how it is pipelined.
struct CalibrationNetwork {
  std::string name;       ///< "013 16-24-5 w6a7 relu RND SAT p0.50"
  bool held_out = false;  ///< never fitted to
  int adders_per_stage = 2;
  fixed::FixedNet net;
};

/// Network `index` of the set that `seed` stands for; its content depends on nothing else. Every third network is held out, and all
/// from `count` on: `large` networks of up to about 20,000 LUTs.
std::vector<CalibrationNetwork> calibration_networks(std::uint64_t seed, int count, int large);

}  // namespace snac::cost
