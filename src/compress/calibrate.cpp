#include "snac/compress/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "snac/compress/lower.hpp"
#include "snac/nn/forward.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::compress {
namespace {

/// Grids finer than 2^-24 are of no use: such values vanish beside those of any layer that works, and biases on the product of
/// two such grids must fit 62 bits.
constexpr int kFinestFraction = 24;
/// Values above are those of a training that went wrong, or of features that were never scaled.
constexpr double kLargestValue = 0x1p31;

std::int64_t highest_of(int bits) { return (std::int64_t{1} << bits) - 1; }

/// Largest f, at most kFinestFraction, for which `value` does not exceed highest * 2^-f; a value of zero is taken as 1: nothing
/// was seen, and 1 is the scale of most things.
int fraction_for(double value, std::int64_t highest) {
  if (!(value > 0)) value = 1;
  return std::min(static_cast<int>(std::floor(std::log2(static_cast<double>(highest) / value))), kFinestFraction);
}

void require_usable(double value, std::size_t layer, const char* what) {
  if (value <= kLargestValue) return;  // false for NaN
  throw nn::DivergedError(
      fmt::format("calibration: layer {}: {} reach {:g}, which no grid holds (at most {:g}); scale the features, "
                  "or lower the learning rate",
                  layer + 1, what, value, kLargestValue));
}

/// Fraction bits that the products of a layer may have so that its bias fits 62 bits, with room to grow by a factor of 2^9 in training.
int finest_products(double largest_bias) { return 52 - std::max(0, std::ilogb(std::max(largest_bias, 1.0)) + 1); }

/// The range of a layer's pre-activations without rare outliers; all of it where outliers are all there is.
double usual_range(const nn::LayerRange& range) {
  const double largest = std::max(std::abs(static_cast<double>(range.pre_min)), std::abs(static_cast<double>(range.pre_max)));
  return range.pre_high_quantile > 0x1p-16 * largest && largest > 0 ? range.pre_high_quantile : largest;
}

/// NaN if one is.
double largest_magnitude(std::span<const float> values) {
  double largest = 0;
  for (const float value : values) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, static_cast<double>(std::abs(value)));
  }
  return largest;
}

double squared_error(std::span<const float> values, const nn::Grid& grid) {
  double sum = 0;
  for (const float value : values) {
    const double error = static_cast<double>(value) - nn::quantize(grid, value);
    sum += error * error;
  }
  return sum;
}

nn::Grid weight_grid(std::span<const float> weights, int bits) {
  float largest = 0;
  for (const float w : weights) largest = std::max(largest, std::abs(w));
  const std::int64_t highest = highest_of(bits - 1);
  nn::Grid grid{.fraction_bits = fraction_for(largest, highest), .min_raw = -highest, .max_raw = highest};
  nn::Grid best = grid;
  double best_error = std::numeric_limits<double>::infinity();
  // Two steps finer clip values above a quarter of the largest; more never paid on trained layers.
  for (int finer = 0; finer <= 2; ++finer) {
    const double error = squared_error(weights, grid);
    if (error < best_error) {
      best_error = error;
      best = grid;
    }
    if (grid.fraction_bits == kFinestFraction) break;
    ++grid.fraction_bits;
  }
  return best;
}

}  // namespace

