#include <cmath>
#include <limits>

#include "snac/data/readers.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

class Hdf5 : public testing::Test {
 protected:
  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  TemporaryDirectory folder_;
};

/// Two jets of three constituents (pt, eta_rel, phi_rel).
const std::vector<float> kJets{50, 0.5f, -0.5f, 20, 0.25f, 1, 1, 2, 3, 9, -1, -2, 4, -3, -4, 0, 0, 0};

void make_ours(const std::string& path) {
  H5Maker(path)
      .floats("constituents", {2, 3, 3}, kJets)
      .labels({1, 0})
      .texts("classes", {"g", "q"})
      .texts("constituent_names", {"pT", "etarel", "phi_rel"});
}

/// `rows` jets of the published layout: 150 slots, 16 columns, value = 1000 row + 20 slot + column + 1, but pT descends.
void make_published(const std::string& path, std::size_t rows, std::size_t first_row = 0, bool packed = true) {
  std::vector<float> particles(rows * 150 * 16);
  std::vector<double> jets(rows * 59, 0.5);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t s = 0; s < 150; ++s) {
      for (std::size_t c = 0; c < 16; ++c) {
        const std::size_t value = c == 5 ? 151 - s : 1000 * (first_row + r) + 20 * s + c + 1;
        particles[(r * 150 + s) * 16 + c] = static_cast<float>(value);
      }
    }
    for (std::size_t c = 0; c < 5; ++c) jets[r * 59 + 53 + c] = c == (first_row + r) % 5 ? 1 : 0;
  }
  H5Maker maker(path);
  maker.floats("jetConstituentList", {rows, 150, 16}, particles, packed ? std::vector<hsize_t>{2, 75, 8} : std::vector<hsize_t>{});
  maker.array("jets", H5T_NATIVE_DOUBLE, {rows, 59}, jets.data());
  maker.texts("particleFeatureNames",
              {"j1_px", "j1_py", "j1_pz", "j1_e", "j1_erel", "j1_pt", "j1_ptrel", "j1_eta", "j1_etarel", "j1_etarot", "j1_phi", "j1_phirel",
               "j1_phirot", "j1_deltaR", "j1_costheta", "j1_costhetarel", "j1_pdgid"},
              true);
}

TEST_F(Hdf5, our_layout_is_read_with_canonical_names) {
  make_ours(path("a.h5"));
  const RawDataset data = read_dataset(path("a.h5"));
  EXPECT_EQ(data.slots, 3);
  EXPECT_EQ(data.slots_in_file, 3);
  EXPECT_EQ(data.columns, (std::vector<std::string>{"pt", "eta_rel", "phi_rel"}));
  EXPECT_EQ(data.features, kJets);
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"g", "q"}));
  EXPECT_EQ(data.source, path("a.h5"));
  EXPECT_EQ(data.sha256, sha256_file(path("a.h5")));
}

TEST_F(Hdf5, the_kind_is_told_by_content_not_by_name) {
  make_ours(path("a.csv"));
  EXPECT_EQ(read_dataset(path("a.csv")).features, kJets);
}

TEST_F(Hdf5, columns_constituents_and_rows_can_be_chosen) {
  make_ours(path("a.h5"));
  const RawDataset data = read_dataset(path("a.h5"), {.max_rows = 5, .first_row = 1, .columns = {"phi_rel", "pt"}, .max_constituents = 2});
  EXPECT_EQ(data.features, (std::vector<float>{-2, 9, -4, 4}));
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0}));
  EXPECT_EQ(data.slots, 2);
  EXPECT_EQ(data.slots_in_file, 3);
  EXPECT_EQ(data.class_names.size(), 2u);  // of the whole file
}

