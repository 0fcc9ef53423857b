// Little-endian numbers in a block of bytes, and the frame that the module's files share: magic (8 bytes), version (u32),
// content, FNV-1a 64 checksum of everything before it (u64).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace snac::nn {

class ByteWriter {
 public:
  /// Opens a file of one kind.
  ByteWriter(std::string_view magic, std::uint32_t version) {
    text(magic);
    number(version);
  }
  template <class Unsigned>
  void number(Unsigned value) {
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) bytes_.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
  }
  void real(double value);
  void text(std::string_view text);
  void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void floats(const std::vector<float>& values);
  /// Length (u32) and characters.
  void long_text(std::string_view text);
  /// Number (u64) and values.
  void long_floats(const std::vector<float>& values);
  /// Adds the checksum; the writer is empty then.
  std::vector<std::byte> finish();

 private:
  std::vector<std::byte> bytes_;
};

class ByteReader {
 public:
  /// Checks magic, version and checksum; what is left is the content. `kind` is the file's name for people: "model file".
  /// @throws DataError as all functions here.
  ByteReader(std::span<const std::byte> bytes, std::string_view magic, std::uint32_t version, const std::string& kind,
             const std::string& where);
  std::span<const std::byte> take(std::size_t count, const char* what);
  template <class Unsigned>
  Unsigned number(const char* what) {
    Unsigned value = 0;
    const auto part = take(sizeof(Unsigned), what);
    for (std::size_t i = 0; i < part.size(); ++i) value |= static_cast<Unsigned>(std::to_integer<Unsigned>(part[i]) << (8 * i));
    return value;
  }
  double real(const char* what);
  /// Fills `values`.
  void floats(std::span<float> values, const char* what);
  std::string long_text(const char* what);
  std::vector<float> long_floats(const char* what);
  std::size_t left() const { return rest_.size(); }
  /// @throws DataError if content is left over.
  void finish() const;
  [[noreturn]] void damaged(const std::string& found, const std::string& expected) const;

 private:
  std::span<const std::byte> rest_;
  std::string kind_, where_;
};

}  // namespace snac::nn
