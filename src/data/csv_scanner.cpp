#include "csv_scanner.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "checks.hpp"
#include "snac/core/error.hpp"

namespace snac::data {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

CsvScanner::CsvScanner(std::string_view text, std::string path) : text_(text), path_(std::move(path)) {
  if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // byte order mark
  const std::string_view header = text_.substr(at_, text_.find('\n') - at_);
  if (header.find(',') == std::string_view::npos) {
    if (header.find(';') != std::string_view::npos)
      separator_ = ';';
    else if (header.find('\t') != std::string_view::npos)
      separator_ = '\t';
  }
}

std::string CsvScanner::place() const { return fmt::format("{}: line {}", path_, line_); }

bool CsvScanner::next(std::vector<Cell>& cells) {
  cells.clear();
  unescaped_.clear();
  line_ = next_line_;
  if (text_.find_first_not_of("\r\n", at_) == std::string_view::npos) return false;
  while (true) {
    cells.push_back(cell());
    if (at_ < text_.size() && text_[at_] == separator_) {
      ++at_;
      continue;
    }
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size()) ++at_;  // the line feed
    ++next_line_;
    return true;
  }
}

void CsvScanner::fail(const std::string& found, const std::string& expected) const {
  throw DataError("a CSV file is malformed", {.where = place(), .found = found, .expected = expected, .hint = {}});
}

bool CsvScanner::at_line_end() const {
  return at_ >= text_.size() || text_[at_] == '\n' || (text_[at_] == '\r' && (at_ + 1 >= text_.size() || text_[at_ + 1] == '\n'));
}

Cell CsvScanner::cell() {
  std::size_t start = at_;
  while (start < text_.size() && (text_[start] == ' ' || (text_[start] == '\t' && separator_ != '\t'))) ++start;
  if (start < text_.size() && text_[start] == '"') {
    at_ = start;
    return quoted_cell();
  }
  const std::size_t begin = at_;
  while (!at_line_end() && text_[at_] != separator_) {
    if (text_[at_] == '\r') fail("a carriage return within a line", "line ends LF or CRLF");
    ++at_;
  }
  return {trim(text_.substr(begin, at_ - begin)), false};
}

Cell CsvScanner::quoted_cell() {
  const std::size_t begin = ++at_;
  bool doubled = false;
  while (true) {
    if (at_ >= text_.size()) fail("the end of the file inside quotes", "a closing quote");
    if (text_[at_] == '\n') ++next_line_;
    if (text_[at_] != '"') {
      ++at_;
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
      doubled = true;
      at_ += 2;
    } else {
      break;
    }
  }
  std::string_view text = text_.substr(begin, at_ - begin);
  ++at_;
  while (!at_line_end() && text_[at_] != separator_) {
    if (text_[at_] != ' ') fail(excerpt(text_.substr(at_, 20)), "a separator after a closing quote");
    ++at_;
  }
  if (doubled) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      plain += text[i];
      if (text[i] == '"') ++i;
    }
    text = unescaped_.emplace_back(std::move(plain));
  }
  return {text, true};
}

void check_row(const std::vector<Cell>& cells, std::size_t columns, const CsvScanner& scanner) {
  if (cells.size() == 1 && cells[0].text.empty() && !cells[0].quoted) {
    throw DataError("a CSV file has a blank line",
                    {.where = scanner.place(), .found = "a blank line", .expected = "a row", .hint = "remove it"});
  }
  if (cells.size() != columns) {
    throw DataError("a CSV row has the wrong number of cells", {.where = scanner.place(),
                                                                .found = fmt::format("{} cells", cells.size()),
                                                                .expected = fmt::format("{} cells, as the header has", columns),
                                                                .hint = {}});
  }
}

NumberError parse_number(std::string_view text, double& value) {
  if (text.empty()) return NumberError::empty;
  if (text.front() == '+') text.remove_prefix(1);
  if (text.starts_with("+") || text.starts_with("+-")) return NumberError::text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return NumberError::range;
  return error == std::errc() && end == text.data() + text.size() ? NumberError::none : NumberError::text;
}

}  // namespace snac::data
