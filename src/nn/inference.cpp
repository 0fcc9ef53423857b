#include "inference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "snac/core/error.hpp"

namespace snac::nn {

Inference::Inference(const Mlp& mlp, const NetQuantizer* quantizer) : kernels_(&nn::kernels()) {
  if (quantizer != nullptr) require_fits(*quantizer, mlp);
  const Mlp folded = fold_batch_norm(mlp);
  layout_ = packed_layout(folded);
  parameters_ = AlignedBuffer(layout_.size);
  pack(folded, layout_, folded.parameters.data(), parameters_.data());
  const std::size_t block = static_cast<std::size_t>(kRows) * static_cast<std::size_t>(layout_.widest);
  first_ = AlignedBuffer(block);
  second_ = AlignedBuffer(block);
  for (const LayerLayout& layer : mlp.layers) activations_.push_back(layer.function());
  if (quantizer == nullptr) return;
  quantize_parameters(*kernels_, layout_, *quantizer, parameters_.data(), parameters_.data());
  input_.emplace(*kernels_, quantizer->input, mlp.layers.front().inputs, false);
  for (std::size_t l = 0; l < activations_.size(); ++l) {
    quantized_.emplace_back(*kernels_, activations_[l], quantizer->layers[l], mlp.layers[l].outputs);
  }
}

const float* Inference::run(const data::Dataset& data, std::span<const std::uint32_t> rows, const Observer& observe) {
  const auto count = rows.size();
  const auto input_width = static_cast<std::size_t>(padded(data.num_features));
  float *x = first_.data(), *y = second_.data();
  // The block is shared by layers of different widths: the padding of the input must be cleared anew.
  for (std::size_t r = 0; r < count; ++r)
    std::fill(x + r * input_width + static_cast<std::size_t>(data.num_features), x + (r + 1) * input_width, 0.0F);
  gather_rows(data, rows, x);
  if (input_) input_->apply(static_cast<int>(count), x, x, nullptr);
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const PackedLayer& layer = layout_.layers[l];
    const std::size_t n = count * static_cast<std::size_t>(layer.padded_outputs);
    const DenseShape shape{static_cast<int>(count), layer.inputs, layer.outputs};
    const bool fused = activations_[l].kind == space::Activation::relu && quantized_.empty() && !observe;
    kernels_->dense_forward(shape, x, parameters_.data() + layer.weight, parameters_.data() + layer.bias, fused, y);
    if (observe) observe(l, false, y);
    if (!quantized_.empty()) {
      quantized_[l].apply(static_cast<int>(count), y, y, nullptr);
    } else if (!fused) {
      apply_activation(*kernels_, activations_[l], n, y);
    }
    if (observe) observe(l, true, y);
    std::swap(x, y);
  }
  return x;
}

void require_fits(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows) {
  const int inputs = mlp.layers.front().inputs, outputs = mlp.layers.back().outputs;
  if (data.num_features != inputs || data.num_classes > outputs) {
    throw DataError("the data set does not fit the network",
                    {.where = {},
                     .found = fmt::format("{} features and {} classes", data.num_features, data.num_classes),
                     .expected = fmt::format("{} features and at most {} classes", inputs, outputs),
                     .hint = "choose the constituents and classes that the network was made for"});
  }
  if (data.features.size() != data.size() * static_cast<std::size_t>(inputs)) {
    throw std::invalid_argument("data set: the feature array has another size than rows x features");
  }
  for (const std::uint32_t row : rows) {
    if (row >= data.size()) throw std::invalid_argument(fmt::format("row {} of a data set of {} rows", row, data.size()));
    if (data.labels[row] >= outputs) {
      throw DataError("a label does not fit the network", {.where = fmt::format("row {}", row),
                                                           .found = fmt::format("label {}", data.labels[row]),
                                                           .expected = fmt::format("a label below {}", outputs),
                                                           .hint = {}});
    }
  }
}

}  // namespace snac::nn
