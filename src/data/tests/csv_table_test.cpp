#include "snac/data/csv_table.hpp"

#include "snac/core/rng.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

TEST(CsvTable, cells_are_found_by_column_and_line) {
  const CsvTable table = parse_csv_table("name,type,lut\r\na,\"ap_fixed<8,2>\",12\r\n\"b\n c\",x,\r\nd,\"\"\"q\"\"\",1e3\r\n", "t.csv");
  EXPECT_EQ(table.rows(), 3u);
  EXPECT_EQ(table.columns(), (std::vector<std::string>{"name", "type", "lut"}));
  EXPECT_EQ(table.text(0, "type"), "ap_fixed<8,2>");
  EXPECT_EQ(table.text(1, "name"), "b\n c");
  EXPECT_EQ(table.text(2, "type"), "\"q\"");
  EXPECT_EQ(table.number(0, "lut"), 12);
  EXPECT_EQ(table.number(1, "lut"), std::nullopt);
  EXPECT_EQ(table.number(2, "lut"), 1000);
  EXPECT_EQ(table.place(2, "lut"), "t.csv: line 5, column 'lut'");
  EXPECT_TRUE(table.has("lut"));
  EXPECT_FALSE(table.has("ff"));
  EXPECT_EQ(parse_csv_table("a;b\n1;2\n", "t").number(0, "b"), 2);
}

TEST(CsvTable, errors_name_file_line_and_column) {
  const auto error = [](const std::string& text) { return message_of([&] { parse_csv_table(text, "t.csv"); }); };
  expect_parts(error(""), {"t.csv", "empty"});
  expect_parts(error("a,b\n"), {"a header line only"});
  expect_parts(error("a,a\n1,2\n"), {"'a' twice"});
  expect_parts(error("a,\n1,2\n"), {"CSV column"});
  expect_parts(error("a,b\n1,2\n3\n"), {"t.csv: line 3", "1 cells", "2 cells"});
  expect_parts(error("a,b\n1,\"2\n"), {"inside quotes"});
  const CsvTable table = parse_csv_table("lut,ff\n1,x\n2,inf\n3,1e999\n", "t.csv");
  for (std::size_t row = 0; row < table.rows(); ++row)
    expect_parts(message_of([&] { table.number(row, "ff"); }), {"t.csv: line " + std::to_string(row + 2), "column 'ff'"});
  expect_parts(message_of([&] { table.text(0, "lutt"); }), {"t.csv: line 1", "lut, ff", "'lutt'", "did you mean 'lut'"});
}

TEST(CsvTable, any_bytes_give_a_table_or_an_error) {
  const std::string whole = "name,\"t,y\",lut\na,\"ap_fixed<8,2>\",12\nb,x,\n";
  Rng rng(11);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = whole;
    for (std::uint64_t k = rng.below(6); k > 0; --k) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    bytes.resize(rng.below(bytes.size() + 1));
    try {
      const CsvTable table = parse_csv_table(bytes, "t.csv");
      for (std::size_t row = 0; row < table.rows(); ++row) {
        for (const auto& column : table.columns()) EXPECT_LE(table.text(row, column).size(), bytes.size());
      }
    } catch (const DataError& error) {
      expect_parts(error.what(), {"t.csv"});
    }
  }
}

}  // namespace
}  // namespace snac::data
