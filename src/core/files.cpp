#include "snac/core/files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "snac/core/error.hpp"

namespace snac {
namespace fs = std::filesystem;
namespace {

std::string reason_of(int error) { return std::strerror(error); }

std::string hint_for(int error) {
  if (error == ENOSPC || error == EDQUOT) return "free some space or choose another folder";
  if (error == EACCES || error == EPERM || error == EROFS) return "choose a folder you may write to";
  if (error == ENOTDIR || error == EEXIST) return "choose a path whose parents are folders";
  return {};
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::runtime_error("SHA-256 is not available");
  }
  void update(const char* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (const unsigned char byte : digest) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string read_file(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    throw IoError("cannot read a file", {.where = path.string(), .found = "a folder", .expected = "a file", .hint = {}});
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw IoError("cannot open a file",
                  {.where = path.string(), .found = reason_of(errno), .expected = "a readable file", .hint = "check the path"});
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) throw IoError("cannot read a file", {.where = path.string(), .found = reason_of(errno), .expected = {}, .hint = {}});
  return bytes;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code code;
  fs::create_directories(folder, code);
  if (code)
    throw IoError("cannot create a folder",
                  {.where = folder.string(), .found = code.message(), .expected = {}, .hint = hint_for(code.value())});
  std::string name = (folder / (path.filename().string() + ".XXXXXX")).string();
  const int file = mkstemp(name.data());
  if (file < 0) {
    const int error = errno;
    throw IoError("cannot write a file", {.where = path.string(), .found = reason_of(error), .expected = {}, .hint = hint_for(error)});
  }
  int error = 0;
  for (std::size_t done = 0; done < bytes.size() && error == 0;) {
    const ssize_t written = ::write(file, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno != EINTR) error = errno;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  if (error == 0 && ::fsync(file) != 0) error = errno;
  if (error == 0 && ::fchmod(file, 0644) != 0) error = errno;
  if (::close(file) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(name.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(name.c_str());
    throw IoError("cannot write a file", {.where = path.string(), .found = reason_of(error), .expected = {}, .hint = hint_for(error)});
  }
}

void ensure_writable_directory(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code)
    throw IoError("cannot create a folder",
                  {.where = path.string(), .found = code.message(), .expected = {}, .hint = hint_for(code.value())});
  std::string name = (path / ".write_test.XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file < 0) {
    const int error = errno;
    throw IoError("cannot write into a folder",
                  {.where = path.string(), .found = reason_of(error), .expected = {}, .hint = hint_for(error)});
  }
  ::close(file);
  ::unlink(name.c_str());
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.hex();
}

std::string sha256_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw IoError("cannot open a file",
                  {.where = path.string(), .found = reason_of(errno), .expected = "a readable file", .hint = "check the path"});
  Sha256 hash;
  std::vector<char> block(1 << 20);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    hash.update(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) throw IoError("cannot read a file", {.where = path.string(), .found = reason_of(errno), .expected = {}, .hint = {}});
  return hash.hex();
}

TemporaryDirectory::TemporaryDirectory(std::string_view prefix) {
  std::string name = (fs::temp_directory_path() / (std::string(prefix) + ".XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr) {
    const int error = errno;
    throw IoError("cannot create a temporary folder", {.where = name, .found = reason_of(error), .expected = {}, .hint = hint_for(error)});
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace snac
