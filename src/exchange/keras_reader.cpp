// Keras models as they are saved: the configuration as JSON, weights as HDF5. Keras 2 and 3 keep both in one .h5, Keras 3's .keras is a
// zip archive of config.json and model.weights.h5. Keras itself is not needed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "readers.hpp"
#include "snac/core/files.hpp"
#include "snac/data/hdf5_arrays.hpp"
#include "snac/data/zip_members.hpp"

namespace snac::exchange {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;

std::string excerpt(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 80); }

std::string printable(std::string text) {
  text.resize(std::min<std::size_t>(text.size(), 80));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '?';
  }
  return text;
}

/// "BatchNormalization" -> "batch_normalization", "ReLU" -> "re_lu": how Keras 3 names groups of weights.
std::string snake_case(const std::string& name) {
  std::string out;
  const auto upper = [&](std::size_t i) { return i < name.size() && name[i] >= 'A' && name[i] <= 'Z'; };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool word = upper(i) && i > 0 && (!upper(i - 1) || (i + 1 < name.size() && !upper(i + 1)));
    if (word) out += '_';
    out += upper(i) ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
  }
  return out;
}

using Arrays = std::map<std::string, data::Hdf5Numbers>;

Arrays arrays_of(const std::string& path, const std::string& group) {
  Arrays arrays;
  for (auto& array : data::read_hdf5_arrays(path, group)) {
    std::string name = array.name;
    arrays[name] = std::move(array);
  }
  return arrays;
}

struct Layer {
  std::string type, name, place;
  Json config;
  std::string group;  ///< snake case with the count, "dense_2"
};

class Reader {
 public:
  /// @param named  weights stand under the names of layers and variables (.h5), else under types and numbers (Keras 3's own file)
  Reader(std::string file, const Json& config, Arrays weights, bool named) : weights_(std::move(weights)), named_(named) {
    chain_.file = std::move(file);
    const Json& model = member(config, "config", "");
    const std::string type = text(config, "class_name", "");
    if (type != "Sequential" && type != "Functional" && type != "Model")
      fail("", "a model of class '" + printable(type) + "'", "Sequential, or Functional without branches", "build it from layers of Keras");
    const Json& layers = model.is_array() ? model : member(model, "layers", "");  // Keras 2.0 stored the list itself
    if (!layers.is_array() || layers.size() > kMaxChainNodes) fail("", "layers " + excerpt(layers), "a list of layers");
    std::map<std::string, int> counts;
    for (const Json& json : layers) {
      Layer layer;
      layer.type = text(json, "class_name", "layer");
      layer.config = member(json, "config", layer.type);
      layer.name = layer.config.contains("name") ? text(layer.config, "name", layer.type) : layer.type;
      layer.place = fmt::format("layer '{}' ({})", printable(layer.name), printable(layer.type));
      const std::string base = snake_case(layer.type);
      const int count = counts[base]++;
      layer.group = count == 0 ? base : fmt::format("{}_{}", base, count);
      if (type != "Sequential" && !layers_.empty()) check_chain(json, layer);
      layers_.push_back(std::move(layer));
    }
    if (type != "Sequential") check_output(model);
    if (type == "Sequential" && model.is_object() && model.contains("build_input_shape")) input_shape(model["build_input_shape"], "");
  }

  Chain read(const std::string& producer) {
    chain_.producer = producer;
    for (const Layer& layer : layers_) add(layer);
    return std::move(chain_);
  }

 private:
  [[noreturn]] void fail(const std::string& place, const std::string& found, const std::string& expected,
                         const std::string& hint = {}) const {
    fail_at(chain_.file, place, found, expected, hint);
  }
  const Json& member(const Json& json, const char* key, const std::string& place) const {
    if (!json.is_object() || !json.contains(key))
      fail(place, "no member '" + std::string(key) + "' in the configuration", "it, as Keras saves it");
    return json.at(key);
  }
  std::string text(const Json& json, const char* key, const std::string& place) const {
    const Json& value = member(json, key, place);
    if (!value.is_string()) fail(place, std::string(key) + " " + excerpt(value), "a text");
    return value.get<std::string>();
  }
  bool flag(const Layer& layer, const char* key, bool fallback) const {
    if (!layer.config.contains(key)) return fallback;
    if (!layer.config.at(key).is_boolean()) fail(layer.place, std::string(key) + " " + excerpt(layer.config.at(key)), "true or false");
    return layer.config.at(key).get<bool>();
  }
  double number(const Layer& layer, const char* key, double fallback) const {
    const Json* value = layer.config.contains(key) ? &layer.config.at(key) : nullptr;
    if (value == nullptr || value->is_null()) return fallback;
    // Keras 3 serialises numbers of NumPy's types as {"class_name": "__numpy__", "config": {"value": ...}}.
    if (value->is_object() && value->contains("config") && value->at("config").is_object() && value->at("config").contains("value"))
      value = &value->at("config").at("value");
    if (!value->is_number()) fail(layer.place, std::string(key) + " " + excerpt(*value), "a number");
    return value->get<double>();
  }

