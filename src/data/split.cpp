#include "snac/data/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::data {
namespace {

/// The rows of every class, each list in a seeded random order.
std::vector<std::vector<std::uint32_t>> shuffled_classes(std::span<const std::uint8_t> labels, int num_classes, const char* stream,
                                                         std::uint64_t seed) {
  if (labels.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw DataError("a data set is too large to split",
                    {.where = "rows", .found = std::to_string(labels.size()), .expected = "less than 2^32", .hint = {}});
  }
  std::vector<std::vector<std::uint32_t>> rows(static_cast<std::size_t>(std::max(num_classes, 0)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= rows.size()) {
      throw DataError("a label is out of range", {.where = fmt::format("row {}", i),
                                                  .found = std::to_string(labels[i]),
                                                  .expected = fmt::format("less than {} classes", num_classes),
                                                  .hint = {}});
    }
    rows[labels[i]].push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t c = 0; c < rows.size(); ++c) {
    Rng rng = Rng::stream(seed, stream, c);
    rng.shuffle(std::span(rows[c]));
  }
  return rows;
}

}  // namespace

Split stratified_split(std::span<const std::uint8_t> labels, int num_classes, double validation_fraction, std::uint64_t seed) {
  if (!(validation_fraction > 0 && validation_fraction < 1)) {
    throw ConfigError("the validation fraction is out of range", {.where = "validation fraction",
                                                                  .found = fmt::format("{}", validation_fraction),
                                                                  .expected = "more than 0 and less than 1",
                                                                  .hint = "0.2 is common"});
  }
  const auto classes = shuffled_classes(labels, num_classes, "split", seed);
  Split split;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto count = static_cast<std::ptrdiff_t>(classes[c].size());
    const std::ptrdiff_t held_out = std::llround(validation_fraction * static_cast<double>(count));
    if (held_out == 0 || held_out == count) {
      throw DataError("a class is too small to be split", {.where = fmt::format("class {}", c),
                                                           .found = fmt::format("{} rows, {} of them for validation", count, held_out),
                                                           .expected = "at least one row for training and one for validation",
                                                           .hint = count == 0 ? "labels count from 0; does every class occur?"
                                                                              : "read more rows or change the validation fraction"});
    }
    split.validation.insert(split.validation.end(), classes[c].begin(), classes[c].begin() + held_out);
    split.train.insert(split.train.end(), classes[c].begin() + held_out, classes[c].end());
  }
  if (split.train.empty())
    throw DataError("a data set has no rows to split", {.where = "rows", .found = "0", .expected = "rows of every class", .hint = {}});
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

std::vector<Split> stratified_folds(std::span<const std::uint8_t> labels, int num_classes, int folds, std::uint64_t seed) {
  if (folds < 2) {
    throw ConfigError(
        "the number of folds is out of range",
        {.where = "folds", .found = std::to_string(folds), .expected = "at least 2", .hint = "use a validation fraction for one split"});
  }
  const auto classes = shuffled_classes(labels, num_classes, "folds", seed);
  if (labels.empty())
    throw DataError("a data set has no rows to split", {.where = "rows", .found = "0", .expected = "rows of every class", .hint = {}});
  const auto k = static_cast<std::size_t>(folds);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (classes[c].size() >= k) continue;
    throw DataError("a class has fewer rows than there are folds",
                    {.where = fmt::format("class {}", c),
                     .found = fmt::format("{} rows", classes[c].size()),
                     .expected = fmt::format("at least {}", folds),
                     .hint = classes[c].empty() ? "labels count from 0; does every class occur?" : "use fewer folds or more rows"});
  }
  std::vector<std::uint32_t> fold_of(labels.size());
  std::size_t next = 0;  // runs on over the classes, so that the folds themselves differ by at most one row, too
  for (const auto& rows : classes) {
    for (const std::uint32_t row : rows) fold_of[row] = static_cast<std::uint32_t>(next++ % k);
  }
  std::vector<Split> splits(k);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t f = 0; f < k; ++f) {
      auto& part = fold_of[i] == f ? splits[f].validation : splits[f].train;
      part.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return splits;
}

RawDataset take_rows(const RawDataset& raw, std::span<const std::uint32_t> rows) {
  RawDataset part = raw;
  const std::size_t width = raw.row_width();
  part.features.clear();
  part.labels.clear();
  part.features.reserve(rows.size() * width);
  for (const std::uint32_t row : rows) {
    const auto begin = raw.features.begin() + static_cast<std::ptrdiff_t>(row * width);
    part.features.insert(part.features.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
    part.labels.push_back(raw.labels[row]);
  }
  return part;
}

void require_several_classes(const Dataset& data, const std::string& where) {
  std::vector<std::size_t> counts(256, 0);
  for (const std::uint8_t label : data.labels) ++counts[label];
  const auto present = std::count_if(counts.begin(), counts.end(), [](std::size_t count) { return count > 0; });
  if (present >= 2) return;
  std::string found = "no rows";
  if (present == 1) {
    const std::uint8_t label = data.labels.front();
    found = fmt::format("{} rows, all of class {}", data.size(), label);
    if (label < data.class_names.size()) found += " (" + data.class_names[label] + ")";
  }
  throw DataError("a data set has only one class", {.where = where,
                                                    .found = found,
                                                    .expected = "rows of at least two classes",
                                                    .hint = "is the file sorted by class and only its start read?"});
}

}  // namespace snac::data
