#include "snac/core/text_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "snac/core/rng.hpp"
#include "snac/core/text_layout.hpp"

namespace snac {
namespace {

TEST(TextTable, numbers_stand_right_and_words_left) {
  TextTable table({"model", "LUT"});
  table.add_row({"a", "1,234"});
  table.add_row({"long name", "7"});
  EXPECT_EQ(table.str(),
            "model        LUT\n"
            "----------------\n"
            "a          1,234\n"
            "long name      7\n");
}

TEST(TextTable, rows_must_fit_the_header) { EXPECT_THROW(TextTable({"a", "b"}).add_row({"x"}), std::invalid_argument); }

TEST(TextTable, a_narrow_screen_breaks_texts_first_and_never_numbers) {
  TextTable table({"model", "network", "median error %"});
  table.add_row({"m1", "24-120-16-32-5 relu bn", "1,234"});
  EXPECT_EQ(table.str({.width = 30}),
            "model  network          median\n"
            "                       error %\n"
            "------------------------------\n"
            "m1     24-120-16-32-5    1,234\n"
            "       relu bn\n");
}

TEST(TextTable, columns_that_do_not_fit_stand_below_with_the_first_one) {
  TextTable table({"part", "LUT", "FF", "DSP"});
  table.add_row({"xcvu13p", "1,728,000", "3,456,000", "12,288"});
  EXPECT_EQ(table.str({.width = 20}),
            "part           LUT\n"
            "------------------\n"
            "xcvu13p  1,728,000\n"
            "\n"
            "part            FF\n"
            "------------------\n"
            "xcvu13p  3,456,000\n"
            "\n"
            "part        DSP\n"
            "---------------\n"
            "xcvu13p  12,288\n");
}

TEST(TextTable, only_the_header_is_bold) {
  TextTable table({"a"});
  table.add_row({"1"});
  EXPECT_EQ(table.str({.bold_header = true}), "\x1b[1ma\x1b[0m\n-\n1\n");
}

TEST(TextTable, fits_every_width_and_loses_nothing) {
  Rng rng(5);
  const std::string letters = "ab1-, /";
  for (int round = 0; round < 300; ++round) {
    const auto text = [&] {
      std::string word;
      for (auto n = rng.below(30); n > 0; --n) word += letters[rng.below(letters.size())];
      return word;
    };
    std::vector<std::string> header(1 + rng.below(8));
    for (auto& cell : header) cell = text();
    TextTable table(header);
    std::vector<std::vector<std::string>> rows(rng.below(4), header);
    for (auto& row : rows) {
      for (auto& cell : row) cell = text();
      table.add_row(row);
    }
    const std::size_t width = 20 + rng.below(80);
    const std::string out = table.str({.width = width});
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t end = out.find('\n', at);
      ASSERT_LE(columns_of(out.substr(at, end - at)), width) << out;
      at = end + 1;
    }
    // Every letter is there, of the first column perhaps several times.
    rows.push_back(header);
    for (const char letter : letters) {
      if (letter == ' ' || letter == '-') continue;  // blanks may be dropped, lines consist of the other
      std::ptrdiff_t expected = 0;
      for (const auto& row : rows) {
        for (const auto& cell : row) expected += std::count(cell.begin(), cell.end(), letter);
      }
      ASSERT_GE(std::count(out.begin(), out.end(), letter), expected) << out;
    }
  }
}

TEST(WithThousands, groups_digits) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-123456), "-123,456");
}

}  // namespace
}  // namespace snac