TEST_F(Hdf5, a_cut_while_reading_reaches_beyond_the_leading_constituents_if_the_order_is_not_descending) {
  H5Maker(path("a.h5"))
      .floats("constituents", {2, 4, 2}, {1, 10, 5, 11, 0.5f, 12, 7, 13, 3, 14, 2, 15, 2.5f, 16, 0, 0})
      .labels({1, 0})
      .texts("constituent_names", {"pt", "x"});
  const RawDataset data = read_dataset(path("a.h5"), {.columns = {"x"}, .max_constituents = 2, .min_pt = 2});
  EXPECT_EQ(data.features, (std::vector<float>{11, 13, 14, 16}));  // pT = 2 itself is dropped
  EXPECT_EQ(data.min_pt, 2);
}

TEST_F(Hdf5, float16_is_decoded_exactly_in_both_byte_orders) {
  const std::vector<std::uint16_t> patterns{0x3fff, 0x0001, 0x7bff, 0x8001, 0x03ff, 0x0400, 0xfbff, 0x4000};
  const std::vector<float> expected{
      1.9990234375f, std::ldexp(1.0f, -24), 65504, -std::ldexp(1.0f, -24), std::ldexp(1023.0f, -24), std::ldexp(1.0f, -14), -65504, 2};
  std::vector<std::uint16_t> swapped;
  for (const std::uint16_t p : patterns) swapped.push_back(static_cast<std::uint16_t>((p >> 8) | (p << 8)));
  const hid_t little = half_file_type();
  const hid_t big = H5Tcopy(little);
  H5Tset_order(big, H5T_ORDER_BE);
  H5Maker(path("le.h5")).array("constituents", little, {2, 2, 2}, patterns.data()).labels({0, 1});
  H5Maker(path("be.h5")).array("constituents", big, {2, 2, 2}, swapped.data(), {1, 2, 1}).labels({0, 1});
  EXPECT_EQ(read_dataset(path("le.h5")).features, expected);
  EXPECT_EQ(read_dataset(path("be.h5")).features, expected);
  H5Tclose(little);
  H5Tclose(big);
}

TEST_F(Hdf5, other_number_types_are_read) {
  const std::vector<double> doubles{1.5, -2, 3, 4};
  const std::vector<std::int64_t> labels{0, 2};
  H5Maker(path("a.h5")).array("features", H5T_IEEE_F64BE, {2, 2}, nullptr);  // never written
  message_of([&] { read_dataset(path("a.h5")); });
  H5Maker(path("b.h5"))
      .array("features", H5T_NATIVE_DOUBLE, {2, 2}, doubles.data())
      .array("label", H5T_NATIVE_INT64, {2, 1}, labels.data());
  const RawDataset data = read_dataset(path("b.h5"));
  EXPECT_EQ(data.slots, 0);
  EXPECT_EQ(data.features, (std::vector<float>{1.5f, -2, 3, 4}));
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0, 2}));
  EXPECT_EQ(data.columns, (std::vector<std::string>{"x0", "x1"}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(Hdf5, a_table_beside_the_constituents_can_be_asked_for) {
  H5Maker(path("a.h5"))
      .floats("constituents", {2, 1, 1}, {1, 2})
      .floats("hlf", {2, 2}, {3, 4, 5, 6})
      .labels({0, 1})
      .texts("hlf_names", {"mass", "multiplicity"});
  const RawDataset data = read_dataset(path("a.h5"), {.dataset = "hlf"});
  EXPECT_EQ(data.columns, (std::vector<std::string>{"mass", "multiplicity"}));
  EXPECT_EQ(data.features, (std::vector<float>{3, 4, 5, 6}));
  expect_parts(message_of<ConfigError>([&] { read_dataset(path("a.h5"), {.dataset = "hfl"}); }), {"did you mean 'hlf'"});
}

TEST_F(Hdf5, the_published_layout_is_read_by_name_of_column) {
  for (const bool packed : {true, false}) {
    make_published(path("p.h5"), 7, 0, packed);
    const RawDataset data = read_dataset(path("p.h5"), {.columns = {"pt", "eta_rel", "phi_rel"}, .max_constituents = 2});
    EXPECT_EQ(data.slots, 2);
    EXPECT_EQ(data.slots_in_file, 150);
    EXPECT_EQ(data.class_names, (std::vector<std::string>{"g", "q", "W", "Z", "t"}));
    EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 0, 1}));
    ASSERT_EQ(data.features.size(), 7u * 2 * 3);
    for (std::size_t r = 0; r < 7; ++r) {
      for (std::size_t s = 0; s < 2; ++s) {
        const float base = static_cast<float>(1000 * r + 20 * s);
        EXPECT_EQ(data.features[(r * 2 + s) * 3 + 0], static_cast<float>(151 - s));
        EXPECT_EQ(data.features[(r * 2 + s) * 3 + 1], base + 9);   // column 8
        EXPECT_EQ(data.features[(r * 2 + s) * 3 + 2], base + 12);  // column 11
      }
    }
    EXPECT_EQ(read_dataset(path("p.h5")).columns.size(), 16u);
    EXPECT_EQ(read_dataset(path("p.h5"), {.min_pt = 149}).features[2 * 16], 0.0f);  // slots 0 and 1 have pT 151 and 150
  }
}

