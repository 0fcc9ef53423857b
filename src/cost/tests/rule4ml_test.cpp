#include "snac/cost/rule4ml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include "message.hpp"
#include "rule4ml_files.hpp"
#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

namespace fs = std::filesystem;
const std::vector<std::string> kFigures{"bram", "dsp", "ff", "lut", "cycles"};

class Rule4mlFiles : public testing::Test {
 protected:
  const fs::path& folder() const { return folder_.path(); }
  /// Writes all five figures; `lut` may differ.
  void write_all(PredictorFile file = {}, const std::function<void(PredictorFile&)>& change_lut = {}) {
    for (std::size_t k = 0; k < kFigures.size(); ++k) {
      PredictorFile each = file;
      each.output = kFigures[k];
      each.draw(100 + k);
      if (each.output == "lut" && change_lut) change_lut(each);
      each.write(folder());
    }
  }
  /// The value of one feature as the predictors see it.
  double feature(const std::string& name, const space::ArchSpec& network, const Rule4mlSetup& setup, bool release_1 = true) {
    PredictorFile file;
    file.release_1 = release_1;
    file.features = {"bit_width", name};
    write_all(file, [](PredictorFile& lut) { lut.pick(1); });
    return Rule4ml(folder().string()).predict(std::span(&network, 1), setup).front().percent.lut;
  }
  std::string error_of_loading() const {
    return message_of([&] { Rule4ml rule4ml(folder().string()); });
  }
  template <class ErrorType>
  std::string error_of_predicting(const space::ArchSpec& network, const Rule4mlSetup& setup) const {
    return message_of<ErrorType>([&] { Rule4ml(folder().string()).predict(std::span(&network, 1), setup); });
  }
  TemporaryDirectory folder_;
};

/// The network as its description says it, layer by layer and in single precision.
float layer_by_layer(const PredictorFile& file, const std::vector<float>& features, std::size_t strategy, std::size_t board) {
  std::size_t at = 2;
  const auto times = [](const std::vector<float>& x, const PredictorFile::Array& w) {
    std::vector<float> y(w.shape[1], 0.0f);
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t o = 0; o < y.size(); ++o) y[o] += x[i] * w.values[i * y.size() + o];
    }
    return y;
  };
  std::vector<float> x = features;
  for (std::size_t k = 0; k < file.linear.size(); ++k) x = times(x, file.arrays[at++]);
  std::vector<float> z;
  for (const auto& [table, row] : {std::pair{0, strategy}, std::pair{1, board}}) {
    const auto& array = file.arrays[static_cast<std::size_t>(table)];
    for (std::size_t c = 0; c < array.shape[1]; ++c) z.push_back(array.values[row * array.shape[1] + c]);
  }
  z.insert(z.end(), x.begin(), x.end());
  for (std::size_t k = 0; k <= file.dense.size(); ++k, at += 2) {
    z = times(z, file.arrays[at]);
    for (std::size_t o = 0; o < z.size(); ++o) z[o] = std::max(0.0f, z[o] + file.arrays[at + 1].values[o]);
  }
  return z.front();
}

TEST_F(Rule4mlFiles, folded_network_equals_its_layers_one_by_one) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    PredictorFile lut;
    lut.linear = {5, 3};
    lut.dense = {7, 4, 6};
    lut.draw(seed);
    write_all(lut, [&](PredictorFile& each) { each.arrays = lut.arrays; });
    const Rule4ml rule4ml(folder().string());
    const std::vector<space::ArchSpec> network{space::mlp(16, {32}, 5)};
    for (const auto& [strategy, number] :
         {std::pair{Rule4mlSetup::Strategy::latency, 1u}, std::pair{Rule4mlSetup::Strategy::resource, 2u}}) {
      const auto e = rule4ml.predict(network, {.device = "zcu102", .weight_bits = 6, .reuse_factor = 4, .strategy = strategy}).front();
      // input, dense (reuse 4), relu, dense (32 inputs, 5 outputs: reuse 4), softmax
      const float expected = layer_by_layer(lut, {6, 4}, number, 2);
      EXPECT_NEAR(e.percent.lut, expected, 1e-5 * std::max(1.0f, expected)) << seed;
    }
  }
}

