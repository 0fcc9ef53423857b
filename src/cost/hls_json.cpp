#include "hls_json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/json.hpp"

namespace snac::cost {
namespace {

constexpr double kLargestCount = 1e12, kBram18PerBlock = 2;

/// A number, or a text that is one. @throws DataError at `where`
double number_from(const Json& value, const std::string& where, double low, double high) {
  double number = std::nan("");
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) number = std::nan("");
  }
  if (number >= low && number <= high) return number;
  throw DataError(
      "a report holds an impossible value",
      {.where = where, .found = value.dump().substr(0, 80), .expected = fmt::format("a number from {:g} to {:g}", low, high), .hint = {}});
}

/// A figure of a report; empty if the report or the figure is missing, as for runs that did not complete.
std::optional<double> figure(const Json& sample, const char* report, const char* name, const std::string& where) {
  if (!sample.contains(report) || !sample.at(report).is_object() || !sample.at(report).contains(name)) return std::nullopt;
  const Json& value = sample.at(report).at(name);
  if (value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty())) return std::nullopt;
  return number_from(value, where + ": " + report + ": " + name, 0, kLargestCount);
}

/// The last size of [null, 128] or [[null, 128]].
double last_size(const Json& layer, const char* key, const std::string& where) {
  Json shape = json_get<Json>(layer, key, where);
  while (shape.is_array() && shape.size() == 1 && shape.front().is_array()) shape = Json(shape.front());
  if (!shape.is_array() || shape.empty()) {
    throw DataError(
        "a layer has no readable shape",
        {.where = where + ": " + key, .found = shape.dump().substr(0, 80), .expected = "a list such as [null, 16]", .hint = {}});
  }
  return number_from(shape.back(), where + ": " + key, 1, 1 << 24);
}

std::string text_of(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return {};
  const Json& value = object.at(key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string default_precision(const Json& model) {
  if (!model.is_object() || !model.contains("Precision")) return {};
  return model.at("Precision").is_object() ? text_of(model.at("Precision"), "default") : text_of(model, "Precision");
}

/// Bits of the weights of every dense layer: of the layers' own configuration, in order, or else of the model.
std::vector<std::optional<double>> weight_bits(const Json& config, std::size_t layers) {
  std::vector<std::optional<double>> own;
  if (config.contains("LayerName") && config.at("LayerName").is_object()) {
    for (const auto& [name, layer] : config.at("LayerName").items()) {
      if (!layer.is_object() || !layer.contains("Precision") || !layer.at("Precision").is_object()) continue;
      const std::string type = text_of(layer.at("Precision"), "weight");
      if (!type.empty()) own.push_back(bits_of_type(type));
    }
  }
  if (own.size() == layers) return own;
  return std::vector<std::optional<double>>(layers, bits_of_type(default_precision(config.value("Model", Json::object()))));
}

bool is_dense(const std::string& name) { return name == "Dense" || name == "QDense"; }
/// Layers that add no multiplications of their own.
bool is_light(const std::string& name) {
  for (const char* each : {"InputLayer", "Activation", "QActivation", "BatchNormalization", "QBatchNormalization", "Dropout", "Flatten",
                           "Add", "Concatenate", "ReLU", "Softmax"}) {
    if (name == each) return true;
  }
  return false;
}

/// @returns false for a network with layers of other kinds.
bool read_layers(const Json& sample, const std::string& where, HlsDesign& design) {
  const Json layers = json_get<Json>(sample, "model_config", where);
  if (!layers.is_array()) {
    throw DataError("a sample has no list of layers",
                    {.where = where + ": model_config", .found = layers.type_name(), .expected = "a list of layers", .hint = {}});
  }
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const std::string place = fmt::format("{}: model_config: {}", where, k);
    const auto name = json_get<std::string>(layers[k], "class_name", place);
    if (!is_dense(name)) {
      if (!is_light(name)) return false;
      continue;
    }
    HlsLayer layer{.inputs = last_size(layers[k], "input_shape", place), .outputs = last_size(layers[k], "output_shape", place)};
    layer.reuse_factor = number_from(json_get<Json>(layers[k], "reuse_factor", place), place + ": reuse_factor", 1, 1 << 24);
    design.layers.push_back(layer);
  }
  return !design.layers.empty();
}

bool kept(const Json& sample, const Json& model, const std::vector<HlsFilter>& filters) {
  for (const HlsFilter& filter : filters) {
    std::string text;
    if (filter.column == "model_name")
      text = text_of(sample.value("meta_data", Json::object()), "model_name");
    else if (filter.column == "strategy")
      text = text_of(model, "Strategy");
    else
      text = text_of(sample, filter.column.c_str());
    if (!matches_pattern(filter.pattern, text)) return false;
  }
  return true;
}

}  // namespace

