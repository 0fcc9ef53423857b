#include "surrogate_net.hpp"

#include <cmath>
#include <stdexcept>

#include "snac/nn/kernels.hpp"

namespace snac::cost {
namespace {

std::size_t area(int rows, int width) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(nn::padded(width)); }

}  // namespace

SurrogateNet::SurrogateNet(int features, int hidden, int outputs) : features_(features), hidden_(hidden), outputs_(outputs) {
  for (const auto& [in, out] : {std::pair{features, hidden}, {hidden, hidden}, {hidden, outputs}}) {
    Layer layer;
    layer.inputs = in;
    layer.outputs = out;
    layer.weight = nn::AlignedBuffer(area(in, out));
    layer.bias = nn::AlignedBuffer(area(1, out));
    layers_.push_back(std::move(layer));
  }
}

void SurrogateNet::randomise(Rng& rng) {
  for (Layer& layer : layers_) {
    const double deviation = std::sqrt(2.0 / layer.inputs) * (&layer == &layers_.back() ? 0.1 : 1);
    for (int i = 0; i < layer.inputs; ++i)
      for (int o = 0; o < layer.outputs; ++o)
        layer.weight[static_cast<std::size_t>(i * nn::padded(layer.outputs) + o)] = static_cast<float>(deviation * rng.normal());
  }
}

int SurrogateNet::feature_stride() const noexcept { return nn::padded(features_); }
int SurrogateNet::output_stride() const noexcept { return nn::padded(outputs_); }

void SurrogateNet::Scratch::reserve(int wanted, const SurrogateNet& net) {
  if (rows >= wanted) return;
  rows = wanted;
  hidden1 = nn::AlignedBuffer(area(rows, net.hidden_));
  hidden2 = nn::AlignedBuffer(area(rows, net.hidden_));
  out = nn::AlignedBuffer(area(rows, net.outputs_));
  d_out = nn::AlignedBuffer(area(rows, net.outputs_));
  d_hidden1 = nn::AlignedBuffer(area(rows, net.hidden_));
  d_hidden2 = nn::AlignedBuffer(area(rows, net.hidden_));
}

const float* SurrogateNet::forward(int rows, const float* x, Scratch& scratch) const {
  scratch.reserve(rows, *this);
  const nn::Kernels& kernels = nn::kernels();
  kernels.dense_forward({rows, features_, hidden_}, x, layers_[0].weight.data(), layers_[0].bias.data(), true, scratch.hidden1.data());
  kernels.dense_forward({rows, hidden_, hidden_}, scratch.hidden1.data(), layers_[1].weight.data(), layers_[1].bias.data(), true,
                        scratch.hidden2.data());
  kernels.dense_forward({rows, hidden_, outputs_}, scratch.hidden2.data(), layers_[2].weight.data(), layers_[2].bias.data(), false,
                        scratch.out.data());
  return scratch.out.data();
}

void SurrogateNet::backward(int rows, const float* x, Scratch& scratch) {
  const nn::Kernels& kernels = nn::kernels();
  for (Layer& layer : layers_) {
    if (layer.d_weight.size() == 0) {
      for (nn::AlignedBuffer* buffer : {&layer.d_weight, &layer.m_weight, &layer.v_weight})
        *buffer = nn::AlignedBuffer(area(layer.inputs, layer.outputs));
      for (nn::AlignedBuffer* buffer : {&layer.d_bias, &layer.m_bias, &layer.v_bias}) *buffer = nn::AlignedBuffer(area(1, layer.outputs));
      layer.transposed = nn::AlignedBuffer(area(layer.outputs, layer.inputs));
    }
    kernels.transpose(layer.inputs, layer.outputs, layer.weight.data(), layer.transposed.data());
  }
  const auto weight_gradient = [&](Layer& layer, const float* input, const float* d) {
    kernels.dense_weight_gradient({rows, layer.inputs, layer.outputs}, input, d, layer.d_weight.data(), layer.d_bias.data());
  };
  weight_gradient(layers_[2], scratch.hidden2.data(), scratch.d_out.data());
  kernels.dense_input_gradient({rows, hidden_, outputs_}, scratch.d_out.data(), layers_[2].transposed.data(), scratch.hidden2.data(),
                               scratch.d_hidden2.data());
  weight_gradient(layers_[1], scratch.hidden1.data(), scratch.d_hidden2.data());
  kernels.dense_input_gradient({rows, hidden_, hidden_}, scratch.d_hidden2.data(), layers_[1].transposed.data(), scratch.hidden1.data(),
                               scratch.d_hidden1.data());
  weight_gradient(layers_[0], x, scratch.d_hidden1.data());
}

void SurrogateNet::step(int rows, const float* x, Scratch& scratch, float rate) {
  backward(rows, x, scratch);
  ++steps_;
  nn::AdamStep adam;
  adam.rate = rate * static_cast<float>(std::sqrt(1 - std::pow(0.999, steps_)) / (1 - std::pow(0.9, steps_)));
  for (Layer& layer : layers_) {
    nn::kernels().adam(layer.weight.size(), adam, nullptr, layer.d_weight.data(), layer.m_weight.data(), layer.v_weight.data(),
                       layer.weight.data());
    nn::kernels().adam(layer.bias.size(), adam, nullptr, layer.d_bias.data(), layer.m_bias.data(), layer.v_bias.data(), layer.bias.data());
  }
}

std::vector<float> SurrogateNet::gradient(int rows, const float* x, Scratch& scratch) {
  backward(rows, x, scratch);
  SurrogateNet derivative(features_, hidden_, outputs_);
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    for (std::size_t i = 0; i < layers_[k].weight.size(); ++i) derivative.layers_[k].weight[i] = layers_[k].d_weight[i];
    for (std::size_t i = 0; i < layers_[k].bias.size(); ++i) derivative.layers_[k].bias[i] = layers_[k].d_bias[i];
  }
  return derivative.parameters();
}

std::vector<float> SurrogateNet::parameters() const {
  std::vector<float> values;
  for (const Layer& layer : layers_) {
    const auto append = [&](const nn::AlignedBuffer& buffer, int rows) {
      for (int r = 0; r < rows; ++r)
        for (int o = 0; o < layer.outputs; ++o) values.push_back(buffer[static_cast<std::size_t>(r * nn::padded(layer.outputs) + o)]);
    };
    append(layer.weight, layer.inputs);
    append(layer.bias, 1);
  }
  return values;
}

void SurrogateNet::set_parameters(const std::vector<float>& values) {
  if (values.size() != parameters().size()) throw std::invalid_argument("SurrogateNet::set_parameters: another number of values");
  std::size_t next = 0;
  for (Layer& layer : layers_) {
    const auto take = [&](nn::AlignedBuffer& buffer, int rows) {
      for (int r = 0; r < rows; ++r)
        for (int o = 0; o < layer.outputs; ++o) buffer[static_cast<std::size_t>(r * nn::padded(layer.outputs) + o)] = values[next++];
    };
    take(layer.weight, layer.inputs);
    take(layer.bias, 1);
  }
}

}  // namespace snac::cost
