#include "choices.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "snac/core/error.hpp"
#include "snac/core/fields.hpp"

namespace snac::space {
namespace {

constexpr double kLargestInteger = 9e15;  // below 2^53: a double holds every integer up to here

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Twelve digits hide the last bits of step sums and powers, which differ between mathematical libraries.
double rounded(double value) {
  double result = 0;
  parse_number(fmt::format("{:.12g}", value), result);
  return result;
}

Choice number_choice(double value, const Domain& domain) {
  if (domain.kind == Domain::Kind::integer) return static_cast<std::int64_t>(value);
  return value == 0 ? 0.0 : value;  // no negative zero
}

struct Range {
  double min = 0, max = 0, step = 1;
  int count = 0;
  bool logarithmic = false;
};

Range read_range(const YAML::Node& node, const Domain& domain, const YamlPlace& place) {
  Range range;
  Fields fields = Fields::reader(node, place.file, place.path);
  fields.real("min", range.min, {}, "");
  fields.real("max", range.max, {}, "");
  fields.real("step", range.step, {}, "");
  fields.integer("count", range.count, {.min = 1, .max = kMaxChoices}, "");
  fields.choice<bool>("scale", range.logarithmic, {{"linear", false}, {"log", true}}, "");
  fields.finish();
  const bool integer = domain.kind == Domain::Kind::integer;
  if (!fields.has("min") || !fields.has("max"))
    place.fail(node, "a mapping without 'min' and 'max'", "{min, max, step} or {min, max, count, scale}");
  if (fields.has("step") && fields.has("count")) place.fail(node, "'step' and 'count' together", "one of the two");
  if (!fields.has("step") && !fields.has("count") && !integer) place.fail(node, "neither 'step' nor 'count'", "one of the two");
  if (fields.has("scale") && !fields.has("count")) place.fail(node, "'scale' without 'count'", "{min, max, count, scale}");
  for (const auto& [key, bound] : {std::pair{"min", range.min}, std::pair{"max", range.max}}) {
    const bool whole = !integer || (bound == std::floor(bound) && std::abs(bound) <= kLargestInteger);
    if (!domain.contains(bound) || !whole) fields.fail(key, fmt::format("{}", bound), domain.text());
  }
  if (range.min > range.max) place.fail(node, fmt::format("min {} above max {}", range.min, range.max), "min <= max");
  if (!(range.step > 0)) fields.fail("step", fmt::format("{}", range.step), "a number > 0");
  if (integer && range.step != std::floor(range.step)) fields.fail("step", fmt::format("{}", range.step), "an integer >= 1");
  if (range.logarithmic && range.min <= 0) fields.fail("min", fmt::format("{}", range.min), "a number > 0 on a logarithmic scale");
  if (range.count == 1 && range.min != range.max) fields.fail("count", "1", "at least 2, so that min and max both count");
  return range;
}

std::vector<Choice> range_choices(const YAML::Node& node, const Domain& domain, const YamlPlace& place) {
  const Range range = read_range(node, domain, place);
  if (range.count == 0) {
    const double steps = std::floor((range.max - range.min) / range.step * (1 + 1e-12) + 1e-9);  // 0..0.3 by 0.1 has 4 values
    if (steps >= kMaxChoices)
      place.fail(node, fmt::format("{} choices", steps + 1), fmt::format("at most {} choices", kMaxChoices), "take a larger step");
    std::vector<Choice> choices;
    for (int i = 0; i <= static_cast<int>(steps); ++i) choices.push_back(number_choice(rounded(range.min + i * range.step), domain));
    return choices;
  }
  std::vector<Choice> choices;
  for (int i = 0; i < range.count; ++i) {
    const double t = range.count == 1 ? 0 : static_cast<double>(i) / (range.count - 1);
    double value = range.logarithmic ? range.min * std::pow(range.max / range.min, t) : range.min + (range.max - range.min) * t;
    if (i == 0)
      value = range.min;
    else if (i + 1 == range.count)
      value = range.max;
    value = rounded(value);
    choices.push_back(number_choice(domain.kind == Domain::Kind::integer ? std::round(value) : value, domain));
  }
  return choices;
}

}  // namespace

YamlPlace YamlPlace::from(const std::string& where) {
  const std::size_t colon = where.rfind(": ");
  return colon == std::string::npos ? YamlPlace{where, {}} : YamlPlace{where.substr(0, colon), where.substr(colon + 2)};
}

YamlPlace YamlPlace::below(std::string_view key) const { return {file, path.empty() ? std::string(key) : fmt::format("{}.{}", path, key)}; }

std::string YamlPlace::text(const YAML::Node& node) const {
  const int line = node.IsDefined() ? node.Mark().line : -1;
  const std::string start = line >= 0 ? fmt::format("{}:{}", file, line + 1) : file;
  return path.empty() ? start : start + ": " + path;
}

void YamlPlace::fail(const YAML::Node& node, const std::string& found, const std::string& expected, const std::string& hint) const {
  throw ConfigError("the search space is not usable", {.where = text(node), .found = found, .expected = expected, .hint = hint});
}

std::string found_text(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "nothing";
  if (node.IsScalar()) return fmt::format("'{:.80}'", node.Scalar());
  return node.IsSequence() ? "a list" : "a mapping";
}

bool parse_number(std::string_view text, double& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

std::string Domain::text() const {
  if (kind == Kind::truth) return "true or false";
  if (kind == Kind::word) return fmt::format("{}", fmt::join(words, ", "));
  const char* type = kind == Kind::integer ? "integer" : "number";
  if (!open_min && !open_max && std::isfinite(max)) return fmt::format("{} from {} to {}", type, min, max);
  std::string text = fmt::format("{} {} {}", type, open_min ? ">" : ">=", min);
  if (std::isfinite(max)) text += fmt::format(" and {} {}", open_max ? "<" : "<=", max);
  return text;
}

Choice parse_choice(const YAML::Node& node, const Domain& domain, const YamlPlace& place) {
  if (!node.IsScalar()) place.fail(node, found_text(node), domain.text());
  const std::string& text = node.Scalar();
  if (domain.numeric()) {
    double value = 0;
    const bool number = parse_number(text, value) && domain.contains(value);
    const bool whole = domain.kind == Domain::Kind::real || (value == std::floor(value) && std::abs(value) <= kLargestInteger);
    if (!number || !whole) place.fail(node, found_text(node), domain.text());
    return number_choice(value, domain);
  }
  const std::string word = lower(text);
  if (domain.kind == Domain::Kind::truth) {
    if (word != "true" && word != "false") place.fail(node, found_text(node), domain.text());
    return word == "true";
  }
  if (std::find(domain.words.begin(), domain.words.end(), word) == domain.words.end()) {
    place.fail(node, found_text(node), domain.text(), suggest(word, domain.words));
  }
  return word;
}

std::vector<Choice> parse_choices(const YAML::Node& node, const Domain& domain, const YamlPlace& place) {
  std::vector<Choice> choices;
  if (node.IsSequence()) {
    if (node.size() == 0) place.fail(node, "an empty list", "at least one choice: " + domain.text());
    if (node.size() > static_cast<std::size_t>(kMaxChoices)) {
      place.fail(node, fmt::format("{} choices", node.size()), fmt::format("at most {} choices", kMaxChoices));
    }
    for (const auto& item : node) choices.push_back(parse_choice(item, domain, place));
  } else if (node.IsMap() && domain.numeric()) {
    choices = range_choices(node, domain, place);
  } else {
    choices.push_back(parse_choice(node, domain, place));
  }
  std::vector<Choice> sorted = choices;
  std::sort(sorted.begin(), sorted.end());
  const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
  if (repeated != sorted.end()) {
    place.fail(node, to_string(*repeated) + " twice", "each choice once",
               node.IsMap() ? "there are not that many integers: take a smaller count" : "");
  }
  return domain.numeric() ? sorted : choices;
}

}  // namespace snac::space
