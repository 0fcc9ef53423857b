// The `space:` mapping -> axes with conditions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "choices.hpp"
#include "snac/core/error.hpp"
#include "snac/core/fields.hpp"
#include "snac/space/search_space.hpp"

namespace snac::space {
namespace {

struct Key {
  const char* name;
  Parameter parameter;
  bool belongs_to_layers;  ///< may be given per layer
};

/// The canonical order of axes.
constexpr Key kKeys[] = {{"layers", Parameter::layers, false},
                         {"width", Parameter::width, true},
                         {"activation", Parameter::activation, true},
                         {"batch_norm", Parameter::batch_norm, true},
                         {"dropout", Parameter::dropout, true},
                         {"learning_rate", Parameter::learning_rate, false},
                         {"l1", Parameter::l1, false},
                         {"batch", Parameter::batch, false}};

Domain domain_of(Parameter parameter) {
  using Kind = Domain::Kind;
  switch (parameter) {
    case Parameter::layers:
      return {.kind = Kind::integer, .min = 0, .max = kMaxHiddenLayers};
    case Parameter::width:
      return {.kind = Kind::integer, .min = 1, .max = kMaxWidth};
    case Parameter::activation:
      return {.kind = Kind::word, .words = {"relu", "tanh", "sigmoid", "leaky_relu", "linear"}};
    case Parameter::batch_norm:
      return {.kind = Kind::truth};
    case Parameter::dropout:
      return {.kind = Kind::real, .min = 0, .max = 1, .open_max = true};
    case Parameter::learning_rate:
      return {.kind = Kind::real, .min = 0, .open_min = true};
    case Parameter::l1:
      return {.kind = Kind::real, .min = 0};
    case Parameter::batch:
      return {.kind = Kind::integer, .min = 1, .max = 1 << 24};
  }
  return {};
}

bool is_layer_map(const YAML::Node& node) {
  double number = 0;
  return node.IsMap() && node.size() > 0 && node.begin()->first.IsScalar() && parse_number(node.begin()->first.Scalar(), number);
}

/// One key of the space: its axes without conditions, and the user's condition.
struct Block {
  Parameter parameter;
  std::vector<SearchAxis> axes;
  YAML::Node when;
  YamlPlace place;
};

class SpaceReader {
 public:
  SpaceReader(const YAML::Node& node, const std::string& where) : node_(node), place_(YamlPlace::from(where)) {}

  std::vector<SearchAxis> read() {
    read_blocks();
    for (const Block& block : blocks_) add_axes(block);
    return std::move(axes_);
  }

 private:
  void read_blocks() {
    Fields fields = Fields::reader(node_, place_.file, place_.path);
    int family = 0;
    fields.choice<int>("family", family, {{"mlp", 0}}, "");
    std::vector<std::pair<const Key*, YAML::Node>> found;
    for (const Key& key : kKeys) {
      YAML::Node value;
      fields.raw(key.name, value, "", "");
      if (fields.has(key.name)) found.emplace_back(&key, value);
    }
    fields.finish();
    for (const Key& key : {kKeys[0], kKeys[1]}) {
      if (!fields.has(key.name)) {
        place_.below(key.name).fail(node_, "nothing", domain_of(key.parameter).text() + ", or a list of them");
      }
    }
    for (const auto& [key, value] : found) read_block(*key, value);
  }

  void read_block(const Key& key, const YAML::Node& node) {
    Block block{.parameter = key.parameter, .axes = {}, .when = YAML::Node(YAML::NodeType::Undefined), .place = place_.below(key.name)};
    YAML::Node values = node, per_layer(YAML::NodeType::Undefined);
    if (node.IsMap() && (node["values"] || node["per_layer"] || node["when"])) {
      values.reset(YAML::Node(YAML::NodeType::Undefined));
      Fields fields = Fields::reader(node, block.place.file, block.place.path);
      fields.raw("values", values, "", "");
      fields.raw("when", block.when, "", "");
      if (key.belongs_to_layers && key.parameter != Parameter::width) fields.raw("per_layer", per_layer, "", "");
      fields.finish();
      if (values.IsDefined() == per_layer.IsDefined()) {
        block.place.fail(node, values.IsDefined() ? "'values' and 'per_layer' together" : "no 'values'",
                         "{values: ..., when: {axis: choice}}");
      }
    }
    if (block.when.IsDefined() && (key.parameter == Parameter::layers || key.parameter == Parameter::width)) {
      block.place.below("when").fail(block.when, "a condition", "none: a network always has a depth, and each layer a width",
                                     "switch layers off through 'layers'");
    }
    if (key.parameter == Parameter::width || per_layer.IsDefined()) {
      const YAML::Node source = per_layer.IsDefined() ? per_layer : values;
      const YamlPlace place = per_layer.IsDefined() ? block.place.below("per_layer") : block.place;
      for (auto& [layer, choices] : choices_by_layer(source, key.parameter, place)) {
        block.axes.push_back(make_axis(fmt::format("{}_{}", key.name, layer), key.parameter, layer, std::move(choices)));
      }
    } else {
      block.axes.push_back(make_axis(key.name, key.parameter, 0, parse_choices(values, domain_of(key.parameter), block.place)));
    }
    if (key.parameter == Parameter::layers) depths_ = block.axes.front().choices;
    blocks_.push_back(std::move(block));
  }

