#include "hdf5_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>
#include <limits>
#include <memory>

#include "checks.hpp"
#include "snac/core/error.hpp"

namespace snac::data {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{8} << 20;
constexpr std::size_t kMaxChunkBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxTexts = 4096, kMaxTextBytes = std::size_t{1} << 16;
constexpr std::size_t kMaxDeflateRatio = 1100;  // zlib reaches 1032 : 1 at best

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

herr_t collect(unsigned depth, const H5E_error2_t* error, void* out) {
  auto& text = *static_cast<std::string*>(out);
  if (depth < 3 && error->desc != nullptr && *error->desc != '\0')
    text += (text.empty() ? "" : "; ") + std::string(error->desc).substr(0, 200);
  return 0;
}

[[noreturn]] void fail_damaged(const std::string& where, const std::string& found, const std::string& expected) {
  throw DataError("an HDF5 file is damaged or of an unknown kind",
                  {.where = where, .found = found, .expected = expected, .hint = "fetch or write the file again"});
}

[[noreturn]] void fail_library(const std::string& where, const std::string& expected) {
  const std::string reason = hdf5_reason();
  fail_damaged(where, reason.empty() ? "the HDF5 library gives no reason" : reason, expected);
}

/// The number type of a file, if it is one of the ordinary ones.
bool find_element(hid_t type, ElementType& out) {
  const H5T_class_t type_class = H5Tget_class(type);
  const std::size_t size = H5Tget_size(type);
  if (type_class == H5T_ENUM) {  // h5py writes bool as an enumeration over int8
    const Hdf5Handle base(H5Tget_super(type), &H5Tclose);
    return base && H5Tget_class(base.get()) == H5T_INTEGER && find_element(base.get(), out);
  }
  const H5T_order_t order = H5Tget_order(type);
  if (order != H5T_ORDER_LE && order != H5T_ORDER_BE) return false;
  out.swapped = size > 1 && (order == H5T_ORDER_LE) != (std::endian::native == std::endian::little);
  if (H5Tget_precision(type) != 8 * size || H5Tget_offset(type) != 0) return false;
  if (type_class == H5T_INTEGER) {
    const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
    switch (size) {
      case 1:
        out.element = is_signed ? Element::int8 : Element::uint8;
        return true;
      case 2:
        out.element = is_signed ? Element::int16 : Element::uint16;
        return true;
      case 4:
        out.element = is_signed ? Element::int32 : Element::uint32;
        return true;
      case 8:
        out.element = is_signed ? Element::int64 : Element::uint64;
        return true;
      default:
        return false;
    }
  }
  if (type_class != H5T_FLOAT) return false;
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0) return false;
  if (H5Tget_norm(type) != H5T_NORM_IMPLIED || sign != 8 * size - 1 || mantissa != 0 || exponent != mantissa_bits) return false;
  const std::size_t bias = H5Tget_ebias(type);
  if (size == 2 && exponent_bits == 5 && mantissa_bits == 10 && bias == 15)
    out.element = Element::float16;
  else if (size == 4 && exponent_bits == 8 && mantissa_bits == 23 && bias == 127)
    out.element = Element::float32;
  else if (size == 8 && exponent_bits == 11 && mantissa_bits == 52 && bias == 1023)
    out.element = Element::float64;
  else
    return false;
  return true;
}

std::vector<std::size_t> shape_of(hid_t space, const std::string& where) {
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || H5Sget_simple_extent_type(space) != H5S_SIMPLE) {
    fail_damaged(where, "a scalar or an empty object", "an array");
  }
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  if (rank > 0 && H5Sget_simple_extent_dims(space, dims.data(), nullptr) < 0) fail_library(where, "an array with readable sizes");
  return {dims.begin(), dims.end()};
}

