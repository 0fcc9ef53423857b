// CSV (RFC 4180) with a header line: numbers in every kept column, integers or words as labels.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "checks.hpp"
#include "csv_scanner.hpp"
#include "feature_sink.hpp"
#include "formats.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/progress.hpp"

namespace snac::data {
namespace {

float feature_value(const Cell& cell, const std::string& column, const CsvScanner& scanner) {
  double value = 0;
  const NumberError error = parse_number(cell.text, value);
  const bool finite = error == NumberError::none && std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
  if (finite) return static_cast<float>(value);
  const std::string where = fmt::format("{}, column '{}'", scanner.place(), column);
  if (error == NumberError::empty) {
    throw DataError(
        "a CSV cell is empty",
        {.where = where, .found = "an empty cell", .expected = "a number", .hint = "fill in or remove rows with missing values"});
  }
  if (error == NumberError::text) {
    throw DataError("a CSV cell is not a number", {.where = where,
                                                   .found = excerpt(cell.text),
                                                   .expected = "a number with a decimal point",
                                                   .hint = "choose the columns of numbers, or name this one as the label column"});
  }
  throw DataError(
      "a feature is not a finite number",
      {.where = where, .found = excerpt(cell.text), .expected = "a finite number within float32", .hint = "remove or repair the row"});
}

/// Labels as they come: a small number per distinct text, in order of appearance.
class LabelColumn {
 public:
  void add(const Cell& cell, const CsvScanner& scanner, const std::string& column) {
    if (cell.text.empty()) {
      throw DataError("a label is empty", {.where = fmt::format("{}, column '{}'", scanner.place(), column),
                                           .found = "an empty cell",
                                           .expected = "a word or an integer",
                                           .hint = {}});
    }
    auto found = numbers_.find(cell.text);
    if (found == numbers_.end()) {
      if (texts_.size() == kMaxDistinct) {
        throw DataError("there are too many classes", {.where = fmt::format("{}, column '{}'", scanner.place(), column),
                                                       .found = "a 257th distinct label: " + excerpt(cell.text),
                                                       .expected = "at most 256 classes",
                                                       .hint = "is this the label column?"});
      }
      found = numbers_.emplace(std::string(cell.text), static_cast<std::uint8_t>(texts_.size())).first;
      texts_.emplace_back(cell.text);
      lines_.push_back(scanner.line());
    }
    codes_.push_back(found->second);
  }

  /// Sets labels and class names: integers stay as they are, words are sorted.
  void finish(const std::string& path, const std::string& column, const ReadParams& params, std::vector<std::uint8_t>& labels,
              std::vector<std::string>& class_names) const {
    std::vector<double> values(texts_.size());
    const bool numeric = std::all_of(texts_.begin(), texts_.end(), [&values, this](const std::string& text) {
      return parse_number(text, values[static_cast<std::size_t>(&text - texts_.data())]) == NumberError::none;
    });
    std::vector<std::uint8_t> label_of(texts_.size());
    std::vector<std::string> names;
    if (numeric) {
      for (std::size_t i = 0; i < texts_.size(); ++i) {
        if (values[i] >= 0 && values[i] <= 255 && values[i] == std::floor(values[i])) {
          label_of[i] = static_cast<std::uint8_t>(values[i]);
          continue;
        }
        throw DataError("a label is not a class number", {.where = place(path, column, i),
                                                          .found = excerpt(texts_[i]),
                                                          .expected = "an integer from 0 to 255, or words in the whole column",
                                                          .hint = {}});
      }
    } else {
      names = params.class_names.empty() ? texts_ : params.class_names;
      if (params.class_names.empty()) std::sort(names.begin(), names.end());
      for (std::size_t i = 0; i < texts_.size(); ++i) {
        const auto found = std::find(names.begin(), names.end(), texts_[i]);
        if (found == names.end()) {
          throw DataError("a label is not one of the classes", {.where = place(path, column, i),
                                                                .found = excerpt(texts_[i]),
                                                                .expected = list_text(names),
                                                                .hint = suggest(texts_[i], names)});
        }
        label_of[i] = static_cast<std::uint8_t>(found - names.begin());
      }
    }
    labels.resize(codes_.size());
    for (std::size_t i = 0; i < codes_.size(); ++i) labels[i] = label_of[codes_[i]];
    class_names = resolve_classes(names, 0, labels, params, path + ": column '" + column + "'");
  }
  std::size_t size() const noexcept { return codes_.size(); }

