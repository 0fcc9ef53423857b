// Readers of foreign files.
#pragma once

#include <string>

#include "chain.hpp"

namespace snac::exchange {

/// ONNX and QONNX. @param folder  where external data stand  @param output  name of the value to read, "" = see ImportParams
/// @throws DataError naming the node.
Chain read_onnx(const std::string& bytes, const std::string& file, const std::string& folder, const std::string& output);

/// Keras' .h5 (Keras 2 and 3) and .keras (Keras 3). @throws DataError naming the layer.
Chain read_keras_h5(const std::string& file);
Chain read_keras_archive(const std::string& file);

}  // namespace snac::exchange
