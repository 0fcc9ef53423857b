// Text on a screen of some width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace snac {

/// Columns that a UTF-8 text without wide characters takes.
std::size_t columns_of(std::string_view text);

enum class LongWords {
  keep,   ///< a word that is too long stands on a line of its own and overflows: paths stay in one piece
  split,  ///< it is cut behind one of - , / = _ | if it can be, else anywhere: no line is too long
};

/// The lines of a text without their line feeds; a line feed at the very end begins no line.
std::vector<std::string> split_lines(std::string_view text);

/// The text in lines of at most `width` columns (>= 1), broken at blanks; at least one line. Blanks at breaks are dropped.
std::vector<std::string> wrap_text(std::string_view text, std::size_t width, LongWords long_words);

/// The text cut to `width` columns, with "..." at the end if something is cut off and three columns are there.
std::string cut_text(std::string_view text, std::size_t width);

/// Every line of a text that is wider than `width` broken at blanks, its rest indented by two columns more than it. 0 = no limit.
std::string wrap_lines(std::string_view text, std::size_t width);

}  // namespace snac
