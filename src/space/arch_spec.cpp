#include "snac/space/arch_spec.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "snac/core/error.hpp"

namespace snac::space {
namespace {

constexpr std::array kActivations{Activation::linear, Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu};

std::int64_t elements(const Shape& shape) {
  std::int64_t count = 1;
  for (const Axis& axis : shape) count *= axis.size;
  return count;
}

[[noreturn]] void invalid(const std::string& where, const std::string& found, const std::string& expected) {
  throw ConfigError("an architecture is not usable", {.where = where, .found = found, .expected = expected, .hint = {}});
}

void check_shape(const Shape& shape, const std::string& where) {
  if (shape.empty()) invalid(where, "no axis", "at least one axis, for instance {feature, 24}");
  std::int64_t count = 1;
  for (const Axis& axis : shape) {
    if (axis.name.empty()) invalid(where, "an axis without a name", "a name, for instance 'feature'");
    if (axis.size < 1) invalid(where, fmt::format("axis '{}' of size {}", axis.name, axis.size), "a size >= 1");
    count *= axis.size;
    if (count > kMaxElements) invalid(where, fmt::format("more than {} elements", kMaxElements), fmt::format("at most {}", kMaxElements));
  }
}

/// The shape a node gives. Throws for a node that cannot stand after the values known so far.
Shape output_shape(const ArchNode& node, const std::vector<Shape>& known, const std::string& where) {
  const auto& dense = std::get<DenseLayer>(node.layer);
  if (node.inputs.size() != 1)
    invalid(where + ": inputs", fmt::format("{} inputs", node.inputs.size()), "exactly one input for a dense layer");
  const int input = node.inputs.front();
  if (input < 0 || static_cast<std::size_t>(input) >= known.size()) {
    invalid(where + ": inputs", fmt::format("value {}", input), fmt::format("a value produced earlier: 0 to {}", known.size() - 1));
  }
  if (dense.units < 1) invalid(where + ": units", std::to_string(dense.units), "units >= 1");
  if (!(dense.dropout >= 0 && dense.dropout < 1)) invalid(where + ": dropout", fmt::format("{}", dense.dropout), "a probability in [0, 1)");
  if (!(dense.negative_slope > 0 && dense.negative_slope < 1))
    invalid(where + ": negative_slope", fmt::format("{}", dense.negative_slope), "a slope in (0, 1)");
  Shape shape = known[static_cast<std::size_t>(input)];
  shape.back() = {"feature", dense.units};
  check_shape(shape, where);
  return shape;
}

std::vector<Shape> checked_shapes(const ArchSpec& spec) {
  check_shape(spec.input, "input");
  if (spec.nodes.empty()) invalid("nodes", "no node", "at least the layer that gives the logits");
  if (spec.nodes.size() > kMaxNodes)
    invalid("nodes", fmt::format("{} nodes", spec.nodes.size()), fmt::format("at most {} nodes", kMaxNodes));
  std::vector<Shape> shapes{spec.input};
  for (std::size_t k = 0; k < spec.nodes.size(); ++k) shapes.push_back(output_shape(spec.nodes[k], shapes, fmt::format("nodes[{}]", k)));
  return shapes;
}

void refuse_unknown_members(const Json& object, const std::vector<std::string>& known, const std::string& where) {
  if (!object.is_object()) {
    throw DataError("an architecture is damaged", {.where = where,
                                                   .found = object.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 80),
                                                   .expected = "an object",
                                                   .hint = {}});
  }
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw DataError("an architecture has an unknown member", {.where = where,
                                                                .found = "'" + key.substr(0, 80) + "'",
                                                                .expected = fmt::format("{}", fmt::join(known, ", ")),
                                                                .hint = suggest(key, known)});
    }
  }
}

const Json& list_member(const Json& object, const char* key, const std::string& where) {
  if (!object.contains(key)) {
    throw DataError("a member is missing",
                    {.where = where, .found = fmt::format("no '{}'", key), .expected = fmt::format("a list '{}'", key), .hint = {}});
  }
  const Json& list = object.at(key);
  if (!list.is_array() || list.size() > kMaxNodes) {
    throw DataError("a member has the wrong type or size",
                    {.where = fmt::format("{}: {}", where, key),
                     .found = list.is_array() ? fmt::format("{} items", list.size()) : list.type_name(),
                     .expected = fmt::format("a list of at most {} items", kMaxNodes),
                     .hint = {}});
  }
  return list;
}