/// Texts of a dataset or an attribute; `read` hides which.
template <class Read>
std::vector<std::string> read_texts(hid_t type, hid_t space, const std::string& where, const Read& read) {
  if (H5Tget_class(type) != H5T_STRING) fail_damaged(where, "something other than texts", "texts");
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count < 0 || static_cast<std::size_t>(count) > kMaxTexts) {
    fail_damaged(where, fmt::format("{} texts", count), fmt::format("at most {}", kMaxTexts));
  }
  std::vector<std::string> texts;
  if (count == 0) return texts;
  const auto total = static_cast<std::size_t>(count);
  if (H5Tis_variable_str(type) > 0) {
    const Hdf5Handle memory(H5Tcopy(H5T_C_S1), &H5Tclose);
    H5Tset_size(memory.get(), H5T_VARIABLE);
    H5Tset_cset(memory.get(), H5Tget_cset(type));
    std::vector<char*> pointers(total, nullptr);
    if (read(memory.get(), pointers.data()) < 0) fail_library(where, "readable texts");
    for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(memory.get(), space, H5P_DEFAULT, pointers.data());
  } else {
    const std::size_t width = H5Tget_size(type);
    if (width == 0 || width > kMaxTextBytes) fail_damaged(where, fmt::format("texts of {} bytes", width), "texts of a sensible length");
    std::vector<char> bytes(total * width);
    if (read(type, bytes.data()) < 0) fail_library(where, "readable texts");
    for (std::size_t i = 0; i < total; ++i) {
      std::string text(bytes.data() + i * width, width);
      if (const auto end = text.find('\0'); end != std::string::npos) text.resize(end);
      while (!text.empty() && text.back() == ' ') text.pop_back();
      texts.push_back(text);
    }
  }
  return texts;
}

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* out) {
  auto& names = *static_cast<std::vector<std::string>*>(out);
  names.emplace_back(name);
  return names.size() < kMaxTexts ? 0 : 1;
}

struct FoundArrays {
  std::vector<std::string> names;
  bool too_many = false;
};

herr_t collect_array(hid_t group, const char* name, const H5O_info_t* info, void* out) {
  auto& found = *static_cast<FoundArrays*>(out);
  if (info->type != H5O_TYPE_DATASET) return 0;
  const Hdf5Handle dataset(H5Dopen2(group, name, H5P_DEFAULT), &H5Dclose);
  const Hdf5Handle type(H5Dget_type(dataset.get()), &H5Tclose), space(H5Dget_space(dataset.get()), &H5Sclose);
  if (!dataset || !type || !space) return -1;
  const H5T_class_t kind = H5Tget_class(type.get());
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || H5Sget_simple_extent_ndims(space.get()) < 1) return 0;
  found.names.emplace_back(name);
  found.too_many = found.names.size() > kMaxTexts;
  return found.too_many ? 1 : 0;
}

}  // namespace

Hdf5Session::Hdf5Session() : lock_(library_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Session::~Hdf5Session() {
  H5Eclear2(H5E_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_);
}

std::string hdf5_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &collect, &text);
  H5Eclear2(H5E_DEFAULT);
  return text;
}

Hdf5File::Hdf5File(const std::string& path) : path_(path) {
  std::error_code code;
  bytes_ = std::filesystem::file_size(path, code);
  if (code)
    throw DataError("cannot open a data file",
                    {.where = path, .found = code.message(), .expected = "an HDF5 file", .hint = "check the path"});
  file_ = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), &H5Fclose);
  if (!file_) {  // some file systems have no locks
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
    H5Pset_file_locking(access.get(), true, true);
    file_ = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), &H5Fclose);
  }
  if (!file_) fail_library(path, "a complete HDF5 file");
}

bool Hdf5File::has(const std::string& name) const {
  const bool found = H5Lexists(file_.get(), name.c_str(), H5P_DEFAULT) > 0;
  H5Eclear2(H5E_DEFAULT);
  return found;
}

