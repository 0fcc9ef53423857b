// Random FixedNets for the tests: all modes, odd shapes, pruned and repeated rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "snac/core/rng.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::circuit::testing {

using fixed::CastOp;
using fixed::DenseOp;
using fixed::FixedNet;
using fixed::FixedType;
using fixed::Node;
using fixed::Overflow;
using fixed::ReluOp;
using fixed::Rounding;
using fixed::TableOp;
using fixed::TensorType;

inline TensorType vector_of(int size, std::vector<FixedType> types) { return {{{"feature", size}}, std::move(types)}; }
inline TensorType vector_of(int size, const FixedType& type) { return vector_of(size, std::vector<FixedType>{type}); }

inline int between(Rng& rng, int low, int high) { return low + static_cast<int>(rng.below(static_cast<std::uint64_t>(high - low + 1))); }

inline FixedType random_type(Rng& rng, int max_width = 16) {
  const int width = between(rng, 1, max_width);
  return {width, between(rng, -1, width + 1), rng.chance(0.5), static_cast<Rounding>(rng.below(7)), static_cast<Overflow>(rng.below(4))};
}

inline TensorType random_tensor(Rng& rng, int size, int max_width = 16) {
  if (rng.chance(0.5)) return vector_of(size, random_type(rng, max_width));
  std::vector<FixedType> types;
  for (int i = 0; i < size; ++i) types.push_back(random_type(rng, max_width));
  return vector_of(size, types);
}

inline int finest_fraction(const TensorType& tensor) {
  int finest = tensor.types.front().fraction_bits();
  for (const FixedType& type : tensor.types) finest = std::max(finest, type.fraction_bits());
  return finest;
}

/// Weights of one of several characters: dense, pruned, powers of two, negative only, with repeated rows, all zero.
inline DenseOp random_dense(Rng& rng, const TensorType& input, int outputs, int weight_bits) {
  DenseOp op;
  op.inputs = static_cast<int>(input.size());
  op.outputs = outputs;
  op.weight_fraction_bits = between(rng, -1, weight_bits);
  op.bias_fraction_bits = finest_fraction(input) + op.weight_fraction_bits + between(rng, 0, 2);
  const auto limit = (std::int64_t{1} << (weight_bits - 1)) - 1;
  const std::uint64_t character = rng.below(7);
  for (int o = 0; o < outputs; ++o) {
    for (int i = 0; i < op.inputs; ++i) {
      auto weight = static_cast<std::int32_t>(static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(2 * limit + 1))) - limit);
      if (character == 1 && rng.chance(0.6)) weight = 0;
      if (character == 2)
        weight =
            static_cast<std::int32_t>((rng.chance(0.5) ? 1 : -1) * (std::int64_t{1} << rng.below(static_cast<std::uint64_t>(weight_bits))));
      if (character == 3) weight = -std::abs(weight);
      if (character == 4 && o > 0 && o % 2 == 1) weight = op.weights[static_cast<std::size_t>((o - 1) * op.inputs + i)];
      if (character == 5 && rng.chance(0.9)) weight = 0;
      if (character == 6) weight = 0;
      op.weights.push_back(weight);
    }
    const bool repeated = character == 4 && o % 2 == 1;
    op.bias.push_back(repeated ? op.bias.back() : rng.chance(0.3) ? 0 : between(rng, -2000, 2000));
  }
  return op;
}

inline Node make_node(std::string name, fixed::Op op, int input, TensorType output) {
  return {std::move(name), std::move(op), {input}, std::move(output)};
}

