#include "snac/data/hdf5_arrays.hpp"

#include <filesystem>

#include "snac/core/rng.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

class Hdf5Arrays : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "a.h5").string(); }
  /// layers/{a: (2, 3) float, b/vars/0: (2) int, scalar, words}, other/x
  void make() const {
    H5Maker maker(path());
    for (const char* group : {"layers", "layers/b", "layers/b/vars", "other"})
      H5Gclose(H5Gcreate2(maker.id(), group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    maker.floats("layers/a", {2, 3}, {1, 2, 3, 4, 5, 6});
    const std::vector<std::int32_t> numbers{7, -8};
    maker.array("layers/b/vars/0", H5T_NATIVE_INT32, {2}, numbers.data());
    const hid_t space = H5Screate(H5S_SCALAR);
    H5Dclose(H5Dcreate2(maker.id(), "layers/scalar", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    maker.texts("layers/words", {"x"}, true);
    maker.floats("other/x", {1}, {9});
    H5Lcreate_external("/nowhere.h5", "/x", maker.id(), "layers/elsewhere", H5P_DEFAULT, H5P_DEFAULT);
  }
  TemporaryDirectory folder_;
};

TEST_F(Hdf5Arrays, numbers_of_a_group_come_with_names_and_shapes) {
  make();
  const auto arrays = read_hdf5_arrays(path(), "layers");
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "a");
  EXPECT_EQ(arrays[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(arrays[0].values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(arrays[1].name, "b/vars/0");
  EXPECT_EQ(arrays[1].values, (std::vector<float>{7, -8}));
}

TEST_F(Hdf5Arrays, missing_file_and_group_are_named) {
  expect_parts(message_of([&] { read_hdf5_arrays(path(), "layers"); }), {"a.h5"});
  make();
  expect_parts(message_of([&] { read_hdf5_arrays(path(), "layer"); }), {"no 'layer'", "layers, other", "did you mean 'layers'"});
}

TEST_F(Hdf5Arrays, damaged_files_give_errors_or_arrays) {
  make();
  const std::string whole = read_file(path());
  Rng rng(3);
  for (int round = 0; round < 100; ++round) {
    std::string bytes = whole;
    if (round % 3 == 0)
      bytes.resize(rng.below(bytes.size()));
    else
      for (int k = 0; k < 20; ++k) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    write_bytes(path(), bytes);
    try {
      for (const auto& array : read_hdf5_arrays(path(), "layers")) {
        std::size_t size = 1;
        for (const std::size_t length : array.shape) size *= length;
        EXPECT_EQ(array.values.size(), size);
      }
    } catch (const DataError& error) {
      expect_parts(error.what(), {"a.h5"});
    }
  }
}

}  // namespace
}  // namespace snac::data