std::vector<std::string> Hdf5File::names() const {
  std::vector<std::string> names;
  hsize_t position = 0;
  if (H5Literate(file_.get(), H5_INDEX_NAME, H5_ITER_INC, &position, &collect_name, &names) < 0)
    fail_library(path_, "a readable root group");
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Hdf5File::arrays_below(const std::string& group) const {
  FoundArrays found;
  const std::string where = path_ + ": " + group;
  if (H5Ovisit_by_name2(file_.get(), group.c_str(), H5_INDEX_NAME, H5_ITER_NATIVE, &collect_array, &found, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
    fail_library(where, "a readable group");
  if (found.too_many) fail_damaged(where, fmt::format("more than {} arrays", kMaxTexts), "a group of fewer");
  std::sort(found.names.begin(), found.names.end());
  return found.names;
}

Hdf5Array Hdf5File::array(const std::string& name) const {
  Hdf5Array array;
  array.where_ = path_ + ": " + name;
  // The cache holds the chunks of one block of rows, so that a chunk split over columns is unpacked once.
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), &H5Pclose);
  H5Pset_chunk_cache(access.get(), 10007, 8 * kBlockBytes, 1.0);
  array.dataset_ = Hdf5Handle(H5Dopen2(file_.get(), name.c_str(), access.get()), &H5Dclose);
  if (!array.dataset_) fail_library(array.where_, "an array");
  array.file_type_ = Hdf5Handle(H5Dget_type(array.dataset_.get()), &H5Tclose);
  if (!array.file_type_) fail_library(array.where_, "an array with a readable type");
  if (!find_element(array.file_type_.get(), array.type_)) {
    throw DataError("an HDF5 array has a type that is not read", {.where = array.where_,
                                                                  .found = "an unusual number type, texts or records",
                                                                  .expected = "integers or IEEE floats of 16, 32 or 64 bits",
                                                                  .hint = "write it as float32 or as an integer"});
  }
  const Hdf5Handle space(H5Dget_space(array.dataset_.get()), &H5Sclose);
  if (!space) fail_library(array.where_, "an array with readable sizes");
  array.shape_ = shape_of(space.get(), array.where_);
  if (array.shape_.empty()) fail_damaged(array.where_, "a single number", "an array");

  std::size_t bytes = size_of(array.type_.element);
  for (const std::size_t length : array.shape_) bytes = checked_product(bytes, length, array.where_);
  const hsize_t stored = H5Dget_storage_size(array.dataset_.get());
  const Hdf5Handle creation(H5Dget_create_plist(array.dataset_.get()), &H5Pclose);
  if (!creation) fail_library(array.where_, "an array with a readable layout");
  const bool chunked = H5Pget_layout(creation.get()) == H5D_CHUNKED;
  const bool packed = chunked && H5Pget_nfilters(creation.get()) > 0;
  const bool enough = packed ? bytes / kMaxDeflateRatio <= stored : bytes <= stored;
  if (bytes > 0 && (!enough || stored == 0 || stored > bytes_)) {
    fail_damaged(array.where_,
                 fmt::format("shape {} = {} bytes declared, {} stored in a file of {}", shape_text(array.shape_), bytes, stored, bytes_),
                 "all declared values in this file (virtual and external arrays are not read)");
  }
  if (chunked && bytes > 0) {
    std::vector<hsize_t> chunk(array.shape_.size());
    if (H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()) < 0) fail_library(array.where_, "a readable chunk size");
    std::size_t chunk_bytes = size_of(array.type_.element), chunks = 1;
    for (std::size_t d = 0; d < chunk.size(); ++d) {
      if (chunk[d] == 0) fail_damaged(array.where_, "chunks of no size", "chunks of at least one value");
      chunk_bytes = checked_product(chunk_bytes, chunk[d], array.where_);
      chunks = checked_product(chunks, array.shape_[d] / chunk[d] + (array.shape_[d] % chunk[d] != 0), array.where_);
    }
    if (chunk_bytes > kMaxChunkBytes) fail_damaged(array.where_, fmt::format("chunks of {} bytes", chunk_bytes), "chunks of at most 1 GB");
    hsize_t present = 0;
    if (H5Dget_num_chunks(array.dataset_.get(), space.get(), &present) < 0) fail_library(array.where_, "a readable chunk index");
    if (present != chunks) {
      fail_damaged(array.where_, fmt::format("{} of {} chunks", present, chunks), "all chunks: the writer seems to have been stopped");
    }
    array.chunk_rows_ = chunk[0];
  }
  return array;
}

