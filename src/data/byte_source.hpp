// A run of bytes read from front to end, out of a file or out of a .npz member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

namespace snac::data {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills [out, out + count). @throws DataError if fewer bytes are left or they are damaged.
  virtual void read(std::byte* out, std::size_t count) = 0;
  /// Bytes left, as the file declares them.
  virtual std::uint64_t remaining() const = 0;
  /// To be called at the end: checks what can only be checked there. @throws DataError.
  virtual void finish() = 0;
  virtual const std::string& where() const = 0;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path);
  void read(std::byte* out, std::size_t count) override;
  std::uint64_t remaining() const override { return remaining_; }
  void finish() override {}
  const std::string& where() const override { return path_; }

 private:
  std::string path_;
  std::ifstream in_;
  std::uint64_t remaining_ = 0;
};

}  // namespace snac::data
