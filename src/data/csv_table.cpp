#include "snac/data/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "csv_scanner.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"

namespace snac::data {

bool CsvTable::has(const std::string& column) const { return std::find(columns_.begin(), columns_.end(), column) != columns_.end(); }

std::size_t CsvTable::find(const std::string& column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) {
    throw DataError("a CSV file lacks a column", {.where = where_ + ": line 1",
                                                  .found = "columns " + list_text(columns_),
                                                  .expected = "a column '" + column + "'",
                                                  .hint = suggest(column, columns_)});
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

const std::string& CsvTable::text(std::size_t row, const std::string& column) const { return cells_.at(row)[find(column)]; }

std::optional<double> CsvTable::number(std::size_t row, const std::string& column) const {
  const std::string& cell = text(row, column);
  double value = 0;
  const NumberError error = parse_number(cell, value);
  if (error == NumberError::empty) return std::nullopt;
  if (error != NumberError::none || !std::isfinite(value)) {
    throw DataError("a CSV cell is not a number",
                    {.where = place(row, column), .found = excerpt(cell), .expected = "a finite number, or an empty cell", .hint = {}});
  }
  return value;
}

std::string CsvTable::place(std::size_t row, const std::string& column) const {
  return fmt::format("{}: line {}, column '{}'", where_, lines_.at(row), column);
}

CsvTable parse_csv_table(const std::string& text, const std::string& where) {
  CsvTable table;
  table.where_ = where;
  CsvScanner scanner(text, where);
  std::vector<Cell> cells;
  if (!scanner.next(cells))
    throw DataError("a CSV file is empty", {.where = where, .found = "no text", .expected = "a header line and rows", .hint = {}});
  for (const Cell& cell : cells) {
    const std::string name(cell.text);
    check_name(name, "CSV column", scanner.place());
    if (table.has(name)) {
      throw DataError("a CSV file names a column twice",
                      {.where = scanner.place(), .found = "'" + name + "' twice", .expected = "different names", .hint = {}});
    }
    table.columns_.push_back(name);
  }
  while (scanner.next(cells)) {
    if (table.rows() % 65536 == 0) throw_if_interrupted();
    check_row(cells, table.columns_.size(), scanner);
    std::vector<std::string>& row = table.cells_.emplace_back();
    for (const Cell& cell : cells) row.emplace_back(cell.text);
    table.lines_.push_back(scanner.line());
  }
  if (table.rows() == 0)
    throw DataError("a CSV file has no rows", {.where = where, .found = "a header line only", .expected = "at least one row", .hint = {}});
  return table;
}

}  // namespace snac::data
