#include "snac/cost/surrogate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "surrogate_features.hpp"
#include "surrogate_net.hpp"

namespace snac::cost {
namespace {

HardwareTarget random_target(Rng& rng, bool folded) {
  HardwareTarget target;
  target.precision.weight_bits = 3 + static_cast<int>(rng.below(6));
  target.precision.activation_bits = 3 + static_cast<int>(rng.below(6));
  target.precision.sparsity = rng.uniform(0, 0.8);
  target.precision.adders_per_stage = 1 + static_cast<int>(rng.below(3));
  if (folded) target.reuse_factor = 1 << (1 + rng.below(4));
  return target;
}

space::ArchSpec random_arch(Rng& rng) {
  std::vector<int> hidden;
  for (auto n = rng.below(4); n-- > 0;) hidden.push_back(4 + static_cast<int>(rng.below(60)));
  return space::mlp(24, hidden, 5);
}

/// Rows whose truth is additive over the layers by a rule of our own, so that a test knows what there is to learn.
SurrogateRows made_up_rows(int networks, bool folded, std::uint64_t seed) {
  SurrogateRows data{.origin = {{"rule", "made up"}}, .source = "test", .rows = {}};
  Rng rng(seed);
  for (int i = 0; i < networks; ++i) {
    SurrogateRow row;
    row.network = "1-" + std::to_string(i);
    row.arch = random_arch(rng);
    row.target = random_target(rng, folded);
    const TargetPrecision& p = row.target.precision;
    int inputs = 24;
    double levels = 0;
    for (const auto& layer : space::dense_chain(row.arch)) {
      row.lut += inputs * layer.units * (1 - p.sparsity) * p.weight_bits + layer.units * p.activation_bits;
      row.ff += layer.units * (p.weight_bits + 6.0);
      levels += std::ceil(std::log2(inputs)) + 1;
      inputs = layer.units;
    }
    row.latency_cycles = std::max(1, static_cast<int>(std::ceil(levels / p.adders_per_stage)));
    if (folded) {
      std::vector<LayerQuery> queries;
      append_queries(row.arch, queries);
      row.latency_cycles = 0;
      for (const LayerQuery& layer : queries) {
        row.latency_cycles += formula_cycles(layer_fold(layer.inputs, layer.outputs, row.target.reuse_factor), row.target) + 2;
        const LayerFold fold = layer_fold(layer.inputs, layer.outputs, row.target.reuse_factor);
        row.initiation_interval = std::max(row.initiation_interval, fold.cycles());
        row.dsp += fold.units * fold.slots;
      }
    }
    data.rows.push_back(std::move(row));
  }
  return data;
}

const ArchitectureSurrogate& trained() {
  static const ArchitectureSurrogate surrogate =
      ArchitectureSurrogate::train({made_up_rows(400, false, 1), made_up_rows(400, true, 2)}, {.epochs = 150});
  return surrogate;
}

TEST(SurrogateNet, gradient_agrees_with_finite_differences) {
  SurrogateNet net(5, 7, 3);
  Rng rng(3);
  net.randomise(rng);
  std::vector<float> parameters = net.parameters();
  for (float& value : parameters) value += 0.3F * static_cast<float>(rng.normal());
  net.set_parameters(parameters);
  constexpr int kRows = 6;
  nn::AlignedBuffer x(static_cast<std::size_t>(kRows * net.feature_stride()));
  for (int r = 0; r < kRows; ++r)
    for (int f = 0; f < 5; ++f) x[static_cast<std::size_t>(r * net.feature_stride() + f)] = static_cast<float>(rng.normal());
  SurrogateNet::Scratch scratch;
  const auto stride = static_cast<std::size_t>(net.output_stride());
  // Loss: the sum of squares of the outputs, halved.
  const auto loss = [&](const std::vector<float>& values) {
    net.set_parameters(values);
    const float* out = net.forward(kRows, x.data(), scratch);
    double sum = 0;
    for (std::size_t r = 0; r < kRows; ++r)
      for (std::size_t o = 0; o < 3; ++o) sum += 0.5 * out[r * stride + o] * out[r * stride + o];
    return sum;
  };
  loss(parameters);
  for (std::size_t r = 0; r < kRows; ++r)
    for (std::size_t o = 0; o < 3; ++o) scratch.d_out[r * stride + o] = scratch.out[r * stride + o];
  const std::vector<float> gradient = net.gradient(kRows, x.data(), scratch);
  ASSERT_EQ(gradient.size(), parameters.size());
  int compared = 0;
  for (std::size_t k = 0; k < parameters.size(); k += 3) {
    constexpr float kStep = 1e-2F;
    std::vector<float> moved = parameters;
    moved[k] += kStep;
    const double above = loss(moved);
    moved[k] -= 2 * kStep;
    const double below = loss(moved);
    EXPECT_NEAR(gradient[k], (above - below) / (2 * kStep), 0.02 * std::abs(gradient[k]) + 0.05) << "parameter " << k;
    ++compared;
  }
  EXPECT_GT(compared, 30);
}

TEST(Surrogate, learns_an_additive_rule) {
  for (const auto& [kind, evaluation] : trained().card()) {
    EXPECT_LT(evaluation.error.at("lut").median_absolute, 6) << kind;
    EXPECT_LT(evaluation.error.at("ff").median_absolute, 6) << kind;
    EXPECT_GT(evaluation.error.at("lut").rank_correlation, 0.98) << kind;
    EXPECT_EQ(evaluation.interval_exact, 1) << kind;
    EXPECT_GT(evaluation.covered, 0.6) << kind;
  }
  EXPECT_EQ(trained().card().size(), 2U);
  EXPECT_GT(trained().card().at("folded").latency_exact, 0.9);
}

TEST(Surrogate, same_rows_and_seed_give_the_same_file) {
  const auto rows = made_up_rows(80, false, 5);
  const auto once = ArchitectureSurrogate::train({rows}, {.epochs = 5}), again = ArchitectureSurrogate::train({rows}, {.epochs = 5});
  EXPECT_EQ(once.to_json().dump(), again.to_json().dump());
  EXPECT_NE(once.to_json().dump(), ArchitectureSurrogate::train({rows}, {.seed = 2, .epochs = 5}).to_json().dump());
  EXPECT_FALSE(once.knows_folded());
}

TEST(Surrogate, a_batch_gives_what_single_estimates_give) {
  Rng rng(9);
  std::vector<space::ArchSpec> specs;
  for (int i = 0; i < 300; ++i) specs.push_back(random_arch(rng));
  for (const bool folded : {false, true}) {
    const HardwareTarget target = random_target(rng, folded);
    std::vector<SurrogateEstimate> batch(specs.size());
    trained().estimate(specs, target, batch);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const SurrogateEstimate single = trained().estimate(specs[i], target);
      EXPECT_EQ(batch[i].lut, single.lut);
      EXPECT_EQ(batch[i].latency_cycles, single.latency_cycles);
      EXPECT_EQ(batch[i].lut_error, single.lut_error);
    }
  }
}

TEST(Surrogate, a_file_gives_the_same_estimates) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() / "surrogate.json";
  write_file_atomically(path, trained().to_json().dump());
  const auto loaded = ArchitectureSurrogate::load(path);
  EXPECT_EQ(loaded.source(), trained().source());
  EXPECT_EQ(loaded.to_json(), trained().to_json());
  Rng rng(4);
  const auto spec = random_arch(rng);
  const auto target = random_target(rng, false);
  EXPECT_EQ(loaded.estimate(spec, target).lut, trained().estimate(spec, target).lut);
}