  /// Names of the layers that a functional model's layer reads, in any of the forms that Keras has had: a text followed by two numbers.
  static void sources(const Json& json, std::vector<std::string>& names, int depth = 0) {
    if (depth > 20) return;
    if (json.is_array() && json.size() >= 3 && json[0].is_string() && json[1].is_number() && json[2].is_number()) {
      names.push_back(json[0].get<std::string>());
      return;
    }
    if (!json.is_structured()) return;
    for (const Json& each : json) sources(each, names, depth + 1);
  }
  void check_chain(const Json& json, const Layer& layer) const {
    std::vector<std::string> names;
    if (json.contains("inbound_nodes")) sources(json["inbound_nodes"], names);
    if (names.size() != 1 || names.front() != layers_.back().name) {
      fail(layer.place, fmt::format("inputs [{}]", printable(fmt::format("{}", fmt::join(names, ", ")))),
           fmt::format("the layer in front, '{}': one after the other, without branches", printable(layers_.back().name)));
    }
  }
  void check_output(const Json& model) const {
    std::vector<std::string> names;
    if (model.contains("output_layers")) sources(model["output_layers"], names);
    if (names.size() != 1 || layers_.empty() || names.front() != layers_.back().name)
      fail("", "outputs " + printable(fmt::format("{}", fmt::join(names, ", "))), "the last layer");
  }

  void input_shape(const Json& shape, const std::string& place) {
    // Of several inputs Keras makes a list of shapes.
    if (shape.is_null()) return;
    if (!shape.is_array() || shape.empty()) fail(place, "an input shape " + excerpt(shape), "[null, features]");
    std::size_t features = 1;
    for (std::size_t d = 1; d < shape.size(); ++d) {
      if (shape[d].is_null()) return;
      if (!shape[d].is_number_integer() || shape[d].get<std::int64_t>() < 1 || shape[d].get<std::int64_t>() > (1 << 24))
        fail(place, "an input shape " + excerpt(shape), "[null, features]");
      features *= shape[d].get<std::size_t>();
      if (features > kMaxChainValues) fail(place, "an input shape " + excerpt(shape), fmt::format("at most {} features", kMaxChainValues));
    }
    chain_.inputs = features;
    flat_ = shape.size() <= 2;
  }

  /// The arrays of a layer in Keras' order, or nothing if the file has no group for it.
  std::vector<const data::Hdf5Numbers*> arrays(const Layer& layer, const std::vector<std::string>& names) const {
    std::vector<const data::Hdf5Numbers*> found;
    for (std::size_t k = 0; k < names.size(); ++k) {
      const data::Hdf5Numbers* array = nullptr;
      if (named_) {
        // <layer>/<path of the variable>/<variable>:0, without the number since Keras 3.
        const std::string start = layer.name + "/";
        for (auto it = weights_.lower_bound(start); it != weights_.end() && it->first.starts_with(start); ++it) {
          std::string last = it->first.substr(it->first.rfind('/') + 1);
          last = last.substr(0, last.find(':'));
          if (last == names[k]) array = &it->second;
        }
      } else {
        for (const std::string& group : {layer.group, layer.name}) {
          const auto it = weights_.find(fmt::format("{}/vars/{}", group, k));
          if (it != weights_.end() && array == nullptr) array = &it->second;
        }
      }
      if (array == nullptr)
        fail(layer.place, fmt::format("no weights '{}' in the file", names[k]), fmt::format("{} for this layer", fmt::join(names, ", ")));
      found.push_back(array);
    }
    return found;
  }

  void need_flat(const Layer& layer) const {
    if (!flat_)
      fail(layer.place, "inputs of several axes", "one axis of features besides the batch", "put a Flatten in front of the first layer");
  }

