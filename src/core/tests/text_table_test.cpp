#include "snac/core/text_table.hpp"

#include <gtest/gtest.h>

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

TEST(WithThousands, groups_digits) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-123456), "-123,456");
}

}  // namespace
}  // namespace snac
