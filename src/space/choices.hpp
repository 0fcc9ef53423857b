// The values of one axis as YAML writes them: a value, a list or a range. Private to the module.
#pragma once

#include <yaml-cpp/yaml.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "snac/space/search_space.hpp"

namespace snac::space {

/// Where a piece of YAML stands, for messages.
struct YamlPlace {
  std::string file;  ///< "study.yaml"
  std::string path;  ///< "space.width.3"

  /// "study.yaml: space" -> {"study.yaml", "space"}
  static YamlPlace from(const std::string& where);
  YamlPlace below(std::string_view key) const;
  /// "study.yaml:12: space.width.3"
  std::string text(const YAML::Node& node) const;
  /// @throws ConfigError at the node.
  [[noreturn]] void fail(const YAML::Node& node, const std::string& found, const std::string& expected, const std::string& hint = {}) const;
};

/// What stands there, in a few words: the scalar in quotes, "a list", "a mapping", "nothing".
std::string found_text(const YAML::Node& node);

/// The whole text as a finite number.
bool parse_number(std::string_view text, double& value);

/// What one choice on an axis may be.
struct Domain {
  enum class Kind { integer, real, truth, word };
  Kind kind = Kind::integer;
  double min = 0;
  double max = std::numeric_limits<double>::infinity();
  bool open_min = false, open_max = false;  ///< the bound itself is not allowed
  std::vector<std::string> words = {};      ///< lower case

  bool numeric() const { return kind == Kind::integer || kind == Kind::real; }
  bool contains(double value) const { return (open_min ? value > min : value >= min) && (open_max ? value < max : value <= max); }
  /// "integer from 1 to 65536", "number >= 0 and < 1", "true or false", "relu, tanh".
  std::string text() const;
};

/// @throws ConfigError at the node.
Choice parse_choice(const YAML::Node& node, const Domain& domain, const YamlPlace& place);

/// A value, a list, {min, max, step} or {min, max, count, scale}; numbers come back sorted.
/// @throws ConfigError for anything else, an empty list, a repeated choice, more than kMaxChoices.
std::vector<Choice> parse_choices(const YAML::Node& node, const Domain& domain, const YamlPlace& place);

}  // namespace snac::space