TEST_F(Rule4mlFiles, features_follow_the_list_of_layers_of_a_keras_model) {
  space::ArchSpec net = space::mlp(16, {32, 8}, 5);  // input, dense, relu, dense, relu, dense, softmax
  const Rule4mlSetup functional{.device = "pynq-z2", .weight_bits = 6, .reuse_factor = 3};
  Rule4mlSetup sequential = functional;
  sequential.model = Rule4mlSetup::Model::sequential;
  EXPECT_EQ(feature("bit_width", net, functional), 6);
  EXPECT_EQ(feature("dense_count", net, functional), 3);
  EXPECT_DOUBLE_EQ(feature("dense_inputs_mean", net, functional), (16 + 32 + 8) / 3.0);
  EXPECT_EQ(feature("dense_outputs_max", net, functional), 32);
  EXPECT_EQ(feature("dense_outputs_max_idx", net, functional), 2);
  EXPECT_EQ(feature("dense_outputs_max_idx", net, sequential), 1);
  EXPECT_EQ(feature("dense_inputs_min_idx", net, functional), 6);
  EXPECT_EQ(feature("dense_parameters_min", net, functional), 8 * 5 + 5);
  // Legal next to 3: 2 of 16 inputs (2 and 4 are as near), 2 of 32, 2 of 8.
  EXPECT_EQ(feature("dense_reuse_mean", net, functional), 2);
  EXPECT_DOUBLE_EQ(feature("reuse_mean", net, functional), (4 * 3 + 3 * 2) / 7.0);
  EXPECT_DOUBLE_EQ(feature("reuse_mean", net, sequential), (3 * 3 + 3 * 2) / 6.0);
  EXPECT_EQ(feature("relu_count", net, functional), 2);
  EXPECT_EQ(feature("softmax_inputs_mean", net, functional), 5);
  EXPECT_EQ(feature("softmax_count", net, functional), 1);
  EXPECT_EQ(feature("conv1d_filters_mean", net, functional), 0);
  Rule4mlSetup logits = functional;
  logits.softmax = false;
  EXPECT_EQ(feature("softmax_count", net, logits), 0);

  net = space::mlp(16, {32, 8}, 5, space::Activation::tanh, true, 0.1);
  EXPECT_EQ(feature("batchnormalization_count", net, functional), 2);
  EXPECT_EQ(feature("batchnormalization_parameters_mean", net, functional), (4 * 32 + 4 * 8) / 2);
  EXPECT_EQ(feature("dropout_count", net, functional), 2);
  EXPECT_EQ(feature("tanh_count", net, functional), 2);
  // Release 0.1 lists 'linear' between a dense layer and its batch normalisation: input, dense, linear, bn, tanh, dropout, dense.
  EXPECT_EQ(feature("dense_inputs_max_idx", net, functional), 7);
  EXPECT_EQ(feature("dense_outputs_min_idx", net, functional), 12);
}

TEST_F(Rule4mlFiles, release_2_lists_no_linear_activations) {
  const space::ArchSpec net = space::mlp(16, {32, 8}, 5, space::Activation::relu, true);
  EXPECT_EQ(feature("dense_inputs_max_idx", net, {.device = "pynq-z2"}, false), 5);
}

TEST_F(Rule4mlFiles, estimates_do_not_depend_on_their_company) {
  write_all();
  const Rule4ml rule4ml(folder().string());
  std::vector<space::ArchSpec> networks;
  for (int width = 4; width < 40; ++width)
    networks.push_back(space::mlp(24, {width, 2 * width}, 5, space::Activation::tanh, width % 2 == 0));
  const auto together = rule4ml.predict(networks, {.reuse_factor = 7});
  ASSERT_EQ(together.size(), networks.size());
  bool differ = false;
  for (std::size_t k = 0; k < networks.size(); ++k) {
    const auto alone = rule4ml.predict(std::span(&networks[k], 1), {.reuse_factor = 7}).front();
    EXPECT_EQ(alone.resources.lut, together[k].resources.lut);
    EXPECT_EQ(alone.clock_cycles, together[k].clock_cycles);
    differ = differ || together[k].clock_cycles != together[0].clock_cycles;
  }
  EXPECT_TRUE(differ);
}

