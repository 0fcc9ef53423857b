// Properties over the whole grid of weights, modes and activations: circuit = interpreter.
#include <gtest/gtest.h>

#include <cstdlib>

#include "random_net.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

enum class Character { dense, pruned, powers_of_two, negative_only, equal_rows, opposite_rows, zero, one_column, one_row, extremes };
constexpr int kCharacters = 10;

/// Weights of `bits` bits, the lowest two's complement value included.
DenseOp matrix(Rng& rng, int bits, Character character, const TensorType& input) {
  const int outputs = character == Character::one_row ? 1 : between(rng, 2, 7);
  DenseOp op{static_cast<int>(input.size()), outputs, {}, between(rng, -2, bits + 2), {}, 0};
  op.bias_fraction_bits = finest_fraction(input) + op.weight_fraction_bits + between(rng, 0, 2);
  const std::int64_t low = -(std::int64_t{1} << (bits - 1)), high = bits == 1 ? 0 : -low - 1;
  for (int o = 0; o < outputs; ++o) {
    for (int i = 0; i < op.inputs; ++i) {
      std::int64_t weight = low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low + 1)));
      const std::int64_t above = o > 0 ? op.weights[static_cast<std::size_t>((o - 1) * op.inputs + i)] : weight;
      switch (character) {
        case Character::pruned:
          weight = rng.chance(0.7) ? 0 : weight;
          break;
        case Character::powers_of_two:
          weight = (rng.chance(0.5) ? 1 : -1) * (std::int64_t{1} << rng.below(static_cast<std::uint64_t>(bits)));
          break;
        case Character::negative_only:
          weight = -std::abs(weight);
          break;
        case Character::equal_rows:
          weight = above;
          break;
        case Character::opposite_rows:
          weight = -above;
          break;
        case Character::zero:
          weight = 0;
          break;
        case Character::extremes:
          weight = rng.chance(0.5) ? low : high;
          break;
        case Character::dense:
        case Character::one_column:
        case Character::one_row:
          break;
      }
      op.weights.push_back(static_cast<std::int32_t>(weight));
    }
    op.bias.push_back(rng.chance(0.3) ? 0 : between(rng, -3000, 3000));
  }
  return op;
}

TEST(Properties, weights_of_one_to_sixteen_bits_of_every_character_give_the_interpreters_sums) {
  for (int bits = 1; bits <= 16; ++bits) {
    for (int character = 0; character < kCharacters; ++character) {
      for (const Strategy strategy : {Strategy::shared, Strategy::csd}) {
        Rng rng = Rng::stream(static_cast<std::uint64_t>(bits * kCharacters + character), "property matrices");
        const auto kind = static_cast<Character>(character);
        FixedNet net;
        net.input = random_tensor(rng, kind == Character::one_column ? 1 : between(rng, 2, 6), 12);
        const DenseOp op = matrix(rng, bits, kind, net.input);
        net.nodes.push_back(make_node("dense", op, 0, vector_of(op.outputs, FixedType{50, 50 - op.bias_fraction_bits, true})));
        const auto inputs = random_inputs(rng, net.input, 80);
        ASSERT_EQ(simulate(lower(net, {.cmvm = {.strategy = strategy}}), inputs), fixed::run(net, inputs))
            << bits << " bits, character " << character;
      }
    }
  }
}

/// dense -> activation -> dense: the modes of `type` at the sum, at the activation, and their results read once more.
FixedNet activated(Rng& rng, const FixedType& type, int activation) {
  FixedNet net;
  net.input = random_tensor(rng, between(rng, 1, 4), 8);
  const int width = between(rng, 1, 4);
  const bool at_sum = rng.chance(0.5);
  const DenseOp first = random_dense(rng, net.input, width, between(rng, 2, 8));
  const FixedType exact{45, 45 - first.bias_fraction_bits, true};
  net.nodes.push_back(make_node("dense_1", first, 0, vector_of(width, at_sum || activation == 2 ? type : exact)));
  FixedType second = type;
  second.width = std::max(1, type.width - between(rng, 0, 2));
  if (activation == 0) net.nodes.push_back(make_node("cast", CastOp{}, 1, vector_of(width, second)));
  if (activation == 1) net.nodes.push_back(make_node("relu", ReluOp{}, 1, vector_of(width, second)));
  if (activation == 2) {
    TableOp table{"bump", {}};
    const FixedType result{9, 4, true};
    for (std::int64_t raw = type.min_raw(); raw <= type.max_raw(); ++raw) table.table.push_back(std::abs(raw * 5 % 97) - 40);
    net.nodes.push_back(make_node("table", table, 1, vector_of(width, result)));
  }
  const int last = static_cast<int>(net.nodes.size());
  net.nodes.push_back(make_node("dense_2", random_dense(rng, net.value(last), 3, 5), last, random_tensor(rng, 3)));
  return net;
}

TEST(Properties, every_rounding_overflow_and_activation_gives_the_interpreters_integers) {
  for (int rounding = 0; rounding < 7; ++rounding) {
    for (int overflow = 0; overflow < 4; ++overflow) {
      for (int activation = 0; activation < 4; ++activation) {
        for (int repeat = 0; repeat < 4; ++repeat) {
          Rng rng = Rng::stream(static_cast<std::uint64_t>(((rounding * 4 + overflow) * 4 + activation) * 4 + repeat), "property modes");
          const int width = between(rng, 1, 8);
          const FixedType type{width, between(rng, -1, width + 2), repeat % 2 == 0, static_cast<Rounding>(rounding),
                               static_cast<Overflow>(overflow)};
          const FixedNet net = activated(rng, type, activation);
          const auto inputs = random_inputs(rng, net.input, 60);
          ASSERT_EQ(simulate(lower(net), inputs), fixed::run(net, inputs))
              << fixed::to_string(type) << ", activation " << activation << ", repeat " << repeat;
        }
      }
    }
  }
}

}  // namespace
}  // namespace snac::circuit