TEST(Surrogate, outside_its_rows_it_says_so_and_widens_the_interval) {
  HardwareTarget target;
  const auto inside = space::mlp(24, {40, 30}, 5), wide = space::mlp(24, {400, 30}, 5);
  EXPECT_TRUE(trained().outside(inside, target).empty());
  EXPECT_FALSE(trained().estimate(inside, target).extrapolated);
  const auto reasons = trained().outside(wide, target);
  ASSERT_FALSE(reasons.empty());
  EXPECT_NE(reasons.front().find("400"), std::string::npos) << reasons.front();
  EXPECT_TRUE(trained().estimate(wide, target).extrapolated);
  EXPECT_GT(trained().estimate(wide, target).lut_error, 2 * trained().estimate(inside, target).lut_error);
  target.precision.weight_bits = 16;
  EXPECT_FALSE(trained().outside(inside, target).empty());
  target = {};
  target.output = fixed::OutputKind::argmax;
  EXPECT_FALSE(trained().outside(inside, target).empty());
  EXPECT_FALSE(trained().outside(space::mlp(24, {40}, 5, space::Activation::tanh), {}).empty());
}

TEST(Surrogate, unknown_hardware_and_bad_targets_are_refused) {
  const auto unrolled_only = ArchitectureSurrogate::train({made_up_rows(80, false, 5)}, {.epochs = 2});
  HardwareTarget target;
  target.reuse_factor = 8;
  EXPECT_THROW(unrolled_only.estimate(space::mlp(24, {8}, 5), target), ConfigError);
  target = {};
  target.precision.weight_bits = 99;
  EXPECT_THROW(trained().estimate(space::mlp(24, {8}, 5), target), ConfigError);
  target = {};
  target.reuse_factor = 0;
  EXPECT_THROW(trained().estimate(space::mlp(24, {8}, 5), target), ConfigError);
  std::vector<SurrogateEstimate> none;
  const std::vector<space::ArchSpec> one{space::mlp(24, {8}, 5)};
  EXPECT_THROW(trained().estimate(one, {}, none), std::invalid_argument);
}