/// A chain of one to five nodes of all kinds.
inline FixedNet random_net(Rng& rng, int max_size = 7) {
  FixedNet net;
  net.input = random_tensor(rng, between(rng, 1, max_size), 10);
  const int depth = between(rng, 1, 5);
  for (int k = 0; k < depth; ++k) {
    const TensorType& input = net.value(k);
    const int size = static_cast<int>(input.size());
    const std::string name = "node_" + std::to_string(k);
    const std::uint64_t kind = k == 0 ? 0 : rng.below(5);
    const bool one_type =
        std::all_of(input.types.begin(), input.types.end(), [&](const FixedType& type) { return type == input.types.front(); });
    if (kind == 4 && one_type && input.types.front().width <= 8) {
      const FixedType output = random_type(rng, 12);
      TableOp op{"noise", {}};
      const bool steps = rng.chance(0.3);
      for (std::int64_t i = 0; i < (std::int64_t{1} << input.types.front().width); ++i) {
        op.table.push_back(steps ? (i < 3 ? output.min_raw() : output.max_raw())
                                 : output.min_raw() + static_cast<std::int64_t>(
                                                          rng.below(static_cast<std::uint64_t>(output.max_raw() - output.min_raw() + 1))));
      }
      net.nodes.push_back(make_node(name, op, k, vector_of(size, output)));
    } else if (kind == 2) {
      net.nodes.push_back(make_node(name, CastOp{}, k, random_tensor(rng, size)));
    } else if (kind == 3) {
      net.nodes.push_back(make_node(name, ReluOp{}, k, random_tensor(rng, size)));
    } else {
      const int outputs = between(rng, 1, max_size);
      const DenseOp op = random_dense(rng, input, outputs, between(rng, 2, 9));
      // Every other layer keeps its exact sums, so that the next cast or ReLU does the rounding.
      TensorType output = random_tensor(rng, outputs);
      // Twice in a row would leave 62 bits.
      const bool narrow = std::all_of(input.types.begin(), input.types.end(), [](const FixedType& type) { return type.width <= 20; });
      if (rng.chance(0.4) && narrow) output = vector_of(outputs, FixedType{50, 50 - op.bias_fraction_bits, true});
      net.nodes.push_back(make_node(name, op, k, output));
    }
  }
  return net;
}

/// Uniform raw inputs with the corners of the types mixed in, (rows, inputs).
inline std::vector<std::int64_t> random_inputs(Rng& rng, const TensorType& type, std::size_t rows) {
  std::vector<std::int64_t> values;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < type.size(); ++i) {
      const std::int64_t low = type.type(i).min_raw(), high = type.type(i).max_raw();
      const std::uint64_t corner = rng.below(6);
      values.push_back(corner == 0   ? low
                       : corner == 1 ? high
                                     : low + static_cast<std::int64_t>(
                                                 rng.below(static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1)));
    }
  }
  return values;
}

/// widths[0] inputs; dense layers with ufixed<8,2,RND,SAT> in between; 8-bit Gaussian-like weights, a share of them zero.
inline FixedNet mlp_net(const std::vector<int>& widths, double sparsity, std::uint64_t seed) {
  Rng rng = Rng::stream(seed, "mlp net");
  FixedNet net;
  net.input = vector_of(widths[0], FixedType{12, 4, true});
  for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
    DenseOp op;
    op.inputs = widths[k];
    op.outputs = widths[k + 1];
    op.weight_fraction_bits = 7;
    op.bias_fraction_bits = finest_fraction(net.value(static_cast<int>(k))) + 7;
    for (int i = 0; i < op.inputs * op.outputs; ++i) {
      const auto weight = static_cast<std::int32_t>(std::clamp(rng.normal() * 40, -127.0, 127.0));
      op.weights.push_back(rng.chance(sparsity) ? 0 : weight);
    }
    for (int o = 0; o < op.outputs; ++o) op.bias.push_back(between(rng, -4000, 4000));
    const bool last = k + 2 == widths.size();
    const FixedType type =
        last ? FixedType{16, 8, true, Rounding::rnd, Overflow::sat} : FixedType{8, 2, false, Rounding::rnd, Overflow::sat};
    net.nodes.push_back(make_node("dense_" + std::to_string(k), op, static_cast<int>(k), vector_of(op.outputs, type)));
  }
  return net;
}

}  // namespace snac::circuit::testing
