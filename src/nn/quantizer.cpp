#include "snac/nn/quantizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "snac/nn/kernels.hpp"

namespace snac::nn {
namespace {

constexpr std::int64_t kRawLimit = std::int64_t{1} << 23;
constexpr int kFractionLimit = 60;

[[noreturn]] void unfit(const std::string& where, const std::string& what) {
  throw std::invalid_argument(fmt::format("quantizer: {}: {}", where, what));
}

void check_grid(const Grid& grid, const std::string& where) {
  if (grid.min_raw > grid.max_raw) unfit(where, fmt::format("min_raw {} exceeds max_raw {}", grid.min_raw, grid.max_raw));
  if (grid.min_raw <= -kRawLimit || grid.max_raw >= kRawLimit) {
    unfit(where, fmt::format("raw values {} to {} do not fit 24 bits", grid.min_raw, grid.max_raw));
  }
  if (grid.min_raw > 0 || grid.max_raw < 0) unfit(where, "the grid does not hold 0");
  if (std::abs(grid.fraction_bits) > kFractionLimit) unfit(where, fmt::format("{} fraction bits", grid.fraction_bits));
}

void check_grids(const Grids& grids, int elements, const std::string& where) {
  if (!grids.shared() && grids.all().size() != static_cast<std::size_t>(elements)) {
    unfit(where, fmt::format("{} grids for {} elements", grids.all().size(), elements));
  }
  for (const Grid& grid : grids.all()) check_grid(grid, where);
}

}  // namespace

Grids::Grids(std::vector<Grid> each) : grids_(std::move(each)) {
  if (grids_.empty()) throw std::invalid_argument("Grids: no grid");
}

int Grids::finest_fraction_bits() const {
  int finest = grids_.front().fraction_bits;
  for (const Grid& grid : grids_) finest = std::max(finest, grid.fraction_bits);
  return finest;
}

double activation_value(const ActivationFunction& function, double x) {
  switch (function.kind) {
    case space::Activation::linear:
      return x;
    case space::Activation::relu:
      return std::max(x, 0.0);
    case space::Activation::tanh:
      return std::tanh(x);
    case space::Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case space::Activation::leaky_relu:
      return x > 0 ? x : function.negative_slope * x;
  }
  return x;
}

double activation_slope(const ActivationFunction& function, double x) {
  const double y = activation_value(function, x);
  switch (function.kind) {
    case space::Activation::linear:
      return 1;
    case space::Activation::relu:
      return x > 0 ? 1 : 0;
    case space::Activation::tanh:
      return 1 - y * y;
    case space::Activation::sigmoid:
      return y * (1 - y);
    case space::Activation::leaky_relu:
      return x > 0 ? 1 : function.negative_slope;
  }
  return 1;
}

bool uses_table(space::Activation activation) {
  return activation == space::Activation::tanh || activation == space::Activation::sigmoid || activation == space::Activation::leaky_relu;
}

std::int64_t quantize_bias_raw(double bias, int fraction_bits) {
  const double scaled = std::ldexp(bias, fraction_bits);
  if (!(std::fabs(scaled) < 0x1p62)) throw std::invalid_argument("quantize_bias_raw: a bias does not fit 62 bits");
  const double below = std::floor(scaled);
  return static_cast<std::int64_t>(below) + (scaled - below >= 0.5 ? 1 : 0);
}

std::int64_t quantize_raw(const Grid& grid, double value) {
  if (std::isnan(value)) return std::clamp<std::int64_t>(0, grid.min_raw, grid.max_raw);
  const double scaled = std::ldexp(value, grid.fraction_bits);
  // floor(scaled + 1/2) without rounding the sum: 0.49999999999999994 + 0.5 is 1 in double arithmetic.
  const double below = std::floor(scaled);
  const double raw = scaled - below >= 0.5 ? below + 1 : below;
  if (raw <= static_cast<double>(grid.min_raw)) return grid.min_raw;
  if (raw >= static_cast<double>(grid.max_raw)) return grid.max_raw;
  return static_cast<std::int64_t>(raw);
}

std::vector<std::int64_t> activation_table(const ActivationFunction& function, const Grid& pre, const Grid& output) {
  check_grid(pre, "activation table: input");
  check_grid(output, "activation table: output");
  std::vector<std::int64_t> table;
  table.reserve(static_cast<std::size_t>(pre.max_raw - pre.min_raw + 1));
  for (std::int64_t raw = pre.min_raw; raw <= pre.max_raw; ++raw) {
    table.push_back(quantize_raw(output, activation_value(function, static_cast<double>(raw) * pre.step())));
  }
  return table;
}

void require_fits(const NetQuantizer& quantizer, const Mlp& mlp) {
  if (quantizer.layers.size() != mlp.layers.size()) {
    unfit("network", fmt::format("{} layers of grids for {} layers", quantizer.layers.size(), mlp.layers.size()));
  }
  check_grids(quantizer.input, mlp.layers.front().inputs, "input");
  int input_fraction = quantizer.input.finest_fraction_bits();
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerLayout& layer = mlp.layers[l];
    const LayerQuantizer& grids = quantizer.layers[l];
    const std::string where = fmt::format("layer {}", l + 1);
    if (layer.batch_norm) unfit(where, "batch normalisation is not folded; call fold_batch_norm first");
    check_grid(grids.weight, where + ": weights");
    check_grids(grids.output, layer.outputs, where + ": output");
    const int product_fraction = input_fraction + grids.weight.fraction_bits;
    if (grids.bias_fraction_bits < product_fraction || std::abs(grids.bias_fraction_bits) > kFractionLimit) {
      unfit(where, fmt::format("bias grid of {} fraction bits; the products have {}", grids.bias_fraction_bits, product_fraction));
    }
    const bool table = uses_table(layer.activation);
    if (table != grids.pre_activation.has_value()) {
      unfit(where, table ? "tanh, sigmoid and leaky_relu need a pre-activation grid" : "a pre-activation grid without a table to index");
    }
    if (table) check_grid(*grids.pre_activation, where + ": pre-activation");
    if (table && !grids.output.shared()) unfit(where, "a grid per element after a table");
    input_fraction = grids.output.finest_fraction_bits();
  }
}

}  // namespace snac::nn
