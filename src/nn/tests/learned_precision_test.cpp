#include "snac/nn/learned_precision.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "../precision_step.hpp"
#include "nn_fixtures.hpp"
#include "snac/core/error.hpp"
#include "snac/nn/forward.hpp"

namespace snac::nn {
namespace {

using space::Activation;

std::size_t size_of(int value) { return static_cast<std::size_t>(value); }

/// Eight-bit grids spread to every number of bits from none to ten.
PrecisionNet mixed_net(const Mlp& mlp, std::uint64_t seed, const data::Dataset& data) {
  PrecisionNet net = make_precision_net(mlp, eight_bit_grids(mlp), data, all_rows(data));
  Rng rng(seed);
  for (float& f : net.weight_fraction) f = static_cast<float>(rng.uniform(0, 7));
  const auto spread = [&](ElementBits& bits) {
    for (float& f : bits.fraction) f = static_cast<float>(rng.uniform(0, 5));
    for (float& r : bits.range) r = static_cast<float>(rng.uniform(-1, 2));
  };
  spread(net.input);
  for (ElementBits& bits : net.outputs) spread(bits);
  return net;
}

/// The loss as a smooth function of everything that is trained: each rounding error found at the starting point e is kept as
/// e 2^-(f - f0), each saturated value as the end of its range, by their formulas. Its derivatives are what the training
/// calls gradients.
class SmoothLoss {
 public:
  SmoothLoss(const PrecisionNet& net, const data::Dataset& data, std::span<const std::uint32_t> rows)
      : net_(net), data_(data), rows_(rows.begin(), rows.end()) {}

  double operator()(const PrecisionNet& at) {
    next_ = 0;
    double loss = 0;
    for (const std::uint32_t row : rows_) {
      std::vector<double> x;
      for (std::size_t i = 0; i < size_of(data_.num_features); ++i) {
        x.push_back(element(static_cast<double>(data_.row(row)[i]), net_.input, at.input, i, true));
      }
      for (std::size_t l = 0; l < net_.mlp.layers.size(); ++l) {
        const LayerLayout& layer = net_.mlp.layers[l];
        std::vector<double> y;
        for (std::size_t o = 0; o < size_of(layer.outputs); ++o) {
          const double bias_step = net_.outputs[l].fraction.empty() ? static_cast<double>(net_.start.layers[l].bias_fraction_bits)
                                                                    : rounded_bits(net_.outputs[l], o).fraction + 1;
          double sum = rounded(at.mlp.parameters[layer.bias + o], bias_step, bias_step);
          for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t k = layer.weight + o * x.size() + i;
            const double f0 = std::floor(static_cast<double>(net_.weight_fraction[k]) + 0.5);
            sum += rounded(at.mlp.parameters[k], f0,
                           f0 + static_cast<double>(at.weight_fraction[k]) - static_cast<double>(net_.weight_fraction[k])) *
                   x[i];
          }
          y.push_back(element(sum, net_.outputs[l], at.outputs[l], o, layer.activation != Activation::relu));
        }
        x = y;
      }
      double total = 0;
      for (const double logit : x) total += std::exp(logit);
      loss += std::log(total) - x[data_.labels[row]];
    }
    recorded_ = true;
    return loss / static_cast<double>(rows_.size());
  }

 private:
  /// The rounding error of this place: found at the first call, kept afterwards.
  double error(const std::function<double()>& find) {
    if (!recorded_) errors_.push_back(find());
    return errors_[next_++];
  }
  double rounded(float value, double f0, double f) {
    const auto v = static_cast<double>(value);
    const double e = error([&] { return std::ldexp(std::floor(std::ldexp(v, static_cast<int>(f0)) + 0.5), -static_cast<int>(f0)) - v; });
    return v + e * std::exp2(f0 - f);
  }
  double element(double value, const ElementBits& start, const ElementBits& at, std::size_t i, bool is_signed) {
    const RoundedBits bits = rounded_bits(start, i);
    const Grid grid = learned_grid(bits, is_signed);
    const double f = bits.fraction + static_cast<double>(at.fraction[i]) - static_cast<double>(start.fraction[i]);
    const double r = bits.range + static_cast<double>(at.range[i]) - static_cast<double>(start.range[i]);
    constexpr double kAbove = 1e30, kBelow = -1e30;
    const double e = error([&] {
      const double t = std::ldexp(value, bits.fraction);
      if (t > static_cast<double>(grid.max_raw)) return kAbove;
      if (is_signed ? t < static_cast<double>(grid.min_raw) : t <= 0) return kBelow;
      return quantize(grid, value) - value;
    });
    if (e == kAbove)
      return bits.width() > 0 ? std::exp2(r) - std::exp2(-f)
                              : std::exp2(-bits.fraction) * (r - bits.range + f - bits.fraction) * std::numbers::ln2;
    if (e == kBelow) return is_signed && bits.width() > 0 ? -std::exp2(r) : 0.0;
    return value + e * std::exp2(bits.fraction - f);
  }

