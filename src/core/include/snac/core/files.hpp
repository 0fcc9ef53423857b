// Reading and writing whole files; writes are atomic (temporary file + rename) and complain about a full disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace snac {

/// The whole file as bytes. @throws IoError naming the path and the reason of the system.
std::string read_file(const std::filesystem::path& path);

/// Writes through a temporary file in the same folder and renames it: readers see the old file or the
/// new one, never a half. Parent folders are created. @throws IoError; nothing is left behind then.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Creates a folder and its parents and checks that files can be written there. @throws IoError.
void ensure_writable_directory(const std::filesystem::path& path);

/// SHA-256 as 64 hexadecimal digits (OpenSSL).
std::string sha256(std::string_view bytes);
/// SHA-256 of a file's content, read in blocks. @throws IoError.
std::string sha256_file(const std::filesystem::path& path);

/// A fresh folder under the system's temporary folder, removed with all its content by the destructor.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string_view prefix = "snac");
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace snac
