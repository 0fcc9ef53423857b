#include "snac/space/search_space.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "snac/core/error.hpp"

namespace snac::space {
namespace {

bool allows(const Condition& condition, std::int32_t gene) {
  return std::binary_search(condition.allowed.begin(), condition.allowed.end(), gene);
}

Json choice_json(const Choice& choice) {
  return std::visit([](const auto& value) { return Json(value); }, choice);
}

/// Numbers by value (a database may give 64.0 for 64), truth values and words exactly.
bool same_choice(const Choice& choice, const Json& value) {
  if (const auto* word = std::get_if<std::string>(&choice)) return value.is_string() && value.get_ref<const std::string&>() == *word;
  if (const auto* truth = std::get_if<bool>(&choice)) return value.is_boolean() && value.get<bool>() == *truth;
  if (!value.is_number()) return false;
  const auto* integer = std::get_if<std::int64_t>(&choice);
  return value.get<double>() == (integer ? static_cast<double>(*integer) : std::get<double>(choice));
}

/// Sets one parameter of one hidden layer, or of all of them (layer 0).
template <class Set>
void each_hidden(ArchSpec& arch, int layer, const Set& set) {
  for (std::size_t k = 0; k + 1 < arch.nodes.size(); ++k) {
    if (layer == 0 || std::cmp_equal(layer, k + 1)) set(std::get<DenseLayer>(arch.nodes[k].layer));
  }
}

}  // namespace

std::string to_string(const Choice& choice) {
  if (const auto* word = std::get_if<std::string>(&choice)) return *word;
  if (const auto* truth = std::get_if<bool>(&choice)) return *truth ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&choice)) return std::to_string(*integer);
  std::string text = fmt::format("{}", std::get<double>(choice));
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::vector<std::int32_t> SearchSpace::cardinality() const {
  std::vector<std::int32_t> sizes;
  for (const SearchAxis& axis : axes_) sizes.push_back(static_cast<std::int32_t>(axis.choices.size()));
  return sizes;
}

// Walks the axes once. What the past decides about the future is only which later axes are still possible, so the number of
// ways to reach each pattern of "still possible" flags is all that needs to be carried along.
double SearchSpace::size() const {
  std::map<std::vector<bool>, double> ways{{std::vector<bool>(axes_.size(), true), 1.0}};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    std::vector<std::pair<std::size_t, const Condition*>> dependants;
    for (std::size_t j = i + 1; j < axes_.size(); ++j) {
      for (const Condition& condition : axes_[j].conditions) {
        if (std::cmp_equal(condition.axis, i)) dependants.emplace_back(j, &condition);
      }
    }
    std::map<std::vector<bool>, double> next;
    for (const auto& [possible, count] : ways) {
      std::vector<bool> rest = possible;
      rest[i] = false;  // decided: forget it, so that equal futures merge
      if (!possible[i]) {
        for (const auto& [j, condition] : dependants) rest[j] = false;
        next[rest] += count;
      } else if (dependants.empty()) {
        next[rest] += count * static_cast<double>(axes_[i].choices.size());
      } else {
        for (std::size_t gene = 0; gene < axes_[i].choices.size(); ++gene) {
          std::vector<bool> after = rest;
          for (const auto& [j, condition] : dependants) {
            if (!allows(*condition, static_cast<std::int32_t>(gene))) after[j] = false;
          }
          next[after] += count;
        }
      }
    }
    ways = std::move(next);
  }
  double total = 0;
  for (const auto& [possible, count] : ways) total += count;
  return total;
}

std::vector<bool> SearchSpace::activity(const Genome& genome) const {
  if (genome.size() != axes_.size()) {
    throw std::invalid_argument(fmt::format("a genome has {} genes, the space has {} axes", genome.size(), axes_.size()));
  }
  std::vector<bool> active(axes_.size());
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (genome[i] < 0 || std::cmp_greater_equal(genome[i], axes_[i].choices.size())) {
      throw std::invalid_argument(
          fmt::format("gene {} ('{}') is {}, allowed is 0 to {}", i, axes_[i].name, genome[i], axes_[i].choices.size() - 1));
    }
    active[i] = std::all_of(axes_[i].conditions.begin(), axes_[i].conditions.end(), [&](const Condition& condition) {
      const auto other = static_cast<std::size_t>(condition.axis);
      return active[other] && allows(condition, genome[other]);
    });
  }
  return active;
}

bool SearchSpace::is_active(const Genome& genome, int axis) const {
  if (axis < 0 || std::cmp_greater_equal(axis, axes_.size())) {
    throw std::invalid_argument(fmt::format("axis {} of a space with {} axes", axis, axes_.size()));
  }
  return activity(genome)[static_cast<std::size_t>(axis)];
}

