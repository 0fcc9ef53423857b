// Our HDF5 layout. The file is built in memory and put in place in one step.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "checks.hpp"
#include "float16.hpp"
#include "formats.hpp"
#include "hdf5_file.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::data {
namespace {

constexpr unsigned kDeflateLevel = 6;
constexpr std::size_t kChunkBytes = std::size_t{1} << 17;

class Writer {
 public:
  explicit Writer(std::string path) : path_(std::move(path)) {
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
    check(H5Pset_fapl_core(access.get(), std::size_t{1} << 20, false));
    file_ = Hdf5Handle(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), &H5Fclose);
    check(file_.get());
  }

  void texts(const char* name, const std::vector<std::string>& values, bool scalar = false) {
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
    check(H5Tset_size(type.get(), H5T_VARIABLE));
    check(H5Tset_cset(type.get(), H5T_CSET_UTF8));
    const hsize_t count = values.size();
    const Hdf5Handle space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr), &H5Sclose);
    const Hdf5Handle attribute(H5Acreate2(file_.get(), name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
    check(attribute.get());
    std::vector<const char*> pointers;
    for (const auto& value : values) pointers.push_back(value.c_str());
    check(H5Awrite(attribute.get(), type.get(), pointers.data()));
  }

  /// `fill(first, count, bytes)` gives the bytes of rows, already in the type of the file.
  template <class Fill>
  void array(const char* name, hid_t type, const std::vector<hsize_t>& shape, const Fill& fill) {
    std::size_t row_bytes = H5Tget_size(type);
    for (std::size_t d = 1; d < shape.size(); ++d) row_bytes *= shape[d];
    std::vector<hsize_t> chunk = shape;
    chunk[0] = std::clamp<hsize_t>(kChunkBytes / row_bytes, 1, shape[0]);
    const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
    check(H5Pset_obj_track_times(creation.get(), false));  // same data, same bytes
    check(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()));
    check(H5Pset_shuffle(creation.get()));
    check(H5Pset_deflate(creation.get(), kDeflateLevel));
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), &H5Sclose);
    const Hdf5Handle dataset(H5Dcreate2(file_.get(), name, type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), &H5Dclose);
    check(dataset.get());
    std::vector<std::byte> bytes;
    std::vector<hsize_t> first(shape.size(), 0), count = shape;
    for (hsize_t row = 0; row < shape[0]; row += chunk[0]) {
      first[0] = row;
      count[0] = std::min(chunk[0], shape[0] - row);
      bytes.resize(count[0] * row_bytes);
      fill(row, count[0], bytes.data());
      const Hdf5Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), &H5Sclose);
      check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, first.data(), nullptr, count.data(), nullptr));
      check(H5Dwrite(dataset.get(), type, memory.get(), space.get(), H5P_DEFAULT, bytes.data()));
    }
  }

  std::string bytes() {
    check(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL));
    const ssize_t size = H5Fget_file_image(file_.get(), nullptr, 0);
    check(size);
    std::string image(static_cast<std::size_t>(size), '\0');
    check(H5Fget_file_image(file_.get(), image.data(), image.size()));
    return image;
  }

 private:
  template <class Id>
  void check(Id result) const {
    if (result < 0) throw IoError("cannot build an HDF5 file", {.where = path_, .found = hdf5_reason(), .expected = {}, .hint = {}});
  }
  std::string path_;
  Hdf5Handle file_;
};

Hdf5Handle half_type() {
  Hdf5Handle type(H5Tcopy(H5T_IEEE_F32LE), &H5Tclose);
  H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), 15);
  return type;
}

void check_data(const RawDataset& data, const std::string& path) {
  const auto fail = [&path](const std::string& found, const std::string& expected) {
    throw DataError("a data set is not consistent", {.where = path, .found = found, .expected = expected, .hint = {}});
  };
  if (data.size() == 0) fail("0 rows", "at least one row");
  if (data.columns.empty()) fail("no columns", "at least one column");
  if (data.features.size() != checked_product(data.size(), data.row_width(), path)) {
    fail(fmt::format("{} features", data.features.size()), fmt::format("{} rows of {}", data.size(), data.row_width()));
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data.labels[i] >= data.class_names.size()) {
      fail(fmt::format("label {} in row {}", data.labels[i], i), fmt::format("less than {} classes", data.class_names.size()));
    }
  }
  constexpr float kHalfLimit = 65520.0f;  // from here on float16 rounds to infinity
  for (std::size_t i = 0; i < data.features.size(); ++i) {
    const float value = data.features[i];
    if (std::isfinite(value) && (data.slots == 0 || std::abs(value) < kHalfLimit)) continue;
    throw DataError("a feature does not fit the file's number type",
                    {.where = fmt::format("{}: row {}, column {}", path, i / data.row_width(), data.columns[i % data.columns.size()]),
                     .found = number_text(value),
                     .expected = data.slots == 0 ? "a finite number" : "a finite number below 65520 (float16)",
                     .hint = "leave the column out or scale it"});
  }
}

}  // namespace

void write_hdf5(const std::string& path, const RawDataset& data, const std::string& provenance) {
  check_data(data, path);
  const Hdf5Session session;
  Writer writer(path);
  writer.texts("format", {std::string(kDatasetFormat.magic)}, true);
  writer.texts("format_version", {std::to_string(kDatasetFormat.version)}, true);
  writer.texts("classes", data.class_names);
  writer.texts(data.slots > 0 ? "constituent_names" : "feature_names", data.columns);
  writer.texts("provenance", {provenance}, true);

  std::vector<hsize_t> shape{data.size()};
  if (data.slots > 0) shape.push_back(static_cast<hsize_t>(data.slots));
  shape.push_back(data.columns.size());
  const std::size_t width = data.row_width();
  const auto put = [](std::byte* out, std::uint32_t bits, int bytes) {  // little endian on any machine
    for (int b = 0; b < bytes; ++b) out[b] = static_cast<std::byte>(bits >> (8 * b));
  };
  if (data.slots > 0) {
    const Hdf5Handle half = half_type();
    writer.array("constituents", half.get(), shape, [&](std::size_t first, std::size_t count, std::byte* out) {
      for (std::size_t i = 0; i < count * width; ++i) put(out + 2 * i, float_to_half(data.features[first * width + i]), 2);
    });
  } else {
    writer.array("features", H5T_IEEE_F32LE, shape, [&](std::size_t first, std::size_t count, std::byte* out) {
      for (std::size_t i = 0; i < count * width; ++i) put(out + 4 * i, std::bit_cast<std::uint32_t>(data.features[first * width + i]), 4);
    });
  }
  writer.array("label", H5T_STD_U8LE, {data.size()}, [&](std::size_t first, std::size_t count, std::byte* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::byte>(data.labels[first + i]);
  });
  write_file_atomically(path, writer.bytes());
}

}  // namespace snac::data