ArchNode node_from_json(const Json& json, const std::string& where) {
  refuse_unknown_members(json, {"type", "inputs", "units", "activation", "batch_norm", "dropout", "negative_slope"}, where);
  const auto type = json_get<std::string>(json, "type", where);
  if (type != "dense") {
    throw DataError("a layer has an unknown type",
                    {.where = where + ": type", .found = "'" + type.substr(0, 80) + "'", .expected = "dense", .hint = {}});
  }
  DenseLayer dense;
  dense.units = json_get<int>(json, "units", where);
  try {
    dense.activation = activation_from_string(json_get<std::string>(json, "activation", where));
  } catch (const ConfigError& error) {
    throw DataError(
        error.summary(),
        {.where = where + ": activation", .found = error.text().found, .expected = error.text().expected, .hint = error.text().hint});
  }
  dense.batch_norm = json_get<bool>(json, "batch_norm", where);
  dense.dropout = json_get<double>(json, "dropout", where);
  if (json.contains("negative_slope")) dense.negative_slope = json_get<double>(json, "negative_slope", where);
  ArchNode node{dense, {}};
  for (const Json& input : list_member(json, "inputs", where))
    node.inputs.push_back(json_get<int>(Json{{"input", input}}, "input", where + ": inputs"));
  return node;
}

std::string activation_summary(const DenseLayer& dense) {
  const std::string name = to_string(dense.activation);
  if (dense.activation != Activation::leaky_relu || dense.negative_slope == kLeakySlope) return name;
  return fmt::format("{}({:.4g})", name, dense.negative_slope);
}

}  // namespace

std::string to_string(Activation activation) {
  switch (activation) {
    case Activation::linear:
      return "linear";
    case Activation::relu:
      return "relu";
    case Activation::tanh:
      return "tanh";
    case Activation::sigmoid:
      return "sigmoid";
    case Activation::leaky_relu:
      return "leaky_relu";
  }
  return "linear";
}

Activation activation_from_string(const std::string& name) {
  std::vector<std::string> known;
  for (const Activation each : kActivations) {
    known.push_back(to_string(each));
    if (known.back() == name) return each;
  }
  throw ConfigError("unknown activation", {.where = {},
                                           .found = "'" + name.substr(0, 80) + "'",
                                           .expected = fmt::format("{}", fmt::join(known, ", ")),
                                           .hint = suggest(name, known)});
}

void ArchSpec::validate() const { checked_shapes(*this); }

ArchSpec mlp(int inputs, const std::vector<int>& hidden, int outputs, Activation activation, bool batch_norm, double dropout) {
  ArchSpec spec{{{"feature", inputs}}, {}};
  for (const int width : hidden) {
    spec.nodes.push_back({DenseLayer{width, activation, batch_norm, dropout}, {static_cast<int>(spec.nodes.size())}});
  }
  spec.nodes.push_back({DenseLayer{outputs, Activation::linear, false, 0}, {static_cast<int>(spec.nodes.size())}});
  spec.validate();
  return spec;
}

std::vector<DenseLayer> dense_chain(const ArchSpec& spec) {
  spec.validate();
  if (spec.input.size() != 1) invalid("input", fmt::format("{} axes", spec.input.size()), "one axis: a plain chain of dense layers");
  std::vector<DenseLayer> layers;
  for (std::size_t k = 0; k < spec.nodes.size(); ++k) {
    const int input = spec.nodes[k].inputs.front();
    if (std::cmp_not_equal(input, k)) {
      invalid(fmt::format("nodes[{}]: inputs", k), fmt::format("value {}", input),
              fmt::format("value {}: a plain chain of dense layers", k));
    }
    layers.push_back(std::get<DenseLayer>(spec.nodes[k].layer));
  }
  return layers;
}

