// Random valid networks with every kind of node, every mode and types per element.
#pragma once

#include <string>
#include <vector>

#include "snac/core/rng.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::fixed {

inline FixedType random_type(Rng& rng, int max_width) {
  FixedType type;
  type.width = 1 + static_cast<int>(rng.below(static_cast<std::uint64_t>(max_width)));
  type.integer_bits = static_cast<int>(rng.below(static_cast<std::uint64_t>(type.width) + 7)) - 3;
  type.is_signed = rng.chance(0.5);
  type.rounding = static_cast<Rounding>(rng.below(7));
  type.overflow = static_cast<Overflow>(rng.below(4));
  return type;
}

inline TensorType random_tensor(Rng& rng, int size, int max_width, bool one_type) {
  TensorType tensor{{{"features", size}}, {}};
  const int types = one_type || rng.chance(0.5) ? 1 : size;
  for (int i = 0; i < types; ++i) tensor.types.push_back(random_type(rng, max_width));
  return tensor;
}

inline DenseOp random_dense(Rng& rng, const TensorType& input, int outputs) {
  DenseOp op;
  op.inputs = static_cast<int>(input.size());
  op.outputs = outputs;
  op.weight_fraction_bits = static_cast<int>(rng.below(12)) - 3;
  int finest = input.types.front().fraction_bits();
  for (const FixedType& type : input.types) finest = std::max(finest, type.fraction_bits());
  op.bias_fraction_bits = finest + op.weight_fraction_bits + static_cast<int>(rng.below(3));
  const double zeros = rng.uniform();
  for (int k = 0; k < op.inputs * outputs; ++k) {
    op.weights.push_back(rng.chance(zeros) ? 0 : static_cast<std::int32_t>(rng.below(512)) - 256);
  }
  for (int o = 0; o < outputs; ++o) op.bias.push_back(static_cast<std::int64_t>(rng.below(4096)) - 2048);
  return op;
}

/// Tables of noise: the semantics know nothing of exponentials.
inline SoftmaxOp random_softmax(Rng& rng) {
  const auto index = [&](int integer_bits) {
    const int width = 1 + static_cast<int>(rng.below(9));
    return FixedType{width, integer_bits, false, static_cast<Rounding>(rng.below(7)), Overflow::sat};
  };
  SoftmaxOp op{.difference = index(static_cast<int>(rng.below(5))),
               .exponential_fraction_bits = static_cast<int>(rng.below(12)),
               .exponential = {},
               .sum = index(static_cast<int>(rng.below(5))),
               .inverse_fraction_bits = static_cast<int>(rng.below(12)),
               .inverse = {}};
  for (int i = 0; i < 1 << op.difference.width; ++i) op.exponential.push_back(static_cast<std::int64_t>(rng.below(1024)));
  for (int i = 0; i < 1 << op.sum.width; ++i) op.inverse.push_back(static_cast<std::int64_t>(rng.below(4096)));
  return op;
}

inline FixedNet random_net(Rng& rng) {
  FixedNet net;
  net.input = random_tensor(rng, 1 + static_cast<int>(rng.below(9)), 14, rng.chance(0.5));
  const int count = 1 + static_cast<int>(rng.below(7));
  for (int k = 0; k < count; ++k) {
    // Mostly a chain, sometimes a node that reads an earlier value.
    const int source = rng.chance(0.8) ? k : static_cast<int>(rng.below(static_cast<std::uint64_t>(k) + 1));
    const TensorType& input = net.value(source);
    const int size = static_cast<int>(input.size());
    Node node{.name = "node_" + std::to_string(k), .op = CastOp{}, .inputs = {source}, .output = {}};
    const std::uint64_t kind = rng.below(5);
    if (kind == 0 && input.types.size() == 1 && input.types.front().width <= 10) {
      TableOp op{.function = "random", .table = {}};
      node.output = random_tensor(rng, size, 12, true);
      const FixedType& type = node.output.types.front();
      for (int i = 0; i < 1 << input.types.front().width; ++i) {
        op.table.push_back(type.min_raw() +
                           static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(type.max_raw() - type.min_raw()) + 1)));
      }
      node.op = std::move(op);
    } else if (kind <= 2) {
      const int outputs = 1 + static_cast<int>(rng.below(8));
      node.op = random_dense(rng, input, outputs);
      node.output = random_tensor(rng, outputs, 20, rng.chance(0.5));
    } else {
      if (kind == 3) node.op = ReluOp{};
      node.output = random_tensor(rng, size, 20, rng.chance(0.5));
    }
    net.nodes.push_back(std::move(node));
  }
  const std::uint64_t stage = rng.below(3);
  const auto source = static_cast<int>(net.nodes.size());
  if (stage == 1) {
    net.nodes.push_back({.name = "argmax", .op = ArgmaxOp{}, .inputs = {source}, .output = {{{"class", 1}}, {{5, 5, rng.chance(0.5)}}}});
  } else if (stage == 2) {
    const int size = static_cast<int>(net.output().size());
    TensorType output = random_tensor(rng, size, 20, rng.chance(0.5));
    net.nodes.push_back({.name = "softmax", .op = random_softmax(rng), .inputs = {source}, .output = std::move(output)});
  }
  if (rng.chance(0.5)) {
    for (std::size_t o = 0; o < net.num_classes(); ++o) net.class_names.push_back("class " + std::to_string(o));
  }
  if (rng.chance(0.5)) net.preprocessing = {{"kind", "robust"}, {"scale", {0.1, rng.normal(), 1e-300}}, {"note", "\xC2\xB5 \"quoted\""}};
  return net;
}

/// Rows of raw inputs: random ones, the ends of the ranges and zeros.
inline std::vector<std::int64_t> random_inputs(Rng& rng, const FixedNet& net, std::size_t rows) {
  std::vector<std::int64_t> raw;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < net.input.size(); ++i) {
      const FixedType& type = net.input.type(i);
      const std::uint64_t pick = rng.below(6);
      if (pick == 0)
        raw.push_back(type.min_raw());
      else if (pick == 1)
        raw.push_back(type.max_raw());
      else if (pick == 2)
        raw.push_back(0);
      else
        raw.push_back(type.min_raw() +
                      static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(type.max_raw() - type.min_raw()) + 1)));
    }
  }
  return raw;
}

}  // namespace snac::fixed
