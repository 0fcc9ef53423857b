#include "snac/core/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "snac/core/files.hpp"

namespace snac {
namespace {

/// The shortest text that reads back to the same number.
std::string real_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

bool parse_real(std::string_view text, double& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

template <class Int>
bool parse_integer(std::string_view text, Int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return true;
  double real = 0;  // 1e6 is a fair way to write a million
  if (text.find_first_of("eE") == std::string_view::npos || !parse_real(text, real) || real != std::floor(real) || std::abs(real) > 9e15)
    return false;
  if (!std::in_range<Int>(static_cast<std::int64_t>(real))) return false;
  value = static_cast<Int>(real);
  return true;
}

std::string range_text(const char* type, IntRange range) {
  const bool low = range.min != IntRange{}.min, high = range.max != IntRange{}.max;
  if (low && high) return fmt::format("{} from {} to {}", type, range.min, range.max);
  if (low) return fmt::format("{} >= {}", type, range.min);
  if (high) return fmt::format("{} <= {}", type, range.max);
  return type;
}

std::string range_text(const char* type, RealRange range) {
  const bool low = std::isfinite(range.min), high = std::isfinite(range.max);
  if (low && high) return fmt::format("{} from {} to {}", type, real_text(range.min), real_text(range.max));
  if (low) return fmt::format("{} >= {}", type, real_text(range.min));
  if (high) return fmt::format("{} <= {}", type, real_text(range.max));
  return type;
}

std::string describe_node(const YAML::Node& node) {
  if (node.IsNull()) return "nothing";
  if (node.IsScalar()) return node.Scalar();
  if (node.IsSequence()) return "a list";
  if (node.IsMap()) return "a mapping";
  return "nothing";
}

}  // namespace

Fields Fields::reader(YAML::Node node, std::string file, std::string path) {
  Fields fields(Mode::read);
  fields.node_ = std::move(node);
  fields.file_ = std::move(file);
  fields.path_ = std::move(path);
  const YAML::Node& root = fields.node_;
  if (root.IsDefined() && !root.IsNull() && !root.IsMap()) {
    throw ConfigError("a configuration section is not a mapping",
                      {.where = fields.file_ + ": " + (fields.path_.empty() ? "top level" : fields.path_),
                       .found = describe_node(root),
                       .expected = "key: value lines",
                       .hint = {}});
  }
  if (root.IsDefined() && root.IsMap()) {
    std::vector<std::string> seen;
    for (const auto& item : root) {
      const auto name = item.first.IsScalar() ? item.first.Scalar() : std::string();
      if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
        throw ConfigError("a configuration key stands twice",
                          {.where = fmt::format("{}:{}: {}", fields.file_, item.first.Mark().line + 1, fields.full(name.c_str())),
                           .found = "'" + name + "' again",
                           .expected = "each key once",
                           .hint = {}});
      }
      seen.push_back(name);
    }
  }
  return fields;
}

Fields Fields::writer(YAML::Node out) {
  Fields fields(Mode::write);
  fields.node_ = std::move(out);
  return fields;
}

Fields Fields::documenter(std::vector<Entry>& out, std::string path) {
  Fields fields(Mode::document);
  fields.entries_ = &out;
  fields.path_ = std::move(path);
  return fields;
}

std::string Fields::full(const char* key) const { return path_.empty() ? key : path_ + "." + key; }

std::string Fields::place(const char* key) const {
  return place(key, node_.IsDefined() && node_.IsMap() && node_[key] ? node_[key].Mark().line : -1);
}

std::string Fields::place(const char* key, int line) const {
  return line >= 0 ? fmt::format("{}:{}: {}", file_, line + 1, full(key)) : file_ + ": " + full(key);
}

void Fields::fail(const char* key, const std::string& found, const std::string& expected, const std::string& hint) const {
  throw ConfigError("a configuration value is not usable", {.where = place(key), .found = found, .expected = expected, .hint = hint});
}

bool Fields::has(const char* key) const { return mode_ == Mode::read && node_.IsDefined() && node_.IsMap() && node_[key]; }

YAML::Node Fields::find(const char* key) {
  known_.emplace_back(key);
  return has(key) ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
}

std::string Fields::scalar(const char* key, const YAML::Node& node, const char* type) const {
  if (!node.IsScalar()) fail(key, describe_node(node), type);
  return node.Scalar();
}

void Fields::note(const char* key, std::string type, std::string value, const char* help) {
  if (mode_ == Mode::document) entries_->push_back({full(key), std::move(type), std::move(value), help});
}

template <class Int>
void Fields::any_integer(const char* key, Int& value, IntRange range, const char* help) {
  const std::string type = range_text("integer", range);
  if (mode_ == Mode::write) node_[key] = value;
  note(key, type, std::to_string(value), help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return;
  const std::string text = scalar(key, node, type.c_str());
  Int parsed{};
  if (!parse_integer(text, parsed)) fail(key, "'" + text + "'", type);
  const bool open_end = range.max == IntRange{}.max;  // an unsigned seed may exceed the signed maximum
  if (std::cmp_less(parsed, range.min) || (!open_end && std::cmp_greater(parsed, range.max))) fail(key, text, type);
  value = parsed;
}

void Fields::integer(const char* key, int& value, IntRange range, const char* help) { any_integer(key, value, range, help); }
void Fields::integer(const char* key, std::int64_t& value, IntRange range, const char* help) { any_integer(key, value, range, help); }
void Fields::integer(const char* key, std::uint64_t& value, IntRange range, const char* help) {
  range.min = std::max<std::int64_t>(range.min, 0);
  any_integer(key, value, range, help);
}

void Fields::real(const char* key, double& value, RealRange range, const char* help) { quantity(key, value, "", range, help); }

void Fields::quantity(const char* key, double& value, const char* unit, RealRange range, const char* help) {
  const std::string suffix = *unit ? std::string(" ") + unit : std::string();
  const std::string type = range_text("number", range) + (*unit ? std::string(", in ") + unit : std::string());
  if (mode_ == Mode::write) node_[key] = real_text(value) + suffix;
  note(key, type, real_text(value) + suffix, help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return;
  const std::string text = scalar(key, node, type.c_str());
  std::string_view number = text;
  if (*unit && number.ends_with(unit)) {
    number.remove_suffix(std::string_view(unit).size());
    while (number.ends_with(' ')) number.remove_suffix(1);
  }
  double parsed = 0;
  if (!parse_real(number, parsed)) fail(key, "'" + text + "'", type);
  if (parsed < range.min || parsed > range.max) fail(key, text, type);
  value = parsed;
}

void Fields::flag(const char* key, bool& value, const char* help) {
  if (mode_ == Mode::write) node_[key] = value;
  note(key, "true or false", value ? "true" : "false", help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return;
  const std::string text = scalar(key, node, "true or false");
  if (text != "true" && text != "false") fail(key, "'" + text + "'", "true or false");
  value = text == "true";
}

void Fields::text(const char* key, std::string& value, const char* help) {
  if (mode_ == Mode::write) node_[key] = value;
  note(key, "text", value, help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (node.IsDefined()) value = node.IsNull() ? std::string() : scalar(key, node, "text");
}

void Fields::integers(const char* key, std::vector<int>& value, IntRange each, const char* help) {
  const std::string type = "list of " + range_text("integer", each);
  if (mode_ == Mode::write) {
    YAML::Node list(YAML::NodeType::Sequence);
    for (const int item : value) list.push_back(item);
    list.SetStyle(YAML::EmitterStyle::Flow);
    node_[key] = list;
  }
  note(key, type, fmt::format("[{}]", fmt::join(value, ", ")), help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return;
  if (!node.IsSequence() && !node.IsScalar()) fail(key, describe_node(node), type);
  value.clear();
  const auto take = [&](const YAML::Node& item) {
    int parsed = 0;
    if (!item.IsScalar() || !parse_integer(item.Scalar(), parsed) || parsed < each.min || parsed > each.max)
      fail(key, describe_node(item), type);
    value.push_back(parsed);
  };
  if (node.IsScalar())
    take(node);
  else
    for (const auto& item : node) take(item);
}

void Fields::texts(const char* key, std::vector<std::string>& value, const char* help) {
  if (mode_ == Mode::write) {
    YAML::Node list(YAML::NodeType::Sequence);
    for (const auto& item : value) list.push_back(item);
    list.SetStyle(YAML::EmitterStyle::Flow);
    node_[key] = list;
  }
  note(key, "list of texts", fmt::format("[{}]", fmt::join(value, ", ")), help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return;
  value.clear();
  if (node.IsScalar()) {
    value.push_back(node.Scalar());
    return;
  }
  if (!node.IsSequence()) fail(key, describe_node(node), "a list of texts");
  for (const auto& item : node) {
    if (!item.IsScalar()) fail(key, describe_node(item), "a list of texts");
    value.push_back(item.Scalar());
  }
}

std::size_t Fields::choose(const char* key, const std::string& current, const std::vector<std::string>& known, const char* help) {
  const std::string type = fmt::format("{}", fmt::join(known, " | "));
  if (mode_ == Mode::write) node_[key] = current;
  note(key, type, current, help);
  if (mode_ != Mode::read) return known.size();
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return known.size();
  const std::string text = scalar(key, node, type.c_str());
  const auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) fail(key, "'" + text + "'", type, suggest(text, known));
  return static_cast<std::size_t>(found - known.begin());
}

bool Fields::custom_text(const char* key, std::string& text, const char* type, const char* help) {
  if (mode_ == Mode::write) node_[key] = text;
  note(key, type, text, help);
  if (mode_ != Mode::read) return false;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return false;
  text = scalar(key, node, type);
  return true;
}

void Fields::section(const char* key, const char* help, const std::function<void(Fields&)>& body) {
  if (mode_ == Mode::document) {
    entries_->push_back({full(key), "section", "", help});
    Fields inner = documenter(*entries_, full(key));
    body(inner);
    return;
  }
  if (mode_ == Mode::write) {
    YAML::Node out(YAML::NodeType::Map);
    Fields inner = writer(out);
    body(inner);
    node_[key] = out;
    return;
  }
  Fields inner = reader(find(key), file_, full(key));
  body(inner);
  inner.finish();
}

void Fields::mapping(const char* key, std::vector<std::pair<std::string, std::string>>& value, const char* type, const char* help) {
  if (mode_ == Mode::write) {
    YAML::Node out(YAML::NodeType::Map);
    for (const auto& [name, text] : value) out[name] = text;
    node_[key] = out;
  }
  if (mode_ == Mode::document) {
    std::string text;
    for (const auto& [name, item] : value) text += (text.empty() ? "" : ", ") + name + ": " + item;
    note(key, type, "{" + text + "}", help);
  }
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (!node.IsDefined()) return;
  if (node.IsNull()) {
    value.clear();
    return;
  }
  if (!node.IsMap()) fail(key, describe_node(node), type);
  value.clear();
  for (const auto& item : node) {
    if (!item.first.IsScalar() || !item.second.IsScalar()) fail(key, describe_node(item.second), type);
    for (const auto& [name, ignored] : value) {
      if (name == item.first.Scalar()) fail(key, "'" + name + "' twice", "each name once");
    }
    value.emplace_back(item.first.Scalar(), item.second.Scalar());
  }
}

void Fields::raw(const char* key, YAML::Node& value, const char* type, const char* help) {
  if (mode_ == Mode::write && value.IsDefined()) node_[key] = value;
  note(key, type, "", help);
  if (mode_ != Mode::read) return;
  const YAML::Node node = find(key);
  if (node.IsDefined()) value = node;
}

void Fields::finish() const {
  if (mode_ != Mode::read || !node_.IsDefined() || !node_.IsMap()) return;
  for (const auto& item : node_) {
    const std::string name = item.first.IsScalar() ? item.first.Scalar() : describe_node(item.first);
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      throw ConfigError("unknown configuration key", {.where = place(name.c_str(), item.first.Mark().line),
                                                      .found = "'" + name + "'",
                                                      .expected = path_.empty() ? "a key of the configuration" : "a key of '" + path_ + "'",
                                                      .hint = suggest(name, known_)});
    }
  }
}

YAML::Node parse_yaml(const std::string& text, const std::string& where) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw ConfigError("a YAML text cannot be read", {.where = fmt::format("{}:{}:{}", where, error.mark.line + 1, error.mark.column + 1),
                                                     .found = error.msg,
                                                     .expected = "YAML",
                                                     .hint = "check indentation, colons and brackets near that line"});
  }
}

YAML::Node load_yaml_file(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    throw ConfigError("the configuration file does not exist", {.where = path,
                                                                .found = "no such file",
                                                                .expected = "a YAML file",
                                                                .hint = "configs/ holds examples; start from configs/jets_quick.yaml"});
  }
  return parse_yaml(read_file(path), path);
}

void apply_override(YAML::Node& root, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError("an override is malformed",
                      {.where = "--set " + assignment, .found = "no 'key=value'", .expected = "--set section.key=value", .hint = {}});
  }
  const std::string path = assignment.substr(0, equals);
  YAML::Node value = parse_yaml(assignment.substr(equals + 1), "--set " + path);
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  YAML::Node node = root;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || (node.IsDefined() && !node.IsNull() && !node.IsMap())) {
      throw ConfigError("an override does not fit the configuration", {.where = "--set " + assignment,
                                                                       .found = "'" + parts[i] + "' below a plain value",
                                                                       .expected = "a path of sections",
                                                                       .hint = {}});
    }
    if (i + 1 == parts.size())
      node[parts[i]] = value;
    else
      node.reset(node[parts[i]]);
  }
}

}  // namespace snac