std::vector<std::string> Hdf5File::text_attribute(const std::string& name, const std::string& object) const {
  const std::string where = path_ + ": " + (object.empty() ? "" : object + ": ") + "attribute " + name;
  const std::string target = object.empty() ? "." : object;
  const htri_t exists = H5Aexists_by_name(file_.get(), target.c_str(), name.c_str(), H5P_DEFAULT);
  if (exists < 0) fail_library(where, "readable attributes");
  if (exists == 0) return {};
  const Hdf5Handle attribute(H5Aopen_by_name(file_.get(), target.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (!attribute) fail_library(where, "a readable attribute");
  const Hdf5Handle type(H5Aget_type(attribute.get()), &H5Tclose), space(H5Aget_space(attribute.get()), &H5Sclose);
  if (!type || !space) fail_library(where, "a readable attribute");
  return read_texts(type.get(), space.get(), where, [&](hid_t memory, void* out) { return H5Aread(attribute.get(), memory, out); });
}

std::vector<std::string> Hdf5File::text_array(const std::string& name) const {
  if (!has(name)) return {};
  const std::string where = path_ + ": " + name;
  const Hdf5Handle dataset(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), &H5Dclose);
  if (!dataset) fail_library(where, "an array of texts");
  const Hdf5Handle type(H5Dget_type(dataset.get()), &H5Tclose), space(H5Dget_space(dataset.get()), &H5Sclose);
  if (!type || !space) fail_library(where, "an array of texts");
  return read_texts(type.get(), space.get(), where,
                    [&](hid_t memory, void* out) { return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out); });
}

std::size_t Hdf5Array::rows_per_block(std::size_t row_bytes) const noexcept {
  const std::size_t rows = std::max<std::size_t>(1, kBlockBytes / std::max<std::size_t>(1, row_bytes));
  const std::size_t whole_chunks = rows / chunk_rows_ * chunk_rows_;
  if (whole_chunks > 0) return whole_chunks;
  return chunk_rows_ * row_bytes <= 32 * kBlockBytes ? chunk_rows_ : rows;
}

template <class T>
void Hdf5Array::read_as(std::span<const Extent> box, std::vector<T>& out) const {
  std::vector<hsize_t> first, count;
  std::size_t total = 1;
  for (const Extent& extent : box) {
    first.push_back(extent.first);
    count.push_back(extent.count);
    total = checked_product(total, extent.count, where_);
  }
  out.resize(total);
  if (total == 0) return;
  std::vector<std::byte> raw(checked_product(total, size_of(type_.element), where_));
  const Hdf5Handle file_space(H5Dget_space(dataset_.get()), &H5Sclose);
  const Hdf5Handle memory_space(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), &H5Sclose);
  if (!file_space || !memory_space ||
      H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, first.data(), nullptr, count.data(), nullptr) < 0 ||
      H5Dread(dataset_.get(), file_type_.get(), memory_space.get(), file_space.get(), H5P_DEFAULT, raw.data()) < 0) {
    fail_library(fmt::format("{}: rows {} to {}", where_, box[0].first, box[0].first + box[0].count - 1), "readable values");
  }
  decode(type_, raw.data(), std::span<T>(out));
}

template void Hdf5Array::read_as(std::span<const Extent>, std::vector<float>&) const;
template void Hdf5Array::read_as(std::span<const Extent>, std::vector<double>&) const;

}  // namespace snac::data