Genome SearchSpace::identity(const Genome& genome) const {
  const std::vector<bool> active = activity(genome);
  Genome identity = genome;
  for (std::size_t i = 0; i < identity.size(); ++i) {
    if (!active[i]) identity[i] = 0;
  }
  return identity;
}

Candidate SearchSpace::candidate(const Genome& genome) const {
  const std::vector<bool> active = activity(genome);
  std::vector<int> widths;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (axes_[i].parameter != Parameter::width || !active[i]) continue;
    widths.push_back(static_cast<int>(std::get<std::int64_t>(axes_[i].choices[static_cast<std::size_t>(genome[i])])));
  }
  Candidate candidate{mlp(num_inputs_, widths, num_outputs_), {}};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (!active[i]) continue;
    const SearchAxis& axis = axes_[i];
    const Choice& choice = axis.choices[static_cast<std::size_t>(genome[i])];
    switch (axis.parameter) {
      case Parameter::layers:
      case Parameter::width:
        break;
      case Parameter::activation:
        each_hidden(candidate.arch, axis.layer,
                    [&](DenseLayer& dense) { dense.activation = activation_from_string(std::get<std::string>(choice)); });
        break;
      case Parameter::batch_norm:
        each_hidden(candidate.arch, axis.layer, [&](DenseLayer& dense) { dense.batch_norm = std::get<bool>(choice); });
        break;
      case Parameter::dropout:
        each_hidden(candidate.arch, axis.layer, [&](DenseLayer& dense) { dense.dropout = std::get<double>(choice); });
        break;
      case Parameter::learning_rate:
        candidate.training.learning_rate = std::get<double>(choice);
        break;
      case Parameter::l1:
        candidate.training.l1 = std::get<double>(choice);
        break;
      case Parameter::batch:
        candidate.training.batch = std::get<std::int64_t>(choice);
        break;
    }
  }
  return candidate;
}

Json SearchSpace::describe(const Genome& genome) const {
  const std::vector<bool> active = activity(genome);
  Json values = Json::object();
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (active[i]) values[axes_[i].name] = choice_json(axes_[i].choices[static_cast<std::size_t>(genome[i])]);
  }
  return values;
}

Genome SearchSpace::genome_from(const Json& values, const std::string& where) const {
  const auto refuse = [&](const std::string& name, const std::string& found, const std::string& expected, const std::string& hint = {}) {
    throw DataError("a record does not belong to this search space",
                    {.where = name.empty() ? where : where + ": " + name, .found = found, .expected = expected, .hint = hint});
  };
  const auto text = [](const Json& value) { return value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 80); };
  if (!values.is_object()) refuse("", text(values), "an object: axis -> choice");
  std::vector<std::string> names;
  for (const SearchAxis& axis : axes_) names.push_back(axis.name);
  for (const auto& [key, value] : values.items()) {
    if (std::find(names.begin(), names.end(), key) == names.end())
      refuse("", fmt::format("'{:.80}'", key), "an axis of the space", suggest(key, names));
  }
  Genome genome(axes_.size(), 0);
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const SearchAxis& axis = axes_[i];
    const bool active = activity(genome)[i];  // earlier genes are set already, later ones do not matter
    if (!values.contains(axis.name)) {
      if (active) refuse(axis.name, "nothing", "a choice: the axis exists in this network");
      continue;
    }
    const Json& value = values.at(axis.name);
    if (!active) refuse(axis.name, text(value), "nothing: the axis does not exist in this network");
    const auto found =
        std::find_if(axis.choices.begin(), axis.choices.end(), [&](const Choice& choice) { return same_choice(choice, value); });
    if (found == axis.choices.end()) {
      std::vector<std::string> known;
      for (std::size_t k = 0; k < std::min<std::size_t>(axis.choices.size(), 20); ++k) known.push_back(to_string(axis.choices[k]));
      refuse(axis.name, text(value), fmt::format("{}{}", fmt::join(known, ", "), axis.choices.size() > known.size() ? ", ..." : ""));
    }
    genome[i] = static_cast<std::int32_t>(found - axis.choices.begin());
  }
  return genome;
}

Json SearchSpace::to_json() const {
  Json json{{"family", "mlp"}, {"inputs", num_inputs_}, {"outputs", num_outputs_}, {"axes", Json::array()}};
  for (const SearchAxis& axis : axes_) {
    Json entry{{"name", axis.name}, {"choices", Json::array()}};
    for (const Choice& choice : axis.choices) entry["choices"].push_back(choice_json(choice));
    if (!axis.conditions.empty()) entry["when"] = Json::object();
    for (const Condition& condition : axis.conditions) {
      const SearchAxis& other = axes_[static_cast<std::size_t>(condition.axis)];
      Json allowed = Json::array();
      for (const std::int32_t gene : condition.allowed) allowed.push_back(choice_json(other.choices[static_cast<std::size_t>(gene)]));
      entry["when"][other.name] = std::move(allowed);
    }
    json["axes"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace snac::space