TEST_F(Hdf5, a_folder_is_the_concatenation_of_its_files_in_sorted_order) {
  make_published(path("b.h5"), 3, 4);
  make_published(path("a.h5"), 4, 0);
  write_file_atomically(path("notes.txt"), "not data");
  make_published((folder_.path() / "..").string() + "/" + folder_.path().filename().string() + ".whole.h5", 7, 0);
  const std::string whole = folder_.path().string() + ".whole.h5";
  const RawDataset parts = read_dataset(folder_.path().string()), one = read_dataset(whole);
  EXPECT_EQ(parts.features, one.features);
  EXPECT_EQ(parts.labels, one.labels);
  EXPECT_EQ(parts.source, folder_.path().string());
  EXPECT_EQ(parts.sha256, sha256(sha256_file(path("a.h5")) + "\n" + sha256_file(path("b.h5")) + "\n"));
  const RawDataset some = read_dataset(folder_.path().string(), {.max_rows = 3, .first_row = 2, .columns = {"px"}, .max_constituents = 1});
  EXPECT_EQ(some.features, (std::vector<float>{2001, 3001, 4001}));
  std::filesystem::remove(whole);
}

TEST_F(Hdf5, wrong_folders_are_refused) {
  expect_parts(message_of([&] { read_dataset(folder_.path().string()); }), {"no data files", folder_.path().string()});
  make_published(path("a.h5"), 3);
  make_ours(path("b.h5"));
  expect_parts(message_of([&] { read_dataset(folder_.path().string()); }), {"different layouts", "b.h5"});
  write_file_atomically(path("b.h5"), "<html>not found</html>");
  expect_parts(message_of([&] { read_dataset(folder_.path().string()); }), {"b.h5", "<html>"});
}

TEST_F(Hdf5, one_hot_and_boolean_labels_are_read) {
  const std::vector<std::int32_t> one_hot{0, 0, 1, 1, 0, 0};
  H5Maker(path("a.h5")).floats("features", {2, 1}, {1, 2}).array("label", H5T_NATIVE_INT32, {2, 3}, one_hot.data());
  EXPECT_EQ(read_dataset(path("a.h5")).labels, (std::vector<std::uint8_t>{2, 0}));
  EXPECT_EQ(read_dataset(path("a.h5")).class_names.size(), 3u);
  const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);  // as h5py writes numpy.bool_
  std::int8_t value = 0;
  H5Tenum_insert(boolean, "FALSE", &value);
  value = 1;
  H5Tenum_insert(boolean, "TRUE", &value);
  const std::vector<std::int8_t> flags{1, 0};
  H5Maker(path("b.h5")).floats("features", {2, 1}, {1, 2}).array("label", boolean, {2}, flags.data());
  H5Tclose(boolean);
  EXPECT_EQ(read_dataset(path("b.h5")).labels, (std::vector<std::uint8_t>{1, 0}));
}

