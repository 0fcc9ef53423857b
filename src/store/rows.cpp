#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "snac/core/error.hpp"

namespace snac::store {
namespace {

bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

std::string shown(const std::string& text) {
  std::string quoted = Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
  return quoted.size() > 200 ? quoted.substr(0, 200) + "..." : quoted;
}

void check_json(const Json& value, const std::string& path, const std::string& what) {
  const auto fail = [&](const std::string& found, const char* expected) {
    throw DataError(
        "a value cannot be stored",
        {.where = what + ": " + (path.empty() ? "top level" : path.substr(1)), .found = found, .expected = expected, .hint = {}});
  };
  if (value.is_number_float() && !std::isfinite(value.get<double>())) fail(fmt::format("{}", value.get<double>()), "a finite number");
  if (value.is_string() && !is_utf8(value.get_ref<const std::string&>())) fail(shown(value.get<std::string>()), "UTF-8 text");
  if (value.is_binary() || value.is_discarded()) fail(value.type_name(), "an object, list, text, number, true, false or null");
  if (!value.is_structured()) return;
  for (const auto& [key, member] : value.items()) {
    if (value.is_object() && !is_utf8(key)) fail(shown(key), "a key in UTF-8");
    check_json(member, path + "." + key, what);
  }
}

[[noreturn]] void fail_damaged(const std::string& where, const std::string& found, const std::string& expected) {
  throw DataError("a study database is damaged",
                  {.where = where, .found = shown(found), .expected = expected, .hint = "restore a copy of the file"});
}

}  // namespace

const std::string& checked_name(const std::string& text, const char* what) {
  const bool holds_zero = text.find('\0') != std::string::npos;
  if (holds_zero || !is_utf8(text) || text.size() > kLargestCell) {
    throw DataError("a name cannot be stored",
                    {.where = what, .found = shown(text), .expected = "UTF-8 text without zero bytes", .hint = {}});
  }
  return text;
}

std::string readable_text(const std::string& text) {
  const std::string quoted = Json(text.substr(0, kLargestCell / 8)).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string readable = Json::parse(quoted).get<std::string>();
  std::replace(readable.begin(), readable.end(), '\0', ' ');
  return readable;
}

void check_values(const std::map<std::string, double>& values) {
  for (const auto& [name, value] : values) {
    checked_name(name, "name of a figure");
    if (std::isnan(value)) {
      throw DataError(
          "a figure cannot be stored",
          {.where = name, .found = "NaN", .expected = "a number", .hint = "leave out what was not measured, or end the trial as failed"});
    }
  }
}

std::string json_text(const Json& value, const std::string& what) {
  check_json(value, {}, what);
  std::string text = value.dump();
  if (text.size() > kLargestCell) {
    throw DataError("a value cannot be stored", {.where = what,
                                                 .found = fmt::format("{} bytes", text.size()),
                                                 .expected = fmt::format("at most {}", kLargestCell),
                                                 .hint = "store large data as an artefact"});
  }
  return text;
}

std::string genome_text(const std::vector<std::int32_t>& genome) { return fmt::format("[{}]", fmt::join(genome, ",")); }

std::vector<std::int32_t> parse_genome(const std::string& text, const std::string& where) {
  constexpr const char* kExpected = "a list of 32-bit integers";
  const Json list = parse_json(text, where);
  if (!list.is_array()) fail_damaged(where, text, kExpected);
  std::vector<std::int32_t> genome;
  for (const Json& gene : list) {
    const bool whole =
        gene.is_number_integer() && !(gene.is_number_unsigned() && gene.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max());
    if (!whole || !std::in_range<std::int32_t>(gene.get<std::int64_t>())) fail_damaged(where, text, kExpected);
    genome.push_back(gene.get<std::int32_t>());
  }
  return genome;
}

std::string state_text(TrialState state) {
  switch (state) {
    case TrialState::running:
      return "RUNNING";
    case TrialState::complete:
      return "COMPLETE";
    case TrialState::failed:
      return "FAIL";
  }
  throw std::logic_error("unknown trial state");
}

TrialState parse_state(const std::string& text, const std::string& where) {
  for (const TrialState state : {TrialState::running, TrialState::complete, TrialState::failed}) {
    if (text == state_text(state)) return state;
  }
  fail_damaged(where, text, "RUNNING, COMPLETE or FAIL");
}

std::string differences(const Json& stored, const Json& wanted) {
  constexpr int kShown = 5;
  const auto leaves = [](const Json& config) {
    std::map<std::string, std::string> texts;
    const Json flat = config.flatten();  // JSON pointer -> leaf
    for (const auto& [pointer, value] : flat.items()) {
      std::string path = pointer.empty() ? pointer : pointer.substr(1);
      std::replace(path.begin(), path.end(), '/', '.');
      texts[path] = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    return texts;
  };
  const auto before = leaves(stored), now = leaves(wanted);
  std::vector<std::string> lines;
  for (const auto& [path, value] : before) {
    const auto other = now.find(path);
    if (other == now.end())
      lines.push_back(fmt::format("{}: {}, now absent", path, value));
    else if (other->second != value)
      lines.push_back(fmt::format("{}: {}, now {}", path, value, other->second));
  }
  for (const auto& [path, value] : now) {
    if (!before.contains(path)) lines.push_back(fmt::format("{}: absent, now {}", path, value));
  }
  const auto count = static_cast<int>(lines.size());
  if (count > kShown) lines.resize(kShown);
  std::string text = fmt::format("{}", fmt::join(lines, "; "));
  if (count > kShown) text += fmt::format("; and {} more", count - kShown);
  return text;
}

}  // namespace snac::store
