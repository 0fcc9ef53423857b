#include "feature_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "snac/core/error.hpp"

namespace snac::data {

FeatureSink::FeatureSink(int slots, std::vector<std::string> columns, const ReadParams& params, const std::string& where, RawDataset& out)
    : out_(out), file_columns_(std::move(columns)), wanted_(file_columns_.size(), false), particles_(slots > 0) {
  for (const auto& name : file_columns_) check_name(name, "column", where);
  std::vector<std::string> sorted = file_columns_;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    throw DataError("a column name stands twice", {.where = where,
                                                   .found = "two columns '" + twice->substr(0, 60) + "'",
                                                   .expected = "every column once",
                                                   .hint = "rename one of them"});
  }
  const auto number_of = [&](const std::string& name) {
    const auto found = std::find(file_columns_.begin(), file_columns_.end(), name);
    if (found == file_columns_.end()) {
      throw ConfigError("a data set does not have a column", {.where = where,
                                                              .found = "no column '" + name + "'",
                                                              .expected = "one of " + list_text(file_columns_),
                                                              .hint = suggest(name, file_columns_)});
    }
    return static_cast<std::size_t>(found - file_columns_.begin());
  };
  for (std::size_t c = 0; c < file_columns_.size() && params.columns.empty(); ++c) kept_.push_back(c);
  for (const auto& name : params.columns) {
    if (std::count(params.columns.begin(), params.columns.end(), name) > 1) {
      throw ConfigError("a column is asked for twice", {.where = where, .found = name, .expected = "every column once", .hint = {}});
    }
    kept_.push_back(number_of(name));
  }
  for (const std::size_t c : kept_) {
    wanted_[c] = true;
    out_.columns.push_back(file_columns_[c]);
  }
  if (!particles_) return;
  out_.slots_in_file = slots;
  out_.slots = params.max_constituents > 0 ? std::min(params.max_constituents, slots) : slots;
  out_.min_pt = params.min_pt;
  slots_needed_ = static_cast<std::size_t>(params.min_pt > 0 ? slots : out_.slots);
  if (params.min_pt > 0) {
    pt_ = number_of("pt");
    wanted_[pt_] = true;
  }
}

void FeatureSink::check_size(std::size_t rows) const {
  const std::size_t values = checked_product(rows, out_.row_width(), out_.source);
  check_fits_memory(checked_product(values, sizeof(float), out_.source), out_.source);
}

void FeatureSink::reserve(std::size_t rows) {
  check_size(rows);
  out_.features.reserve(rows * out_.row_width());
}

void FeatureSink::append(std::span<const float> block, std::size_t first_row, const std::string& where) {
  const std::size_t width = file_columns_.size() * (particles_ ? slots_needed_ : 1);
  for (std::size_t i = 0; i < block.size() / width; ++i) {
    const float* row = block.data() + i * width;
    particles_ ? append_jet(row, first_row + i, where) : append_table_row(row, first_row + i, where);
  }
}

void FeatureSink::append_table_row(const float* row, std::size_t number, const std::string& where) {
  for (const std::size_t c : kept_) {
    if (!std::isfinite(row[c])) fail_value(row[c], number, 0, c, where);
    out_.features.push_back(row[c]);
  }
}

void FeatureSink::append_jet(const float* jet, std::size_t number, const std::string& where) {
  const auto room = static_cast<std::size_t>(out_.slots);
  std::size_t taken = 0;
  for (std::size_t s = 0; s < slots_needed_ && taken < room; ++s) {
    const float* slot = jet + s * file_columns_.size();
    if (out_.min_pt > 0) {
      if (!std::isfinite(slot[pt_])) fail_value(slot[pt_], number, s, pt_, where);
      if (!(static_cast<double>(slot[pt_]) > out_.min_pt)) continue;
    }
    for (const std::size_t c : kept_) {
      if (!std::isfinite(slot[c])) fail_value(slot[c], number, s, c, where);
      out_.features.push_back(slot[c]);
    }
    ++taken;
  }
  out_.features.insert(out_.features.end(), (room - taken) * kept_.size(), 0.0f);
}

void FeatureSink::fail_value(float value, std::size_t row, std::size_t slot, std::size_t column, const std::string& where) const {
  const std::string place = particles_ ? fmt::format("row {}, constituent {}", row, slot) : fmt::format("row {}", row);
  throw DataError("a feature is not a finite number",
                  {.where = fmt::format("{}: {}, column {} ({})", where, place, column, file_columns_[column]),
                   .found = number_text(value),
                   .expected = "a finite number within float32",
                   .hint = "remove or repair the row"});
}

}  // namespace snac::data