TEST_F(Hdf5, wrong_features_are_named_with_row_and_column) {
  std::vector<float> values = kJets;
  values[13] = std::numeric_limits<float>::quiet_NaN();  // jet 1, constituent 1, column 1
  H5Maker(path("a.h5")).floats("constituents", {2, 3, 3}, values).labels({0, 1}).texts("constituent_names", {"pt", "eta_rel", "phi_rel"});
  expect_parts(message_of([&] { read_dataset(path("a.h5")); }), {"a.h5: constituents", "row 1, constituent 1", "eta_rel", "nan"});
  EXPECT_NO_THROW(read_dataset(path("a.h5"), {.columns = {"pt", "phi_rel"}}));  // not asked for, not in the way
  const std::vector<double> huge{1, 1e39, 2, 3};
  H5Maker(path("b.h5")).array("features", H5T_NATIVE_DOUBLE, {2, 2}, huge.data()).labels({0, 1});
  expect_parts(message_of([&] { read_dataset(path("b.h5")); }), {"row 0", "x1", "inf"});
}

TEST_F(Hdf5, wrong_shapes_and_labels_are_refused) {
  const auto read = [&](const char* name) { return message_of([&] { read_dataset(path(name)); }); };
  H5Maker(path("a.h5")).floats("features", {4}, {1, 2, 3, 4}).labels({0, 1, 0, 1});
  expect_parts(read("a.h5"), {"a.h5: features", "(4,)", "(rows, columns)"});
  H5Maker(path("b.h5")).floats("features", {2, 2}, {1, 2, 3, 4}).labels({0, 1, 1});
  expect_parts(read("b.h5"), {"b.h5: label", "(3,)", "2 rows"});
  H5Maker(path("c.h5")).floats("features", {2, 2}, {1, 2, 3, 4});
  expect_parts(read("c.h5"), {"no labels", "features"});
  H5Maker(path("d.h5")).floats("values", {2, 2}, {1, 2, 3, 4});
  expect_parts(read("d.h5"), {"no known layout", "values"});
  const std::vector<float> fractions{0, 1.5f}, negative{0, -1};
  H5Maker(path("e.h5")).floats("features", {2, 1}, {1, 2}).floats("label", {2}, fractions);
  expect_parts(read("e.h5"), {"e.h5: label: row 1", "1.5", "integer"});
  H5Maker(path("f.h5")).floats("features", {2, 1}, {1, 2}).floats("label", {2}, negative);
  expect_parts(read("f.h5"), {"row 1", "-1"});
  H5Maker(path("g.h5")).floats("features", {2, 1}, {1, 2}).labels({0, 2}).texts("classes", {"a", "b"});
  expect_parts(read("g.h5"), {"row 1", "found:    2", "0 to 1"});
  H5Maker(path("h.h5")).floats("features", {2, 1}, {1, 2}).floats("label", {2, 2}, {0, 1, 1, 1});
  expect_parts(read("h.h5"), {"one-hot", "row 1", "1, 1"});
  H5Maker(path("i.h5")).floats("features", {0, 3}, {}).labels({});
  expect_parts(read("i.h5"), {"no rows"});
  H5Maker(path("j.h5")).floats("features", {2, 2}, {1, 2, 3, 4}).labels({0, 1}).texts("feature_names", {"a"});
  expect_parts(read("j.h5"), {"feature_names", "1 names", "2 names"});
  H5Maker(path("k.h5")).texts("features", {"a", "b"}, true).labels({0, 1});
  expect_parts(read("k.h5"), {"k.h5: features", "type"});
}

