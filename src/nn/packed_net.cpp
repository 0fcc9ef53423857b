#include "packed_net.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace snac::nn {
namespace {

std::size_t size_of(int value) { return static_cast<std::size_t>(value); }

/// Calls move(flat index, packed index) for every parameter.
template <class Move>
void for_each_parameter(const Mlp& mlp, const PackedLayout& layout, Move move) {
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& flat = mlp.layers[l];
    const PackedLayer& packed = layout.layers[l];
    const std::size_t inputs = size_of(flat.inputs), op = size_of(packed.padded_outputs);
    for (std::size_t o = 0; o < size_of(flat.outputs); ++o) {
      for (std::size_t i = 0; i < inputs; ++i) move(flat.weight + o * inputs + i, packed.weight + i * op + o);
      move(flat.bias + o, packed.bias + o);
      if (!flat.batch_norm) continue;
      move(flat.gamma + o, packed.gamma + o);
      move(flat.beta + o, packed.beta + o);
    }
  }
}

}  // namespace

PackedLayout packed_layout(const Mlp& mlp) {
  PackedLayout layout;
  for (const LayerLayout& flat : mlp.layers) {
    PackedLayer layer;
    layer.inputs = flat.inputs;
    layer.outputs = flat.outputs;
    layer.padded_outputs = padded(flat.outputs);
    const std::size_t op = size_of(layer.padded_outputs);
    layer.weight = layout.size;
    layer.weight_size = size_of(flat.inputs) * op;
    layer.bias = layer.weight + layer.weight_size;
    layout.size = layer.bias + op;
    if (flat.batch_norm) {
      layer.gamma = layout.size;
      layer.beta = layer.gamma + op;
      layout.size = layer.beta + op;
    }
    layout.widest = std::max({layout.widest, padded(flat.inputs), layer.padded_outputs});
    layout.layers.push_back(layer);
  }
  return layout;
}

void pack(const Mlp& mlp, const PackedLayout& layout, const float* flat, float* packed) {
  for_each_parameter(mlp, layout, [=](std::size_t from, std::size_t to) { packed[to] = flat[from]; });
}

void unpack(const Mlp& mlp, const PackedLayout& layout, const float* packed, float* flat) {
  for_each_parameter(mlp, layout, [=](std::size_t to, std::size_t from) { flat[to] = packed[from]; });
}

void gather_rows(const data::Dataset& data, std::span<const std::uint32_t> rows, float* out) {
  const std::size_t width = size_of(data.num_features), stride = size_of(padded(data.num_features));
  const float* features = data.features.data();
  constexpr std::size_t kAhead = 8;  // rows lie anywhere in memory: ask for them before they are needed
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r + kAhead < rows.size()) {
      const float* next = features + static_cast<std::size_t>(rows[r + kAhead]) * width;
      __builtin_prefetch(next);
      __builtin_prefetch(next + 16);
    }
    std::copy_n(features + static_cast<std::size_t>(rows[r]) * width, width, out + r * stride);
  }
}

FloatGrid float_grid(const Grid& grid) {
  const auto lowest = static_cast<float>(grid.min_raw);
  return {.step = std::ldexp(1.0F, -grid.fraction_bits),
          .inverse_step = std::ldexp(1.0F, grid.fraction_bits),
          .lowest = lowest,
          .highest = static_cast<float>(grid.max_raw),
          .pass_above = std::nextafter(lowest, -std::numeric_limits<float>::infinity())};
}

ColumnGridBuffer::ColumnGridBuffer(int elements) : width_(size_of(padded(elements))), values_(5 * width_) {
  for (std::size_t o = 0; o < width_; ++o) set(static_cast<int>(o), {});
}

void ColumnGridBuffer::set(int element, const FloatGrid& grid) {
  float* column = values_.data() + element;
  column[0] = grid.step;
  column[width_] = grid.inverse_step;
  column[2 * width_] = grid.lowest;
  column[3 * width_] = grid.highest;
  column[4 * width_] = grid.pass_above;
}

ColumnGrids ColumnGridBuffer::grids() const {
  const float* row = values_.data();
  return {
      .step = row, .inverse_step = row + width_, .lowest = row + 2 * width_, .highest = row + 3 * width_, .pass_above = row + 4 * width_};
}

