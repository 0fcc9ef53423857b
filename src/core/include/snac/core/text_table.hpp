// Tables for people: columns aligned, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace snac {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : header_(std::move(header)) {}
  /// @throws std::invalid_argument if the number of cells differs from the header's.
  void add_row(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }
  /// The table as text, each line ended by a line feed. Columns whose cells all start like numbers are right-aligned.
  std::string str() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 -> "1,234,567".
std::string with_thousands(long long value);

}  // namespace snac