 private:
  static constexpr std::size_t kMaxDistinct = 256;
  std::string place(const std::string& path, const std::string& column, std::size_t distinct) const {
    return fmt::format("{}: line {}, column '{}'", path, lines_[distinct], column);
  }
  std::map<std::string, std::uint8_t, std::less<>> numbers_;
  std::vector<std::string> texts_;
  std::vector<std::size_t> lines_;  ///< where each text stands first
  std::vector<std::uint8_t> codes_;
};

/// Checks the header line. @returns the number of the label column.
std::size_t read_header(const std::vector<Cell>& cells, const CsvScanner& scanner, const ReadParams& params,
                        std::vector<std::string>& names) {
  bool all_numbers = true;
  for (const Cell& cell : cells) {
    double value = 0;
    all_numbers = all_numbers && parse_number(cell.text, value) == NumberError::none;
    names.emplace_back(cell.text);
    if (cell.text.empty()) {
      throw DataError("a CSV column has no name",
                      {.where = fmt::format("{}, column {}", scanner.place(), names.size()),
                       .found = "an empty name",
                       .expected = "a name for every column",
                       .hint = names.size() == 1 ? "written with an index? leave it out: to_csv(index=False)" : "name it"});
    }
  }
  if (all_numbers) {
    throw DataError("a CSV file has no header line", {.where = scanner.place(),
                                                      .found = "numbers only",
                                                      .expected = "the names of the columns",
                                                      .hint = "put a first line such as x0,x1,label"});
  }
  const auto label = std::find(names.begin(), names.end(), params.label_column);
  if (label == names.end()) {
    const std::string near = nearest_name(params.label_column, names);
    throw DataError("a CSV file has no label column",
                    {.where = scanner.place(),
                     .found = "columns " + list_text(names),
                     .expected = "a column '" + params.label_column + "'",
                     .hint = near.empty() ? "name it: 'data: {label: NAME}' in a configuration, --label NAME on the command line"
                                          : "did you mean '" + near + "'?"});
  }
  if (names.size() == 1) {
    throw DataError("a CSV file has no features",
                    {.where = scanner.place(), .found = "the label column only", .expected = "at least one more column", .hint = {}});
  }
  return static_cast<std::size_t>(label - names.begin());
}

}  // namespace

RawDataset read_csv(const std::string& path, const ReadParams& params) {
  const std::string text = read_file(path);
  RawDataset out;
  out.source = path;
  CsvScanner scanner(text, path);
  std::vector<Cell> cells;
  if (!scanner.next(cells))
    throw DataError("a CSV file is empty", {.where = path, .found = "no text", .expected = "a header line and rows", .hint = {}});
  std::vector<std::string> names;
  const std::size_t label = read_header(cells, scanner, params, names);
  std::vector<std::string> columns = names;
  columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(label));
  FeatureSink sink(0, columns, params, path, out);

  LabelColumn labels;
  std::vector<float> row(columns.size(), 0.0f);
  constexpr std::size_t kMegabyte = 1'000'000;
  Progress progress("reading " + path, text.size() / kMegabyte, "MB", 0, kQuietSeconds);
  while (scanner.next(cells)) {
    if (labels.size() % 4096 == 0) {
      throw_if_interrupted();
      progress.reach(scanner.bytes_read() / kMegabyte);
    }
    check_row(cells, names.size(), scanner);
    const std::size_t number = labels.size();
    labels.add(cells[label], scanner, params.label_column);
    const bool wanted = number >= params.first_row && (params.max_rows == 0 || number - params.first_row < params.max_rows);
    if (!wanted) continue;  // its label still tells the classes
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (sink.wants(c)) row[c] = feature_value(cells[c + (c >= label ? 1 : 0)], columns[c], scanner);
    }
    sink.append(row, number, path);
  }
  const RowRange rows = wanted_rows(labels.size(), params, path);
  labels.finish(path, params.label_column, params, out.labels, out.class_names);
  out.labels = std::vector<std::uint8_t>(out.labels.begin() + static_cast<std::ptrdiff_t>(rows.first),
                                         out.labels.begin() + static_cast<std::ptrdiff_t>(rows.last));
  return out;
}

}  // namespace snac::data
