#include "snac/exchange/onnx_export.hpp"

#include <fmt/format.h>

#include "onnx_graph.hpp"

namespace snac::exchange {
namespace {

const char* op_of(space::Activation activation) {
  switch (activation) {
    case space::Activation::linear:
      return "Identity";
    case space::Activation::relu:
      return "Relu";
    case space::Activation::tanh:
      return "Tanh";
    case space::Activation::sigmoid:
      return "Sigmoid";
    case space::Activation::leaky_relu:
      return "LeakyRelu";
  }
  return "";
}

}  // namespace

std::string to_onnx(const nn::Mlp& mlp, const std::vector<std::string>& class_names, const Json& preprocessing) {
  OnnxGraph graph("snac_mlp");
  graph.metadata(class_names, preprocessing);
  graph.input("features", 0, mlp.layers.front().inputs);
  std::string value = "features";
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const nn::LayerLayout& layer = mlp.layers[l];
    const std::string number = std::to_string(l + 1);
    const bool last = l + 1 == mlp.layers.size();
    const bool activates = layer.activation != space::Activation::linear;
    const std::int64_t units = layer.outputs;
    const auto vector = [&](const char* what, std::span<const float> values) {
      return graph.constant(fmt::format("{}_{}", what, number), {units}, {values.begin(), values.end()});
    };
    const auto emit = [&](const std::string& op, std::vector<std::string> inputs, bool final,
                          const std::vector<std::pair<std::string, OnnxGraph::Attribute>>& attributes = {}) {
      const std::string output = final ? "logits" : fmt::format("{}_{}", op, number);
      graph.node(op, inputs, output, attributes);
      if (!final) graph.value(output, 0, units);
      value = output;
    };
    const auto weights = mlp.weights(l);
    const std::string w = graph.constant("weights_" + number, {units, layer.inputs}, {weights.begin(), weights.end()});
    emit("Gemm", {value, w, vector("bias", mlp.biases(l))}, last && !layer.batch_norm && !activates, {{"transB", std::int64_t{1}}});
    if (layer.batch_norm) {
      const auto count = static_cast<std::size_t>(units);
      const std::span parameters(mlp.parameters), statistics(mlp.statistics);
      emit("BatchNormalization",
           {value, vector("gamma", parameters.subspan(layer.gamma, count)), vector("beta", parameters.subspan(layer.beta, count)),
            vector("mean", statistics.subspan(layer.running_mean, count)),
            vector("variance", statistics.subspan(layer.running_variance, count))},
           last && !activates, {{"epsilon", static_cast<float>(nn::kBatchNormEpsilon)}});
    }
    if (!activates) continue;
    std::vector<std::pair<std::string, OnnxGraph::Attribute>> attributes;
    if (layer.activation == space::Activation::leaky_relu) attributes.emplace_back("alpha", static_cast<float>(layer.negative_slope));
    emit(op_of(layer.activation), {value}, last, attributes);
  }
  graph.output("logits", 0, mlp.layers.back().outputs);
  return graph.bytes();
}

}  // namespace snac::exchange
