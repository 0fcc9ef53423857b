#include "checks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "snac/core/error.hpp"

namespace snac::data {
namespace {

constexpr std::size_t kMaxClasses = 256;  // labels are bytes

std::string gigabytes(std::size_t bytes) { return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9); }

/// Well-formed, shortest encodings, no surrogates (RFC 3629).
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    const unsigned char second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second >= 0x90)) {
      return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

std::size_t checked_product(std::size_t a, std::size_t b, const std::string& where) {
  std::size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    throw DataError("a data set declares an impossible size", {.where = where,
                                                               .found = fmt::format("{} x {} elements", a, b),
                                                               .expected = "a size that fits memory",
                                                               .hint = "the file is damaged; fetch or write it again"});
  }
  return product;
}

void check_fits_memory(std::size_t bytes, const std::string& where) {
  const long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return;
  const std::size_t memory = static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_size);
  if (bytes <= memory) return;
  throw DataError("a data set does not fit into memory",
                  {.where = where,
                   .found = gigabytes(bytes) + " of features",
                   .expected = "at most " + gigabytes(memory),
                   .hint = "read fewer rows, columns or constituents; if the file is small, it is damaged"});
}

std::string shape_text(std::span<const std::size_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::string number_text(double value) { return fmt::format("{}", value); }

std::string excerpt(std::string_view bytes, std::size_t length) {
  std::string text;
  for (const char c : bytes.substr(0, length)) text += c >= ' ' && c <= '~' ? c : '.';
  return "'" + text + (bytes.size() > length ? "...'" : "'");
}

std::string list_text(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i ? ", " : "") + names[i].substr(0, 60);
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text.empty() ? "none" : text;
}

void check_name(const std::string& name, const char* what, const std::string& where) {
  constexpr std::size_t kMaxName = 200;
  bool good = !name.empty() && name.size() <= kMaxName && is_utf8(name);
  for (const char c : name) good = good && (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  if (good) return;
  throw DataError(
      fmt::format("the name of a {} is not usable", what),
      {.where = where, .found = excerpt(name, 80), .expected = "1 to 200 bytes of UTF-8 without control characters", .hint = {}});
}

std::string canonical_column(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kAliases{{{"erel", "e_rel"},
                                                                                           {"energy", "e"},
                                                                                           {"ptrel", "pt_rel"},
                                                                                           {"etarel", "eta_rel"},
                                                                                           {"etarot", "eta_rot"},
                                                                                           {"phirel", "phi_rel"},
                                                                                           {"phirot", "phi_rot"},
                                                                                           {"deltar", "delta_r"},
                                                                                           {"costheta", "cos_theta"},
                                                                                           {"costhetarel", "cos_theta_rel"},
                                                                                           {"deta", "eta_rel"},
                                                                                           {"dphi", "phi_rel"},
                                                                                           {"p_t", "pt"}}};
  static constexpr std::array<std::string_view, 16> kKnown{"px",        "py",           "pz",      "e",   "e_rel",   "pt",      "pt_rel",
                                                           "eta",       "eta_rel",      "eta_rot", "phi", "phi_rel", "phi_rot", "delta_r",
                                                           "cos_theta", "cos_theta_rel"};
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower.starts_with("j1_")) lower.erase(0, 3);
  for (const auto& [alias, canonical] : kAliases) {
    if (lower == alias) return std::string(canonical);
  }
  if (std::find(kKnown.begin(), kKnown.end(), lower) != kKnown.end()) return lower;
  return std::string(name);
}

std::vector<std::string> numbered_columns(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("x{}", i));
  return names;
}

