#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "snac/circuit/folded.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/core/thread_pool.hpp"

namespace snac::circuit {
namespace {

std::int64_t checked(std::int64_t value, const Range& range, const std::string& layer, const char* what) {
  if (value >= range.low && value <= range.high) return value;
  throw std::logic_error(
      fmt::format("folded layer {}: a {} takes the value {} outside its range {}..{}", layer, what, value, range.low, range.high));
}

/// The array of a layer on one sample, cycle by cycle. x: (num_inputs), sums: (rows).
void run_array(const FoldedLayer& layer, const std::int64_t* x, std::int64_t* sums) {
  std::vector<std::int64_t> held;  // on the layer's input grid
  for (const FoldedInput& input : layer.inputs)
    held.push_back(checked(x[input.element], input.range, layer.name, "input") * (std::int64_t{1} << input.left));
  std::vector<std::int64_t> parts;
  for (const FoldedUnit& unit : layer.units) {
    std::int64_t accumulator = 0;
    for (int cycle = 0; cycle < layer.cycles(); ++cycle) {
      const auto group = static_cast<std::size_t>(cycle / layer.steps);
      const int step = cycle % layer.steps;
      parts.clear();
      for (const FoldedMultiplier& multiplier : unit.multipliers) {
        const auto input = static_cast<std::size_t>(multiplier.slot * layer.steps + step);
        const std::int32_t weight = multiplier.weights[static_cast<std::size_t>(cycle)];
        const std::int64_t product = weight == 0 ? 0 : held[input] * weight;  // the last slot may have fewer inputs
        parts.push_back(checked(product, multiplier.product, layer.name, "product"));
      }
      for (int level = 0; level < layer.tree_levels; ++level) {
        const std::vector<Range>& ranges = unit.sums[static_cast<std::size_t>(level) + 1];
        for (std::size_t j = 0; j < ranges.size(); ++j) {
          const std::int64_t second = 2 * j + 1 < parts.size() ? parts[2 * j + 1] : 0;
          parts[j] = checked(parts[2 * j] + second, ranges[j], layer.name, "sum of products");
        }
        parts.resize(ranges.size());
      }
      const std::int64_t added = parts.empty() ? 0 : parts.front() * (std::int64_t{1} << layer.product_left);
      accumulator = checked((step == 0 ? unit.bias[group] : accumulator) + added, unit.accumulator, layer.name, "accumulator");
      if (step + 1 == layer.steps && unit.rows[group] >= 0) sums[unit.rows[group]] = accumulator;
    }
  }
}

}  // namespace

std::vector<std::int64_t> simulate(const FoldedDesign& design, std::span<const std::int64_t> inputs, int threads) {
  const std::size_t width = design.inputs.size();
  if (width == 0 || inputs.size() % width != 0) {
    throw std::invalid_argument(fmt::format("folded design: {} input values do not make rows of {}", inputs.size(), width));
  }
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const fixed::FixedType& type = design.inputs[k % width];
    if (inputs[k] < type.min_raw() || inputs[k] > type.max_raw()) {
      throw std::invalid_argument(fmt::format("folded design: row {}, input {}: {} is not an integer of {}", k / width, k % width,
                                              inputs[k], fixed::to_string(type)));
    }
  }
  const std::size_t rows = inputs.size() / width;
  std::vector<std::int64_t> values =
      design.front ? simulate(*design.front, inputs, threads) : std::vector<std::int64_t>(inputs.begin(), inputs.end());
  for (const FoldedLayer& layer : design.layers) {
    const auto n = static_cast<std::size_t>(layer.num_inputs), m = layer.rows.size();
    std::vector<std::int64_t> sums(rows * m);
    parallel_for(rows, threads, [&](std::size_t row, int) { run_array(layer, values.data() + row * n, sums.data() + row * m); });
    values = simulate(layer.after, sums, threads);
  }
  return values;
}

}  // namespace snac::circuit