TEST_F(Rule4mlFiles, percent_and_counts_are_of_the_device) {
  const std::vector<space::ArchSpec> net{space::mlp(16, {32}, 5)};
  write_all();
  const auto v1 = Rule4ml(folder().string()).predict(net, {.device = "vu9p"}).front();
  EXPECT_EQ(v1.resources.source, "rule4ml v1");
  EXPECT_DOUBLE_EQ(v1.resources.lut, v1.percent.lut / 100 * 1182240);
  EXPECT_DOUBLE_EQ(v1.resources.bram18, v1.percent.bram / 100 * 4320);
  EXPECT_DOUBLE_EQ(v1.average_resource_percent, (v1.percent.lut + v1.percent.ff + v1.percent.dsp + v1.percent.bram) / 4);
  EXPECT_GT(v1.average_resource_percent, 0);

  const TemporaryDirectory other;
  PredictorFile counts;
  counts.release_1 = counts.percent = false;
  counts.boards["alveo-u250"] = 4;
  for (const auto& figure : kFigures) {
    counts.output = figure;
    counts.pick(0);  // the bit width
    counts.write(other.path());
  }
  counts.output = "interval";
  counts.pick(1);
  counts.write(other.path());
  const auto v2 = Rule4ml(other.path().string()).predict(net, {.device = "xcvu13p-flga2577-2-e", .weight_bits = 9}).front();
  EXPECT_EQ(v2.resources.source, "rule4ml v2");
  EXPECT_DOUBLE_EQ(v2.resources.lut, 9);
  EXPECT_DOUBLE_EQ(v2.resources.bram18, 18) << "a block of 36 Kb is two of 18";
  EXPECT_DOUBLE_EQ(v2.percent.lut, 100 * 9 / 1728000.0);
  EXPECT_EQ(v2.initiation_interval, 1.0);
}

TEST_F(Rule4mlFiles, devices_without_a_board_are_refused_with_the_list) {
  write_all();
  expect_parts(error_of_predicting<ConfigError>(space::mlp(16, {8}, 5), {.device = "vu13p"}),
               {"vu13p (xcvu13p)", "pynq-z2 (xc7z020)", "zcu102 (xczu9eg)", "alveo-u200 (xcu200, xcvu9p)"});
  expect_parts(error_of_predicting<ConfigError>(space::mlp(16, {8}, 5), {.device = "vu13q"}), {"unknown device"});
  const Rule4ml rule4ml(folder().string());
  const std::vector<space::ArchSpec> net{space::mlp(16, {32}, 5)};
  for (const char* same : {"xcu200", "VCU118", "alveo-u200"})
    EXPECT_EQ(rule4ml.predict(net, {.device = same}).front().percent.lut, rule4ml.predict(net, {.device = "xcvu9p"}).front().percent.lut);
}

TEST_F(Rule4mlFiles, setups_and_networks_out_of_range_are_refused) {
  write_all();
  const space::ArchSpec net = space::mlp(16, {30}, 5);
  expect_parts(error_of_predicting<ConfigError>(net, {.weight_bits = 0}), {"weight_bits", "0", "1 to 32"});
  expect_parts(error_of_predicting<ConfigError>(net, {.weight_bits = 64}), {"weight_bits", "64"});
  expect_parts(error_of_predicting<ConfigError>(net, {.reuse_factor = 0}), {"reuse_factor", "1 to"});
  expect_parts(error_of_predicting<ConfigError>(net, {.reuse_factor = 7, .reuse = Rule4mlSetup::Reuse::exact}),
               {"dense layer 1 (16 inputs, 30 outputs)", "7", "the nearest is 8"});
  expect_parts(error_of_predicting<ConfigError>(space::mlp(16, {8}, 5, space::Activation::leaky_relu), {}),
               {"leaky_relu", "dense layer 1", "linear, relu, sigmoid or tanh"});
}