int num_inputs(const ArchSpec& spec) { return static_cast<int>(elements(checked_shapes(spec).front())); }
int num_outputs(const ArchSpec& spec) { return static_cast<int>(elements(checked_shapes(spec).back())); }
std::vector<Shape> value_shapes(const ArchSpec& spec) { return checked_shapes(spec); }

std::int64_t macs(const ArchSpec& spec) {
  const std::vector<Shape> shapes = checked_shapes(spec);
  std::int64_t total = 0;
  for (const ArchNode& node : spec.nodes) {
    total += elements(shapes[static_cast<std::size_t>(node.inputs.front())]) * std::get<DenseLayer>(node.layer).units;
  }
  return total;
}

std::string summary(const ArchSpec& spec) {
  const std::vector<Shape> shapes = checked_shapes(spec);
  bool chain = true;
  for (std::size_t k = 0; k < spec.nodes.size(); ++k) chain = chain && std::cmp_equal(spec.nodes[k].inputs.front(), k);
  if (!chain) {
    return fmt::format("graph of {} layers, {} inputs, {} outputs", spec.nodes.size(), elements(shapes.front()), elements(shapes.back()));
  }
  std::vector<std::string> sizes, activations, normalised;
  for (const Axis& axis : spec.input) sizes.push_back(std::to_string(axis.size));
  std::string text = fmt::format("{}", fmt::join(sizes, "x"));
  for (std::size_t k = 0; k < spec.nodes.size(); ++k) {
    const auto& dense = std::get<DenseLayer>(spec.nodes[k].layer);
    text += fmt::format("-{}", dense.units);
    if (k + 1 == spec.nodes.size()) break;
    activations.push_back(activation_summary(dense));
    if (dense.batch_norm) normalised.push_back(std::to_string(k + 1));
  }
  const bool uniform = std::all_of(activations.begin(), activations.end(), [&](const auto& name) { return name == activations.front(); });
  if (!activations.empty()) text += " " + (uniform ? activations.front() : fmt::format("{}", fmt::join(activations, ",")));
  if (!normalised.empty()) text += normalised.size() == activations.size() ? " bn" : fmt::format(" bn:{}", fmt::join(normalised, ","));
  const auto& last = std::get<DenseLayer>(spec.nodes.back().layer);
  if (last.activation != Activation::linear) text += " out:" + activation_summary(last);
  return text;
}

Json to_json(const ArchSpec& spec) {
  Json json{{"input", Json::array()}, {"nodes", Json::array()}};
  for (const Axis& axis : spec.input) json["input"].push_back(Json{{"name", axis.name}, {"size", axis.size}});
  for (const ArchNode& node : spec.nodes) {
    const auto& dense = std::get<DenseLayer>(node.layer);
    Json layer{{"type", "dense"},
               {"inputs", node.inputs},
               {"units", dense.units},
               {"activation", to_string(dense.activation)},
               {"batch_norm", dense.batch_norm},
               {"dropout", dense.dropout}};
    if (dense.negative_slope != kLeakySlope) layer["negative_slope"] = dense.negative_slope;
    json["nodes"].push_back(std::move(layer));
  }
  return json;
}

ArchSpec arch_from_json(const Json& json, const std::string& where) {
  refuse_unknown_members(json, {"input", "nodes"}, where);
  ArchSpec spec;
  for (const Json& axis : list_member(json, "input", where)) {
    const std::string place = fmt::format("{}: input[{}]", where, spec.input.size());
    refuse_unknown_members(axis, {"name", "size"}, place);
    spec.input.push_back({json_get<std::string>(axis, "name", place), json_get<int>(axis, "size", place)});
  }
  for (const Json& node : list_member(json, "nodes", where)) {
    spec.nodes.push_back(node_from_json(node, fmt::format("{}: nodes[{}]", where, spec.nodes.size())));
  }
  try {
    spec.validate();
  } catch (const ConfigError& error) {
    throw DataError(error.summary(), {.where = where + ": " + error.text().where,
                                      .found = error.text().found,
                                      .expected = error.text().expected,
                                      .hint = error.text().hint});
  }
  return spec;
}

}  // namespace snac::space
