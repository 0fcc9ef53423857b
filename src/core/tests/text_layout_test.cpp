#include "snac/core/text_layout.hpp"

#include <gtest/gtest.h>

namespace snac {
namespace {

using Lines = std::vector<std::string>;

TEST(WrapText, breaks_at_blanks_and_cuts_words_only_if_asked_to) {
  EXPECT_EQ(wrap_text("one two three", 7, LongWords::keep), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap_text("see runs/jets/study.sqlite now", 8, LongWords::keep), (Lines{"see", "runs/jets/study.sqlite", "now"}));
  EXPECT_EQ(wrap_text("24-120-16-32-5 relu", 8, LongWords::split), (Lines{"24-120-", "16-32-5", "relu"}));
  EXPECT_EQ(wrap_text("abcdefgh", 3, LongWords::split), (Lines{"abc", "def", "gh"}));
  EXPECT_EQ(wrap_text("", 5, LongWords::keep), (Lines{""}));
}

TEST(SplitLines, ends_end_lines_and_begin_none) {
  EXPECT_EQ(split_lines("a\n\nb\n"), (Lines{"a", "", "b"}));
  EXPECT_EQ(split_lines("a"), (Lines{"a"}));
  EXPECT_TRUE(split_lines("").empty());
}

TEST(WrapText, counts_characters_not_bytes) {
  EXPECT_EQ(columns_of("\u00b1\u00b1"), 2U);
  EXPECT_EQ(wrap_text("\u00b1\u00b1\u00b1\u00b1", 2, LongWords::split), (Lines{"\u00b1\u00b1", "\u00b1\u00b1"}));
  EXPECT_EQ(cut_text("\u00b1\u00b1\u00b1\u00b1\u00b1\u00b1", 5), "\u00b1\u00b1...");
}

TEST(WrapLines, long_lines_continue_indented_and_short_ones_stay) {
  EXPECT_EQ(wrap_lines("a  b\n  one two three four\n", 12), "a  b\n  one two\n    three\n    four\n");
  EXPECT_EQ(wrap_lines("one two three four\n", 0), "one two three four\n");
  EXPECT_EQ(wrap_lines("averyveryverylongword\n", 10), "averyveryverylongword\n");
}

}  // namespace
}  // namespace snac