nn::NetQuantizer calibrate(const nn::Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> rows,
                           const CalibrationParams& params) {
  const auto ranges = nn::observe_ranges(mlp, data, rows);
  const int bits = params.precision.activation_bits;
  nn::NetQuantizer quantizer;
  quantizer.input = grid_of(params.input);
  int input_fraction = quantizer.input.finest_fraction_bits();
  for (std::size_t i = 0; i < mlp.layers.size(); ++i) {
    require_usable(largest_magnitude(mlp.weights(i)), i, "weights");
    require_usable(largest_magnitude(mlp.biases(i)), i, "biases");
    const double range = usual_range(ranges[i]);
    require_usable(range, i, "activations");
    nn::LayerQuantizer layer;
    layer.weight = weight_grid(mlp.weights(i), params.precision.weight_bits);
    layer.weight.fraction_bits = std::min(layer.weight.fraction_bits, finest_products(largest_magnitude(mlp.biases(i))) - input_fraction);
    layer.bias_fraction_bits = input_fraction + layer.weight.fraction_bits;
    switch (mlp.layers[i].activation) {
      case space::Activation::relu: {
        layer.output = nn::Grid{.fraction_bits = fraction_for(range, highest_of(bits)), .min_raw = 0, .max_raw = highest_of(bits)};
        break;
      }
      case space::Activation::tanh:
      case space::Activation::sigmoid: {
        // tanh is flat beyond +-4 and sigmoid beyond +-8: 1 - tanh(4) = 6.7e-4, 1 - sigmoid(8) = 3.4e-4.
        const bool is_tanh = mlp.layers[i].activation == space::Activation::tanh;
        const int integer_bits = is_tanh ? 3 : 4;
        layer.pre_activation = nn::Grid{.fraction_bits = params.table_index_bits - integer_bits,
                                        .min_raw = -highest_of(params.table_index_bits - 1) - 1,
                                        .max_raw = highest_of(params.table_index_bits - 1)};
        layer.output = is_tanh ? nn::Grid{.fraction_bits = bits - 1, .min_raw = -highest_of(bits - 1) - 1, .max_raw = highest_of(bits - 1)}
                               : nn::Grid{.fraction_bits = bits, .min_raw = 0, .max_raw = highest_of(bits)};
        break;
      }
      case space::Activation::leaky_relu: {
        // A line with a bend has no flat ends: the index covers what occurs.
        const std::int64_t last_index = highest_of(params.table_index_bits - 1), highest = highest_of(bits - 1);
        layer.pre_activation =
            nn::Grid{.fraction_bits = fraction_for(range, last_index), .min_raw = -last_index - 1, .max_raw = last_index};
        layer.output = nn::Grid{.fraction_bits = fraction_for(range, highest), .min_raw = -highest - 1, .max_raw = highest};
        break;
      }
      case space::Activation::linear: {
        const double largest = std::max(std::abs(static_cast<double>(ranges[i].out_min)), std::abs(static_cast<double>(ranges[i].out_max)));
        require_usable(largest, i, "outputs");
        const std::int64_t highest = highest_of(params.logits_bits - 1);
        // Finer than the accumulator would be zero bits on the bus.
        const int fraction = std::min(fraction_for(2 * largest, highest), layer.bias_fraction_bits);
        layer.output = nn::Grid{.fraction_bits = fraction, .min_raw = -highest - 1, .max_raw = highest};
        break;
      }
    }
    input_fraction = layer.output.finest_fraction_bits();
    quantizer.layers.push_back(layer);
  }
  return quantizer;
}

namespace {

Json grid_json(const nn::Grid& grid) { return {{"fraction_bits", grid.fraction_bits}, {"min", grid.min_raw}, {"max", grid.max_raw}}; }

nn::Grid grid_from_json(const Json& json, const std::string& where) {
  const nn::Grid grid{.fraction_bits = json_get<int>(json, "fraction_bits", where),
                      .min_raw = json_get<std::int64_t>(json, "min", where),
                      .max_raw = json_get<std::int64_t>(json, "max", where)};
  if (grid.min_raw > grid.max_raw || std::abs(grid.fraction_bits) > 256) {
    throw DataError("a grid is not usable",
                    {.where = where, .found = json.dump(), .expected = "min <= max and a small fraction", .hint = {}});
  }
  return grid;
}

/// One object if shared, else a list.
Json grids_json(const nn::Grids& grids) {
  if (grids.shared()) return grid_json(grids[0]);
  Json list = Json::array();
  for (const nn::Grid& grid : grids.all()) list.push_back(grid_json(grid));
  return list;
}

nn::Grids grids_from_json(const Json& json, const std::string& where) {
  if (!json.is_array()) return grid_from_json(json, where);
  std::vector<nn::Grid> each;
  for (const Json& item : json) each.push_back(grid_from_json(item, where));
  if (each.empty()) throw DataError("a list of grids is empty", {.where = where, .found = "[]", .expected = "one per element", .hint = {}});
  return nn::Grids(std::move(each));
}

}  // namespace

Json to_json(const nn::NetQuantizer& quantizer) {
  Json layers = Json::array();
  for (const auto& layer : quantizer.layers) {
    Json item{{"weight", grid_json(layer.weight)}, {"bias_fraction_bits", layer.bias_fraction_bits}, {"output", grids_json(layer.output)}};
    if (layer.pre_activation) item["pre_activation"] = grid_json(*layer.pre_activation);
    layers.push_back(std::move(item));
  }
  return {{"input", grids_json(quantizer.input)}, {"layers", std::move(layers)}};
}

nn::NetQuantizer quantizer_from_json(const Json& json, const std::string& where) {
  nn::NetQuantizer quantizer;
  quantizer.input = grids_from_json(json_get<Json>(json, "input", where), where + ": input");
  const Json layers = json_get<Json>(json, "layers", where);
  for (const Json& item : layers) {
    nn::LayerQuantizer layer;
    layer.weight = grid_from_json(json_get<Json>(item, "weight", where), where + ": weight");
    layer.bias_fraction_bits = json_get<int>(item, "bias_fraction_bits", where);
    layer.output = grids_from_json(json_get<Json>(item, "output", where), where + ": output");
    if (item.contains("pre_activation")) layer.pre_activation = grid_from_json(item.at("pre_activation"), where + ": pre_activation");
    quantizer.layers.push_back(layer);
  }
  return quantizer;
}

}  // namespace snac::compress
