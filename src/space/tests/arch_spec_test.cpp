#include "snac/space/arch_spec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::space {
namespace {

std::string refusal(const ArchSpec& spec) {
  try {
    spec.validate();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ArchSpec, published_networks_have_the_published_operation_counts) {
  EXPECT_EQ(macs(mlp(24, {120, 60, 32, 64, 64, 64, 32, 44}, 5)), 25916);
  EXPECT_EQ(macs(mlp(24, {120, 32, 16, 32}, 5)), 7904);
  EXPECT_EQ(macs(mlp(24, {64, 32, 16, 32}, 5)), 4768);
  EXPECT_EQ(macs(mlp(24, {128, 32, 16, 32}, 5)), 8352);
}

TEST(ArchSpec, a_dense_layer_acts_on_the_last_axis) {
  const ArchSpec spec{{{"particle", 8}, {"feature", 3}}, {{DenseLayer{16}, {0}}, {DenseLayer{5}, {1}}}};
  EXPECT_EQ(macs(spec), 8 * (3 * 16 + 16 * 5));
  EXPECT_EQ(num_inputs(spec), 24);
  EXPECT_EQ(num_outputs(spec), 40);
  EXPECT_EQ(value_shapes(spec)[1], (Shape{{"particle", 8}, {"feature", 16}}));
  EXPECT_THROW(dense_chain(spec), ConfigError);
}

TEST(ArchSpec, an_mlp_is_hidden_layers_and_linear_logits) {
  const ArchSpec spec = mlp(24, {64, 32}, 5, Activation::tanh, true, 0.1);
  const std::vector<DenseLayer> chain = dense_chain(spec);
  ASSERT_EQ(chain.size(), 3U);
  EXPECT_EQ(chain[0], (DenseLayer{64, Activation::tanh, true, 0.1}));
  EXPECT_EQ(chain[2], (DenseLayer{5, Activation::linear, false, 0}));
  EXPECT_EQ(num_inputs(spec), 24);
  EXPECT_EQ(num_outputs(spec), 5);
  EXPECT_EQ(dense_chain(mlp(24, {}, 5)).size(), 1U);
}

TEST(ArchSpec, summary_tells_widths_activations_and_normalisation) {
  EXPECT_EQ(summary(mlp(24, {64, 32, 16}, 5, Activation::relu, true)), "24-64-32-16-5 relu bn");
  ArchSpec mixed = mlp(24, {64, 32}, 5);
  std::get<DenseLayer>(mixed.nodes[1].layer).activation = Activation::tanh;
  std::get<DenseLayer>(mixed.nodes[1].layer).batch_norm = true;
  EXPECT_EQ(summary(mixed), "24-64-32-5 relu,tanh bn:2");
  std::get<DenseLayer>(mixed.nodes[2].layer).activation = Activation::sigmoid;
  EXPECT_EQ(summary(mixed), "24-64-32-5 relu,tanh bn:2 out:sigmoid");
  EXPECT_EQ(summary(mlp(24, {}, 5)), "24-5");
  mixed.nodes[2].inputs = {1};
  EXPECT_EQ(summary(mixed), "graph of 3 layers, 24 inputs, 5 outputs");
}

TEST(ArchSpec, chains_only_where_a_chain_is_asked_for) {
  ArchSpec spec = mlp(24, {64, 32}, 5);
  spec.nodes[2].inputs = {1};
  EXPECT_NO_THROW(spec.validate());
  EXPECT_THROW(dense_chain(spec), ConfigError);
}

TEST(ArchSpec, unusable_architectures_are_refused_with_the_place) {
  const ArchSpec good = mlp(24, {64}, 5);
  const auto with = [&](auto change) {
    ArchSpec spec = good;
    change(spec);
    return refusal(spec);
  };
  const auto dense = [](ArchSpec& s, std::size_t k) -> DenseLayer& { return std::get<DenseLayer>(s.nodes[k].layer); };
  EXPECT_NE(with([](ArchSpec& s) { s.input.clear(); }).find("no axis"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.input[0].size = 0; }).find("axis 'feature' of size 0"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.input[0].name.clear(); }).find("without a name"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.input = {{"a", 1 << 20}, {"b", 1 << 20}}; }).find("elements"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.nodes.clear(); }).find("no node"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.nodes.resize(kMaxNodes + 1, s.nodes[0]); }).find("at most 1024 nodes"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.nodes[1].inputs = {2}; }).find("nodes[1]: inputs"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.nodes[1].inputs = {-1}; }).find("0 to 1"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.nodes[1].inputs = {0, 1}; }).find("exactly one input"), std::string::npos);
  EXPECT_NE(with([](ArchSpec& s) { s.nodes[1].inputs.clear(); }).find("0 inputs"), std::string::npos);
  EXPECT_NE(with([&](ArchSpec& s) { dense(s, 0).units = 0; }).find("units >= 1"), std::string::npos);
  EXPECT_NE(with([&](ArchSpec& s) { dense(s, 0).units = std::numeric_limits<int>::max(); }).find("elements"), std::string::npos);
  EXPECT_NE(with([&](ArchSpec& s) { dense(s, 0).dropout = 1; }).find("[0, 1)"), std::string::npos);
  EXPECT_NE(with([&](ArchSpec& s) { dense(s, 0).dropout = std::numeric_limits<double>::quiet_NaN(); }).find("[0, 1)"), std::string::npos);
  EXPECT_THROW(mlp(0, {4}, 5), ConfigError);
  EXPECT_THROW(mlp(24, {-4}, 5), ConfigError);
}

