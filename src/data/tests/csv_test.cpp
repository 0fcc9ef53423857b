#include "snac/data/readers.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

class Csv : public testing::Test {
 protected:
  RawDataset read(const std::string& text, const ReadParams& params = {}) {
    path_ = (folder_.path() / "a.csv").string();
    write_file_atomically(path_, text);
    return read_dataset(path_, params);
  }
  std::string error(const std::string& text, const ReadParams& params = {}) {
    return message_of([&] { read(text, params); });
  }
  TemporaryDirectory folder_;
  std::string path_;
};

TEST_F(Csv, integers_as_labels_keep_their_numbers) {
  const RawDataset data = read("a,label,b\n1,0,-2.5e1\n+3,2,.5\n");
  EXPECT_EQ(data.slots, 0);
  EXPECT_EQ(data.columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(data.features, (std::vector<float>{1, -25, 3, 0.5f}));
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0, 2}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(data.sha256, sha256_file(path_));
}

TEST_F(Csv, words_as_labels_are_sorted_to_classes) {
  const RawDataset data = read("kind,x\ntop,1\ngluon,2\n\"W, or Z\",3\ntop,4\n", {.label_column = "kind"});
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"W, or Z", "gluon", "top"}));
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{2, 1, 0, 2}));
}

TEST_F(Csv, words_can_be_given_the_numbers_of_another_file) {
  const RawDataset data = read("x,label\n1,top\n2,gluon\n", {.class_names = {"top", "W", "gluon"}});
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0, 2}));
  EXPECT_EQ(data.class_names.size(), 3u);
  expect_parts(error("x,label\n1,top\n2,glue\n", {.class_names = {"top", "gluon"}}), {"line 3", "'glue'", "top, gluon"});
}

TEST_F(Csv, quotes_line_ends_blanks_and_byte_order_mark) {
  const RawDataset data = read("\xef\xbb\xbf\"a \"\"x\"\"\", \"b\" ,label\r\n \"1\" , 2 ,\"one\"\r\n3,4,\"say \"\"two\"\"\"\r\n\r\n\n");
  EXPECT_EQ(data.columns[0], "a \"x\"");
  EXPECT_EQ(data.features, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"one", "say \"two\""}));
}

TEST_F(Csv, quotes_may_hold_line_ends_and_separators) {
  const RawDataset data = read("id,a,label\n\"p,\r\nq\",1,0\nr,2,1\n", {.columns = {"a"}});
  EXPECT_EQ(data.features, (std::vector<float>{1, 2}));
}

TEST_F(Csv, quoted_line_ends_count_as_lines_in_messages) {
  const std::string text = error("a,label\n1,\"x\ny\"\noops,z\n");
  expect_parts(text, {"line 4", "'oops'"});
}

TEST_F(Csv, a_file_without_final_line_end_and_other_separators) {
  EXPECT_EQ(read("a,label\n1,0\n2,1").features, (std::vector<float>{1, 2}));
  EXPECT_EQ(read("a;label\n1;0\n2;1\n").features, (std::vector<float>{1, 2}));
  EXPECT_EQ(read("a\tlabel\r\n1\t0\r\n2\t1\r\n").features, (std::vector<float>{1, 2}));
}

TEST_F(Csv, columns_and_rows_can_be_chosen_and_the_rest_may_be_text) {
  const std::string text = "id,x,y,label\nfirst,1,2,b\nsecond,3,4,a\nthird,5,nan,c\n";
  const RawDataset data = read(text, {.max_rows = 1, .first_row = 1, .columns = {"y", "x"}});
  EXPECT_EQ(data.features, (std::vector<float>{4, 3}));
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"a", "b", "c"}));  // of the whole file
  expect_parts(error(text, {.columns = {"x", "y"}}), {"line 4", "column 'y'", "nan"});
  expect_parts(error(text), {"line 2", "column 'id'", "'first'"});
}