std::vector<std::string> numbered_classes(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

RowRange wanted_rows(std::size_t rows, const ReadParams& params, const std::string& where) {
  if (rows == 0) throw DataError("a data set has no rows", {.where = where, .found = "0 rows", .expected = "at least one row", .hint = {}});
  if (params.first_row >= rows) {
    throw DataError("a data set has fewer rows than are skipped",
                    {.where = where,
                     .found = fmt::format("{} rows, of which the first {} are skipped", rows, params.first_row),
                     .expected = "at least one row to read",
                     .hint = "lower the first row"});
  }
  const std::size_t left = rows - params.first_row;
  return {params.first_row, params.first_row + (params.max_rows == 0 ? left : std::min(left, params.max_rows))};
}

std::vector<std::uint8_t> labels_from_numbers(std::span<const double> values, const std::string& where) {
  std::vector<std::uint8_t> labels(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (!(value >= 0) || value >= static_cast<double>(kMaxClasses) || value != std::floor(value)) {
      throw DataError("a label is not a class number", {.where = fmt::format("{}: row {}", where, i),
                                                        .found = number_text(value),
                                                        .expected = "an integer from 0 to 255",
                                                        .hint = "number the classes 0, 1, 2, ..."});
    }
    labels[i] = static_cast<std::uint8_t>(value);
  }
  return labels;
}

std::vector<std::uint8_t> labels_from_one_hot(std::span<const double> values, std::size_t classes, const std::string& where) {
  if (classes > kMaxClasses) {
    throw DataError("there are too many classes",
                    {.where = where, .found = fmt::format("{} columns", classes), .expected = "at most 256 one-hot columns", .hint = {}});
  }
  std::vector<std::uint8_t> labels(values.size() / classes);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto one_hot = values.subspan(row * classes, classes);
    const auto ones = std::count(one_hot.begin(), one_hot.end(), 1.0);
    const auto zeros = std::count(one_hot.begin(), one_hot.end(), 0.0);
    if (ones != 1 || ones + zeros != static_cast<std::ptrdiff_t>(classes)) {
      std::string found;
      for (std::size_t c = 0; c < std::min<std::size_t>(classes, 12); ++c) found += (c ? ", " : "") + number_text(one_hot[c]);
      throw DataError("a label is not one-hot", {.where = fmt::format("{}: row {}", where, row),
                                                 .found = found,
                                                 .expected = fmt::format("one 1 among {} columns, else 0", classes),
                                                 .hint = {}});
    }
    labels[row] = static_cast<std::uint8_t>(std::find(one_hot.begin(), one_hot.end(), 1.0) - one_hot.begin());
  }
  return labels;
}

std::vector<std::string> resolve_classes(const std::vector<std::string>& file_names, std::size_t file_count,
                                         std::span<const std::uint8_t> labels, const ReadParams& params, const std::string& where) {
  std::vector<std::string> names = file_names;
  if (!names.empty() && file_count != 0 && names.size() != file_count) {
    throw DataError("class names and labels disagree", {.where = where,
                                                        .found = fmt::format("{} names: {}", names.size(), list_text(names)),
                                                        .expected = fmt::format("{} classes, as the labels have", file_count),
                                                        .hint = {}});
  }
  if (!params.class_names.empty()) {
    if (!names.empty() && names != params.class_names) {
      throw DataError("a data set has other classes than asked for",
                      {.where = where, .found = list_text(names), .expected = list_text(params.class_names), .hint = {}});
    }
    names = params.class_names;
    if (file_count != 0 && names.size() != file_count) {
      throw DataError(
          "a data set has other classes than asked for",
          {.where = where, .found = fmt::format("{} classes", file_count), .expected = list_text(params.class_names), .hint = {}});
    }
  }
  std::size_t count = names.empty() ? file_count : names.size();
  if (params.num_classes > 0) {
    const auto asked = static_cast<std::size_t>(params.num_classes);
    if (count != 0 && asked != count) {
      throw DataError("a data set has another number of classes than asked for",
                      {.where = where,
                       .found = fmt::format("{} classes: {}", count, list_text(names)),
                       .expected = fmt::format("{} classes", asked),
                       .hint = "leave the number of classes out: the file says it"});
    }
    count = asked;
  }
  for (const auto& name : names) check_name(name, "class", where);
  const auto largest = std::max_element(labels.begin(), labels.end());
  if (count == 0 && largest != labels.end()) count = static_cast<std::size_t>(*largest) + 1;
  if (count > kMaxClasses) {
    throw DataError("there are too many classes",
                    {.where = where, .found = fmt::format("{} classes", count), .expected = "at most 256", .hint = {}});
  }
  if (largest != labels.end() && *largest >= count) {
    const auto bad = std::find_if(labels.begin(), labels.end(), [count](std::uint8_t label) { return label >= count; });
    throw DataError("a label is out of range",
                    {.where = fmt::format("{}: row {}", where, bad - labels.begin()),
                     .found = std::to_string(*bad),
                     .expected = fmt::format("0 to {}{}", count - 1, names.empty() ? "" : " (" + list_text(names) + ")"),
                     .hint = "labels count from 0"});
  }
  return names.empty() ? numbered_classes(count) : names;
}

}  // namespace snac::data