GridRounding::GridRounding(const Kernels& kernels, const Grids& grids, int elements, bool relu)
    : kernels_(&kernels), width_(size_of(padded(elements))) {
  const auto grid_of = [&](int element) {
    FloatGrid grid = float_grid(grids[size_of(element)]);
    if (relu) grid.lowest = grid.pass_above = 0;
    return grid;
  };
  shared_ = grid_of(0);
  if (grids.shared()) return;
  columns_.emplace(elements);
  for (int o = 0; o < elements; ++o) columns_->set(o, grid_of(o));
}

void GridRounding::apply(int rows, const float* x, float* y, float* slope) const {
  if (columns_) {
    kernels_->fake_quantize_columns(rows, static_cast<int>(width_), columns_->grids(), x, y, slope);
  } else {
    kernels_->fake_quantize(size_of(rows) * width_, shared_, x, y, slope);
  }
}

QuantizedActivation::QuantizedActivation(const Kernels& kernels, const ActivationFunction& function, const LayerQuantizer& grids,
                                         int outputs)
    : kernels_(&kernels), width_(size_of(padded(outputs))), output_(float_grid(grids.output[0])) {
  if (!uses_table(function.kind)) {
    rounding_.emplace(kernels, grids.output, outputs, function.kind == space::Activation::relu);
    return;
  }
  const Grid& output = grids.output[0];
  const Grid& pre = *grids.pre_activation;
  grid_ = float_grid(pre);
  std::int64_t raw = pre.min_raw;
  for (const std::int64_t entry : activation_table(function, pre, output)) {
    values_.push_back(static_cast<float>(static_cast<double>(entry) * output.step()));
    const double x = static_cast<double>(raw++) * pre.step();
    const double f = activation_value(function, x), slope = activation_slope(function, x);
    const bool inside = f >= output.lowest() && f <= output.highest();
    slopes_.push_back(inside ? static_cast<float>(slope) : 0.0F);
  }
  computed_ = function.kind == space::Activation::tanh      ? kernels.tanh_on_grids
              : function.kind == space::Activation::sigmoid ? kernels.sigmoid_on_grids
                                                            : kernels.leaky_relu_on_grids;
  if (!computed_equals_table(pre)) computed_ = nullptr;
}

bool QuantizedActivation::computed_equals_table(const Grid& pre) const {
  constexpr float kSlopeTolerance = 1e-5F;  // far below what the straight-through estimate is worth
  std::vector<float> x(size_of(padded(static_cast<int>(values_.size()))));
  for (std::size_t i = 0; i < values_.size(); ++i) {
    x[i] = static_cast<float>(static_cast<double>(pre.min_raw + static_cast<std::int64_t>(i)) * pre.step());
  }
  std::vector<float> y(x.size()), slope(x.size());
  computed_(x.size(), grid_, output_, x.data(), y.data(), slope.data());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (y[i] != values_[i] || !(std::fabs(slope[i] - slopes_[i]) <= kSlopeTolerance)) return false;
  }
  return true;
}

void QuantizedActivation::apply(int rows, const float* z, float* y, float* slope) const {
  const std::size_t n = size_of(rows) * width_;
  if (rounding_) {
    rounding_->apply(rows, z, y, slope);
  } else if (computed_ != nullptr) {
    computed_(n, grid_, output_, z, y, slope);
  } else {
    kernels_->table(n, grid_, values_.data(), slopes_.data(), z, y, slope);
  }
}

void apply_activation(const Kernels& kernels, const ActivationFunction& function, std::size_t n, float* y) {
  switch (function.kind) {
    case space::Activation::linear:
      return;
    case space::Activation::relu:
      return kernels.relu(n, y);
    case space::Activation::tanh:
      return kernels.tanh(n, y);
    case space::Activation::sigmoid:
      return kernels.sigmoid(n, y);
    case space::Activation::leaky_relu:
      return kernels.leaky_relu(n, static_cast<float>(function.negative_slope), y);
  }
}

void quantize_parameters(const Kernels& kernels, const PackedLayout& layout, const NetQuantizer& quantizer, const float* in, float* out) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const PackedLayer& layer = layout.layers[l];
    const LayerQuantizer& grids = quantizer.layers[l];
    kernels.fake_quantize(layer.weight_size, float_grid(grids.weight), in + layer.weight, out + layer.weight, nullptr);
    const FloatGrid bias{.step = std::ldexp(1.0F, -grids.bias_fraction_bits),
                         .inverse_step = std::ldexp(1.0F, grids.bias_fraction_bits),
                         .lowest = -kInfinity,
                         .highest = kInfinity,
                         .pass_above = -kInfinity};
    kernels.fake_quantize(size_of(layer.padded_outputs), bias, in + layer.bias, out + layer.bias, nullptr);
  }
}

}  // namespace snac::nn