TEST_F(Csv, malformed_rows_are_named_by_line) {
  expect_parts(error("a,b,label\n1,2,0\n1,2\n"), {"a.csv: line 3", "2 cells", "3 cells"});
  expect_parts(error("a,b,label\n1,2,0\n1,2,0,9\n"), {"line 3", "4 cells"});
  expect_parts(error("a,b,label\n1,,0\n"), {"line 2", "column 'b'", "empty"});
  expect_parts(error("a,b,label\n1,2,\n"), {"line 2", "column 'label'", "empty"});
  expect_parts(error("a,b,label\n1,2x,0\n"), {"line 2", "column 'b'", "'2x'"});
  expect_parts(error("a,b,label\n1,0x10,0\n"), {"'0x10'"});
  expect_parts(error("a,b,label\n1,inf,0\n"), {"line 2", "column 'b'", "'inf'"});
  expect_parts(error("a,b,label\n1,1e39,0\n"), {"'1e39'"});
  expect_parts(error("a,b,label\n1,1e999,0\n"), {"'1e999'"});
  expect_parts(error("a,b,label\n1,2,0\n\n1,2,0\n"), {"line 3", "blank"});
  expect_parts(error("a,b,label\n1,\"2,0\n"), {"line 2", "quote"});
  expect_parts(error("a,b,label\n1,\"2\"3,0\n"), {"line 2", "closing quote"});
  expect_parts(error("a,b,label\n1\r2,3,0\n"), {"carriage return"});
}

TEST_F(Csv, wrong_headers_are_explained) {
  expect_parts(error("1,2,0\n3,4,1\n"), {"line 1", "no header"});
  expect_parts(error("a,lable\n1,0\n"), {"no label column", "did you mean 'lable'?"});
  expect_parts(error("a,kind\n1,0\n"), {"no label column", "columns a, kind", "data: {label: NAME}", "--label NAME"});
  expect_parts(error(",a,label\n0,1,0\n"), {"index=False"});
  expect_parts(error("a,a,label\n0,1,0\n"), {"two columns 'a'"});
  expect_parts(error("label\n0\n"), {"no features"});
  expect_parts(error("a,label\n"), {"no rows"});
  expect_parts(error("\n\n"), {"empty"});
  expect_parts(error("a\xff,label\n1,0\n"), {"column", "UTF-8"});
}

TEST_F(Csv, wrong_labels_are_explained) {
  expect_parts(error("a,label\n1,0\n2,1.5\n"), {"line 3", "'1.5'", "integer"});
  expect_parts(error("a,label\n1,0\n2,-1\n"), {"line 3", "'-1'"});
  expect_parts(error("a,label\n1,0\n2,256\n"), {"line 3", "'256'"});
  expect_parts(error("a,label\n1,0\n2,3\n", {.num_classes = 3}), {"row 1", "found:    3", "0 to 2"});
  expect_parts(error("a,label\n1,u\n2,v\n", {.num_classes = 3}), {"2 classes", "3 classes"});
  std::string many = "a,label\n";
  for (int i = 0; i < 300; ++i) many += "1,w" + std::to_string(i) + "\n";
  expect_parts(error(many), {"line 258", "256 classes"});
}

TEST_F(Csv, other_files_are_not_taken_for_csv) {
  expect_parts(error(std::string("a,label\n1,0\n\0\1", 14)), {"unknown kind"});
  expect_parts(error(""), {"empty", "0 bytes"});
  const std::string pointer = (folder_.path() / "b.h5").string();
  write_file_atomically(pointer, "version https://git-lfs.github.com/spec/v1\n");
  expect_parts(message_of([&] { read_dataset(pointer); }), {"b.h5", "version https", ".h5", "LFS"});
  expect_parts(message_of([&] { read_dataset("/nonexistent/a.csv"); }), {"/nonexistent/a.csv", "missing"});
  expect_parts(message_of([&] { read_dataset("/dev/null"); }), {"/dev/null"});
}

}  // namespace
}  // namespace snac::data
