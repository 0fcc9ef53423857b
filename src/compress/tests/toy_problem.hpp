// A small data set that a small network learns: three Gaussian clouds in four dimensions.
#pragma once

#include <numeric>
#include <vector>

#include "snac/core/rng.hpp"
#include "snac/data/dataset.hpp"

namespace snac::compress {

inline data::Dataset clouds(std::size_t rows, std::uint64_t seed) {
  data::Dataset data;
  data.num_features = 4;
  data.num_classes = 3;
  data.class_names = {"a", "b", "c"};
  Rng rng = Rng::stream(seed, "clouds");
  for (std::size_t i = 0; i < rows; ++i) {
    const auto label = static_cast<std::uint8_t>(i % 3);
    for (int f = 0; f < 4; ++f)
      data.features.push_back(static_cast<float>(0.6 * rng.normal() + (f == label ? 1.5 : f == 3 ? 0.3 * label : 0)));
    data.labels.push_back(label);
  }
  return data;
}

inline std::vector<std::uint32_t> all_rows(const data::Dataset& data) {
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

}  // namespace snac::compress
