#include "training_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "snac/core/rng.hpp"

namespace snac::nn {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kAdamEpsilon = 1e-7;  // Keras' defaults

std::size_t area(int rows, int width) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width); }

}  // namespace

RoundedBuffer::RoundedBuffer(int rows, int width) : by_row(area(rows, width)), by_pair(area(rows + rows % 2, width)) {}

TrainingStep::TrainingStep(const Mlp& mlp, int largest_batch, const TrainParams& params, const TrainExtras& extras)
    : kernels_(nn::kernels()),
      spec_(mlp),
      quantizer_(extras.quantizer),
      params_(params),
      layout_(packed_layout(mlp)),
      statistics_(mlp.statistics),
      parameters_(layout_.size),
      gradient_(layout_.size),
      first_moment_(layout_.size),
      second_moment_(params.optimizer == Optimizer::adam ? layout_.size : 0),
      input_(area(largest_batch, padded(mlp.layers.front().inputs))),
      upstream_(area(largest_batch, layout_.widest)),
      downstream_(area(largest_batch, layout_.widest)),
      labels_(static_cast<std::size_t>(largest_batch)),
      bf16_(params.precision == Precision::bf16 ? bf16_kernels() : nullptr) {
  if (params.precision == Precision::bf16 && (bf16_ == nullptr || quantizer_ != nullptr)) {
    throw std::invalid_argument("train: bf16 needs a processor with it, and no quantizer");
  }
  if (bf16_ != nullptr) {
    rounded_input_ = RoundedBuffer(largest_batch, padded(mlp.layers.front().inputs));
    rounded_upstream_ = RoundedBuffer(largest_batch, layout_.widest);
    rounded_downstream_ = RoundedBuffer(largest_batch, layout_.widest);
  }
  if (quantizer_ != nullptr) {
    require_fits(*quantizer_, mlp);
    quantized_ = AlignedBuffer(layout_.size);
    input_rounding_.emplace(kernels_, quantizer_->input, mlp.layers.front().inputs, false);
  }
  pack(mlp, layout_, mlp.parameters.data(), parameters_.data());

  std::size_t largest_transposed = 0;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& flat = mlp.layers[l];
    Layer layer;
    layer.packed = layout_.layers[l];
    layer.activation = flat.function();
    layer.batch_norm = flat.batch_norm;
    layer.dropout = flat.dropout;
    layer.running_mean = flat.running_mean;
    layer.running_variance = flat.running_variance;
    layer.fused_relu = flat.activation == space::Activation::relu && !flat.batch_norm && quantizer_ == nullptr;
    const std::size_t size = area(largest_batch, layer.packed.padded_outputs);
    const auto width = static_cast<std::size_t>(layer.packed.padded_outputs);
    const bool last = l + 1 == mlp.layers.size();
    layer.direct = bf16_ != nullptr && layer.fused_relu && flat.dropout == 0 && !last;
    if (bf16_ != nullptr) {
      layer.weight = AlignedArray<Bf16>(area(flat.inputs + flat.inputs % 2, layer.packed.padded_outputs));
      if (!last) layer.rounded = RoundedBuffer(largest_batch, layer.packed.padded_outputs);
    }
    if (!layer.direct) layer.activated = AlignedBuffer(size);
    if (flat.dropout > 0) layer.dropped = AlignedBuffer(size);
    if (flat.batch_norm) {
      layer.sum = AlignedBuffer(size);
      layer.mean = AlignedBuffer(width);
      layer.variance = AlignedBuffer(width);
      layer.inverse_deviation = AlignedBuffer(width);
    }
    if (quantizer_ != nullptr) {
      layer.slope = AlignedBuffer(size);
      activations_.emplace_back(kernels_, flat.function(), quantizer_->layers[l], flat.outputs);
      const Grid& grid = quantizer_->layers[l].weight;
      kernels_.clamp(layer.packed.weight_size, static_cast<float>(grid.lowest()), static_cast<float>(grid.highest()),
                     parameters_.data() + layer.packed.weight);
    }
    largest_transposed = std::max(largest_transposed, area(flat.outputs + flat.outputs % 2, padded(flat.inputs)));
    layers_.push_back(std::move(layer));
  }
  if (bf16_ != nullptr) {
    rounded_transposed_ = AlignedArray<Bf16>(largest_transposed);
  } else {
    transposed_ = AlignedBuffer(largest_transposed);
  }

  if (extras.mask != nullptr) {
    if (extras.mask->size() != mlp.parameters.size()) {
      throw std::invalid_argument(fmt::format("train: a mask of {} values for {} parameters", extras.mask->size(), mlp.parameters.size()));
    }
    const std::vector<float> flat(extras.mask->begin(), extras.mask->end());
    mask_ = AlignedBuffer(layout_.size);
    pack(mlp, layout_, flat.data(), mask_.data());
    for (std::size_t i = 0; i < layout_.size; ++i) {
      if (mask_[i] == 0.0F) parameters_[i] = 0.0F;
    }
  }
}