  static SearchAxis make_axis(std::string name, Parameter parameter, int layer, std::vector<Choice> choices) {
    return {.name = std::move(name),
            .choices = std::move(choices),
            .ordered = domain_of(parameter).numeric(),
            .conditions = {},
            .parameter = parameter,
            .layer = layer};
  }

  int max_depth() const { return static_cast<int>(std::get<std::int64_t>(depths_.back())); }

  /// One list for all layers, or {1: ..., 2: ...}.
  std::map<int, std::vector<Choice>> choices_by_layer(const YAML::Node& node, Parameter parameter, const YamlPlace& place) const {
    const Domain domain = domain_of(parameter);
    std::map<int, std::vector<Choice>> by_layer;
    if (!is_layer_map(node)) {
      const std::vector<Choice> choices = parse_choices(node, domain, place);
      for (int layer = 1; layer <= max_depth(); ++layer) by_layer[layer] = choices;
      return by_layer;
    }
    for (const auto& item : node) {
      const Domain layers{.kind = Domain::Kind::integer, .min = 1, .max = kMaxHiddenLayers};
      const auto layer = static_cast<int>(std::get<std::int64_t>(parse_choice(item.first, layers, place)));
      const YamlPlace here = place.below(std::to_string(layer));
      if (layer > max_depth()) {
        here.fail(item.first, fmt::format("layer {}", layer), fmt::format("a hidden layer that may exist: 1 to {}", max_depth()),
                  fmt::format("remove this line, or add {} to 'layers'", layer));
      }
      if (by_layer.count(layer) > 0) here.fail(item.first, fmt::format("layer {} twice", layer), "each layer once");
      by_layer[layer] = parse_choices(item.second, domain, here);
    }
    for (int layer = 1; layer <= max_depth(); ++layer) {
      if (by_layer.count(layer) == 0) {
        place.fail(node, fmt::format("no choices for layer {}", layer),
                   fmt::format("choices for every hidden layer that may exist: 1 to {}", max_depth()));
      }
    }
    return by_layer;
  }

  /// The conditions of a block hold for all its axes; depth adds its own. Axes that can never exist are left out:
  /// with depth alone that is a network without hidden layers, with a `when` for all axes of a block it is a mistake.
  void add_axes(const Block& block) {
    const std::vector<Condition> user = read_when(block);
    const std::size_t first = axes_.size();
    for (SearchAxis axis : block.axes) {
      bool possible = require(axis, depth_condition(axis));
      for (const Condition& condition : user) possible = require(axis, condition) && possible;
      std::map<int, std::vector<std::int32_t>> needs;
      possible = possible && collect_needs(axis, needs);
      if (!possible) continue;
      axes_.push_back(std::move(axis));
      needs_.push_back(std::move(needs));
    }
    if (axes_.size() == first && !user.empty()) {
      block.place.below("when").fail(block.when, "a condition that can never hold", "choices that can occur together",
                                     "the conditions of the axes it names count as well");
    }
  }

  /// The axis belongs to layer k: layers >= k. Parameters of all hidden layers need at least one.
  Condition depth_condition(const SearchAxis& axis) const {
    Condition condition;
    const bool hidden =
        axis.parameter == Parameter::activation || axis.parameter == Parameter::batch_norm || axis.parameter == Parameter::dropout;
    const int layer = hidden ? std::max(1, axis.layer) : axis.layer;
    for (std::size_t i = 0; i < depths_.size(); ++i) {
      if (std::get<std::int64_t>(depths_[i]) >= layer) condition.allowed.push_back(static_cast<std::int32_t>(i));
    }
    return condition;
  }

  /// Adds a condition, merged with one on the same axis. False if nothing is left. Conditions that always hold are not kept.
  bool require(SearchAxis& axis, const Condition& condition) const {
    const auto same =
        std::find_if(axis.conditions.begin(), axis.conditions.end(), [&](const Condition& each) { return each.axis == condition.axis; });
    if (same != axis.conditions.end()) {
      same->allowed = intersection(same->allowed, condition.allowed);
      return !same->allowed.empty();
    }
    const bool on_depth = condition.axis == 0;
    if (on_depth && condition.allowed.size() == depths_.size()) return true;
    axis.conditions.push_back(condition);
    return !condition.allowed.empty();
  }

  static std::vector<std::int32_t> intersection(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
    std::vector<std::int32_t> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
  }

