#include "snac/nn/mlp.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "nn_fixtures.hpp"
#include "reference_net.hpp"
#include "snac/core/error.hpp"
#include "snac/nn/forward.hpp"

namespace snac::nn {
namespace {

using space::Activation;

space::ArchSpec small_spec() { return space::mlp(3, {4, 5}, 2, Activation::tanh, true, 0.1); }

TEST(Mlp, buffers_hold_every_tensor_once) {
  const Mlp mlp = random_mlp(small_spec());
  // 3*4+4 + 4*5+5 + 5*2+2 weights and biases, gamma and beta of 4 and 5.
  EXPECT_EQ(mlp.parameters.size(), 16U + 25U + 12U + 2U * 9U);
  EXPECT_EQ(mlp.statistics.size(), 2U * 9U);
  std::vector<int> used(mlp.parameters.size());
  for (const LayerLayout& layer : mlp.layers) {
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    for (std::size_t i = 0; i < outputs * static_cast<std::size_t>(layer.inputs); ++i) ++used[layer.weight + i];
    for (std::size_t o = 0; o < outputs; ++o) {
      ++used[layer.bias + o];
      if (!layer.batch_norm) continue;
      ++used[layer.gamma + o];
      ++used[layer.beta + o];
    }
  }
  for (const int count : used) EXPECT_EQ(count, 1);
}

TEST(Mlp, fresh_weights_fill_their_interval_and_biases_are_zero) {
  for (const Activation activation : {Activation::relu, Activation::tanh}) {
    Rng rng(1);
    const Mlp mlp = make_mlp(space::mlp(100, {200}, 10, activation), rng);
    const double limit = std::sqrt(6.0 / (activation == Activation::relu ? 100 : 300));
    double largest = 0, squares = 0;
    for (const float weight : mlp.weights(0)) {
      largest = std::max(largest, std::fabs(static_cast<double>(weight)));
      squares += static_cast<double>(weight) * static_cast<double>(weight);
    }
    EXPECT_LE(largest, limit);
    EXPECT_GT(largest, 0.99 * limit);
    // Variance of a uniform on (-a, a) is a^2/3; relative spread of its estimate from 20000 values: 0.9/sqrt(20000) = 0.6 %.
    EXPECT_NEAR(squares / 20000 / (limit * limit / 3), 1, 0.04);
    for (const float bias : mlp.biases(0)) EXPECT_EQ(bias, 0.0F);
  }
}

TEST(Mlp, same_seed_gives_same_weights) {
  Rng a(5), b(5), c(6);
  EXPECT_EQ(make_mlp(small_spec(), a).parameters, make_mlp(small_spec(), b).parameters);
  EXPECT_NE(make_mlp(small_spec(), a).parameters, make_mlp(small_spec(), c).parameters);
}

TEST(Mlp, a_network_beyond_the_limit_is_refused) {
  Rng rng(1);
  EXPECT_THROW(make_mlp(space::mlp(1 << 20, {1 << 20}, 2), rng), ConfigError);
}

TEST(Mlp, folding_batch_norm_keeps_the_inference_function) {
  const Mlp mlp = random_mlp(space::mlp(6, {20, 17}, 4, Activation::relu, true), 3);
  const data::Dataset data = noise(50, 6, 4);
  const Mlp folded = fold_batch_norm(mlp);
  for (const LayerLayout& layer : folded.layers) EXPECT_FALSE(layer.batch_norm);
  EXPECT_TRUE(folded.statistics.empty());
  ReferenceNet original(mlp, data, all_rows(data)), after(folded, data, all_rows(data));
  original.training = after.training = false;
  const auto expected = original.forward(original.parameters()), found = after.forward(after.parameters());
  for (std::size_t r = 0; r < expected.size(); ++r) {
    for (std::size_t o = 0; o < 4; ++o) EXPECT_NEAR(found[r][o], expected[r][o], 1e-5);
  }
}

TEST(MlpFile, a_round_trip_keeps_every_bit) {
  const Mlp mlp = random_mlp(small_spec());
  const std::vector<std::byte> bytes = serialize(mlp);
  const Mlp back = deserialize_mlp(bytes, "model");
  EXPECT_EQ(back.spec, mlp.spec);
  EXPECT_EQ(back.parameters, mlp.parameters);
  EXPECT_EQ(back.statistics, mlp.statistics);
  EXPECT_EQ(serialize(back), bytes);
}

TEST(MlpFile, every_truncation_is_refused) {
  const std::vector<std::byte> bytes = serialize(random_mlp(small_spec()));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(deserialize_mlp(std::span(bytes).first(length), "model"), DataError) << length;
  }
}

TEST(MlpFile, trailing_bytes_are_refused) {
  std::vector<std::byte> bytes = serialize(random_mlp(small_spec()));
  bytes.push_back(std::byte{0});
  EXPECT_THROW(deserialize_mlp(bytes, "model"), DataError);
}

TEST(MlpFile, every_flipped_byte_is_refused) {
  const std::vector<std::byte> bytes = serialize(random_mlp(small_spec()));
  Rng rng(1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::vector<std::byte> damaged = bytes;
    damaged[i] ^= static_cast<std::byte>(1 + rng.below(255));
    EXPECT_THROW(deserialize_mlp(damaged, "model"), DataError) << i;
  }
}

/// The checksum of the format (FNV-1a 64), set anew: what lies behind it must hold on its own.
void seal(std::vector<std::byte>& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (std::size_t i = 0; i + 8 < bytes.size(); ++i) hash = (hash ^ std::to_integer<std::uint64_t>(bytes[i])) * 0x100000001b3ULL;
  for (std::size_t i = 0; i < 8; ++i) bytes[bytes.size() - 8 + i] = static_cast<std::byte>(hash >> (8 * i));
}

TEST(MlpFile, damage_under_a_correct_checksum_never_crashes) {
  const Mlp mlp = random_mlp(small_spec());
  const std::vector<std::byte> bytes = serialize(mlp);
  const std::size_t floats = (mlp.parameters.size() + mlp.statistics.size()) * 4;
  const std::size_t header = bytes.size() - 8 - floats;
  Rng rng(2);
  int refused = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    std::vector<std::byte> damaged = bytes;
    for (std::uint64_t k = 0; k <= rng.below(3); ++k) damaged[rng.below(header)] = static_cast<std::byte>(rng.below(256));
    seal(damaged);
    try {
      const Mlp read = deserialize_mlp(damaged, "model");
      EXPECT_EQ(read.parameters.size(), mlp_sizes(read.spec).parameters);  // for instance another activation or dropout: a sound model
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 3000);
}

TEST(MlpFile, another_version_is_named) {
  std::vector<std::byte> bytes = serialize(random_mlp(small_spec()));
  bytes[8] = std::byte{9};
  seal(bytes);
  try {
    deserialize_mlp(bytes, "old.snac");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.text().found, "version 9");
    EXPECT_EQ(error.text().where, "old.snac");
  }
}

/// Written by version 1 of the format; later readers must keep reading it.
TEST(MlpFile, a_file_of_version_1_is_readable) {
  std::vector<std::byte> bytes;
  const auto text = [&](std::string_view part) {
    for (const char c : part) bytes.push_back(static_cast<std::byte>(c));
  };
  const std::string spec = space::to_json(space::mlp(1, {}, 1)).dump();
  text(std::string_view("SNACMLP\0\1\0\0\0", 12));
  text(std::string{static_cast<char>(spec.size() & 255), static_cast<char>(spec.size() >> 8), '\0', '\0'});
  text(spec);
  text(std::string_view("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
  text(std::string_view("\0\0\x80\x3f\0\0\0\xc0", 8));  // 1.0, -2.0
  bytes.resize(bytes.size() + 8);
  seal(bytes);
  const Mlp mlp = deserialize_mlp(bytes, "model");
  EXPECT_EQ(mlp.parameters, (std::vector<float>{1.0F, -2.0F}));
}

}  // namespace
}  // namespace snac::nn