DropoutMask TrainingStep::dropout_mask(std::size_t layer, std::uint64_t step) const {
  const double probability = layers_[layer].dropout;
  const std::uint64_t key = derive_seed(params_.seed, "dropout", step * layers_.size() + layer);
  return {.key = static_cast<std::uint32_t>(key >> 32),
          .threshold = static_cast<std::uint32_t>(std::min(std::ldexp(probability, 32), 4294967295.0)),
          .scale = static_cast<float>(1 / (1 - probability))};
}

void TrainingStep::forward_layer(std::size_t l, int rows, const float* x, std::uint64_t step) {
  Layer& layer = layers_[l];
  const float* parameters = effective();
  const std::size_t n = area(rows, layer.packed.padded_outputs);
  float* out = layer.activated.data();
  const DenseShape shape{rows, layer.packed.inputs, layer.packed.outputs};
  float* sum = layer.batch_norm ? layer.sum.data() : out;
  if (bf16_ != nullptr) {
    bf16_->round(layer.packed.inputs, layer.packed.padded_outputs, parameters + layer.packed.weight,
                 {.by_row = nullptr, .by_pair = layer.weight.data()});
    const Bf16* rounded = l == 0 ? rounded_input_.by_row.data() : layers_[l - 1].rounded.by_row.data();
    bf16_->dense_forward(shape, rounded, layer.weight.data(), parameters + layer.packed.bias, layer.fused_relu,
                         layer.direct ? nullptr : sum, layer.rounded.matrix());
    if (layer.direct) return;
  } else {
    kernels_.dense_forward(shape, x, parameters + layer.packed.weight, parameters + layer.packed.bias, layer.fused_relu, sum);
  }
  if (layer.batch_norm) {
    kernels_.batch_norm_forward(rows, layer.packed.padded_outputs, static_cast<float>(kBatchNormEpsilon), parameters + layer.packed.gamma,
                                parameters + layer.packed.beta, sum, out, layer.mean.data(), layer.variance.data(),
                                layer.inverse_deviation.data());
  }
  if (quantizer_ != nullptr) {
    activations_[l].apply(rows, out, out, layer.slope.data());
  } else if (!layer.fused_relu) {
    apply_activation(kernels_, layer.activation, n, out);
  }
  if (layer.dropout > 0) kernels_.dropout(n, dropout_mask(l, step), out, layer.dropped.data());
  if (bf16_ != nullptr && l + 1 < layers_.size()) {
    bf16_->round(rows, layer.packed.padded_outputs, layer.output(), layer.rounded.matrix());
  }
}

void TrainingStep::forward(std::span<const std::uint32_t> rows, const data::Dataset& data, std::uint64_t step) {
  const int count = static_cast<int>(rows.size());
  gather_rows(data, rows, input_.data());
  for (std::size_t r = 0; r < rows.size(); ++r) labels_[r] = data.labels[rows[r]];
  if (quantizer_ != nullptr) {
    input_rounding_->apply(count, input_.data(), input_.data(), nullptr);
    quantize_parameters(kernels_, layout_, *quantizer_, parameters_.data(), quantized_.data());
  }
  if (bf16_ != nullptr) bf16_->round(count, padded(data.num_features), input_.data(), rounded_input_.matrix());
  const float* x = input_.data();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    forward_layer(l, count, x, step);
    x = layers_[l].output();
  }
}

bool TrainingStep::folds_relu(std::size_t below) const {
  return layers_[below].activation.kind == space::Activation::relu && quantizer_ == nullptr && layers_[below].dropout == 0;
}