TEST_F(Rule4mlFiles, damaged_or_foreign_files_are_named) {
  EXPECT_THROW(Rule4ml((folder() / "none").string()), DataError);
  expect_parts(error_of_loading(), {"an empty folder", "BRAM_MLP_config.json"});
  PredictorFile lut;
  lut.draw(1);
  const auto with_config = [&](const std::function<void(Json&)>& change) {
    write_all();
    Json config = lut.config();
    change(config);
    write_file_atomically(lut.config_path(folder()), config.dump());
    return error_of_loading();
  };
  expect_parts(with_config([](Json& c) { c["model_settings"]["class_name"] = "GNNSettings"; }), {"lut_MLP_config.json", "GNNSettings"});
  expect_parts(with_config([](Json& c) { c.erase("model_settings"); }), {"neither 'model_settings' nor 'model_class'"});
  expect_parts(with_config([](Json& c) { c.erase("model_settings"), c["model_class"] = "TorchGNN"; }), {"TorchGNN", "graph networks"});
  expect_parts(with_config([](Json& c) { c.erase("output_labels"); }), {"no 'output_labels'"});
  expect_parts(with_config([](Json& c) { c["output_labels"] = {"dsp"}; }), {"a second 'dsp'"});
  expect_parts(with_config([](Json& c) { c["output_labels"] = {"power"}; }), {"no file predicts 'lut'"});
  expect_parts(with_config([](Json& c) { c["global_numerical_labels"][1] = "reuse_meen"; }), {"'reuse_meen'", "did you mean 'reuse_mean'"});
  expect_parts(with_config([](Json& c) { c["global_numerical_labels"].push_back("relu_count"); }),
               {"lut_MLP.weights.h5: layers/dense/vars/0", "shape (7, 4)", "(8, 4)"});
  expect_parts(with_config([](Json& c) { c["model_settings"]["dense_layers"] = {4, 4}; }), {"dense_1/vars/0", "(4, 4)"});
  expect_parts(with_config([](Json& c) { c["model_settings"]["dense_layers"] = {-4}; }), {"dense_layers", "a width of -4"});
  expect_parts(with_config([](Json& c) { c["model_settings"]["dense_layers"] = Json::array(); }), {"0 dense layers"});
  expect_parts(with_config([](Json& c) { c["global_categorical_maps"]["board"]["alveo-u200"] = 9; }), {"'alveo-u200' has number 9"});
  expect_parts(with_config([](Json& c) { c["sequential_numerical_labels"] = {"layer_input_size"}; }), {"features for every layer"});

  const auto with_weights = [&](const std::function<void(PredictorFile&)>& change) {
    write_all({}, change);
    return error_of_loading();
  };
  expect_parts(with_weights([](PredictorFile& f) { f.arrays.pop_back(); }), {"lacks an array", "'dense_1/vars/1'"});
  expect_parts(with_weights([](PredictorFile& f) {
                 f.arrays.push_back({"dense_2/vars/0", {1, 1}, {1}});
               }),
               {"more layers", "'dense_2/vars/0'"});
  expect_parts(with_weights([](PredictorFile& f) { f.arrays[2].values[3] = std::numeric_limits<float>::quiet_NaN(); }),
               {"layers/dense/vars/0", "nan at 3"});

  write_all();
  fs::remove(lut.weight_path(folder()));
  expect_parts(error_of_loading(), {"lut_MLP.weights.h5"});
  write_file_atomically(lut.config_path(folder()), "{\"model_settings\": ");
  expect_parts(error_of_loading(), {"lut_MLP_config.json"});
  write_all();
  fs::remove(lut.config_path(folder()));
  expect_parts(error_of_loading(), {"no file predicts 'lut'"});
}

TEST_F(Rule4mlFiles, damaged_weights_never_crash) {
  write_all();
  PredictorFile lut;
  const fs::path path = lut.weight_path(folder());
  const std::string whole = read_file(path);
  Rng rng(5);
  for (int round = 0; round < 60; ++round) {
    std::string bytes = whole;
    if (round < 20) {
      bytes.resize(rng.below(bytes.size()));
    } else {
      for (int k = 0; k < 30; ++k) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    }
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      Rule4ml rule4ml(folder().string());
    } catch (const DataError& error) {
      expect_parts(error.what(), {"lut_MLP.weights.h5"});
    }
  }
}

TEST_F(Rule4mlFiles, two_generations_in_one_folder_are_refused) {
  PredictorFile counts;
  counts.release_1 = counts.percent = false;
  write_all(counts, [](PredictorFile& lut) { lut.percent = true; });
  expect_parts(error_of_loading(), {"two generations"});
}

}  // namespace
}  // namespace snac::cost
