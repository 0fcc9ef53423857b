#include <cmath>
#include <limits>

#include "../float16.hpp"
#include "snac/core/rng.hpp"
#include "snac/data/readers.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

class WriteHdf5 : public testing::Test {
 protected:
  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  TemporaryDirectory folder_;
};

RawDataset particles(std::vector<float> features, int slots) {
  RawDataset data;
  data.slots = slots;
  data.columns = {"pt", "eta_rel", "phi_rel"};
  data.labels.resize(features.size() / data.row_width());
  for (std::size_t i = 0; i < data.labels.size(); ++i) data.labels[i] = static_cast<std::uint8_t>(i % 2);
  data.features = std::move(features);
  data.class_names = {"gluon", "W\xc2\xb1"};
  return data;
}

TEST_F(WriteHdf5, every_finite_float16_value_comes_back_equal) {
  std::vector<float> values;
  for (unsigned pattern = 0; pattern < 65536; ++pattern) {
    const float value = half_to_float(static_cast<std::uint16_t>(pattern));
    if (std::isfinite(value)) values.push_back(value);
  }
  values.resize(values.size() / 24 * 24);
  const RawDataset data = particles(values, 8);
  write_hdf5(path("a.h5"), data, "made for a test");
  const RawDataset back = read_dataset(path("a.h5"));
  ASSERT_EQ(bytes_of(back.features), bytes_of(data.features));  // bits, so that -0 counts
  EXPECT_EQ(back.labels, data.labels);
  EXPECT_EQ(back.class_names, data.class_names);
  EXPECT_EQ(back.columns, data.columns);
  EXPECT_EQ(back.slots, 8);
}

TEST_F(WriteHdf5, values_between_are_rounded_to_the_nearest_even_across_powers_of_two) {
  write_hdf5(path("a.h5"), particles({1.9999f, 1023.9f, 65504, 65519, std::ldexp(1.5f, -24), std::ldexp(1.0f, -26)}, 1), "");
  EXPECT_EQ(read_dataset(path("a.h5")).features, (std::vector<float>{2, 1024, 65504, 65504, std::ldexp(2.0f, -24), 0}));
}

TEST_F(WriteHdf5, the_file_has_the_documented_layout) {
  Rng rng(3);
  std::vector<float> values(5000 * 8 * 3);
  for (auto& value : values) value = static_cast<float>(rng.below(100));
  write_hdf5(path("a.h5"), particles(values, 8), "provenance text");
  const hid_t file = H5Fopen(path("a.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t set = H5Dopen2(file, "constituents", H5P_DEFAULT), type = H5Dget_type(set), half = half_file_type();
  EXPECT_GT(H5Tequal(type, half), 0);
  const hid_t creation = H5Dget_create_plist(set);
  ASSERT_EQ(H5Pget_nfilters(creation), 2);
  std::size_t count = 0;
  unsigned flags = 0, config = 0;
  EXPECT_EQ(H5Pget_filter2(creation, 0, &flags, &count, nullptr, 0, nullptr, &config), H5Z_FILTER_SHUFFLE);
  count = 0;
  EXPECT_EQ(H5Pget_filter2(creation, 1, &flags, &count, nullptr, 0, nullptr, &config), H5Z_FILTER_DEFLATE);
  const hid_t attribute = H5Aopen(file, "provenance", H5P_DEFAULT), text_type = H5Aget_type(attribute);
  char* text = nullptr;
  EXPECT_GE(H5Aread(attribute, text_type, static_cast<void*>(&text)), 0);
  EXPECT_STREQ(text, "provenance text");
  H5free_memory(text);
  H5Tclose(text_type);
  H5Aclose(attribute);
  H5Pclose(creation);
  H5Tclose(half);
  H5Tclose(type);
  H5Dclose(set);
  H5Fclose(file);
}

TEST_F(WriteHdf5, tables_keep_float32) {
  RawDataset data = particles({1e30f, 1.0f / 3, -1, 0, 1, 2}, 0);
  data.columns = {"mass", "\"c1\"", "n"};
  write_hdf5(path("a.h5"), data, "");
  const RawDataset back = read_dataset(path("a.h5"));
  EXPECT_EQ(back.features, data.features);
  EXPECT_EQ(back.columns, data.columns);
  EXPECT_EQ(back.slots, 0);
}

TEST_F(WriteHdf5, same_data_same_bytes_and_an_old_file_is_replaced_whole) {
  const RawDataset data = particles(std::vector<float>(48, 1.0f), 8);
  write_hdf5(path("a.h5"), particles(std::vector<float>(24000, 3.0f), 8), "old");
  write_hdf5(path("a.h5"), data, "p");
  write_hdf5(path("b.h5"), data, "p");
  EXPECT_EQ(sha256_file(path("a.h5")), sha256_file(path("b.h5")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);
}

TEST_F(WriteHdf5, unusable_data_are_refused_and_nothing_is_written) {
  const auto write = [&](const RawDataset& data) { return message_of([&] { write_hdf5(path("a.h5"), data, ""); }); };
  expect_parts(write(particles({1, 2, 3, 4, 65520, 6}, 1)), {"row 1", "eta_rel", "65520"});
  expect_parts(write(particles({1, 2, std::nanf(""), 4, 5, 6}, 1)), {"row 0", "phi_rel", "nan"});
  RawDataset data = particles({1, 2, 3, 4, 5, 6}, 1);
  data.labels[1] = 7;
  expect_parts(write(data), {"label 7 in row 1"});
  data.labels.pop_back();
  expect_parts(write(data), {"6 features", "1 rows of 3"});
  expect_parts(write(particles({}, 1)), {"0 rows"});
  EXPECT_FALSE(std::filesystem::exists(path("a.h5")));
  write_file_atomically(path("file"), "x");
  message_of<Error>([&] {
    try {
      write_hdf5(path("file") + "/a.h5", particles({1, 2, 3}, 1), "");
    } catch (const IoError& error) {
      throw Error(error.code(), error.summary(), {.where = error.text().where, .found = error.text().found, .expected = "-", .hint = {}});
    }
  });
}

TEST_F(WriteHdf5, a_newer_version_of_the_format_is_refused) {
  H5Maker(path("a.h5")).floats("features", {2, 1}, {1, 2}).labels({0, 1}).texts("format", {"snac.dataset"}).texts("format_version", {"2"});
  expect_parts(message_of([&] { read_dataset(path("a.h5")); }), {"format_version", "'2'", "newer"});
}

TEST_F(WriteHdf5, damage_is_an_error_or_harmless_and_never_a_crash) {
  Rng rng(11);
  std::vector<float> values(200 * 8 * 3);
  for (auto& value : values) value = static_cast<float>(rng.below(1000));
  const RawDataset data = particles(values, 8);
  write_hdf5(path("a.h5"), data, "p");
  const std::string good = read_file(path("a.h5"));
  for (int i = 0; i < 120; ++i) {
    std::string bad = good;
    const std::size_t at = rng.below(bad.size());
    bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1u << rng.below(8)));
    write_bytes(path("b.h5"), bad);
    try {
      (void)read_dataset(path("b.h5"));
    } catch (const DataError&) {
    }
  }
  for (std::size_t size = 1; size < good.size(); size += good.size() / 20) {
    write_bytes(path("b.h5"), good.substr(0, size));
    message_of([&] { read_dataset(path("b.h5")); });
  }
}

}  // namespace
}  // namespace snac::data
