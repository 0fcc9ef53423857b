#include "rule4ml_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "snac/circuit/reuse_factor.hpp"
#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

enum class Kind { input, dense, batch_norm, dropout, linear, relu, sigmoid, tanh, softmax };

/// One entry of the list of layers.
struct Entry {
  Kind kind;
  double inputs = 0, outputs = 0, parameters = 0, reuse = 0;
};

Kind kind_of(space::Activation activation, std::size_t layer) {
  switch (activation) {
    case space::Activation::linear:
      return Kind::linear;
    case space::Activation::relu:
      return Kind::relu;
    case space::Activation::sigmoid:
      return Kind::sigmoid;
    case space::Activation::tanh:
      return Kind::tanh;
    case space::Activation::leaky_relu:
      break;
  }
  throw ConfigError("rule4ml does not know an activation", {.where = fmt::format("dense layer {}", layer + 1),
                                                            .found = space::to_string(activation),
                                                            .expected = "linear, relu, sigmoid or tanh",
                                                            .hint = "search with these, or estimate with another back-end"});
}

int reuse_of(int inputs, int outputs, std::size_t layer, const Rule4mlSetup& setup) {
  if (circuit::is_legal_reuse_factor(setup.reuse_factor, inputs, outputs)) return setup.reuse_factor;
  const int nearest = circuit::nearest_legal_reuse_factor(setup.reuse_factor, inputs, outputs);
  if (setup.reuse == Rule4mlSetup::Reuse::nearest) return nearest;
  throw ConfigError("a reuse factor is not legal for a layer",
                    {.where = fmt::format("dense layer {} ({} inputs, {} outputs)", layer + 1, inputs, outputs),
                     .found = std::to_string(setup.reuse_factor),
                     .expected = "a divisor of the inputs, or the inputs times a divisor of the outputs",
                     .hint = fmt::format("the nearest is {}", nearest)});
}

std::vector<Entry> entries_of(const space::ArchSpec& network, const Rule4mlSetup& setup, bool linear_entries) {
  const std::vector<space::DenseLayer> layers = space::dense_chain(network);
  std::vector<Entry> entries;
  int width = space::num_inputs(network);
  const auto add = [&](Kind kind, double parameters = 0) {
    entries.push_back({kind, static_cast<double>(width), static_cast<double>(width), parameters, static_cast<double>(setup.reuse_factor)});
  };
  if (setup.model == Rule4mlSetup::Model::functional) add(Kind::input);
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const space::DenseLayer& layer = layers[k];
    const double in = width, out = layer.units;
    entries.push_back({Kind::dense, in, out, in * out + out, static_cast<double>(reuse_of(width, layer.units, k, setup))});
    width = layer.units;
    Kind activation = kind_of(layer.activation, k);
    if (k + 1 == layers.size() && setup.softmax && activation == Kind::linear) activation = Kind::softmax;
    // A dense layer before a batch normalisation is linear; one without takes the activation as its own.
    if (linear_entries && (layer.batch_norm || activation == Kind::linear)) add(Kind::linear);
    if (layer.batch_norm) add(Kind::batch_norm, 4.0 * out);
    if (activation != Kind::linear) add(activation);
    if (layer.dropout > 0) add(Kind::dropout);
  }
  return entries;
}

constexpr std::array<std::string_view, 4> kClasses{"dense", "conv1d", "conv2d", "batchnormalization"};
constexpr std::array<std::string_view, 7> kQuantities{"inputs", "outputs", "parameters", "reuse", "filters", "kernel_size", "strides"};
constexpr std::array<std::string_view, 5> kStatistics{"mean", "min", "min_idx", "max", "max_idx"};
constexpr std::size_t kMeasured = 4;  ///< the first quantities; the others belong to convolutions

std::vector<std::string> make_names() {
  std::vector<std::string> names{"bit_width", "reuse_mean"};
  for (const auto& each : kClasses) {
    for (const auto& quantity : kQuantities) {
      for (const auto& statistic : kStatistics) names.push_back(fmt::format("{}_{}_{}", each, quantity, statistic));
    }
    names.push_back(fmt::format("{}_count", each));
  }
  for (const char* name : {"add_count", "concatenate_count", "dropout_count", "relu_count", "sigmoid_count", "tanh_count",
                           "softmax_inputs_mean", "softmax_outputs_mean", "softmax_count"})
    names.emplace_back(name);
  return names;
}

double quantity_of(const Entry& entry, std::size_t quantity) {
  const std::array<double, kMeasured> values{entry.inputs, entry.outputs, entry.parameters, entry.reuse};
  return values[quantity];
}

/// mean, min, its place, max, its place; zeros for a class that does not occur. Places count all entries from 1, and the first of
/// equals is named.
std::array<double, kStatistics.size()> statistics(const std::vector<Entry>& entries, Kind kind, std::size_t quantity) {
  double sum = 0, count = 0, low = 0, low_at = 0, high = 0, high_at = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].kind != kind) continue;
    const double value = quantity_of(entries[i], quantity), at = static_cast<double>(i + 1);
    if (count == 0 || value < low) low = value, low_at = at;
    if (count == 0 || value > high) high = value, high_at = at;
    sum += value;
    ++count;
  }
  return {count > 0 ? sum / count : 0, low, low_at, high, high_at};
}

double count_of(const std::vector<Entry>& entries, Kind kind) {
  return static_cast<double>(std::count_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.kind == kind; }));
}

}  // namespace

const std::vector<std::string>& rule4ml_feature_names() {
  static const std::vector<std::string> names = make_names();
  return names;
}

std::vector<double> rule4ml_features(const space::ArchSpec& network, const Rule4mlSetup& setup, bool linear_entries) {
  const std::vector<Entry> entries = entries_of(network, setup, linear_entries);
  double reuse = 0;
  for (const Entry& entry : entries) reuse += entry.reuse;
  std::vector<double> features{static_cast<double>(setup.weight_bits), reuse / static_cast<double>(entries.size())};
  for (const auto& each : kClasses) {
    const bool dense = each == "dense", present = dense || each == "batchnormalization";
    const Kind kind = dense ? Kind::dense : Kind::batch_norm;
    for (std::size_t q = 0; q < kQuantities.size(); ++q) {
      std::array<double, kStatistics.size()> values{};
      if (present && q < kMeasured) values = statistics(entries, kind, q);
      features.insert(features.end(), values.begin(), values.end());
    }
    features.push_back(present ? count_of(entries, kind) : 0);
  }
  features.insert(features.end(), {0, 0});  // add, concatenate: a chain has none
  for (const Kind kind : {Kind::dropout, Kind::relu, Kind::sigmoid, Kind::tanh}) features.push_back(count_of(entries, kind));
  for (const std::size_t quantity : {std::size_t{0}, std::size_t{1}}) features.push_back(statistics(entries, Kind::softmax, quantity)[0]);
  features.push_back(count_of(entries, Kind::softmax));
  return features;
}

}  // namespace snac::cost