  const PrecisionNet& net_;
  const data::Dataset& data_;
  std::vector<std::uint32_t> rows_;
  std::vector<double> errors_;
  std::size_t next_ = 0;
  bool recorded_ = false;
};

TEST(LearnedPrecision, gradients_are_those_of_the_smooth_surrogate) {
  const Mlp mlp =
      random_mlp(chain(5, {{17, Activation::relu, false, 0}, {6, Activation::linear, false, 0}, {3, Activation::linear, false, 0}}), 7);
  const data::Dataset data = noise(40, 5, 3, 5);
  const std::vector<std::uint32_t> rows{0, 39, 3, 4, 5, 6, 17, 8, 9, 10, 11, 12, 13};
  const PrecisionNet net = mixed_net(mlp, 11, data);
  SmoothLoss smooth(net, data, rows);
  const double expected_loss = smooth(net);
  for (const Isa isa : available_isas()) {
    const IsaGuard guard(isa);
    PrecisionStep step(net, 16, CostProxy::adder_bits);
    EXPECT_NEAR(step.compute_gradient(data, rows, 0) / static_cast<double>(rows.size()), expected_loss, 2e-6);
    const PrecisionNet gradient = step.gradient();
    int nonzero = 0;
    const auto check = [&](const auto& value_of, float found, const char* what) {
      constexpr float kStep = 1.0F / 1024;
      PrecisionNet up = net, down = net;
      value_of(up) += kStep;
      value_of(down) -= kStep;
      const double expected = (smooth(up) - smooth(down)) / (2.0 * static_cast<double>(kStep));
      ASSERT_NEAR(found, expected, 2e-5 + 1e-3 * std::fabs(expected)) << kernel_isa_name() << ' ' << what;
      if (found != 0) ++nonzero;
    };
    for (std::size_t k = 0; k < net.mlp.parameters.size(); ++k) {
      check([k](PrecisionNet& n) -> float& { return n.mlp.parameters[k]; }, gradient.mlp.parameters[k], "parameter");
    }
    for (std::size_t l = 0; l < net.mlp.layers.size(); ++l) {
      const std::size_t first = net.mlp.layers[l].weight;
      for (std::size_t k = first; k < first + net.mlp.weights(l).size(); ++k) {
        check([k](PrecisionNet& n) -> float& { return n.weight_fraction[k]; }, gradient.weight_fraction[k], "weight fraction");
      }
      for (std::size_t o = 0; o < net.outputs[l].fraction.size(); ++o) {
        check([=](PrecisionNet& n) -> float& { return n.outputs[l].fraction[o]; }, gradient.outputs[l].fraction[o], "output fraction");
        if (rounded_bits(net.outputs[l], o).width() <= 0) continue;  // an end of the range that is not there has no derivative
        check([=](PrecisionNet& n) -> float& { return n.outputs[l].range[o]; }, gradient.outputs[l].range[o], "output range");
      }
    }
    for (std::size_t i = 0; i < 5; ++i) {
      check([=](PrecisionNet& n) -> float& { return n.input.fraction[i]; }, gradient.input.fraction[i], "input fraction");
    }
    EXPECT_GT(nonzero, 300);
  }
}

TEST(LearnedPrecision, the_cost_and_its_derivatives_follow_their_definitions) {
  // One output with weights 5 = 101b (3 bits), -1 (1 bit) and 0 on inputs of 4, 6 and 8 bits.
  const PackedLayer layer{.inputs = 3, .outputs = 1, .padded_outputs = 16, .weight = 0, .weight_size = 48};
  AlignedBuffer w(48), f(48), slope(48);
  w[0] = 1.25F, f[0] = 2;  // 5 quarters
  w[16] = -0.5F, f[16] = 1;
  f[32] = 3;
  const std::vector<int> bits{4, 6, 8};
  const LayerCost operations = layer_cost(CostProxy::bit_operations, layer, w.data(), f.data(), bits, slope.data());
  EXPECT_DOUBLE_EQ(operations.cost, 4 * 3 + 6 * 1);
  EXPECT_EQ(operations.by_input_bit, (std::vector<double>{3, 1, 0}));
  EXPECT_EQ(slope[0], 4);
  EXPECT_EQ(slope[16], 6);
  EXPECT_EQ(slope[32], 0);
  const LayerCost adders = layer_cost(CostProxy::adder_bits, layer, w.data(), f.data(), bits, slope.data());
  const double digits = 1 + 2 / 3.0;
  EXPECT_DOUBLE_EQ(adders.cost, 4 * digits + 6 - 6);
  EXPECT_EQ(adders.by_input_bit, (std::vector<double>{digits, 0, 0}));
  EXPECT_FLOAT_EQ(slope[0], 4 / 3.0F);
  EXPECT_EQ(slope[16], 6);
}

TEST(LearnedPrecision, a_frozen_net_computes_what_was_trained) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    const Activation middle = seed % 3 == 0 ? Activation::tanh : seed % 3 == 1 ? Activation::relu : Activation::linear;
    const Mlp mlp =
        random_mlp(chain(6, {{19, Activation::relu, false, 0}, {12, middle, false, 0}, {4, Activation::linear, false, 0}}), seed);
    const data::Dataset data = noise(200, 6, 4, seed);
    const std::vector<std::uint32_t> rows = all_rows(data);
    const PrecisionNet net = mixed_net(mlp, seed + 20, data);
    const FrozenNet frozen = freeze(net);
    PrecisionStep step(net, 200, CostProxy::adder_bits);
    const double trained = step.compute_gradient(data, rows, 0) / 200;
    EXPECT_NEAR(evaluate(frozen.mlp, data, rows, &frozen.quantizer).loss, trained, 1e-6 * std::max(1.0, trained)) << seed;

