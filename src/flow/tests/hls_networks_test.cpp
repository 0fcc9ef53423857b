// HLS C++ of trained-like networks: 1 to 16 bits, different at every element, every activation, output stage and strategy. The same
// integers as in training, FixedNet and circuit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "snac/compress/calibrate.hpp"
#include "snac/compress/lower.hpp"
#include "snac/core/files.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/readers.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/flow/verify.hpp"
#include "snac/nn/forward.hpp"

namespace snac::flow {
namespace {

using codegen::HlsStrategy;
using fixed::OutputKind;
using space::Activation;

struct Case {
  Activation activation;
  OutputKind output;
  HlsStrategy strategy;
};

std::string name_of(const Case& c) {
  return space::to_string(c.activation) + "_" + fixed::to_string(c.output) +
         (c.strategy == HlsStrategy::latency ? "_latency" : "_resource");
}
void PrintTo(const Case& c, std::ostream* out) { *out << name_of(c); }

/// The grid with other bits: the same largest value, finer or coarser steps. Signed grids have 2 bits at least (the lowering refuses 1;
/// codegen's tests have signed types of one bit).
nn::Grid with_bits(const nn::Grid& grid, int bits) {
  const bool is_signed = grid.min_raw < 0;
  if (is_signed) bits = std::max(bits, 2);
  int width = is_signed ? 1 : 0;
  while ((std::int64_t{1} << (is_signed ? width - 1 : width)) <= grid.max_raw) ++width;
  const std::int64_t size = std::int64_t{1} << bits;
  return {grid.fraction_bits + bits - width, is_signed ? -size / 2 : 0, is_signed ? size / 2 - 1 : size - 1};
}

/// 1 to 16 bits everywhere: per layer for weights and tables, per element where an activation is a cast. Not fewer than 6 in the last
/// layer, so that classes are not all the same.
nn::NetQuantizer mixed_precision(nn::NetQuantizer quantizer, const nn::Mlp& mlp, Rng& rng) {
  const auto bits = [&](int most) { return 1 + static_cast<int>(rng.below(static_cast<std::uint64_t>(most))); };
  int input_fraction = quantizer.input.finest_fraction_bits();
  for (std::size_t l = 0; l < quantizer.layers.size(); ++l) {
    nn::LayerQuantizer& layer = quantizer.layers[l];
    const bool last = l + 1 == quantizer.layers.size();
    layer.weight = with_bits(layer.weight, l == 0 ? 1 : last ? 5 + bits(11) : bits(16));
    layer.bias_fraction_bits = input_fraction + layer.weight.fraction_bits;
    if (layer.pre_activation) {
      layer.pre_activation = with_bits(*layer.pre_activation, bits(10));
      layer.output = with_bits(layer.output[0], bits(16));
    } else {
      std::vector<nn::Grid> each;
      for (std::size_t i = 0; i < mlp.biases(l).size(); ++i)
        each.push_back(with_bits(layer.output[0], last ? 5 + bits(11) : i < 16 ? 1 + static_cast<int>(i) : bits(16)));
      layer.output = nn::Grids(each);
    }
    input_fraction = layer.output.finest_fraction_bits();
  }
  return quantizer;
}

/// Training, FixedNet, circuit and HLS C++ on the rows of `data`, after the corners of the input types.
void expect_the_same_everywhere(const Case& c, const data::Dataset& data, const std::vector<int>& hidden, std::uint64_t seed) {
  SCOPED_TRACE(name_of(c));
  Rng rng(seed);
  nn::Mlp mlp = nn::make_mlp(space::mlp(data.num_features, hidden, data.num_classes, c.activation), rng);
  for (std::size_t l = 0; l <= hidden.size(); ++l) {
    for (float& b : mlp.biases(l)) b = static_cast<float>(0.2 * rng.normal());
  }
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0U);
  const std::vector<std::uint32_t> some(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(rows.size(), 2000)));
  // Random networks prefer one class for all rows: logits of mean 0 do not.
  const fixed::FixedNet first = compress::lower(mlp, compress::calibrate(mlp, data, some, {}), data.class_names);
  const auto logits = fixed::run(first, fixed::quantize_inputs(first, std::span(data.features).first(some.size() * first.input.size())));
  const auto biases = mlp.biases(hidden.size());
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const std::size_t o = k % biases.size();
    biases[o] -= static_cast<float>(std::ldexp(static_cast<double>(logits[k]), -first.output().type(o).fraction_bits()) /
                                    static_cast<double>(some.size()));
  }
  const nn::NetQuantizer quantizer = mixed_precision(compress::calibrate(mlp, data, some, {}), mlp, rng);
  const fixed::FixedNet net = fixed::with_output(compress::lower(mlp, quantizer, data.class_names), c.output, 8);

  const auto inputs = fixed::quantize_inputs(net, data.features), outputs = fixed::run(net, inputs);
  EXPECT_NE(*std::min_element(outputs.begin(), outputs.end()), *std::max_element(outputs.begin(), outputs.end()))
      << "a network that says something";

  HlsConfig hls{.interface = codegen::HlsInterface::parallel, .strategy = c.strategy, .reuse_factor = 1, .include = {}};
  if (c.strategy == HlsStrategy::resource) hls.reuse_factor = 4;
  StudyConfig config;
  config.target.effort = circuit::Effort::quick;
  const TemporaryDirectory folder;
  VerifyParams params{.simulators = {}, .directory = folder.path().string()};
  params.hls = hls_job(hls, "xcvu13p", 5);
  const Verification result =
      verify(net, design(net, config), inputs, params, [&] { return nn::predict_exact(mlp, quantizer, data, rows); });
  EXPECT_TRUE(result.bit_exact()) << matrix_text(result);
  EXPECT_EQ(result.engines.size(), 4U);
  EXPECT_EQ(result.vectors, static_cast<std::int64_t>(data.size()));

  const auto corners = random_inputs(net, 100, seed);
  const auto hls_only = run_hls_project(net, *params.hls, (folder.path() / "corners").string(), corners, fixed::run(net, corners));
  EXPECT_TRUE(hls_only.passed) << hls_only.log;
  EXPECT_EQ(hls_only.log.find("warning"), std::string::npos) << hls_only.log;
}

