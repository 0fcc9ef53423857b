// A CSV file as a table of texts with the line each row stands on: for files that are no data set, such as reports of synthesis.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace snac::data {

class CsvTable {
 public:
  const std::string& where() const noexcept { return where_; }
  const std::vector<std::string>& columns() const noexcept { return columns_; }
  std::size_t rows() const noexcept { return cells_.size(); }
  bool has(const std::string& column) const;
  /// @throws DataError at the header for a column that is not there, with the nearest name.
  const std::string& text(std::size_t row, const std::string& column) const;
  /// A finite number; none if the cell is empty. @throws DataError naming line and column for anything else.
  std::optional<double> number(std::size_t row, const std::string& column) const;
  /// "file: line 3, column 'x'"
  std::string place(std::size_t row, const std::string& column) const;

 private:
  friend CsvTable parse_csv_table(const std::string& text, const std::string& where);
  std::size_t find(const std::string& column) const;

  std::string where_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> cells_;
  std::vector<std::size_t> lines_;
};

/// Reads text with a header line. @throws DataError for a malformed text, a column without a name or named twice, or no rows.
CsvTable parse_csv_table(const std::string& text, const std::string& where);

}  // namespace snac::data