  void add(const Layer& layer) {
    static const std::set<std::string> ignored{"Dropout",      "GaussianNoise",          "GaussianDropout",
                                               "AlphaDropout", "ActivityRegularization", "Identity"};
    if (layer.config.contains("batch_input_shape")) input_shape(layer.config["batch_input_shape"], layer.place);
    if (layer.type == "InputLayer") {
      if (layer.config.contains("batch_shape")) input_shape(layer.config["batch_shape"], layer.place);
    } else if (layer.type == "Dense") {
      dense(layer);
    } else if (layer.type == "BatchNormalization") {
      batch_normalization(layer);
    } else if (layer.type == "Activation") {
      activation(layer, layer.config);
    } else if (layer.type == "ReLU") {
      const bool plain = layer.config.contains("max_value") ? layer.config["max_value"].is_null() : true;
      if (!plain || number(layer, "threshold", 0) != 0) fail(layer.place, "a ReLU with a limit or threshold", "max(x, 0)");
      named_activation(layer, number(layer, "negative_slope", 0) != 0 ? "leaky_relu" : "relu", number(layer, "negative_slope", 0));
    } else if (layer.type == "LeakyReLU") {
      named_activation(layer, "leaky_relu", number(layer, "negative_slope", number(layer, "alpha", 0.3)));
    } else if (layer.type == "Softmax") {
      named_activation(layer, "softmax", 0);
    } else if (layer.type == "Flatten") {
      flat_ = true;
    } else if (layer.type == "Reshape") {
      const Json& shape = member(layer.config, "target_shape", layer.place);
      if (!shape.is_array() || shape.size() != 1) fail(layer.place, "a reshape to " + excerpt(shape), "one axis of features");
      flat_ = true;
    } else if (layer.type == "Rescaling") {
      append(chain_, {layer.place, ScaleStep{{number(layer, "scale", 1)}, {number(layer, "offset", 0)}}});
    } else if (!ignored.contains(layer.type)) {
      const bool qkeras = layer.type.starts_with("Q");
      fail(layer.place, "a layer that is not read",
           fmt::format("Dense, BatchNormalization, Activation, ReLU, LeakyReLU, Softmax, Flatten, Reshape, Rescaling, {}",
                       fmt::join(ignored, ", ")),
           qkeras ? "convert QKeras models to QONNX (qonnx.converters.from_keras) and import that" : "export the model as ONNX");
    }
  }

  void dense(const Layer& layer) {
    need_flat(layer);
    const bool with_bias = flag(layer, "use_bias", true);
    const auto found = arrays(layer, with_bias ? std::vector<std::string>{"kernel", "bias"} : std::vector<std::string>{"kernel"});
    const data::Hdf5Numbers& kernel = *found.front();
    if (kernel.shape.size() != 2 || kernel.values.empty())
      fail(layer.place, fmt::format("a kernel of shape ({})", fmt::join(kernel.shape, ", ")), "(inputs, units)");
    AffineStep step{kernel.shape[0], kernel.shape[1], std::vector<double>(kernel.values.size()), std::vector<double>(kernel.shape[1])};
    if (number(layer, "units", -1) != static_cast<double>(step.outputs))
      fail(layer.place, fmt::format("a kernel of shape ({})", fmt::join(kernel.shape, ", ")),
           fmt::format("{:g} units, as the configuration says", number(layer, "units", -1)));
    for (std::size_t i = 0; i < step.inputs; ++i) {
      for (std::size_t o = 0; o < step.outputs; ++o) step.weights[o * step.inputs + i] = kernel.values[i * step.outputs + o];
    }
    if (with_bias) {
      if (found[1]->values.size() != step.outputs)
        fail(layer.place, fmt::format("a bias of {} elements", found[1]->values.size()), fmt::format("{}", step.outputs));
      step.bias.assign(found[1]->values.begin(), found[1]->values.end());
    }
    append(chain_, {layer.place, std::move(step)});
    activation(layer, layer.config);
  }

