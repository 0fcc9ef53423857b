// The text of a CSV file (RFC 4180) as records of cells. The separator is a comma, or a semicolon or tabulator if the header line
// has no comma.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace snac::data {

struct Cell {
  std::string_view text;  ///< without quotes and outer blanks
  bool quoted = false;
};

/// Cuts a text into records of cells. A record is a line unless quotes hold line ends.
class CsvScanner {
 public:
  CsvScanner(std::string_view text, std::string path);

  std::size_t line() const noexcept { return line_; }  ///< where the last record began, from 1
  std::string place() const;
  std::size_t bytes_read() const noexcept { return at_; }

  /// The next record. @returns false at the end (blank lines at the very end do not count).
  bool next(std::vector<Cell>& cells);

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const;
  bool at_line_end() const;
  Cell cell();
  Cell quoted_cell();

  std::string_view text_;
  std::string path_;
  char separator_ = ',';
  std::size_t at_ = 0, line_ = 1, next_line_ = 1;
  std::deque<std::string> unescaped_;  ///< cells with doubled quotes, until the next record
};

/// @throws DataError if a row has not as many cells as the header, or is a blank line.
void check_row(const std::vector<Cell>& cells, std::size_t columns, const CsvScanner& scanner);

enum class NumberError { none, empty, text, range };
NumberError parse_number(std::string_view text, double& value);

}  // namespace snac::data