    const std::vector<float> fast = predict(frozen.mlp, data, rows, &frozen.quantizer);
    const std::vector<std::int64_t> exact = predict_exact(frozen.mlp, frozen.quantizer, data, rows);
    for (std::size_t i = 0; i < fast.size(); ++i) {
      ASSERT_EQ(static_cast<double>(fast[i]), static_cast<double>(exact[i]) * frozen.quantizer.layers.back().output[i % 4].step());
    }
  }
}

TEST(LearnedPrecision, a_net_without_bits_gives_zeros) {
  const Mlp mlp = random_mlp(chain(4, {{5, Activation::relu, false, 0}, {3, Activation::linear, false, 0}}));
  const data::Dataset data = noise(50, 4, 3);
  PrecisionNet net = make_precision_net(mlp, eight_bit_grids(mlp), data, all_rows(data));
  for (ElementBits& bits : net.outputs) std::fill(bits.fraction.begin(), bits.fraction.end(), -8.0F);
  const FrozenNet frozen = freeze(net);
  for (const float w : frozen.mlp.parameters) EXPECT_EQ(w, 0.0F);
  for (const std::int64_t logit : predict_exact(frozen.mlp, frozen.quantizer, data, all_rows(data))) EXPECT_EQ(logit, 0);
  PrecisionStep step(net, 50, CostProxy::adder_bits);
  EXPECT_NEAR(step.compute_gradient(data, all_rows(data), 1e-4) / 50, std::log(3.0), 1e-6);
}

TEST(LearnedPrecision, learns_xor_with_ever_fewer_bits) {
  const data::Dataset data = xor_like(2000, 3);
  const auto rows = all_rows(data);
  Rng rng(2);
  const Mlp mlp = make_mlp(chain(4, {{12, Activation::relu, false, 0}, {2, Activation::linear, false, 0}}), rng);
  const PrecisionNet start = make_precision_net(mlp, eight_bit_grids(mlp), data, rows);
  PrecisionTraining training(
      start, data, rows,
      {.epochs = 60, .batch = 50, .learning_rate = 1e-2, .bits_learning_rate = 5e-3, .cost_start = 1e-6, .cost_end = 2e-3});
  PrecisionEpoch last;
  while (!training.finished()) last = training.run_epoch();
  EXPECT_LT(last.cost, 0.25 * proxy_cost(start, CostProxy::adder_bits));
  const FrozenNet frozen = freeze(training.net());
  EXPECT_GT(evaluate(frozen.mlp, data, rows, &frozen.quantizer).accuracy, 0.97);
  // The two useless features lose their bits.
  for (const std::size_t useless : {2, 3}) {
    for (std::size_t o = 0; o < 12; ++o) EXPECT_EQ(frozen.mlp.weights(0)[o * 4 + useless], 0.0F);
  }
}