TEST(Surrogate, too_few_networks_are_refused) {
  EXPECT_THROW(ArchitectureSurrogate::train({made_up_rows(20, false, 1)}, {}), DataError);
  EXPECT_THROW(ArchitectureSurrogate::train({}, {}), DataError);
  EXPECT_THROW(ArchitectureSurrogate::train({made_up_rows(80, false, 1)}, {.epochs = 0}), ConfigError);
}

TEST(Surrogate, damaged_files_are_refused) {
  const Json good = trained().to_json();
  const auto refused = [&](const std::function<void(Json&)>& damage) {
    Json json = good;
    damage(json);
    EXPECT_THROW(ArchitectureSurrogate::from_json(json, "file"), DataError) << json.dump().substr(0, 200);
  };
  refused([](Json& j) { j["version"] = 99; });
  refused([](Json& j) { j["format"] = "snac.calibration"; });
  refused([](Json& j) { j.erase("models"); });
  refused([](Json& j) { j["models"]["other"] = j["models"]["folded"]; });
  refused([](Json& j) { j["models"]["unrolled"]["parameters"].erase(0); });
  refused([](Json& j) { j["models"]["unrolled"]["parameters"][0] = "one"; });
  refused([](Json& j) { j["models"]["unrolled"]["features"] = 31; });
  refused([](Json& j) { j["models"]["unrolled"]["hidden"] = 1000000; });
  refused([](Json& j) { j["models"]["unrolled"]["lut_interval"] = -1; });
  refused([](Json& j) { j["models"]["unrolled"]["range"]["layers"] = {5, 1}; });
}

