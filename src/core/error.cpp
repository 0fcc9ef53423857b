#include "snac/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace snac {
namespace {

std::string compose(std::string_view summary, const ErrorText& text) {
  std::string message(summary);
  const auto line = [&message](const char* label, const std::string& value) {
    if (value.empty()) return;
    message += "\n  ";
    message += label;
    message += value;
  };
  line("where:    ", text.where);
  line("found:    ", text.found);
  line("expected: ", text.expected);
  line("try:      ", text.hint);
  return message;
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Damerau-Levenshtein distance (optimal string alignment), case-insensitive: a swap of neighbours counts once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

Error::Error(ExitCode code, std::string_view summary, ErrorText text)
    : std::runtime_error(compose(summary, text)), code_(code), summary_(summary), text_(std::move(text)) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  if (name.size() > 200) return {};
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 3);
  std::string best;
  std::size_t best_distance = limit + 1;
  for (const auto& candidate : known) {
    std::size_t distance = edit_distance(name, candidate);
    // "vu13" for "xcvu13p": part of a name is as near as the limit.
    if (name.size() >= 3 && candidate.find(name) != std::string::npos) distance = std::min(distance, limit);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggest(std::string_view name, const std::vector<std::string>& known) {
  const std::string near = nearest_name(name, known);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  std::string list = "known: ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i > 0) list += ", ";
    list += known[i];
  }
  return list;
}

}  // namespace snac