  void batch_normalization(const Layer& layer) {
    need_flat(layer);
    std::vector<std::string> names;
    const bool scale = flag(layer, "scale", true), center = flag(layer, "center", true);
    if (scale) names.emplace_back("gamma");
    if (center) names.emplace_back("beta");
    names.insert(names.end(), {"moving_mean", "moving_variance"});
    const auto found = arrays(layer, names);
    const double epsilon = number(layer, "epsilon", 1e-3);
    const std::size_t count = found.back()->values.size();
    for (const auto* array : found) {
      if (array->values.size() != count || count == 0)
        fail(layer.place, fmt::format("weights of {} and {} elements", array->values.size(), count), "one per feature each");
    }
    const auto& mean = found[found.size() - 2]->values;
    const auto& variance = found.back()->values;
    ScaleStep step;
    for (std::size_t i = 0; i < count; ++i) {
      step.scale.push_back((scale ? found.front()->values[i] : 1) / std::sqrt(variance[i] + epsilon));
      step.shift.push_back((center ? found[scale ? 1 : 0]->values[i] : 0) - mean[i] * step.scale.back());
    }
    append(chain_, {layer.place, std::move(step)});
  }

  /// The member "activation": a name, or in newer files a serialised object.
  void activation(const Layer& layer, const Json& config) {
    if (!config.contains("activation") || config["activation"].is_null()) return;
    const Json& value = config["activation"];
    if (value.is_string()) {
      named_activation(layer, value.get<std::string>(), 0.2);
    } else if (value.is_object() && value.contains("class_name")) {
      const Json& parameters = value.contains("config") ? value["config"] : value;
      const std::string type = text(value, "class_name", layer.place);
      std::string name = type == "function" && parameters.is_string() ? parameters.get<std::string>() : snake_case(type);
      if (name == "re_lu") name = "relu";
      if (name == "leaky_re_lu") name = "leaky_relu";
      Layer inner = layer;
      inner.config = parameters.is_object() ? parameters : Json::object();
      named_activation(layer, name, number(inner, "negative_slope", number(inner, "alpha", 0.3)));
    } else {
      fail(layer.place, "an activation " + excerpt(value), "a name");
    }
  }

  void named_activation(const Layer& layer, const std::string& name, double slope) {
    if (name == "linear") return;
    if (name == "softmax" || name == "log_softmax") {
      need_flat(layer);
      append(chain_, {layer.place, SoftmaxStep{}});
      return;
    }
    const std::map<std::string, space::Activation> known{{"relu", space::Activation::relu},
                                                         {"tanh", space::Activation::tanh},
                                                         {"sigmoid", space::Activation::sigmoid},
                                                         {"leaky_relu", space::Activation::leaky_relu}};
    const auto found = known.find(name);
    if (found == known.end())
      fail(layer.place, "activation '" + printable(name) + "'", "linear, relu, tanh, sigmoid, leaky_relu or softmax");
    append(chain_, {layer.place, ActivationStep{found->second, slope}});
  }

  Chain chain_;
  Arrays weights_;
  bool named_;
  std::vector<Layer> layers_;
  bool flat_ = true;
};

std::string version_text(const std::string& version) { return version.empty() ? "Keras" : "Keras " + printable(version); }

}  // namespace

Chain read_keras_h5(const std::string& file) {
  const auto texts = data::read_hdf5_texts(file, {"model_config", "keras_version"});
  if (texts[0].empty()) {
    fail_at(file, "", "no attribute 'model_config'", "a whole model",
            "save it with model.save(), weights alone do not say what they belong to");
  }
  const Json config = parse_json(texts[0], file + ": model_config");
  return Reader(file, config, arrays_of(file, "model_weights"), true).read(version_text(texts[1]));
}

Chain read_keras_archive(const std::string& file) {
  const auto members = data::read_zip_members(file, {"config.json", "metadata.json", "model.weights.h5"}, kMaxFileBytes);
  const Json config = parse_json(members.at("config.json"), file + ": config.json");
  const Json metadata = parse_json(members.at("metadata.json"), file + ": metadata.json");
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "model.weights.h5").string();
  write_file_atomically(path, members.at("model.weights.h5"));
  Arrays weights;
  try {
    weights = arrays_of(path, "layers");
  } catch (const DataError& error) {
    fail_at(file, "model.weights.h5", error.text().found, error.text().expected, error.text().hint);
  }
  const bool has_version = metadata.is_object() && metadata.contains("keras_version") && metadata["keras_version"].is_string();
  return Reader(file, config, std::move(weights), false)
      .read(version_text(has_version ? metadata["keras_version"].get<std::string>() : ""));
}

}  // namespace snac::exchange