TEST_F(Hdf5, a_published_file_with_other_columns_is_refused) {
  make_published(path("p.h5"), 2);
  const hid_t file = H5Fopen(path("p.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t names = H5Dopen2(file, "particleFeatureNames", H5P_DEFAULT);
  const hid_t type = H5Dget_type(names);
  std::string bytes(17 * 20, '\0');
  H5Dread(names, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  bytes.replace(5 * 20, 5, "j1_pz");
  H5Dwrite(names, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  H5Tclose(type);
  H5Dclose(names);
  H5Fclose(file);
  expect_parts(message_of([&] { read_dataset(path("p.h5")); }), {"another order", "name 5", "j1_pz", "pt"});
}

TEST_F(Hdf5, classes_asked_for_must_be_those_of_the_file) {
  make_ours(path("a.h5"));
  EXPECT_NO_THROW(read_dataset(path("a.h5"), {.num_classes = 2, .class_names = {"g", "q"}}));
  expect_parts(message_of([&] { read_dataset(path("a.h5"), {.num_classes = 3}); }), {"2 classes: g, q", "3 classes"});
  expect_parts(message_of([&] { read_dataset(path("a.h5"), {.class_names = {"q", "g"}}); }), {"g, q", "q, g"});
  expect_parts(message_of<ConfigError>([&] { read_dataset(path("a.h5"), {.columns = {"etarel"}}); }), {"did you mean 'eta_rel'?"});
  expect_parts(message_of<ConfigError>([&] { read_dataset(path("a.h5"), {.max_constituents = -1}); }), {"-1"});
  expect_parts(message_of([&] { read_dataset(path("a.h5"), {.first_row = 2}); }), {"2 rows"});
}

TEST_F(Hdf5, a_declared_size_that_the_file_does_not_hold_is_refused_before_allocation) {
  const auto declare = [&](const char* name, const std::vector<hsize_t>& shape, const std::vector<hsize_t>& chunk) {
    const std::vector<float> none;
    H5Maker(path(name)).array("features", H5T_NATIVE_FLOAT, shape, nullptr, chunk).labels({0, 1});
    return message_of([&] { read_dataset(path(name)); });
  };
  expect_parts(declare("a.h5", {hsize_t{1} << 40, 1000}, {1000, 1000}), {"declared", "0 stored"});
  expect_parts(declare("b.h5", {hsize_t{1} << 61, hsize_t{1} << 20}, {}), {"impossible size"});
  expect_parts(declare("c.h5", {1000, 1000}, {}), {"declared"});
}

TEST_F(Hdf5, missing_chunks_are_noticed) {
  H5Maker maker(path("a.h5"));
  maker.array("features", H5T_NATIVE_FLOAT, {10, 2}, nullptr, {2, 2}).labels(std::vector<std::uint8_t>(10, 1));
  const hid_t set = H5Dopen2(maker.id(), "features", H5P_DEFAULT), file_space = H5Dget_space(set);
  const hsize_t start[] = {0, 0}, count[] = {8, 2};  // the writer stops before the last chunk
  const hid_t memory = H5Screate_simple(2, count, nullptr);
  H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, nullptr, count, nullptr);
  const std::vector<float> values(16, 1.0f);
  H5Dwrite(set, H5T_NATIVE_FLOAT, memory, file_space, H5P_DEFAULT, values.data());
  H5Sclose(memory);
  H5Sclose(file_space);
  H5Dclose(set);
  H5Fflush(maker.id(), H5F_SCOPE_GLOBAL);
  expect_parts(message_of([&] { read_dataset(path("a.h5")); }), {"4 of 5 chunks"});
}

TEST_F(Hdf5, reading_leaves_the_error_printing_of_the_host_program_alone) {
  H5E_auto2_t before = nullptr, after = nullptr;
  void* data = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &before, &data);
  write_file_atomically(path("a.h5"), "\x89HDF\r\n\x1a\n broken");
  testing::internal::CaptureStderr();
  expect_parts(message_of([&] { read_dataset(path("a.h5")); }), {"a.h5", "damaged"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  H5Eget_auto2(H5E_DEFAULT, &after, &data);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace snac::data
