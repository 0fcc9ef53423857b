#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "snac/data/readers.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

static_assert(std::endian::native == std::endian::little, "the expected bytes below are written for a little-endian machine");

class Numpy : public testing::Test {
 protected:
  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  /// A pair x.npy,y.npy with labels 0 1 0 1 ...
  RawDataset read_x(const std::string& x, std::size_t rows, const ReadParams& params = {}) {
    std::vector<std::uint8_t> labels(rows);
    for (std::size_t i = 0; i < rows; ++i) labels[i] = static_cast<std::uint8_t>(i % 2);
    return read_xy(x, npy("|u1", fmt::format("({},)", rows), bytes_of(labels)), params);
  }
  RawDataset read_xy(const std::string& x, const std::string& y, const ReadParams& params = {}) {
    write_file_atomically(path("x.npy"), x);
    write_file_atomically(path("y.npy"), y);
    return read_dataset(path("x.npy") + "," + path("y.npy"), params);
  }
  TemporaryDirectory folder_;
};

std::string reversed(std::string bytes, std::size_t width) {
  for (std::size_t i = 0; i + width <= bytes.size(); i += width)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i), bytes.begin() + static_cast<std::ptrdiff_t>(i + width));
  return bytes;
}

const std::string kLabels2 = npy("<i8", "(2,)", bytes_of(std::vector<std::int64_t>{0, 1}));

TEST_F(Numpy, a_pair_of_files_is_a_table) {
  const RawDataset data = read_x(npy("<f4", "(2, 3)", bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6})), 2);
  EXPECT_EQ(data.slots, 0);
  EXPECT_EQ(data.columns, (std::vector<std::string>{"x0", "x1", "x2"}));
  EXPECT_EQ(data.features, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0, 1}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(data.sha256, sha256(sha256_file(path("x.npy")) + "\n" + sha256_file(path("y.npy")) + "\n"));
}

TEST_F(Numpy, every_number_type_and_byte_order_gives_the_same_numbers) {
  const std::vector<float> expected{1, 0, 1, 100};
  const auto check = [&](const std::string& kind, const std::string& bytes, std::size_t width) {
    EXPECT_EQ(read_x(npy(fmt::format("{}{}", width == 1 ? '|' : '<', kind), "(2, 2)", bytes), 2).features, expected) << kind;
    EXPECT_EQ(read_x(npy(fmt::format("{}{}", width == 1 ? '|' : '>', kind), "(2, 2)", reversed(bytes, width)), 2).features, expected)
        << kind;
  };
  check("i1", bytes_of(std::vector<std::int8_t>{1, 0, 1, 100}), 1);
  check("u1", bytes_of(std::vector<std::uint8_t>{1, 0, 1, 100}), 1);
  check("i2", bytes_of(std::vector<std::int16_t>{1, 0, 1, 100}), 2);
  check("u2", bytes_of(std::vector<std::uint16_t>{1, 0, 1, 100}), 2);
  check("i4", bytes_of(std::vector<std::int32_t>{1, 0, 1, 100}), 4);
  check("u4", bytes_of(std::vector<std::uint32_t>{1, 0, 1, 100}), 4);
  check("i8", bytes_of(std::vector<std::int64_t>{1, 0, 1, 100}), 8);
  check("u8", bytes_of(std::vector<std::uint64_t>{1, 0, 1, 100}), 8);
  check("f2", bytes_of(std::vector<std::uint16_t>{0x3c00, 0, 0x3c00, 0x5640}), 2);
  check("f4", bytes_of(std::vector<float>{1, 0, 1, 100}), 4);
  check("f8", bytes_of(std::vector<double>{1, 0, 1, 100}), 8);
  EXPECT_EQ(read_x(npy("|b1", "(2, 2)", std::string("\1\0\1\1", 4)), 2).features, (std::vector<float>{1, 0, 1, 1}));
}

TEST_F(Numpy, signed_numbers_keep_their_sign) {
  EXPECT_EQ(read_x(npy(">i2", "(2, 1)", std::string("\xff\xff\x80\x00", 4)), 2).features, (std::vector<float>{-1, -32768}));
  EXPECT_EQ(read_x(npy("|i1", "(2, 1)", std::string("\xff\x80", 2)), 2).features, (std::vector<float>{-1, -128}));
}