  /// Everything that earlier axes must satisfy for this one to exist: each is a set of choices of one axis, so that the
  /// axis can exist exactly if no set is empty.
  bool collect_needs(const SearchAxis& axis, std::map<int, std::vector<std::int32_t>>& needs) const {
    bool possible = true;
    const auto need = [&](int index, const std::vector<std::int32_t>& allowed) {
      const auto [place, fresh] = needs.try_emplace(index, allowed);
      if (!fresh) place->second = intersection(place->second, allowed);
      possible = possible && !place->second.empty();
    };
    for (const Condition& condition : axis.conditions) {
      need(condition.axis, condition.allowed);
      for (const auto& [index, allowed] : needs_[static_cast<std::size_t>(condition.axis)]) need(index, allowed);
    }
    return possible;
  }

  std::vector<Condition> read_when(const Block& block) const {
    std::vector<Condition> conditions;
    if (!block.when.IsDefined()) return conditions;
    const YamlPlace place = block.place.below("when");
    if (!block.when.IsMap() || block.when.size() == 0) {
      place.fail(block.when, block.when.IsMap() ? "an empty mapping" : found_text(block.when), "{axis: choice} or {axis: [choices]}");
    }
    for (const auto& item : block.when) {
      const std::string name = item.first.IsScalar() ? item.first.Scalar() : "";
      const int index = earlier_axis(name, item.first, block, place);
      const SearchAxis& axis = axes_[static_cast<std::size_t>(index)];
      Condition condition{.axis = index, .allowed = {}};
      for (const Choice& choice : condition_choices(item.second, axis, place.below(name))) {
        const auto found = std::find(axis.choices.begin(), axis.choices.end(), choice);
        if (found == axis.choices.end()) never(item.second, to_string(choice), axis, place.below(name));
        condition.allowed.push_back(static_cast<std::int32_t>(found - axis.choices.begin()));
      }
      std::sort(condition.allowed.begin(), condition.allowed.end());
      if (std::any_of(conditions.begin(), conditions.end(), [&](const Condition& each) { return each.axis == index; })) {
        place.fail(item.first, "'" + name + "' twice", "each axis once");
      }
      conditions.push_back(std::move(condition));
    }
    return conditions;
  }

  static std::vector<Choice> condition_choices(const YAML::Node& node, const SearchAxis& axis, const YamlPlace& place) {
    if (!node.IsScalar() && !node.IsSequence()) place.fail(node, found_text(node), "a choice of '" + axis.name + "', or a list of them");
    return parse_choices(node, domain_of(axis.parameter), place);
  }

  [[noreturn]] static void never(const YAML::Node& node, const std::string& found, const SearchAxis& axis, const YamlPlace& place) {
    std::vector<std::string> known;
    for (const Choice& choice : axis.choices) known.push_back(to_string(choice));
    if (known.size() > 20) known = {known.front(), "...", known.back()};
    place.fail(node, found + ", which '" + axis.name + "' never is", fmt::format("{}", fmt::join(known, ", ")));
  }

  /// The index of an axis that is decided before the block's own axes.
  int earlier_axis(const std::string& name, const YAML::Node& node, const Block& block, const YamlPlace& place) const {
    std::vector<std::string> earlier;
    for (const SearchAxis& axis : axes_) {
      if (axis.name == name) return static_cast<int>(earlier.size());
      earlier.push_back(axis.name);
    }
    const std::string expected = fmt::format("an axis that stands earlier: {}", fmt::join(earlier, ", "));
    for (const Block& each : blocks_) {
      if (std::none_of(each.axes.begin(), each.axes.end(), [&](const SearchAxis& axis) { return axis.name == name; })) continue;
      if (each.parameter == block.parameter) place.fail(node, fmt::format("'{}', the axis itself: a cycle", name), expected);
      const bool later = each.parameter > block.parameter;
      place.fail(node, fmt::format("'{}', which {}", name, later ? "is decided later" : "can never exist"), expected,
                 later ? fmt::format("turn the condition round: give '{}' a 'when' that names '{}'", name, block.axes.front().name) : "");
    }
    place.fail(node, fmt::format("'{:.80}', which is no axis of this space", name), expected, suggest(name, earlier));
  }

  YAML::Node node_;
  YamlPlace place_;
  std::vector<Choice> depths_;
  std::vector<Block> blocks_;
  std::vector<SearchAxis> axes_;
  std::vector<std::map<int, std::vector<std::int32_t>>> needs_;  ///< per axis: what must hold for it to exist
};

}  // namespace

SearchSpace SearchSpace::from_yaml(const YAML::Node& node, int num_inputs, int num_outputs, const std::string& where) {
  if (num_inputs < 1 || num_inputs > kMaxElements || num_outputs < 1 || num_outputs > kMaxElements) {
    throw ConfigError("a network cannot have this many inputs or outputs",
                      {.where = where,
                       .found = fmt::format("{} inputs, {} outputs", num_inputs, num_outputs),
                       .expected = fmt::format("1 to {} of each", kMaxElements),
                       .hint = {}});
  }
  SearchSpace space;
  space.num_inputs_ = num_inputs;
  space.num_outputs_ = num_outputs;
  space.axes_ = SpaceReader(node, where).read();
  return space;
}

}  // namespace snac::space
