#include "byte_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "snac/core/error.hpp"

namespace snac::nn {
namespace {

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3ULL;
  return hash;
}

std::string opening(std::string_view magic) { return fmt::format("a file that opens with {}", magic.substr(0, magic.find('\0'))); }

}  // namespace

void ByteWriter::real(double value) { number(std::bit_cast<std::uint64_t>(value)); }
void ByteWriter::text(std::string_view text) {
  for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
}
void ByteWriter::floats(const std::vector<float>& values) {
  for (const float value : values) number(std::bit_cast<std::uint32_t>(value));
}
void ByteWriter::long_text(std::string_view characters) {
  number(static_cast<std::uint32_t>(characters.size()));
  text(characters);
}
void ByteWriter::long_floats(const std::vector<float>& values) {
  number(static_cast<std::uint64_t>(values.size()));
  floats(values);
}
std::vector<std::byte> ByteWriter::finish() {
  number(checksum(bytes_));
  return std::move(bytes_);
}

ByteReader::ByteReader(std::span<const std::byte> bytes, std::string_view magic, std::uint32_t version, const std::string& kind,
                       const std::string& where)
    : rest_(bytes), kind_(kind), where_(where) {
  const auto first = take(magic.size(), "magic");
  if (std::memcmp(first.data(), magic.data(), magic.size()) != 0) damaged("other first bytes", opening(magic));
  const auto found = number<std::uint32_t>("version");
  if (found != version) {
    throw DataError(fmt::format("the {} has another version", kind_), {.where = where_,
                                                                       .found = fmt::format("version {}", found),
                                                                       .expected = fmt::format("version {}", version),
                                                                       .hint = "read it with the release of snac that wrote it"});
  }
  if (left() < sizeof(std::uint64_t)) damaged("the file ends early", "a checksum at the end");
  const std::size_t body = bytes.size() - sizeof(std::uint64_t);
  const auto content = rest_.first(left() - sizeof(std::uint64_t));
  rest_ = bytes.subspan(body);
  if (number<std::uint64_t>("checksum") != checksum(bytes.first(body))) {
    damaged("the checksum does not fit the content", "an undamaged file");
  }
  rest_ = content;
}

void ByteReader::damaged(const std::string& found, const std::string& expected) const {
  throw DataError(fmt::format("the {} is damaged or of another kind", kind_),
                  {.where = where_, .found = found, .expected = expected, .hint = fmt::format("write the {} again", kind_)});
}

std::span<const std::byte> ByteReader::take(std::size_t count, const char* what) {
  if (count > rest_.size()) damaged(fmt::format("{} bytes left", rest_.size()), fmt::format("{} bytes of {}", count, what));
  const auto part = rest_.first(count);
  rest_ = rest_.subspan(count);
  return part;
}

double ByteReader::real(const char* what) { return std::bit_cast<double>(number<std::uint64_t>(what)); }

void ByteReader::floats(std::span<float> values, const char* what) {
  const auto part = take(values.size() * sizeof(float), what);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < sizeof(float); ++j) bits |= std::to_integer<std::uint32_t>(part[i * sizeof(float) + j]) << (8 * j);
    values[i] = std::bit_cast<float>(bits);
  }
}

std::string ByteReader::long_text(const char* what) {
  const auto part = take(number<std::uint32_t>(what), what);
  return {reinterpret_cast<const char*>(part.data()), part.size()};
}

std::vector<float> ByteReader::long_floats(const char* what) {
  const auto count = number<std::uint64_t>(what);
  // The floats must be there before memory for them is asked for.
  if (count > left() / sizeof(float)) damaged(fmt::format("{} bytes left", left()), fmt::format("{} floats of {}", count, what));
  std::vector<float> values(static_cast<std::size_t>(count));
  floats(values, what);
  return values;
}

void ByteReader::finish() const {
  if (left() > 0) damaged(fmt::format("{} bytes too many", left()), "the end of the file");
}

}  // namespace snac::nn
