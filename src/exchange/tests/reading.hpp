// What the tests of readers share: files from bytes, errors as text, values of a float model.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/exchange/import.hpp"
#include "snac/nn/forward.hpp"

namespace snac::exchange {

class FileOf {
 public:
  explicit FileOf(const std::string& bytes, const std::string& name = "model.onnx") : path_((folder_.path() / name).string()) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  const std::string& path() const { return path_; }
  std::filesystem::path folder() const { return folder_.path(); }

 private:
  TemporaryDirectory folder_;
  std::string path_;
};

/// The message with which an import is refused; "" if it is not. Anything but a snac::Error fails the test.
inline std::string refusal(const std::string& path, const ImportParams& params = {}) {
  try {
    import_model(path, params);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline std::vector<float> outputs(const nn::Mlp& mlp, const std::vector<float>& features) {
  data::Dataset data;
  data.num_features = mlp.layers.front().inputs;
  data.num_classes = mlp.layers.back().outputs;
  data.features = features;
  data.labels.resize(features.size() / static_cast<std::size_t>(data.num_features));
  std::vector<std::uint32_t> rows;
  for (std::uint32_t r = 0; r < data.labels.size(); ++r) rows.push_back(r);
  return nn::predict(mlp, data, rows);
}

}  // namespace snac::exchange
