// Predictor files as rule4ml keeps them, with weights of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "snac/core/files.hpp"
#include "snac/core/json.hpp"
#include "snac/core/rng.hpp"

namespace snac::cost {

struct PredictorFile {
  std::string output = "lut";
  std::vector<std::string> features{"bit_width", "reuse_mean"};
  std::vector<int> embeddings{2, 3}, linear{}, dense{4};
  Json boards = {{"pynq-z2", 1}, {"zcu102", 2}, {"alveo-u200", 3}};
  bool release_1 = true, percent = true;  ///< percent: of release 0.2 only, as release 0.1 gives nothing else
  struct Array {
    std::string name;
    std::vector<hsize_t> shape;
    std::vector<float> values;
  };
  std::vector<Array> arrays;

  /// Sets random weights for the layers above.
  void draw(std::uint64_t seed) {
    Rng rng(seed);
    arrays.clear();
    const auto add = [&](const std::string& name, std::vector<hsize_t> shape) {
      Array array{name, shape, {}};
      hsize_t size = 1;
      for (const hsize_t length : shape) size *= length;
      for (hsize_t i = 0; i < size; ++i) array.values.push_back(static_cast<float>(rng.uniform() - 0.4));
      arrays.push_back(array);
    };
    const auto rows = [](std::size_t n) { return static_cast<hsize_t>(n); };
    add("embedding/vars/0", {3, rows(embeddings[0])});
    add("embedding_1/vars/0", {rows(boards.size() + 1), rows(embeddings[1])});
    hsize_t width = rows(features.size());
    int k = 0;
    const auto layer = [&] { return std::string("dense") + (k ? "_" + std::to_string(k) : ""); };
    for (const int next : linear) {
      add(layer() + "/vars/0", {width, rows(next)});
      width = rows(next), ++k;
    }
    width += rows(embeddings[0] + embeddings[1]);
    std::vector<int> outputs = dense;
    outputs.push_back(1);
    for (const int next : outputs) {
      add(layer() + "/vars/0", {width, rows(next)});
      add(layer() + "/vars/1", {rows(next)});
      width = rows(next), ++k;
    }
  }

  /// A network that gives feature `k`, which is not negative.
  void pick(std::size_t k) {
    linear.clear();
    dense = {1};
    draw(1);
    for (Array& array : arrays) std::fill(array.values.begin(), array.values.end(), 0.0f);
    arrays[2].values[static_cast<std::size_t>(embeddings[0] + embeddings[1]) + k] = 1;
    arrays[4].values[0] = 1;
  }

  Json config() const {
    Json result{{"global_numerical_labels", features},
                {"sequential_numerical_labels", Json::array()},
                {"global_categorical_maps", {{"strategy", {{"latency", 1}, {"resource", 2}}}, {"board", boards}}},
                {"sequential_categorical_maps", Json::object()},
                {"output_labels", {output}}};
    if (release_1) {
      result["model_settings"] = {
          {"class_name", "MLPSettings"}, {"embedding_outputs", embeddings}, {"numerical_dense_layers", linear}, {"dense_layers", dense}};
    } else {
      result["model_class"] = "KerasMLP";
      result["model_config"] = {
          {"settings", {{"embedding_layers", embeddings}, {"numerical_dense_layers", linear}, {"dense_layers", dense}}}};
      if (percent) result["scaler_class"] = "BoardPercentScaler";
    }
    return result;
  }

  void write_weights(const std::filesystem::path& path) const {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    for (const Array& array : arrays) {
      const hid_t space = H5Screate_simple(static_cast<int>(array.shape.size()), array.shape.data(), nullptr);
      const hid_t set = H5Dcreate2(file, ("layers/" + array.name).c_str(), H5T_NATIVE_FLOAT, space, links, H5P_DEFAULT, H5P_DEFAULT);
      ASSERT_GE(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()), 0);
      H5Dclose(set);
      H5Sclose(space);
    }
    H5Pclose(links);
    H5Fclose(file);
  }

  std::filesystem::path config_path(const std::filesystem::path& folder) const {
    return folder / (output + (release_1 ? "_MLP_config.json" : ".config.json"));
  }
  std::filesystem::path weight_path(const std::filesystem::path& folder) const {
    return folder / (output + (release_1 ? "_MLP.weights.h5" : ".weights.h5"));
  }
  void write(const std::filesystem::path& folder) const {
    std::ofstream(config_path(folder)) << config().dump();
    write_weights(weight_path(folder));
  }
};

}  // namespace snac::cost
