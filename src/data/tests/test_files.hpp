// Files for the tests of the readers: HDF5, .npy, .npz and CSV, written without the code under test.
#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>
#include <zip.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::data {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// Without the care of write_file_atomically, which costs milliseconds: for tests with hundreds of files.
inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A NumPy file from its header dictionary and its data.
inline std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::string header = dictionary;
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  for (std::size_t i = 0; i < prefix - 8; ++i) out += static_cast<char>(header.size() >> (8 * i));
  return out + header + data;
}

inline std::string npy(const std::string& descr, const std::string& shape, const std::string& data, bool fortran = false, int version = 1) {
  return npy("{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }", data, version);
}

inline void write_zip(const std::filesystem::path& path, const std::vector<std::pair<std::string, std::string>>& members, bool deflate) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  ASSERT_NE(archive, nullptr);
  for (const auto& [name, bytes] : members) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, ZIP_FL_OVERWRITE);
    ASSERT_GE(index, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
}

/// An HDF5 file written with the C library directly.
class H5Maker {
 public:
  explicit H5Maker(const std::filesystem::path& path) : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~H5Maker() { H5Fclose(file_); }
  H5Maker(const H5Maker&) = delete;
  H5Maker& operator=(const H5Maker&) = delete;

  /// Writes `data` unconverted as `type`; chunked and packed if `chunk` is given.
  H5Maker& array(const char* name, hid_t type, const std::vector<hsize_t>& shape, const void* data,
                 const std::vector<hsize_t>& chunk = {}) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (!chunk.empty()) {
      H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, 4);
    }
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set = H5Dcreate2(file_, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    EXPECT_GE(set, 0);
    EXPECT_TRUE(data == nullptr || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
    return *this;
  }
  H5Maker& floats(const char* name, const std::vector<hsize_t>& shape, const std::vector<float>& values,
                  const std::vector<hsize_t>& chunk = {}) {
    return array(name, H5T_NATIVE_FLOAT, shape, values.data(), chunk);
  }
  H5Maker& labels(const std::vector<std::uint8_t>& values) { return array("label", H5T_NATIVE_UINT8, {values.size()}, values.data()); }

  /// Texts of fixed length, as an attribute of the file or as an array.
  H5Maker& texts(const char* name, const std::vector<std::string>& values, bool as_array = false) {
    constexpr std::size_t kWidth = 20;
    std::string bytes(values.size() * kWidth, '\0');
    for (std::size_t i = 0; i < values.size(); ++i) values[i].copy(bytes.data() + i * kWidth, kWidth);
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, kWidth);
    const hsize_t count = values.size();
    if (as_array) {
      array(name, type, {count}, bytes.data());
    } else {
      const hid_t space = H5Screate_simple(1, &count, nullptr);
      const hid_t attribute = H5Acreate2(file_, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
      H5Awrite(attribute, type, bytes.data());
      H5Aclose(attribute);
      H5Sclose(space);
    }
    H5Tclose(type);
    return *this;
  }
  hid_t id() const { return file_; }

 private:
  hid_t file_;
};

/// The IEEE binary16 type, little endian.
inline hid_t half_file_type() {
  const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

/// Runs the body, which must throw an error of the given kind that says where, what was found and what was expected.
template <class ErrorType = DataError>
std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const ErrorType& error) {
    EXPECT_FALSE(error.text().where.empty()) << error.what();
    EXPECT_FALSE(error.text().found.empty()) << error.what();
    EXPECT_FALSE(error.text().expected.empty()) << error.what();
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

/// Every one of the parts stands in the text.
inline void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const auto& part : parts) EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in:\n" << text;
}

}  // namespace snac::data
