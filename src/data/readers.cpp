#include "snac/data/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "checks.hpp"
#include "formats.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::data {
namespace fs = std::filesystem;
namespace {

enum class Format { hdf5, npz, npy, csv };

bool is_file(const std::string& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

bool has_hdf5_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".h5" || extension == ".hdf5" || extension == ".hdf";
}

/// Two existing files joined by a comma, if the whole is not a file itself.
std::vector<std::string> split_pair(const std::string& path) {
  std::error_code code;
  if (fs::exists(path, code)) return {};
  for (auto comma = path.find(','); comma != std::string::npos; comma = path.find(',', comma + 1)) {
    const std::string first = path.substr(0, comma), second = path.substr(comma + 1);
    if (is_file(first) && is_file(second)) return {first, second};
  }
  return {};
}

/// The first bytes of a file. @throws DataError if it is missing, empty, not a file or not readable.
std::string read_start(const std::string& path) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (!fs::exists(status)) {
    const bool pair = path.find(',') != std::string::npos;
    throw DataError("a data file is missing",
                    {.where = path,
                     .found = code && code != std::errc::no_such_file_or_directory ? code.message() : "no such file",
                     .expected = "a data file",
                     .hint = pair ? "check both paths before and behind the comma"
                                  : "check the path; in a configuration, paths are relative to its folder"});
  }
  if (!fs::is_regular_file(status)) {
    throw DataError("a data file cannot be read",
                    {.where = path, .found = "neither a file nor a folder", .expected = "a data file", .hint = {}});
  }
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw DataError("a data file cannot be opened",
                    {.where = path, .found = "no permission to read", .expected = "a readable file", .hint = {}});
  std::string start(std::size_t{1} << 16, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  if (start.empty())
    throw DataError("a data file is empty",
                    {.where = path, .found = "0 bytes", .expected = "a data set", .hint = "fetch or write the file again"});
  return start;
}

/// The signature stands at the start, or behind a user block of 512, 1024, 2048, ... bytes.
bool is_hdf5(const std::string& path) {
  constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
  std::ifstream in(path, std::ios::binary);
  std::string bytes(kSignature.size(), '\0');
  for (std::streamoff at = 0; in.seekg(at) && in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
       at = at == 0 ? 512 : 2 * at) {
    if (bytes == kSignature) return true;
  }
  return false;
}

bool looks_like_text(std::string_view start) {
  return std::none_of(start.begin(), start.end(),
                      [](char c) { return (c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == '\x7f'; });
}

Format find_format(const std::string& path) {
  const std::string start = read_start(path);
  if (is_hdf5(path)) return Format::hdf5;
  if (start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06")) return Format::npz;
  if (start.starts_with("\x93NUMPY")) return Format::npy;
  const std::string extension = fs::path(path).extension().string();
  const bool binary_name = has_hdf5_name(path) || extension == ".npz" || extension == ".npy";
  if (looks_like_text(start) && !binary_name) return Format::csv;
  throw DataError("a data file is of an unknown kind",
                  {.where = path,
                   .found = "a file that starts with " + excerpt(start),
                   .expected = binary_name ? "what its name says: " + extension : "HDF5, .npz, a pair x.npy,y.npy, or CSV",
                   .hint = looks_like_text(start) ? "a text stands there: a download that failed, or a Git LFS pointer?"
                                                  : "fetch or write the file again"});
}

std::vector<std::string> files_of_folder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    std::error_code ignored;
    if (entry.path().filename().string().front() != '.' && has_hdf5_name(entry.path()) && entry.is_regular_file(ignored)) {
      files.push_back(entry.path().string());
    }
  }
  if (code)
    throw DataError("a folder cannot be read", {.where = folder, .found = code.message(), .expected = "a readable folder", .hint = {}});
  if (files.empty()) {
    throw DataError("a folder has no data files", {.where = folder,
                                                   .found = "no file *.h5, *.hdf5 or *.hdf",
                                                   .expected = "HDF5 files of one layout",
                                                   .hint = "name the folder that holds the files themselves"});
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string hash_of(const std::vector<std::string>& files) {
  if (files.size() == 1) return sha256_file(files[0]);
  std::string lines;
  for (const auto& file : files) lines += sha256_file(file) + "\n";
  return sha256(lines);
}

void check_params(const ReadParams& params) {
  if (params.num_classes < 0 || params.num_classes > 256) {
    throw ConfigError(
        "the number of classes is out of range",
        {.where = "num_classes", .found = std::to_string(params.num_classes), .expected = "0 (the file says) to 256", .hint = {}});
  }
  if (params.max_constituents < 0) {
    throw ConfigError(
        "the number of constituents is out of range",
        {.where = "max_constituents", .found = std::to_string(params.max_constituents), .expected = "0 (all) or more", .hint = {}});
  }
  if (!(params.min_pt >= 0) || params.min_pt > 1e9) {
    throw ConfigError("the pT cut is out of range",
                      {.where = "min_pt", .found = number_text(params.min_pt), .expected = "0 (no cut) or more GeV", .hint = {}});
  }
  if (params.class_names.size() > 256) {
    throw ConfigError(
        "there are too many classes",
        {.where = "class_names", .found = fmt::format("{} names", params.class_names.size()), .expected = "at most 256", .hint = {}});
  }
}

}  // namespace

RawDataset read_dataset(const std::string& path, const ReadParams& params) {
  check_params(params);
  std::vector<std::string> files{path};
  RawDataset out;
  std::error_code code;
  if (const auto pair = split_pair(path); !pair.empty()) {
    files = pair;
    for (const auto& file : pair) {
      if (find_format(file) == Format::npy) continue;
      throw DataError("a pair of files is not NumPy", {.where = file, .found = "another format", .expected = "a .npy file", .hint = {}});
    }
    out = read_npy_pair(pair[0], pair[1], params);
  } else if (fs::is_directory(path, code)) {
    files = files_of_folder(path);
    for (const auto& file : files) {
      if (find_format(file) == Format::hdf5) continue;
      throw DataError("a file of a folder is not HDF5",
                      {.where = file, .found = "another format", .expected = "an HDF5 file, as its name says", .hint = {}});
    }
    out = read_hdf5(files, path, params);
  } else {
    switch (find_format(path)) {
      case Format::hdf5:
        out = read_hdf5(files, path, params);
        break;
      case Format::npz:
        out = read_npz(path, params);
        break;
      case Format::csv:
        out = read_csv(path, params);
        break;
      case Format::npy:
        throw DataError("a data set is a single .npy file", {.where = path,
                                                             .found = "one array",
                                                             .expected = "features and labels",
                                                             .hint = "give two paths joined by a comma: x.npy,y.npy"});
    }
  }
  out.sha256 = hash_of(files);
  return out;
}

}  // namespace snac::data