void TrainingStep::backward_products(std::size_t l, int rows) {
  const PackedLayer& packed = layers_[l].packed;
  const DenseShape shape{rows, packed.inputs, packed.outputs};
  const float* d = upstream_.data();
  const float* x = l == 0 ? input_.data() : layers_[l - 1].output();
  kernels_.dense_weight_gradient(shape, x, d, gradient_.data() + packed.weight, gradient_.data() + packed.bias);
  if (l == 0) return;
  kernels_.transpose(packed.inputs, packed.outputs, effective() + packed.weight, transposed_.data());
  const float* relu_output = folds_relu(l - 1) ? layers_[l - 1].activated.data() : nullptr;
  kernels_.dense_input_gradient(shape, d, transposed_.data(), relu_output, downstream_.data());
  std::swap(upstream_, downstream_);
}

void TrainingStep::backward_products_bf16(std::size_t l, int rows) {
  const PackedLayer& packed = layers_[l].packed;
  const DenseShape shape{rows, packed.inputs, packed.outputs};
  if (!upstream_is_rounded_) bf16_->round(rows, packed.padded_outputs, upstream_.data(), rounded_upstream_.matrix());
  RoundedBuffer& x = l == 0 ? rounded_input_ : layers_[l - 1].rounded;
  bf16_->dense_weight_gradient(shape, x.by_pair.data(), rounded_upstream_.by_pair.data(), gradient_.data() + packed.weight,
                               gradient_.data() + packed.bias);
  if (l == 0) return;
  bf16_->round_transposed(packed.inputs, packed.outputs, parameters_.data() + packed.weight, rounded_transposed_.data());
  upstream_is_rounded_ = layers_[l - 1].direct;
  bf16_->dense_input_gradient(shape, rounded_upstream_.by_row.data(), rounded_transposed_.data(),
                              folds_relu(l - 1) ? x.by_row.data() : nullptr, upstream_is_rounded_ ? nullptr : downstream_.data(),
                              rounded_downstream_.matrix());
  std::swap(upstream_, downstream_);
  std::swap(rounded_upstream_, rounded_downstream_);
}

void TrainingStep::backward(int rows, std::uint64_t step) {
  // upstream_ holds dL/d(output of layer l), where the ReLU of a fused layer without dropout is already accounted for.
  upstream_is_rounded_ = false;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const PackedLayer& packed = layer.packed;
    const std::size_t n = area(rows, packed.padded_outputs);
    float* d = upstream_.data();
    const bool last = l + 1 == layers_.size();
    if (layer.dropout > 0) kernels_.dropout(n, dropout_mask(l, step), d, d);
    if (quantizer_ != nullptr) {
      kernels_.multiply(n, layer.slope.data(), d);
    } else if (layer.activation.kind == space::Activation::tanh) {
      kernels_.tanh_gradient(n, layer.activated.data(), d);
    } else if (layer.activation.kind == space::Activation::sigmoid) {
      kernels_.sigmoid_gradient(n, layer.activated.data(), d);
    } else if (layer.activation.kind == space::Activation::leaky_relu) {
      kernels_.leaky_relu_gradient(n, static_cast<float>(layer.activation.negative_slope), layer.activated.data(), d);
    } else if (layer.activation.kind == space::Activation::relu && (last || layer.dropout > 0)) {
      kernels_.relu_gradient(n, layer.activated.data(), d);
    }
    if (layer.batch_norm) {
      kernels_.batch_norm_backward(rows, packed.padded_outputs, layer.sum.data(), layer.inverse_deviation.data(),
                                   parameters_.data() + packed.gamma, d, gradient_.data() + packed.gamma, gradient_.data() + packed.beta);
    }
    if (bf16_ != nullptr) {
      backward_products_bf16(l, rows);
    } else {
      backward_products(l, rows);
    }
    // Batch norm takes a constant away again, so the true derivative of the bias before it is zero. What the sum above
    // leaves is rounding noise, which Adam would blow up to full steps that the running mean then lags behind.
    if (layer.batch_norm) std::fill_n(gradient_.data() + packed.bias, packed.padded_outputs, 0.0F);
  }
}

double TrainingStep::compute_gradient(const data::Dataset& data, std::span<const std::uint32_t> rows, std::uint64_t step) {
  const int count = static_cast<int>(rows.size());
  forward(rows, data, step);
  const Layer& last = layers_.back();
  const double loss = kernels_.softmax_cross_entropy(count, last.packed.outputs, last.output(), labels_.data(),
                                                     1.0F / static_cast<float>(count), upstream_.data());
  backward(count, step);
  return loss;
}

