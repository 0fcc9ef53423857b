// Text of vendor reports: lines, table rows and numbers as these tools print them. Private to the readers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snac/toolchain/reports.hpp"

namespace snac::toolchain {

std::string_view trim(std::string_view text);
/// Words between blanks.
std::vector<std::string_view> words_of(std::string_view text);
/// A name for records: printable ASCII, anything else as '?', at most 200 characters.
std::string plain_name(std::string_view text);

/// The lines of a report, one after the other. The text must outlive it.
class ReportLines {
 public:
  /// @throws DataError if the text is binary, UTF-16 or too large.
  ReportLines(const std::string& text, const std::string& where, const char* kind);

  bool next();  ///< false at the end
  std::string_view line() const noexcept { return line_; }
  /// The cells of a row "| a | b |" without their blanks; empty if the line is none. @throws DataError if the row is cut off.
  std::vector<std::string_view> cells() const;
  /// The text after "<key> <colon>", blanks around the colon; empty if the line does not start so.
  std::optional<std::string_view> value_of(std::string_view key) const;

  /// "1,526", "39 (17%)", "454 / 18,480 ( 2 % )"; absent for "", "-", "_", "NA", "N/A ...", "?", "undef", "x".
  /// @throws DataError for anything else, for numbers below 0 and for one at the end of a file that is cut off.
  Figure count(std::string_view cell) const;
  /// As count() with a fraction, a sign and a unit: "4.049", "-0.112", "5.00 ns"; "+INF" and "inf" are absent.
  RealFigure real(std::string_view cell) const;
  /// "10", "10 ~ 12".
  Cycles cycles(std::string_view cell) const;
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const;
  [[noreturn]] void not_a_report(const std::string& expected) const;

 private:
  /// A number without a bar or a line end behind it may lack digits.
  void require_whole_line() const;

  std::string_view rest_, line_;
  std::string where_;
  const char* kind_;
  std::size_t number_ = 0;
  bool ended_ = true;  ///< the line has its line end
};

/// Takes a figure that is not there yet.
template <class T>
void take(std::optional<T>& figure, const std::optional<T>& value) {
  if (!figure) figure = value;
}

}  // namespace snac::toolchain
