// The networks that are timed: two of the reference figures, and the ends and the middle of a search space.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/space/search_space.hpp"

namespace snac::bench {

struct Network {
  std::string name;
  std::vector<int> hidden;  ///< widths; 24 inputs and 5 logits are the jets'
};

inline constexpr int kInputs = 24, kClasses = 5;
std::int64_t macs(const std::vector<int>& hidden);
/// "24-64-32-5"
std::string widths_text(const std::vector<int>& hidden);

struct SpaceStatistics {
  Network smallest, median, largest;  ///< by multiply-accumulates; the median of what a search draws at random
  double mean_macs = 0;               ///< of what a search draws: each axis uniform
  double architectures = 0;           ///< distinct lists of widths
};

/// Enumerates the widths of the space in a study's configuration; a depth is as likely as any other, so is a width.
SpaceStatistics space_statistics(const std::string& config_file);
/// `count` candidates with uniform genes: widths, activation, batch norm, dropout, learning rate, l1.
std::vector<space::Candidate> random_candidates(const std::string& config_file, int count, std::uint64_t seed);

/// A: the network of the reference's first column. B is the largest of the jet space.
Network network_a();
Network network_b();

}  // namespace snac::bench