double TrainingStep::run(const data::Dataset& data, std::span<const std::uint32_t> rows, double learning_rate) {
  ++step_;
  const double loss = compute_gradient(data, rows, step_);
  for (Layer& layer : layers_) {
    if (!layer.batch_norm) continue;
    constexpr auto kKeep = static_cast<float>(kBatchNormMomentum), kTake = static_cast<float>(1 - kBatchNormMomentum);
    float* mean = statistics_.data() + layer.running_mean;
    float* variance = statistics_.data() + layer.running_variance;
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.packed.outputs); ++o) {
      mean[o] = kKeep * mean[o] + kTake * layer.mean[o];
      variance[o] = kKeep * variance[o] + kTake * layer.variance[o];
    }
  }
  update(learning_rate);
  return loss;
}

void TrainingStep::update(double learning_rate) {
  const auto t = static_cast<double>(step_);
  AdamStep adam{.rate = static_cast<float>(learning_rate * std::sqrt(1 - std::pow(kBeta2, t)) / (1 - std::pow(kBeta1, t))),
                .beta1 = static_cast<float>(kBeta1),
                .one_minus_beta1 = static_cast<float>(1 - kBeta1),
                .beta2 = static_cast<float>(kBeta2),
                .one_minus_beta2 = static_cast<float>(1 - kBeta2),
                .epsilon = static_cast<float>(kAdamEpsilon)};
  MomentumStep descent{.rate = static_cast<float>(learning_rate), .momentum = static_cast<float>(params_.momentum)};
  const auto step_range = [&](std::size_t begin, std::size_t end, double l1, double l2) {
    const float* mask = mask_.size() > 0 ? mask_.data() + begin : nullptr;
    adam.l1 = descent.l1 = static_cast<float>(l1);
    adam.l2 = descent.l2 = static_cast<float>(2 * l2);  // the derivative of l2 w^2
    if (params_.optimizer == Optimizer::sgd) {
      kernels_.momentum(end - begin, descent, mask, gradient_.data() + begin, first_moment_.data() + begin, parameters_.data() + begin);
      return;
    }
    const auto adam_pass = bf16_ != nullptr ? bf16_->adam : kernels_.adam;
    adam_pass(end - begin, adam, mask, gradient_.data() + begin, first_moment_.data() + begin, second_moment_.data() + begin,
              parameters_.data() + begin);
  };
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const PackedLayer& packed = layers_[l].packed;
    const std::size_t end = l + 1 < layers_.size() ? layers_[l + 1].packed.weight : layout_.size;
    step_range(packed.weight, packed.bias, params_.l1, params_.l2);
    step_range(packed.bias, end, 0, 0);
    if (quantizer_ == nullptr) continue;
    // A weight outside its grid has no gradient and would stay there for ever: it is kept inside instead.
    const Grid& grid = quantizer_->layers[l].weight;
    kernels_.clamp(packed.weight_size, static_cast<float>(grid.lowest()), static_cast<float>(grid.highest()),
                   parameters_.data() + packed.weight);
  }
}

void TrainingStep::store(Mlp& mlp) const {
  unpack(spec_, layout_, parameters_.data(), mlp.parameters.data());
  mlp.statistics = statistics_;
}

std::vector<float> TrainingStep::flat(const AlignedBuffer& packed) const {
  if (packed.size() == 0) return {};
  std::vector<float> values(spec_.parameters.size());
  unpack(spec_, layout_, packed.data(), values.data());
  return values;
}

void TrainingStep::resume(const std::vector<float>& first_moment, const std::vector<float>& second_moment, std::uint64_t steps) {
  const std::size_t count = spec_.parameters.size();
  if (first_moment.size() != count || second_moment.size() != (second_moment_.size() > 0 ? count : 0)) {
    throw std::invalid_argument("train: the optimiser's memory in the checkpoint has another size than the network");
  }
  pack(spec_, layout_, first_moment.data(), first_moment_.data());
  if (second_moment_.size() > 0) pack(spec_, layout_, second_moment.data(), second_moment_.data());
  step_ = steps;
}

}  // namespace snac::nn
