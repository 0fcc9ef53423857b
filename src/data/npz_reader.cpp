// NumPy data sets: an archive .npz, or one .npy of features and one of labels.
#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <climits>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>

#include "checks.hpp"
#include "feature_sink.hpp"
#include "formats.hpp"
#include "npy.hpp"
#include "snac/core/error.hpp"
#include "snac/core/progress.hpp"

namespace snac::data {
namespace {

constexpr std::uint64_t kMaxRatio = 1100;                           // zlib reaches 1032 : 1 at best
constexpr std::uint64_t kSuspiciousRatio = 200;                     // zero-padded particles reach about 20 : 1...
constexpr std::uint64_t kSuspiciousBytes = std::uint64_t{1} << 28;  // ...and small arrays may be all zero

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

class MemberSource final : public ByteSource {
 public:
  MemberSource(zip_t* archive, std::uint64_t index, const std::string& where) : where_(where) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr std::uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded)
      fail(zip_strerror(archive), "a complete member");
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
      fail(fmt::format("compression method {}", stat.comp_method), "stored or deflated, as numpy.savez writes");
    }
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE) fail("an encrypted member", "no password");
    const bool impossible = stat.size / kMaxRatio > stat.comp_size;
    const bool bomb = stat.size > kSuspiciousBytes && stat.size / kSuspiciousRatio > stat.comp_size;
    if (impossible || bomb) {
      fail(fmt::format("{} bytes packed into {}", stat.size, stat.comp_size),
           "an array that does not unpack to hundreds of times its size");
    }
    remaining_ = stat.size;
    member_.reset(zip_fopen_index(archive, index, 0));
    if (!member_) fail(zip_strerror(archive), "a readable member");
  }

  void read(std::byte* out, std::size_t count) override {
    while (count > 0) {
      const zip_int64_t got = zip_fread(member_.get(), out, count);
      if (got < 0) fail(zip_file_strerror(member_.get()), "intact data");
      if (got == 0) fail(fmt::format("the end, {} bytes early", count), "all declared bytes");
      out += got;
      count -= static_cast<std::size_t>(got);
      remaining_ -= static_cast<std::uint64_t>(got);
    }
  }
  std::uint64_t remaining() const override { return remaining_; }
  void finish() override {  // the checksum is looked at when the end is met
    char byte = 0;
    const zip_int64_t got = zip_fread(member_.get(), &byte, 1);
    if (got < 0) fail(zip_file_strerror(member_.get()), "intact data");
    if (got > 0) fail("more bytes than declared", "the declared size");
  }
  const std::string& where() const override { return where_; }

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const {
    throw DataError("a .npz member is damaged or of an unknown kind",
                    {.where = where_, .found = found, .expected = expected, .hint = "fetch the file again or write it with numpy.savez"});
  }
  std::string where_;
  std::unique_ptr<zip_file_t, CloseMember> member_;
  std::uint64_t remaining_ = 0;
};

class Archive {
 public:
  explicit Archive(const std::string& path) : path_(path) {
    int code = 0;
    archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!archive_) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw DataError("a .npz file is damaged",
                      {.where = path, .found = reason, .expected = "a complete zip archive", .hint = "fetch or write the file again"});
    }
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0);
      std::string text = name == nullptr ? "" : name;
      if (text.ends_with(".npy"))
        text.resize(text.size() - 4);
      else
        text.clear();
      names_.push_back(text);
    }
  }
  /// Opens the one member with one of the names. @returns null if there is none and it is not required.
  std::unique_ptr<MemberSource> open(std::initializer_list<const char*> names, const std::string& what, bool required) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (std::find(names.begin(), names.end(), names_[i]) == names.end()) continue;
      if (found) {
        throw DataError(
            "a .npz file has two arrays of " + what,
            {.where = path_, .found = "'" + names_[*found] + "' and '" + names_[i] + "'", .expected = "one of them", .hint = {}});
      }
      found = i;
    }
    if (!found && !required) return nullptr;
    if (!found) {
      std::vector<std::string> present;
      for (const auto& name : names_) {
        if (!name.empty()) present.push_back(name);
      }
      std::string expected;
      for (const char* name : names) expected += (expected.empty() ? "" : " or ") + std::string(name);
      throw DataError("a .npz file has no array of " + what, {.where = path_,
                                                              .found = "arrays: " + list_text(present),
                                                              .expected = expected,
                                                              .hint = "numpy.savez(path, x=features, y=labels)"});
    }
    return std::make_unique<MemberSource>(archive_.get(), *found, path_ + ": " + names_[*found]);
  }

 private:
  std::string path_;
  std::unique_ptr<zip_t, CloseArchive> archive_;
  std::vector<std::string> names_;
};

