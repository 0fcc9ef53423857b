// Float models as plain ONNX (opset 13): Gemm, BatchNormalization, Relu, Tanh, Sigmoid, LeakyRelu.
#pragma once

#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/nn/mlp.hpp"

namespace snac::exchange {

/// Bytes of a file that any ONNX runtime executes: input "features" (batch, inputs), output "logits" (batch, outputs).
std::string to_onnx(const nn::Mlp& mlp, const std::vector<std::string>& class_names = {}, const Json& preprocessing = nullptr);

}  // namespace snac::exchange