void read_wa_json(const std::string& text, const std::string& where, const std::vector<HlsFilter>& filters, HlsReports& out) {
  const std::vector<std::string> known{"model_name", "target_part", "strategy", "hls4ml_version", "vivado_version"};
  for (const HlsFilter& filter : filters) {
    if (std::find(known.begin(), known.end(), filter.column) != known.end()) continue;
    throw ConfigError("a filter names a member that is not there",
                      {.where = where, .found = "'" + filter.column + "'", .expected = {}, .hint = suggest(filter.column, known)});
  }
  Json file = parse_json(text, where);
  if (file.is_object()) file = Json::array({std::move(file)});
  std::size_t others = 0;
  for (std::size_t k = 0; k < file.size(); ++k) {
    if (k % 1024 == 0) throw_if_interrupted();
    const Json& sample = file[k];
    const std::string place = fmt::format("{}: sample {}", where, k);
    if (!sample.is_object() || !sample.contains("model_config") || !sample.contains("hls_config")) {
      throw DataError("not a sample of wa-hls4ml", {.where = place,
                                                    .found = sample.dump().substr(0, 80),
                                                    .expected = "an object with model_config, hls_config, resource_report, ...",
                                                    .hint = {}});
    }
    const Json& config = sample.at("hls_config");
    const Json model = config.is_object() ? config.value("Model", Json::object()) : Json::object();
    if (!kept(sample, model, filters)) continue;
    HlsSample result;
    result.level = HlsLevel::network;
    result.where = place;
    if (!read_layers(sample, place, result.design)) {
      ++others;
      continue;
    }
    if (config.is_object()) {
      const auto bits = weight_bits(config, result.design.layers.size());
      for (std::size_t i = 0; i < bits.size(); ++i) result.design.layers[i].weight_bits = bits[i];
    }
    const std::string strategy = text_of(model, "Strategy");
    if (!strategy.empty()) {
      try {
        result.design.strategy = hls_strategy_from_string(strategy);
      } catch (const ConfigError& error) {
        throw DataError(
            error.summary(),
            {.where = place + ": hls_config: Model: Strategy", .found = error.text().found, .expected = error.text().expected, .hint = {}});
      }
    }
    result.design.clock_ns = figure(sample, "latency_report", "target_clock", place);
    if (!result.design.clock_ns && config.is_object()) result.design.clock_ns = figure(sample, "hls_config", "clock_period", place);
    result.design.series7 = is_series7(text_of(sample, "target_part"));
    result.network = network_shape(result.design.layers);
    const auto cycles = figure(sample, "latency_report", "cycles_max", place),
               interval = figure(sample, "latency_report", "interval_max", place);
    for (const auto& [stage, report] :
         {std::pair{HlsStage::c_synthesis, "hls_resource_report"}, std::pair{HlsStage::post_synthesis, "resource_report"}}) {
      result.stage = stage;
      std::optional<double> bram = figure(sample, report, "bram", place);
      if (bram && stage == HlsStage::post_synthesis) *bram *= kBram18PerBlock;
      result.truth = {figure(sample, report, "lut", place),
                      figure(sample, report, "ff", place),
                      figure(sample, report, "dsp", place),
                      bram,
                      cycles,
                      interval};
      if (result.truth[0] || result.truth[1]) out.samples.push_back(result);
    }
  }
  if (others > 0) out.notes.push_back(fmt::format("{}: {} samples left out: layers other than dense ones", where, others));
}

}  // namespace snac::cost