TEST_F(Numpy, fortran_order_and_c_order_agree) {
  // a[i, k, c] = 100 i + 10 k + c, shape (2, 3, 2)
  std::vector<float> c_order, fortran;
  for (int i = 0; i < 2; ++i)
    for (int k = 0; k < 3; ++k)
      for (int c = 0; c < 2; ++c) c_order.push_back(static_cast<float>(100 * i + 10 * k + c));
  for (int c = 0; c < 2; ++c)
    for (int k = 0; k < 3; ++k)
      for (int i = 0; i < 2; ++i) fortran.push_back(static_cast<float>(100 * i + 10 * k + c));
  const RawDataset data = read_x(npy("<f4", "(2, 3, 2)", bytes_of(fortran), true), 2);
  EXPECT_EQ(data.features, c_order);
  EXPECT_EQ(data.slots, 3);
  EXPECT_EQ(read_x(npy("<f4", "(2, 3, 2)", bytes_of(c_order)), 2).features, c_order);
  const ReadParams some{.first_row = 1, .columns = {"x1"}, .max_constituents = 2};
  EXPECT_EQ(read_x(npy("<f4", "(2, 3, 2)", bytes_of(fortran), true), 2, some).features, (std::vector<float>{101, 111}));
  EXPECT_EQ(read_x(npy("<f4", "(2, 3, 2)", bytes_of(c_order)), 2, some).features, (std::vector<float>{101, 111}));
  const std::string one_hot = npy("<f4", "(2, 3)", bytes_of(std::vector<float>{0, 1, 0, 0, 1, 0}), true);
  EXPECT_EQ(read_xy(npy("<f4", "(2, 1)", bytes_of(std::vector<float>{1, 2})), one_hot).labels, (std::vector<std::uint8_t>{2, 0}));
}

TEST_F(Numpy, header_versions_one_to_three_are_read) {
  for (const int version : {1, 2, 3}) {
    EXPECT_EQ(read_x(npy("<f4", "(2, 1)", bytes_of(std::vector<float>{7, 8}), false, version), 2).features, (std::vector<float>{7, 8}));
  }
  const std::string spaced = npy("{\"shape\":(2,1),\"descr\":\"<f4\",\"fortran_order\":False}", bytes_of(std::vector<float>{7, 8}), 1);
  EXPECT_EQ(read_x(spaced, 2).features, (std::vector<float>{7, 8}));
}

TEST_F(Numpy, many_blocks_make_one_array) {
  std::vector<float> values(3'000'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 65521);
  EXPECT_EQ(read_x(npy("<f4", "(1000000, 3)", bytes_of(values)), 1000000).features, values);
  EXPECT_EQ(read_x(npy("<f4", "(1000000, 3)", bytes_of(values)), 1000000, {.max_rows = 1, .first_row = 999999}).features,
            (std::vector<float>(values.end() - 3, values.end())));
}

TEST_F(Numpy, archives_are_read_stored_and_deflated) {
  const std::string x = npy("<f8", "(2, 2, 3)", bytes_of(std::vector<double>{9, 1, 2, 3, 4, 5, 8, 6, 7, 0, 0, 0}));
  std::string names;
  for (const std::string name : {"pT", "deta", "phirel"}) {
    for (std::size_t i = 0; i < 6; ++i) names += std::string(1, i < name.size() ? name[i] : '\0') + std::string(3, '\0');
  }
  const std::string classes = npy("|S3", "(2,)", std::string("up\0dow", 6));
  for (const bool deflate : {false, true}) {
    write_zip(path("a.npz"), {{"X.npy", x}, {"labels.npy", kLabels2}, {"columns.npy", npy("<U6", "(3,)", names)}, {"classes.npy", classes}},
              deflate);
    const RawDataset data = read_dataset(path("a.npz"));
    EXPECT_EQ(data.columns, (std::vector<std::string>{"pt", "eta_rel", "phi_rel"}));
    EXPECT_EQ(data.class_names, (std::vector<std::string>{"up", "dow"}));
    EXPECT_EQ(data.slots, 2);
    EXPECT_EQ(data.features, (std::vector<float>{9, 1, 2, 3, 4, 5, 8, 6, 7, 0, 0, 0}));
    EXPECT_EQ(data.sha256, sha256_file(path("a.npz")));
    EXPECT_EQ(read_dataset(path("a.npz"), {.max_constituents = 1, .min_pt = 8.5}).features, (std::vector<float>{9, 1, 2, 0, 0, 0}));
  }
}

