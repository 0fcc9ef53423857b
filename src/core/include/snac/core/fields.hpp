// One description per parameter struct: it reads YAML (with ranges and unknown keys checked), prints the
// effective configuration, and writes the reference of all keys. So the three cannot disagree.
//
//   void describe(Fields& f, SearchParams& p) {
//     f.integer("trials", p.trials, {.min = 1}, "Candidates to train");
//     f.section("sampler", "How candidates are proposed", [&](Fields& s) { describe(s, p.sampler); });
//   }
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snac/core/error.hpp"

namespace snac {

struct IntRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
struct RealRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

class Fields {
 public:
  /// Reads `node` (a mapping, or undefined = all defaults). `file` is used in messages; `path` is the key path so far.
  static Fields reader(YAML::Node node, std::string file, std::string path = {});
  /// Collects the current values into a YAML mapping (for show-config and the record of a run).
  static Fields writer(YAML::Node out);
  /// Collects one line per key: path, type and range, default, help.
  struct Entry {
    std::string path, type, value, help;
  };
  static Fields documenter(std::vector<Entry>& out, std::string path = {});

  void integer(const char* key, int& value, IntRange range, const char* help);
  void integer(const char* key, std::int64_t& value, IntRange range, const char* help);
  void integer(const char* key, std::uint64_t& value, IntRange range, const char* help);
  void real(const char* key, double& value, RealRange range, const char* help);
  void flag(const char* key, bool& value, const char* help);
  void text(const char* key, std::string& value, const char* help);
  void integers(const char* key, std::vector<int>& value, IntRange each, const char* help);
  void texts(const char* key, std::vector<std::string>& value, const char* help);
  /// A number with an optional unit, for instance "5 ns" or "2 GeV"; other units are refused.
  void quantity(const char* key, double& value, const char* unit, RealRange range, const char* help);
  template <class E>
  void choice(const char* key, E& value, const std::vector<std::pair<std::string, E>>& names, const char* help) {
    std::vector<std::string> known;
    std::string text;
    for (const auto& [name, each] : names) {
      known.push_back(name);
      if (each == value) text = name;
    }
    const std::size_t index = choose(key, text, known, help);
    if (index < names.size()) value = names[index].second;
  }
  /// A value with its own text form: parse throws std::invalid_argument or snac::Error with the reason.
  template <class T>
  void custom(const char* key, T& value, const std::function<T(const std::string&)>& parse,
              const std::function<std::string(const T&)>& print, const char* type, const char* help) {
    std::string text = print(value);
    if (custom_text(key, text, type, help)) {
      try {
        value = parse(text);
      } catch (const std::exception& error) {
        fail(key, text, type, error.what());
      }
    }
  }
  /// A nested mapping with its own fields.
  void section(const char* key, const char* help, const std::function<void(Fields&)>& body);
  /// A mapping from free names to texts, in file order (objectives, constraints).
  void mapping(const char* key, std::vector<std::pair<std::string, std::string>>& value, const char* type, const char* help);
  /// A sub-tree that another parser reads (the search space); undefined if absent.
  void raw(const char* key, YAML::Node& value, const char* type, const char* help);

  /// True if the key stands in the file (reader only).
  bool has(const char* key) const;
  bool reading() const noexcept { return mode_ == Mode::read; }
  /// After all fields: @throws ConfigError for a key that no field took, with the nearest known one. No-op unless reading.
  void finish() const;
  /// @throws ConfigError at this key.
  [[noreturn]] void fail(const char* key, const std::string& found, const std::string& expected, const std::string& hint = {}) const;

 private:
  enum class Mode { read, write, document };
  Fields(Mode mode) : mode_(mode) {}
  std::string full(const char* key) const;
  std::string place(const char* key) const;
  /// "file:line: path.key"; the line, counted from 0, is left out if negative: the key came with --set.
  std::string place(const char* key, int line) const;
  YAML::Node find(const char* key);
  std::string scalar(const char* key, const YAML::Node& node, const char* type) const;
  std::size_t choose(const char* key, const std::string& current, const std::vector<std::string>& known, const char* help);
  bool custom_text(const char* key, std::string& text, const char* type, const char* help);
  template <class Int>
  void any_integer(const char* key, Int& value, IntRange range, const char* help);
  void note(const char* key, std::string type, std::string value, const char* help);

  Mode mode_;
  YAML::Node node_;
  std::string file_, path_;
  std::vector<std::string> known_;
  std::vector<Entry>* entries_ = nullptr;
};

/// Parses a YAML file. @throws ConfigError with file, line and column.
YAML::Node load_yaml_file(const std::string& path);
YAML::Node parse_yaml(const std::string& text, const std::string& where);

/// Applies "a.b=c" on top of a configuration (c is read as YAML). @throws ConfigError on a malformed assignment.
void apply_override(YAML::Node& root, const std::string& assignment);

}  // namespace snac
