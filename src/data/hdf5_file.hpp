// A thin, safe layer over the HDF5 C library: handles that close themselves, its error stack as our messages,
// and arrays whose declared size is checked against what the file stores before anything is allocated.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "element.hpp"

namespace snac::data {

/// While it lives: the library is ours alone (it is not thread-safe in every build) and does not print its errors.
class Hdf5Session {
 public:
  Hdf5Session();
  ~Hdf5Session();
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// The innermost messages of the library's error stack; empties it.
std::string hdf5_reason();

class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const noexcept { return id_; }
  explicit operator bool() const noexcept { return id_ >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  herr_t (*close_)(hid_t) = nullptr;
};

class Hdf5Array;

class Hdf5File {
 public:
  /// @throws DataError if the file is not HDF5, truncated or damaged.
  explicit Hdf5File(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  bool has(const std::string& name) const;
  /// Names in the root group, sorted.
  std::vector<std::string> names() const;
  /// Paths of the arrays of numbers below `group`, relative to it, sorted; single numbers are left out.
  std::vector<std::string> arrays_below(const std::string& group) const;
  /// An array of numbers. @throws DataError.
  Hdf5Array array(const std::string& name) const;
  /// Texts of an attribute of the file or of `object`; empty if there is none. @throws DataError if it holds no texts.
  std::vector<std::string> text_attribute(const std::string& name, const std::string& object = {}) const;
  /// Texts of a one-dimensional array; empty if there is none.
  std::vector<std::string> text_array(const std::string& name) const;

 private:
  std::string path_;
  std::uint64_t bytes_ = 0;
  Hdf5Handle file_;
};

/// Part of one dimension.
struct Extent {
  std::size_t first = 0, count = 0;
};

class Hdf5Array {
 public:
  const std::vector<std::size_t>& shape() const noexcept { return shape_; }
  std::size_t rows() const noexcept { return shape_.front(); }
  const std::string& where() const noexcept { return where_; }  ///< "file: array"
  ElementType type() const noexcept { return type_; }
  /// Rows per read: a few megabytes, whole chunks (each chunk is then unpacked once).
  std::size_t rows_per_block(std::size_t row_bytes) const noexcept;
  /// Reads a box. The stored numbers are taken as they are and decoded here, never by the library.
  void read(std::span<const Extent> box, std::vector<float>& out) const { read_as(box, out); }
  void read(std::span<const Extent> box, std::vector<double>& out) const { read_as(box, out); }

 private:
  friend class Hdf5File;
  Hdf5Array() = default;
  template <class T>
  void read_as(std::span<const Extent> box, std::vector<T>& out) const;

  std::string where_;
  Hdf5Handle dataset_, file_type_;
  std::vector<std::size_t> shape_;
  ElementType type_;
  std::size_t chunk_rows_ = 1;
};

}  // namespace snac::data
