#include "snac/circuit/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "snac/core/thread_pool.hpp"
#include "snac/fixed/caster.hpp"

namespace snac::circuit {
namespace {

/// Values of a block of rows: (nodes, block). Rows are innermost so that the loops over them are vector code.
class Block {
 public:
  Block(const Circuit& circuit, std::size_t rows) : circuit_(circuit), rows_(rows), values_(circuit.size() * rows) {}

  /// inputs: (count, num_inputs), outputs: (count, num_outputs), count <= rows.
  void run(const std::int64_t* inputs, std::int64_t* outputs, std::size_t count) {
    const auto& ports = circuit_.outputs();
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      evaluate(static_cast<Id>(i), inputs, count);
      check(static_cast<Id>(i), count);
    }
    for (std::size_t o = 0; o < ports.size(); ++o) {
      const int left = ports[o].type.fraction_bits() - circuit_.node(ports[o].node).fraction_bits;
      const std::int64_t* value = row(ports[o].node);
      for (std::size_t r = 0; r < count; ++r) outputs[r * ports.size() + o] = value[r] == 0 ? 0 : scaled(value[r], left);
    }
  }

 private:
  std::int64_t* row(Id id) { return values_.data() + static_cast<std::size_t>(id) * rows_; }
  static std::int64_t scaled(std::int64_t value, int left) { return value * (std::int64_t{1} << left); }

  void evaluate(Id id, const std::int64_t* inputs, std::size_t count) {
    const Node& node = circuit_.node(id);
    std::int64_t* out = row(id);
    const std::int64_t* a = node.num_args() > 0 ? row(node.args[0]) : nullptr;
    const std::int64_t* b = node.num_args() > 1 ? row(node.args[1]) : nullptr;
    switch (node.kind) {
      case Kind::input:
        for (std::size_t r = 0; r < count; ++r) out[r] = inputs[r * circuit_.inputs().size() + static_cast<std::size_t>(node.index)];
        return;
      case Kind::constant:
        std::fill_n(out, count, node.range.low);
        return;
      case Kind::add: {
        const std::int64_t factor_a = std::int64_t{1} << node.shift_a;
        const std::int64_t factor_b = (node.subtract ? -1 : 1) * (std::int64_t{1} << node.shift_b);
        for (std::size_t r = 0; r < count; ++r) out[r] = a[r] * factor_a + b[r] * factor_b;
        return;
      }
      case Kind::negate:
        for (std::size_t r = 0; r < count; ++r) out[r] = -a[r];
        return;
      case Kind::shift:
        std::copy_n(a, count, out);
        return;
      case Kind::cast: {
        const int fraction_bits = circuit_.node(node.args[0]).fraction_bits;
        const fixed::Caster cast(fraction_bits, node.type);
        for (std::size_t r = 0; r < count; ++r) out[r] = cast(a[r]);
        return;
      }
      case Kind::relu:
        for (std::size_t r = 0; r < count; ++r) out[r] = std::max<std::int64_t>(a[r], 0);
        return;
      case Kind::maximum: {
        const std::int64_t factor_a = std::int64_t{1} << node.shift_a, factor_b = std::int64_t{1} << node.shift_b;
        for (std::size_t r = 0; r < count; ++r) out[r] = std::max(a[r] * factor_a, b[r] * factor_b);
        return;
      }
      case Kind::multiply:
        for (std::size_t r = 0; r < count; ++r) out[r] = a[r] * b[r];
        return;
      case Kind::lookup: {
        const Table& table = circuit_.tables()[static_cast<std::size_t>(node.index)];
        for (std::size_t r = 0; r < count; ++r) out[r] = table.entries[static_cast<std::size_t>(a[r] - table.low)];
        return;
      }
    }
  }

  void check(Id id, std::size_t count) {
    const Range& range = circuit_.node(id).range;
    const std::int64_t* value = row(id);
    std::int64_t low = value[0], high = value[0];
    for (std::size_t r = 1; r < count; ++r) {
      low = std::min(low, value[r]);
      high = std::max(high, value[r]);
    }
    if (low >= range.low && high <= range.high) return;
    throw std::logic_error(
        fmt::format("circuit: node {} takes values {}..{} outside its range {}..{}", id, low, high, range.low, range.high));
  }

  const Circuit& circuit_;
  std::size_t rows_;
  std::vector<std::int64_t> values_;
};

}  // namespace

std::vector<std::int64_t> simulate(const Circuit& circuit, std::span<const std::int64_t> inputs, int threads) {
  const std::size_t width = circuit.inputs().size(), outputs = circuit.outputs().size();
  if (width == 0 || inputs.size() % width != 0) {
    throw std::invalid_argument(fmt::format("circuit: {} input values do not make rows of {}", inputs.size(), width));
  }
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const fixed::FixedType& type = circuit.inputs()[k % width].type;
    if (inputs[k] < type.min_raw() || inputs[k] > type.max_raw()) {
      throw std::invalid_argument(
          fmt::format("circuit: row {}, input {}: {} is not an integer of {}", k / width, k % width, inputs[k], fixed::to_string(type)));
    }
  }
  const std::size_t rows = inputs.size() / width;
  constexpr std::size_t kBlockValues = std::size_t{1} << 18;  // 2 MB of values stay in the cache
  const std::size_t block_rows = std::clamp<std::size_t>(kBlockValues / std::max<std::size_t>(circuit.size(), 1), 8, 256);
  std::vector<std::int64_t> results(rows * outputs);
  std::vector<Block> scratch;
  const std::size_t blocks = (rows + block_rows - 1) / block_rows;
  const int workers = static_cast<int>(std::clamp<std::size_t>(blocks, 1, static_cast<std::size_t>(std::max(1, threads))));
  for (int w = 0; w < workers; ++w) scratch.emplace_back(circuit, block_rows);
  parallel_for(blocks, workers, [&](std::size_t block, int worker) {
    const std::size_t first = block * block_rows, count = std::min(block_rows, rows - first);
    scratch[static_cast<std::size_t>(worker)].run(inputs.data() + first * width, results.data() + first * outputs, count);
  });
  return results;
}

}  // namespace snac::circuit