void fill_labels(ByteSource& source, const std::vector<std::string>& class_names, const ReadParams& params,
                 std::vector<std::uint8_t>& labels, std::vector<std::string>& classes) {
  const NpyHeader header = read_npy_header(source);
  const auto& shape = header.shape;
  if (shape.empty() || shape.size() > 2 || (shape.size() == 2 && (shape[1] == 0 || shape[1] > 256))) {
    throw DataError(
        "labels have the wrong shape",
        {.where = source.where(), .found = shape_text(shape), .expected = "(rows) integers or (rows, classes) one-hot", .hint = {}});
  }
  const auto values = read_npy_numbers(source, header);
  const bool one_hot = shape.size() == 2 && shape[1] > 1;
  labels = one_hot ? labels_from_one_hot(values, shape[1], source.where()) : labels_from_numbers(values, source.where());
  classes = resolve_classes(class_names, one_hot ? shape[1] : 0, labels, params, source.where());
}

void fill_features(ByteSource& source, const std::vector<std::string>& columns, const ReadParams& params, RawDataset& out) {
  const NpyHeader header = read_npy_header(source);
  const auto& shape = header.shape;
  const bool right_rank = shape.size() == 2 || shape.size() == 3;
  if (!right_rank || std::any_of(shape.begin() + 1, shape.end(), [](std::size_t length) { return length == 0 || length > INT_MAX; })) {
    throw DataError(
        "features have the wrong shape",
        {.where = source.where(), .found = shape_text(shape), .expected = "(rows, columns) or (rows, constituents, columns)", .hint = {}});
  }
  if (shape[0] != out.labels.size()) {
    throw DataError("features and labels have different numbers of rows",
                    {.where = source.where(),
                     .found = fmt::format("{} rows of features", shape[0]),
                     .expected = fmt::format("{} rows, as the labels have", out.labels.size()),
                     .hint = {}});
  }
  if (!columns.empty() && columns.size() != shape.back()) {
    throw DataError("column names and columns disagree",
                    {.where = source.where(),
                     .found = fmt::format("{} names: {}", columns.size(), list_text(columns)),
                     .expected = fmt::format("{} names, as shape {} says", shape.back(), shape_text(shape)),
                     .hint = {}});
  }
  std::vector<std::string> names = columns;
  for (auto& name : names) {
    if (shape.size() == 3) name = canonical_column(name);
  }
  // Names for columns that have none cost memory too: a damaged header must not decide how many there are.
  check_fits_memory(checked_product(shape.back(), 64, source.where()), source.where());
  if (names.empty()) names = numbered_columns(shape.back());

  const RowRange rows = wanted_rows(shape[0], params, source.where());
  FeatureSink sink(shape.size() == 3 ? static_cast<int>(shape[1]) : 0, names, params, source.where(), out);
  sink.reserve(rows.size());
  const std::size_t width = header.count / shape[0], slots = shape.size() == 3 ? shape[1] : 1;
  const std::size_t needed = shape.size() == 3 ? sink.slots_needed() : 1;
  Progress progress("reading " + source.where(), rows.last, "rows", 0, kQuietSeconds);
  read_npy_rows(source, header, [&](std::span<const float> block, std::size_t first) {
    const std::size_t count = block.size() / width;
    for (std::size_t row = std::max(first, rows.first); row < std::min(first + count, rows.last); ++row) {
      sink.append(block.subspan((row - first) * width, width / slots * needed), row, source.where());
    }
    progress.reach(std::min(first + count, rows.last));
  });
  out.labels = std::vector<std::uint8_t>(out.labels.begin() + static_cast<std::ptrdiff_t>(rows.first),
                                         out.labels.begin() + static_cast<std::ptrdiff_t>(rows.last));
}

}  // namespace

RawDataset read_npz(const std::string& path, const ReadParams& params) {
  const Archive archive(path);
  RawDataset out;
  out.source = path;
  std::vector<std::string> columns, classes;
  if (const auto source = archive.open({"columns"}, "column names", false)) columns = read_npy_texts(*source, read_npy_header(*source));
  if (const auto source = archive.open({"classes"}, "class names", false)) classes = read_npy_texts(*source, read_npy_header(*source));
  const auto features = archive.open({"x", "X", "features"}, "features", true);
  const auto labels = archive.open({"y", "Y", "label", "labels"}, "labels", true);
  fill_labels(*labels, classes, params, out.labels, out.class_names);
  fill_features(*features, columns, params, out);
  return out;
}

RawDataset read_npy_pair(const std::string& features_path, const std::string& labels_path, const ReadParams& params) {
  FileSource features(features_path), labels(labels_path);
  RawDataset out;
  out.source = features_path + "," + labels_path;
  fill_labels(labels, {}, params, out.labels, out.class_names);
  fill_features(features, {}, params, out);
  return out;
}

}  // namespace snac::data
