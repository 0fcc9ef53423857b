#include "snac/core/text_table.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <stdexcept>

#include "snac/core/text_layout.hpp"

namespace snac {
namespace {

TableFormat default_format;

constexpr std::size_t kGap = 2;         ///< blanks between columns
constexpr std::size_t kLeastText = 12;  ///< columns that a text keeps, if it has them

bool looks_numeric(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  const std::size_t first = cell[0] == '-' || cell[0] == '+' ? 1 : 0;
  return first < cell.size() && std::isdigit(static_cast<unsigned char>(cell[first])) != 0 &&
         cell.find_first_of("abcdfghijklmnopqrstuvwyz") == std::string::npos;
}

std::size_t longest_word(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    longest = std::max(longest, columns_of(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return longest;
}

struct Column {
  std::size_t natural = 0;  ///< width without any break
  std::size_t least = 0;    ///< width with headers and texts broken
  bool right = true;
};

/// The columns of one table, each with its width.
struct Part {
  std::vector<std::size_t> columns, widths;
};

std::size_t total(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + (widths.empty() ? 0 : kGap * (widths.size() - 1));
}

/// Natural widths, the widest narrowed until they fit. All of `part` must fit at their least width.
void narrow(Part& part, const std::vector<Column>& columns, std::size_t width) {
  part.widths.clear();
  for (const std::size_t c : part.columns) part.widths.push_back(columns[c].natural);
  while (total(part.widths) > width) {
    std::size_t widest = part.columns.size();
    for (std::size_t i = 0; i < part.columns.size(); ++i) {
      if (part.widths[i] > columns[part.columns[i]].least && (widest == part.columns.size() || part.widths[i] > part.widths[widest]))
        widest = i;
    }
    if (widest == part.columns.size()) return;
    --part.widths[widest];
  }
}

/// As few tables as possible, from left to right, each with the first column.
std::vector<Part> parts_of(std::vector<Column>& columns, std::size_t width) {
  std::vector<Part> parts;
  if (width == 0) {
    parts.emplace_back();
    for (std::size_t c = 0; c < columns.size(); ++c) parts.back().columns.push_back(c);
    narrow(parts.back(), columns, std::string::npos);
    return parts;
  }
  // A table of two columns at least must fit, whatever has to be cut for it.
  if (columns.size() == 1) columns[0].least = std::min(columns[0].least, width);
  if (columns.size() > 1) columns[0].least = std::min(columns[0].least, std::max<std::size_t>(1, (width - kGap) / 2));
  for (std::size_t c = 1; c < columns.size(); ++c) columns[c].least = std::min(columns[c].least, width - kGap - columns[0].least);
  std::size_t used = width + 1;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (used + kGap + columns[c].least > width) {
      parts.emplace_back();
      parts.back().columns = c == 0 ? std::vector<std::size_t>{0} : std::vector<std::size_t>{0, c};
      used = columns[0].least + (c == 0 ? 0 : kGap + columns[c].least);
    } else {
      parts.back().columns.push_back(c);
      used += kGap + columns[c].least;
    }
  }
  for (Part& part : parts) narrow(part, columns, width);
  return parts;
}

}  // namespace

void set_table_format(const TableFormat& format) { default_format = format; }

void TextTable::add_row(std::vector<std::string> cells) {
  if (cells.size() != header_.size()) throw std::invalid_argument("TextTable: a row has another number of cells than the header");
  rows_.push_back(std::move(cells));
}

std::string TextTable::str() const { return str(default_format); }

std::string TextTable::str(const TableFormat& format) const {
  std::vector<Column> columns(header_.size());
  for (std::size_t c = 0; c < header_.size(); ++c) {
    for (const auto& row : rows_) columns[c].right = columns[c].right && looks_numeric(row[c]);
    columns[c].natural = columns_of(header_[c]);
    columns[c].least = longest_word(header_[c]);
    for (const auto& row : rows_) {
      const std::size_t cell = columns_of(row[c]);
      columns[c].natural = std::max(columns[c].natural, cell);
      columns[c].least = std::max(columns[c].least, columns[c].right ? cell : std::min(cell, std::max(longest_word(row[c]), kLeastText)));
    }
  }
  std::string text;
  for (const Part& part : parts_of(columns, format.width)) {
    const auto line = [&](const std::vector<std::string>& cells, bool bold) {
      std::vector<std::vector<std::string>> lines;
      std::size_t height = 1;
      for (std::size_t i = 0; i < part.columns.size(); ++i) {
        const std::string& cell = cells[part.columns[i]];
        lines.push_back(columns_of(cell) <= part.widths[i] ? std::vector<std::string>{cell}
                                                           : wrap_text(cell, part.widths[i], LongWords::split));
        height = std::max(height, lines.back().size());
      }
      for (std::size_t k = 0; k < height; ++k) {
        std::string row;
        for (std::size_t i = 0; i < lines.size(); ++i) {
          const std::string piece = k < lines[i].size() ? lines[i][k] : std::string();
          const std::string gap(part.widths[i] - columns_of(piece), ' ');
          row += (i ? std::string(kGap, ' ') : "") + (columns[part.columns[i]].right ? gap + piece : piece + gap);
        }
        row.erase(row.find_last_not_of(' ') + 1);
        text += (bold && !row.empty() ? "\x1b[1m" + row + "\x1b[0m" : row) + "\n";
      }
    };
    if (!text.empty()) text += "\n";
    line(header_, format.bold_header);
    text += std::string(total(part.widths), '-') + "\n";
    for (const auto& row : rows_) line(row, false);
  }
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
