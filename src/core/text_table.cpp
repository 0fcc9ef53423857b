#include "snac/core/text_table.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace snac {
namespace {

/// Characters on the screen of a UTF-8 text without wide characters: continuation bytes are not counted.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool looks_numeric(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  const std::size_t first = cell[0] == '-' || cell[0] == '+' ? 1 : 0;
  return first < cell.size() && std::isdigit(static_cast<unsigned char>(cell[first])) != 0 &&
         cell.find_first_of("abcdfghijklmnopqrstuvwyz") == std::string::npos;
}

}  // namespace

void TextTable::add_row(std::vector<std::string> cells) {
  if (cells.size() != header_.size()) throw std::invalid_argument("TextTable: a row has another number of cells than the header");
  rows_.push_back(std::move(cells));
}

std::string TextTable::str() const {
  std::vector<std::size_t> width(header_.size());
  std::vector<bool> right(header_.size(), true);
  for (std::size_t c = 0; c < header_.size(); ++c) {
    width[c] = columns(header_[c]);
    for (const auto& row : rows_) {
      width[c] = std::max(width[c], columns(row[c]));
      right[c] = right[c] && looks_numeric(row[c]);
    }
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string row;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string gap(width[c] - columns(cells[c]), ' ');
      row += (c ? "  " : "") + (right[c] ? gap + cells[c] : cells[c] + gap);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  };
  line(header_);
  std::size_t total = 2 * (header_.empty() ? 0 : header_.size() - 1);
  for (const std::size_t w : width) total += w;
  text += std::string(total, '-') + "\n";
  for (const auto& row : rows_) line(row);
  return text;
}

std::string with_thousands(long long value) {
  std::string digits = std::to_string(value);
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > (value < 0 ? 1 : 0); i -= 3) {
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return digits;
}

}  // namespace snac
