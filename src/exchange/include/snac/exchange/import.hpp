// Models made elsewhere: ONNX and QONNX files, Keras' .h5 and .keras. MLPs only: a chain of dense layers on one vector of features.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/nn/mlp.hpp"

namespace snac::exchange {

struct ImportParams {
  std::string output = {};                     ///< name of the graph's output to read; "" = the only one, or the only one of scores
  std::optional<fixed::FixedType> input = {};  ///< type of the inputs of a quantised file that does not declare it
  bool as_float = false;                       ///< a quantised file as a float model: quantisers of activations are left out
};

struct ImportedModel {
  std::variant<nn::Mlp, fixed::FixedNet> network;
  std::string producer;                  ///< "ONNX by pytorch 2.15.0", "Keras 3.15.1"
  std::vector<std::string> notes;        ///< what was folded or left out, in words
  std::vector<std::string> class_names;  ///< empty if the file does not say
  Json preprocessing;                    ///< null if the file does not say

  bool quantised() const { return std::holds_alternative<fixed::FixedNet>(network); }
};

/// Reads the file; what it is, is told by its content. A file with quantisers becomes a FixedNet of exactly its values, others a float Mlp:
/// batch normalisation and other scaling folded into the dense layers, a final softmax or argmax taken off a float model.
/// @throws DataError naming the node and the reason if the file is damaged or holds what cannot be said; IoError if it cannot be read.
ImportedModel import_model(const std::string& path, const ImportParams& params = {});

/// A float model's file: an Mlp file of ours, or what import_model() takes.
/// @throws DataError also for a quantised network.
ImportedModel import_float_model(const std::string& path);

}  // namespace snac::exchange