TEST(Surrogate, the_shipped_one_is_what_the_documentation_says) {
  const SurrogateEvaluation& unrolled = ArchitectureSurrogate::shipped().card().at("unrolled");
  EXPECT_LE(unrolled.error.at("lut").median_absolute, 10);
  EXPECT_LE(unrolled.error.at("ff").median_absolute, 10);
  EXPECT_GE(unrolled.error.at("lut").rank_correlation, 0.97);
  EXPECT_EQ(unrolled.interval_exact, 1);
  EXPECT_TRUE(ArchitectureSurrogate::shipped().knows_folded());
  EXPECT_TRUE(ArchitectureSurrogate::shipped().outside(space::mlp(24, {64, 32, 16, 32, 32}, 5), {}).empty());
}

TEST(SurrogateFeatures, folds_as_the_hardware_does) {
  // Dense weights without a zero: everything takes part.
  for (const auto& [inputs, outputs, reuse] : {std::array{16, 8, 10}, {16, 8, 4}, {16, 8, 64}, {16, 8, 1000}, {7, 5, 3}, {24, 5, 48}}) {
    fixed::FixedNet net;
    net.input = {{{"feature", inputs}}, {{8, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat}}};
    fixed::DenseOp dense{.inputs = inputs, .outputs = outputs, .weights = {}, .bias = {}};
    for (int k = 0; k < inputs * outputs; ++k) dense.weights.push_back(1 + k % 7);
    dense.bias.assign(static_cast<std::size_t>(outputs), 0);
    dense.bias_fraction_bits = 4;
    net.nodes.push_back({"dense", dense, {0}, {{{"feature", outputs}}, {{20, 16, true, fixed::Rounding::trn, fixed::Overflow::wrap}}}});
    const circuit::FoldedDesign design = circuit::fold(net, {.reuse_factor = reuse});
    const LayerFold fold = layer_fold(inputs, outputs, reuse);
    ASSERT_EQ(design.layers.size(), 1U);
    EXPECT_EQ(design.layers[0].cycles(), fold.cycles()) << inputs << "x" << outputs << " R " << reuse;
    EXPECT_EQ(design.layers[0].slots, fold.slots);
    EXPECT_EQ(design.layers[0].groups, fold.groups);
    EXPECT_EQ(static_cast<int>(design.layers[0].units.size()), fold.units);
    HardwareTarget target;
    target.reuse_factor = reuse;
    EXPECT_EQ(design.layers[0].sum_latency(), formula_cycles(layer_fold(inputs, outputs, target.reuse_factor), target));
  }
}

TEST(SurrogateRows, a_file_reads_back_and_an_unfinished_line_is_left_out) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() / "rows.jsonl";
  SurrogateRows data = made_up_rows(3, true, 1);
  data.rows[1].synthesised_lut = 120;
  data.rows[1].synthesised_ff = 30;
  std::string text = surrogate_rows_header(data.origin, data.source) + "\n";
  for (const auto& row : data.rows) text += to_line(row) + "\n";
  write_file_atomically(path, text + "{\"network\": \"1-3\", \"ar");
  const SurrogateRows read = load_surrogate_rows(path);
  ASSERT_EQ(read.rows.size(), 3U);
  EXPECT_EQ(read.source, "test");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(to_line(read.rows[i]), to_line(data.rows[i]));
  EXPECT_EQ(read.rows[1].synthesised_lut, 120);
  const std::string first = text.substr(0, text.find('\n') + 1);
  const auto refused = [&](const std::string& content, const std::string& place) {
    write_file_atomically(path, content);
    try {
      load_surrogate_rows(path);
      ADD_FAILURE() << content;
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(place), std::string::npos) << error.what();
    }
  };
  refused("", path);
  refused(first + "no json\n", path + ":2");
  refused(to_line(data.rows[0]) + "\n", path);
  SurrogateRow bad = data.rows[0];
  bad.target.reuse_factor = -4;
  refused(first + to_line(bad) + "\n", "reuse_factor");
  bad = data.rows[0];
  bad.lut = -1;
  refused(first + to_line(data.rows[0]) + "\n" + to_line(bad) + "\n", path + ":3");
}

}  // namespace
}  // namespace snac::cost
