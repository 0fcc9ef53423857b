// Random objective vectors for the tests; `levels` > 0 puts them on a coarse grid, so that ties and duplicates are common.
#pragma once

#include <vector>

#include "snac/core/rng.hpp"
#include "snac/search/pareto.hpp"

namespace snac::search {

inline std::vector<Objectives> random_points(Rng& rng, std::size_t count, std::size_t num_objectives, std::uint64_t levels) {
  std::vector<Objectives> points(count, Objectives(num_objectives));
  for (auto& point : points) {
    for (auto& value : point) value = levels ? static_cast<double>(rng.below(levels)) : rng.uniform();
  }
  return points;
}

}  // namespace snac::search