TEST_F(Numpy, archives_with_wrong_members_are_refused) {
  const std::string x = npy("<f4", "(2, 1)", bytes_of(std::vector<float>{1, 2}));
  write_zip(path("a.npz"), {{"x.npy", x}, {"z.npy", kLabels2}}, true);
  expect_parts(message_of([&] { read_dataset(path("a.npz")); }), {"labels", "arrays: x, z", "y or Y or label or labels"});
  write_zip(path("b.npz"), {{"x.npy", x}, {"X.npy", x}, {"y.npy", kLabels2}}, true);
  expect_parts(message_of([&] { read_dataset(path("b.npz")); }), {"two arrays", "'x' and 'X'"});
  write_zip(path("c.npz"), {{"x.npy", x}, {"y.npy", "no array"}}, true);
  expect_parts(message_of([&] { read_dataset(path("c.npz")); }), {"c.npz: y"});
  write_zip(path("d.npz"), {{"x.npy", x}, {"y.npy", kLabels2}, {"columns.npy", npy("|S2", "(2,)", "abcd")}}, true);
  expect_parts(message_of([&] { read_dataset(path("d.npz")); }), {"2 names: ab, cd", "1 names"});
}

TEST_F(Numpy, a_deflate_bomb_is_refused_before_it_unpacks) {
  std::string zeros = npy("|u1", "(300000000, 1)", "");
  zeros.append(300'000'000, '\0');
  write_zip(path("a.npz"), {{"x.npy", zeros}, {"y.npy", kLabels2}}, true);
  ASSERT_LT(std::filesystem::file_size(path("a.npz")), 1'000'000u);
  expect_parts(message_of([&] { read_dataset(path("a.npz")); }), {"a.npz: x", "packed into"});
}