TEST(ArchSpec, the_largest_networks_do_not_overflow_the_count) {
  constexpr int kWide = 1 << 24;
  ArchSpec spec = mlp(kWide, std::vector<int>(kMaxNodes - 1, kWide), kWide);
  EXPECT_EQ(macs(spec), (std::int64_t{1} << 48) * 1024);
}

TEST(Activation, names_are_read_back_and_unknown_ones_listed) {
  for (const Activation each : {Activation::linear, Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu}) {
    EXPECT_EQ(activation_from_string(to_string(each)), each);
  }
  try {
    activation_from_string("rellu");
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.text().hint, "did you mean 'relu'?");
    EXPECT_EQ(error.text().expected, "linear, relu, tanh, sigmoid, leaky_relu");
  }
}

TEST(ArchJson, random_architectures_survive_the_round_trip) {
  Rng rng(1);
  for (int trial = 0; trial < 200; ++trial) {
    ArchSpec spec{{{"particle", 1 + static_cast<int>(rng.below(4))}, {"feature", 1 + static_cast<int>(rng.below(30))}}, {}};
    const auto nodes = 1 + rng.below(6);
    for (std::uint64_t k = 0; k < nodes; ++k) {
      const DenseLayer dense{1 + static_cast<int>(rng.below(100)), static_cast<Activation>(rng.below(5)), rng.chance(0.5), rng.uniform(),
                             rng.chance(0.5) ? kLeakySlope : 0.01 + 0.9 * rng.uniform()};
      spec.nodes.push_back({dense, {static_cast<int>(rng.below(k + 1))}});
    }
    const Json json = parse_json(to_json(spec).dump(), "test");
    EXPECT_EQ(arch_from_json(json, "test"), spec);
  }
}

TEST(ArchJson, text_form_is_fixed) {
  EXPECT_EQ(to_json(mlp(2, {3}, 1)).dump(),
            R"({"input":[{"name":"feature","size":2}],"nodes":[)"
            R"({"type":"dense","inputs":[0],"units":3,"activation":"relu","batch_norm":false,"dropout":0.0},)"
            R"({"type":"dense","inputs":[1],"units":1,"activation":"linear","batch_norm":false,"dropout":0.0}]})");
}

TEST(ArchJson, damage_is_named) {
  const Json good = to_json(mlp(24, {64}, 5));
  const auto damage = [&](const char* pointer, const Json& value) -> std::string {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    try {
      arch_from_json(json, "trial 7");
    } catch (const DataError& error) {
      return error.text().where;
    }
    return "no error";
  };
  EXPECT_EQ(damage("/nodes/0/units", 1.5), "trial 7: nodes[0]: units");
  EXPECT_EQ(damage("/nodes/0/units", 1e30), "trial 7: nodes[0]: units");
  EXPECT_EQ(damage("/nodes/0/units", -3), "trial 7: nodes[0]: units");
  EXPECT_EQ(damage("/nodes/0/activation", "swish"), "trial 7: nodes[0]: activation");
  EXPECT_EQ(damage("/nodes/0/activation", 3), "trial 7: nodes[0]: activation");
  EXPECT_EQ(damage("/nodes/0/batch_norm", 1), "trial 7: nodes[0]: batch_norm");
  EXPECT_EQ(damage("/nodes/0/dropout", true), "trial 7: nodes[0]: dropout");
  EXPECT_EQ(damage("/nodes/0/dropout", 2), "trial 7: nodes[0]: dropout");
  EXPECT_EQ(damage("/nodes/0/type", "conv"), "trial 7: nodes[0]: type");
  EXPECT_EQ(damage("/nodes/0/colour", 1), "trial 7: nodes[0]");
  EXPECT_EQ(damage("/nodes/0/inputs", 0), "trial 7: nodes[0]: inputs");
  EXPECT_EQ(damage("/nodes/1/inputs/0", 9), "trial 7: nodes[1]: inputs");
  EXPECT_EQ(damage("/nodes/1/inputs/0", "x"), "trial 7: nodes[1]: inputs: input");
  EXPECT_EQ(damage("/nodes/0", Json::array()), "trial 7: nodes[0]");
  EXPECT_EQ(damage("/nodes", "x"), "trial 7: nodes");
  EXPECT_EQ(damage("/nodes", Json::array()), "trial 7: nodes");
  EXPECT_EQ(damage("/input/0/size", 0), "trial 7: input");
  EXPECT_EQ(damage("/input/0/name", 4), "trial 7: input[0]: name");
  EXPECT_EQ(damage("/extra", 4), "trial 7");
  EXPECT_EQ(damage("/nodes", Json(std::vector<int>(kMaxNodes + 1))), "trial 7: nodes");
  for (const char* key : {"input", "nodes"}) {
    Json json = good;
    json.erase(key);
    EXPECT_THROW(arch_from_json(json, "x"), DataError);
  }
  EXPECT_THROW(arch_from_json(Json(3), "x"), DataError);
  EXPECT_THROW(arch_from_json(Json(), "x"), DataError);
}

}  // namespace
}  // namespace snac::space