TEST(LearnedPrecision, bits_in_common_stay_in_common_and_follow_the_summed_gradient) {
  const data::Dataset data = xor_like(300, 3);
  const auto rows = all_rows(data);
  const Mlp mlp = random_mlp(chain(4, {{5, Activation::relu, false, 0}, {2, Activation::linear, false, 0}}));
  const PrecisionNet start = make_precision_net(mlp, eight_bit_grids(mlp), data, rows);
  const auto inputs = [&](std::size_t l) { return size_of(mlp.layers[l].inputs); };
  for (const WeightBits weights : {WeightBits::channel, WeightBits::layer}) {
    PrecisionTraining training(start, data, rows,
                               {.epochs = 3,
                                .batch = 50,
                                .bits_learning_rate = 2e-2,
                                .cost_end = 1e-2,
                                .granularity = {.weights = weights, .activations = ActivationBits::layer}});
    while (!training.finished()) training.run_epoch();
    const PrecisionNet net = training.net();
    for (std::size_t l = 0; l < 2; ++l) {
      const float* fraction = net.weight_fraction.data() + mlp.layers[l].weight;
      EXPECT_NE(fraction[0], start.weight_fraction[mlp.layers[l].weight]);
      for (std::size_t o = 0; o < size_of(mlp.layers[l].outputs); ++o) {
        const float common = weights == WeightBits::layer ? fraction[0] : fraction[o * inputs(l)];
        for (std::size_t i = 0; i < inputs(l); ++i) EXPECT_EQ(fraction[o * inputs(l) + i], common);
        EXPECT_EQ(net.outputs[l].fraction[o], net.outputs[l].fraction[0]);
        EXPECT_EQ(net.outputs[l].range[o], net.outputs[l].range[0]);
      }
    }
    EXPECT_EQ(std::count(net.input.fraction.begin(), net.input.fraction.end(), net.input.fraction[0]), 4);
  }

  PrecisionStep each(start, 300, CostProxy::adder_bits), common(start, 300, CostProxy::adder_bits, {.weights = WeightBits::channel});
  each.compute_gradient(data, rows, 1e-3);
  common.compute_gradient(data, rows, 1e-3);
  const std::size_t first = mlp.layers[0].weight;
  float sum = 0;
  for (std::size_t i = 0; i < 4; ++i) sum += each.gradient().weight_fraction[first + i];
  EXPECT_NEAR(common.gradient().weight_fraction[first], sum, 1e-6F);
}

TEST(LearnedPrecision, goes_on_from_a_checkpoint_to_the_same_bits) {
  const data::Dataset data = xor_like(500, 3);
  const auto rows = all_rows(data);
  const Mlp mlp = random_mlp(chain(4, {{7, Activation::relu, false, 0}, {2, Activation::linear, false, 0}}));
  const PrecisionNet start = make_precision_net(mlp, eight_bit_grids(mlp), data, rows);
  const PrecisionParams params{.epochs = 7, .batch = 64, .cycle_epochs = 3, .cost_end = 1e-3};
  PrecisionTraining whole(start, data, rows, params);
  while (!whole.finished()) whole.run_epoch();
  PrecisionTraining first(start, data, rows, params);
  for (int epoch = 0; epoch < 4; ++epoch) first.run_epoch();
  const std::vector<std::byte> file = serialize(first.checkpoint());
  PrecisionTraining second(start, data, rows, params);
  second.resume(deserialize_precision_checkpoint(file, "file"));
  while (!second.finished()) second.run_epoch();
  EXPECT_EQ(whole.net().mlp.parameters, second.net().mlp.parameters);
  EXPECT_EQ(whole.net().weight_fraction, second.net().weight_fraction);
  EXPECT_EQ(whole.net().outputs, second.net().outputs);

  PrecisionCheckpoint other = first.checkpoint();
  other.values.pop_back();
  EXPECT_THROW(second.resume(other), std::invalid_argument);
  for (std::size_t length = 0; length < file.size(); length += 97) {
    EXPECT_THROW(deserialize_precision_checkpoint(std::span(file).first(length), "file"), DataError);
  }
}

TEST(LearnedPrecision, refuses_what_it_cannot_train) {
  const data::Dataset data = xor_like(20);
  const auto rows = all_rows(data);
  const Mlp mlp = random_mlp(chain(4, {{3, Activation::relu, false, 0}, {2, Activation::linear, false, 0}}));
  const PrecisionNet net = make_precision_net(mlp, eight_bit_grids(mlp), data, rows);
  EXPECT_THROW(PrecisionTraining(net, data, rows, {.epochs = 0}), std::invalid_argument);
  EXPECT_THROW(PrecisionTraining(net, data, rows, {.cost_start = 1e-3, .cost_end = 1e-4}), std::invalid_argument);
  EXPECT_THROW(PrecisionTraining(net, data, {}, {}), ConfigError);
  EXPECT_THROW(PrecisionTraining(net, noise(20, 5, 2), rows, {}), DataError);
  PrecisionNet short_bits = net;
  short_bits.input.range.pop_back();
  EXPECT_THROW(PrecisionTraining(short_bits, data, rows, {}), std::invalid_argument);
  const Mlp dropping = random_mlp(chain(4, {{3, Activation::relu, false, 0.5}, {2, Activation::linear, false, 0}}));
  EXPECT_THROW(PrecisionTraining(make_precision_net(dropping, eight_bit_grids(dropping), data, rows), data, rows, {}),
               std::invalid_argument);
}

}  // namespace
}  // namespace snac::nn