class HlsNetwork : public testing::TestWithParam<Case> {};

TEST_P(HlsNetwork, gives_the_same_integers_as_training) {
  data::Dataset data;
  data.num_features = 6;
  data.num_classes = 5;
  data.class_names = {"a", "b", "c", "d", "e"};
  Rng rng(5);
  for (int row = 0; row < 300; ++row) {
    for (int f = 0; f < data.num_features; ++f) data.features.push_back(static_cast<float>(rng.normal()));
    data.labels.push_back(static_cast<std::uint8_t>(row % 5));
  }
  expect_the_same_everywhere(GetParam(), data, {16, 8}, 17);
}

INSTANTIATE_TEST_SUITE_P(Activations, HlsNetwork,
                         testing::Values(Case{Activation::relu, OutputKind::logits, HlsStrategy::latency},
                                         Case{Activation::leaky_relu, OutputKind::argmax, HlsStrategy::resource},
                                         Case{Activation::tanh, OutputKind::softmax, HlsStrategy::latency},
                                         Case{Activation::sigmoid, OutputKind::logits, HlsStrategy::resource},
                                         Case{Activation::linear, OutputKind::argmax, HlsStrategy::latency}),
                         [](const auto& each) { return name_of(each.param); });

/// By hand, with a file of jets as the data set has them: SNAC_JETS=jets8_large_test.h5 flow_tests --gtest_also_run_disabled_tests
/// --gtest_filter=HlsNetworks.*
TEST(HlsNetworks, DISABLED_every_combination_on_100000_jets) {
  const char* file = std::getenv("SNAC_JETS");
  ASSERT_NE(file, nullptr) << "SNAC_JETS names a file of jets";
  const auto raw = data::read_dataset(file, {.max_rows = 100000});
  const data::Dataset data = data::Preprocessor::fit({}, raw).apply(raw, "jets");
  ASSERT_EQ(data.size(), 100000U);
  std::uint64_t seed = 100;
  for (const auto activation : {Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid, Activation::linear}) {
    for (const auto output : {OutputKind::logits, OutputKind::argmax, OutputKind::softmax}) {
      for (const auto strategy : {HlsStrategy::latency, HlsStrategy::resource}) {
        expect_the_same_everywhere({activation, output, strategy}, data, {32, 16}, ++seed);
      }
    }
  }
}

}  // namespace
}  // namespace snac::flow