TEST_F(Numpy, sizes_and_headers_that_lie_are_refused) {
  const std::string four = bytes_of(std::vector<float>{1, 2, 3, 4});
  const auto read = [&](const std::string& x) { return message_of([&] { read_x(x, 2); }); };
  expect_parts(read(npy("<f4", "(2, 3)", four)), {"x.npy", "truncated", "16 bytes", "24 bytes"});
  expect_parts(read(npy("<f4", "(2, 1)", four)), {"behind its end"});
  expect_parts(read(npy("<f4", "(4611686018427387904, 4)", four)), {"impossible size"});
  expect_parts(read(npy("<f4", "(99999999999999999999999, 1)", four)), {"header"});
  expect_parts(read(npy("<f4", "(1000000000000, 1)", four)), {"truncated"});
  expect_parts(read(npy("<f4", "(4,)", four)), {"(4,)", "(rows, columns)"});
  expect_parts(read(npy("<f4", "(2, 0)", "")), {"(2, 0)"});
  expect_parts(read(npy("<c8", "(2, 1)", four)), {"<c8"});
  expect_parts(read(npy("|O", "(2, 1)", four)), {"Python objects"});
  expect_parts(read(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}", four)), {"structured"});
  expect_parts(read(npy("{'descr': '<f4', 'shape': (2, 2)}", four)), {"a key is missing"});
  expect_parts(read(npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 2)}", four)), {"Maybe", "True or False"});
  expect_parts(read(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'evil': 1}", four)), {"evil"});
  expect_parts(read(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)", four)), {"header"});
  expect_parts(read("\x93NUMPY"), {"x.npy", "truncated"});
  expect_parts(read(std::string("\x93NUMPY\x09\x00\x10\x00", 10) + std::string(16, ' ')), {"version 9"});
  expect_parts(read(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)), {"header of 4294967295 bytes"});
}

TEST_F(Numpy, wrong_values_and_labels_are_named) {
  const std::string x = npy("<f4", "(2, 2)", bytes_of(std::vector<float>{1, 2, 3, 4}));
  const auto read = [&](const std::string& y) { return message_of([&] { read_xy(x, y); }); };
  expect_parts(read(npy("<f4", "(2,)", bytes_of(std::vector<float>{0, 0.5f}))), {"y.npy: row 1", "0.5", "integer"});
  expect_parts(read(npy("<i4", "(2,)", bytes_of(std::vector<std::int32_t>{-1, 0}))), {"y.npy: row 0", "-1"});
  expect_parts(read(npy("<i8", "(2,)", bytes_of(std::vector<std::int64_t>{0, std::numeric_limits<std::int64_t>::max()}))), {"row 1"});
  expect_parts(read(npy("<i4", "(3,)", bytes_of(std::vector<std::int32_t>{0, 1, 0}))), {"2 rows of features", "3 rows"});
  expect_parts(read(npy("<i4", "(1, 1, 2)", bytes_of(std::vector<std::int32_t>{0, 1}))), {"(1, 1, 2)"});
  expect_parts(read(npy("<U1", "(2,)", std::string("a\0\0\0b\0\0\0", 8))), {"texts", "numbers"});
  expect_parts(read(npy("<f4", "(2, 3)", bytes_of(std::vector<float>{1, 0, 0, 0, 0, 0}))), {"row 1", "one-hot"});
  expect_parts(message_of([&] { read_xy(x, kLabels2, {.num_classes = 1}); }), {"row 1", "0 to 0"});
  const float infinity = std::numeric_limits<float>::infinity();
  expect_parts(message_of([&] {
                 read_x(npy("<f4", "(2, 2)", bytes_of(std::vector<float>{1, 2, infinity, 4})), 2);
               }),
               {"x.npy: row 1", "x0", "inf"});
  EXPECT_EQ(read_xy(x, kLabels2, {.num_classes = 4}).class_names.size(), 4u);
  EXPECT_EQ(read_xy(x, kLabels2, {.class_names = {"no", "yes"}}).class_names[1], "yes");
  expect_parts(message_of([&] { read_xy(npy("<f4", "(0, 2)", ""), npy("<i4", "(0,)", "")); }), {"no rows"});
}

TEST_F(Numpy, a_single_array_or_a_missing_half_is_explained) {
  write_file_atomically(path("x.npy"), npy("<f4", "(2, 1)", bytes_of(std::vector<float>{1, 2})));
  expect_parts(message_of([&] { read_dataset(path("x.npy")); }), {"single .npy", "x.npy,y.npy"});
  expect_parts(message_of([&] { read_dataset(path("x.npy") + "," + path("none.npy")); }), {"missing", "comma"});
  write_file_atomically(path("y.npy"), "a,label\n1,0\n");
  expect_parts(message_of([&] { read_dataset(path("x.npy") + "," + path("y.npy")); }), {"y.npy", ".npy"});
}

TEST_F(Numpy, truncations_and_flipped_bytes_of_an_archive_are_errors_or_harmless) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  for (const bool deflate : {false, true}) {
    write_zip(path("a.npz"), {{"x.npy", npy("<f4", "(2, 3)", bytes_of(values))}, {"y.npy", kLabels2}}, deflate);
    const std::string good = read_file(path("a.npz"));
    int refused = 0;
    for (std::size_t i = 0; i < good.size(); i += 3) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x24);
      write_bytes(path("b.npz"), bad);
      try {
        EXPECT_EQ(read_dataset(path("b.npz")).features, values) << "a flip at byte " << i << " changed the data silently";
      } catch (const DataError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, static_cast<int>(good.size() / 6));
    for (std::size_t size = 0; size < good.size(); size += 9) {
      write_bytes(path("b.npz"), good.substr(0, size));
      message_of([&] { read_dataset(path("b.npz")); });
    }
  }
}

}  // namespace
}  // namespace snac::data
