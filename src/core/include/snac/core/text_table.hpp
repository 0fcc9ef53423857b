// Tables for people: columns aligned, numbers to the right, no wider than the screen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace snac {

struct TableFormat {
  std::size_t width = 0;     ///< columns of the screen; 0 = no limit
  bool bold_header = false;  ///< with the terminal's codes
};

/// How tables are printed that are asked for no format; unlimited and plain until the program, which knows its terminal, says so.
void set_table_format(const TableFormat& format);

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : header_(std::move(header)) {}
  /// @throws std::invalid_argument if the number of cells differs from the header's.
  void add_row(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }
  /// The table as text, each line ended by a line feed. Columns whose cells all start like numbers are right-aligned. What is wider
  /// than the format allows has its headers and texts broken into lines, never its numbers; if that is not enough, the columns stand
  /// in several tables below each other, each with the first column.
  std::string str() const;
  std::string str(const TableFormat& format) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 -> "1,234,567".
std::string with_thousands(long long value);

}  // namespace snac
