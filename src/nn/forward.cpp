#include "snac/nn/forward.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "inference.hpp"

namespace snac::nn {
namespace {

/// Calls body(rows of the block, index of its first row) for blocks of Inference::kRows rows.
template <class Body>
void for_each_block(std::span<const std::uint32_t> rows, Body body) {
  for (std::size_t begin = 0; begin < rows.size(); begin += Inference::kRows) {
    body(rows.subspan(begin, std::min<std::size_t>(Inference::kRows, rows.size() - begin)), begin);
  }
}

/// Counts |values| by the leading bits of their floating-point pattern: eight exponent and ten mantissa bits, so that a
/// bin is at most 2^-10 wide relative to its content. One pass, any range, any order of the rows.
class MagnitudeHistogram {
 public:
  void add(float value) { ++counts_[bin(value)]; }
  /// Upper edge of the bin that holds the quantile: at least `share` of the values are <= it.
  double quantile(double share) const {
    std::uint64_t total = 0, below = 0;
    for (const std::uint64_t count : counts_) total += count;
    const double needed = share * static_cast<double>(total);
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (below > 0 && static_cast<double>(below) >= needed)
        return std::bit_cast<float>((static_cast<std::uint32_t>(i) << kDropped) | kLowBits);
    }
    return 0;
  }

 private:
  static constexpr int kDropped = 13;
  static constexpr std::uint32_t kLowBits = (1U << kDropped) - 1;
  static std::size_t bin(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7fffffffU) >> kDropped; }
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(std::size_t{1} << (31 - kDropped));
};

}  // namespace

std::vector<float> predict(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows, const NetQuantizer* quantizer) {
  require_fits(mlp, data, rows);
  Inference net(mlp, quantizer);
  const auto outputs = static_cast<std::size_t>(mlp.layers.back().outputs), stride = static_cast<std::size_t>(net.padded_outputs());
  std::vector<float> logits(rows.size() * outputs);
  for_each_block(rows, [&](std::span<const std::uint32_t> block, std::size_t begin) {
    const float* values = net.run(data, block);
    for (std::size_t r = 0; r < block.size(); ++r) std::copy_n(values + r * stride, outputs, logits.data() + (begin + r) * outputs);
  });
  return logits;
}

Score evaluate(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows, const NetQuantizer* quantizer) {
  require_fits(mlp, data, rows);
  if (rows.empty()) return {};
  Inference net(mlp, quantizer);
  const int outputs = mlp.layers.back().outputs;
  const auto stride = static_cast<std::size_t>(net.padded_outputs());
  std::array<std::uint8_t, Inference::kRows> labels{};
  double loss = 0;
  std::size_t right = 0;
  for_each_block(rows, [&](std::span<const std::uint32_t> block, std::size_t) {
    const float* values = net.run(data, block);
    for (std::size_t r = 0; r < block.size(); ++r) {
      const float* row = values + r * stride;
      labels[r] = data.labels[block[r]];
      right += std::max_element(row, row + outputs) - row == labels[r] ? 1 : 0;
    }
    loss += net.kernels().softmax_cross_entropy(static_cast<int>(block.size()), outputs, values, labels.data(), 0, nullptr);
  });
  const auto count = static_cast<double>(rows.size());
  return {.loss = loss / count, .accuracy = static_cast<double>(right) / count};
}

std::vector<LayerRange> observe_ranges(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows) {
  require_fits(mlp, data, rows);
  std::vector<LayerRange> ranges(mlp.layers.size());
  if (rows.empty()) return ranges;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (LayerRange& range : ranges) {
    range.pre_min = range.out_min = kInfinity;
    range.pre_max = range.out_max = -kInfinity;
  }
  std::vector<MagnitudeHistogram> magnitudes(mlp.layers.size());
  Inference net(mlp, nullptr);
  for_each_block(rows, [&](std::span<const std::uint32_t> block, std::size_t) {
    net.run(data, block, [&](std::size_t layer, bool activated, const float* values) {
      LayerRange& range = ranges[layer];
      float& lowest = activated ? range.out_min : range.pre_min;
      float& highest = activated ? range.out_max : range.pre_max;
      const auto outputs = static_cast<std::size_t>(mlp.layers[layer].outputs);
      const auto stride = static_cast<std::size_t>(padded(mlp.layers[layer].outputs));
      for (std::size_t r = 0; r < block.size(); ++r) {
        for (std::size_t o = 0; o < outputs; ++o) {
          const float value = values[r * stride + o];
          lowest = std::min(lowest, value);
          highest = std::max(highest, value);
          if (!activated) magnitudes[layer].add(value);
        }
      }
    });
  });
  for (std::size_t l = 0; l < ranges.size(); ++l) ranges[l].pre_high_quantile = magnitudes[l].quantile(0.999);
  return ranges;
}

}  // namespace snac::nn
