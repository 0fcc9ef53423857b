#include "npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include "checks.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"

namespace snac::data {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kMaxHeader = std::size_t{1} << 16;  // numpy itself refuses more than 10,000 bytes
constexpr std::size_t kMaxRank = 32;
constexpr std::size_t kBlockBytes = std::size_t{4} << 20;

[[noreturn]] void fail_header(const std::string& where, const std::string& found, const std::string& expected) {
  throw DataError("a NumPy header is damaged",
                  {.where = where, .found = found, .expected = expected, .hint = "write the array again with numpy.save"});
}

/// The Python dictionary in the header: three known keys, no nesting beyond the shape.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_type = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !has_type) {
        parse_type(header);
        has_type = true;
      } else if (key == "fortran_order" && !has_order) {
        header.fortran = boolean();
        has_order = true;
      } else if (key == "shape" && !has_shape) {
        header.shape = tuple();
        has_shape = true;
      } else {
        fail("the key " + excerpt(key), "descr, fortran_order and shape, once each");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail(excerpt(text_.substr(at_)), "nothing after the dictionary");
    if (!has_type || !has_order || !has_shape) fail("a key is missing", "descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const { fail_header(where_, found, expected); }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(at_ < text_.size() ? excerpt(text_.substr(at_)) : "the end", fmt::format("'{}'", c));
  }
  std::string quoted() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail(excerpt(text_.substr(at_)), "a quoted word");
    const auto end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail(excerpt(text_.substr(at_)), "a closing quote");
    std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail(excerpt(text_.substr(at_)), "True or False");
  }
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> values;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::size_t value = 0;
      const char* first = text_.data() + at_;
      const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
      if (error != std::errc() || values.size() == kMaxRank) fail(excerpt(text_.substr(at_)), "the lengths of at most 32 dimensions");
      at_ += static_cast<std::size_t>(end - first);
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2 wrote long integers so
      values.push_back(value);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }
  void parse_type(NpyHeader& header) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') fail_type("a structured type", "one number type; save the columns as a plain array");
    const std::string name = quoted();
    std::string_view rest = name;
    char order = '|';
    if (!rest.empty() && std::string_view("<>|=").find(rest[0]) != std::string_view::npos) {
      order = rest[0];
      rest.remove_prefix(1);
    }
    constexpr bool kLittle = std::endian::native == std::endian::little;
    const bool swapped = (order == '<' && !kLittle) || (order == '>' && kLittle);
    const char kind = rest.empty() ? '\0' : rest[0];
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data() + (rest.empty() ? 0 : 1), rest.data() + rest.size(), size);
    if (kind == 'O') fail_type("Python objects", "numbers; convert with x.astype(numpy.float32)");
    if (error != std::errc() || end != rest.data() + rest.size()) fail_type(excerpt(name), "a number type");
    if ((kind == 'U' || kind == 'S') && size <= kMaxHeader) {
      header.wide_text = kind == 'U';
      header.text_width = size * (kind == 'U' ? 4 : 1);
      header.type.swapped = swapped;
      if (header.text_width > 0) return;
    }
    const auto element = element_of(kind, size);
    if (!element) fail_type(excerpt(name), "bool, integers of 1 to 8 bytes, or floats of 2, 4 or 8 bytes");
    if (size > 1 && order == '|') fail_type(excerpt(name), "a byte order, < or >");
    header.type = {*element, swapped && size > 1};
  }
  [[noreturn]] void fail_type(const std::string& found, const std::string& expected) const {
    throw DataError("a NumPy array has a type that is not read", {.where = where_, .found = found, .expected = expected, .hint = {}});
  }
  static std::optional<Element> element_of(char kind, std::size_t size) {
    if (kind == 'b' && size == 1) return Element::boolean;
    if (kind == 'i' || kind == 'u') {
      const bool is_signed = kind == 'i';
      if (size == 1) return is_signed ? Element::int8 : Element::uint8;
      if (size == 2) return is_signed ? Element::int16 : Element::uint16;
      if (size == 4) return is_signed ? Element::int32 : Element::uint32;
      if (size == 8) return is_signed ? Element::int64 : Element::uint64;
    }
    if (kind == 'f') {
      if (size == 2) return Element::float16;
      if (size == 4) return Element::float32;
      if (size == 8) return Element::float64;
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::string where_;
  std::size_t at_ = 0;
};

/// Appends one character as UTF-8; what is not a character becomes '?'.
void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000 && (c < 0xd800 || c > 0xdfff)) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c >= 0x10000 && c < 0x110000) {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += '?';
  }
}

void check_numbers(const ByteSource& source, const NpyHeader& header) {
  if (header.text_width == 0) return;
  throw DataError("a NumPy array has a type that is not read",
                  {.where = source.where(), .found = "texts", .expected = "numbers", .hint = "number the classes 0, 1, 2, ..."});
}

/// All elements in the order of the file, block by block: memory grows with what is really there.
template <class T>
std::vector<T> read_in_file_order(ByteSource& source, const NpyHeader& header) {
  check_fits_memory(checked_product(header.count, sizeof(T), source.where()), source.where());
  const std::size_t size = size_of(header.type.element);
  std::vector<T> values;
  std::vector<std::byte> raw;
  while (values.size() < header.count) {
    throw_if_interrupted();
    const std::size_t count = std::min(header.count - values.size(), kBlockBytes / size);
    raw.resize(count * size);
    source.read(raw.data(), raw.size());
    values.resize(values.size() + count);
    decode(header.type, raw.data(), std::span<T>(values).last(count));
  }
  return values;
}

/// From first-index-fastest to last-index-fastest.
template <class T>
std::vector<T> to_row_major(const std::vector<T>& values, const std::vector<std::size_t>& shape) {
  std::vector<T> out(values.size());
  std::vector<std::size_t> stride(shape.size(), 1);
  for (std::size_t d = shape.size() - 1; d > 0; --d) stride[d - 1] = stride[d] * shape[d];
  std::vector<std::size_t> index(shape.size(), 0);
  std::size_t to = 0;
  for (const T value : values) {
    out[to] = value;
    for (std::size_t d = 0; d < shape.size(); ++d) {  // count up with the first index fastest
      to += stride[d];
      if (++index[d] < shape[d]) break;
      to -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

FileSource::FileSource(const std::string& path) : path_(path), in_(path, std::ios::binary) {
  std::error_code code;
  remaining_ = std::filesystem::file_size(path, code);
  if (!in_ || code)
    throw DataError(
        "cannot open a data file",
        {.where = path, .found = code ? code.message() : "not readable", .expected = "a readable file", .hint = "check the path"});
}

void FileSource::read(std::byte* out, std::size_t count) {
  in_.read(reinterpret_cast<char*>(out), static_cast<std::streamsize>(count));
  if (static_cast<std::size_t>(in_.gcount()) != count) {
    throw DataError("a data file is truncated", {.where = path_,
                                                 .found = fmt::format("{} bytes", in_.gcount()),
                                                 .expected = fmt::format("{} more bytes", count),
                                                 .hint = "fetch or write the file again"});
  }
  remaining_ -= count;
}

NpyHeader read_npy_header(ByteSource& source) {
  const std::string& where = source.where();
  if (source.remaining() < 10) {
    throw DataError("a NumPy array is truncated", {.where = where,
                                                   .found = fmt::format("{} bytes", source.remaining()),
                                                   .expected = "at least a header of 10 bytes",
                                                   .hint = "fetch or write the file again"});
  }
  std::array<char, 8> start{};
  source.read(reinterpret_cast<std::byte*>(start.data()), start.size());
  if (std::string_view(start.data(), 6) != kMagic) fail_header(where, excerpt({start.data(), 6}), "\\x93NUMPY");
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3) fail_header(where, fmt::format("version {}", version), "version 1, 2 or 3");
  std::array<unsigned char, 4> length_bytes{};
  const std::size_t length_size = version == 1 ? 2 : 4;
  if (source.remaining() < length_size) fail_header(where, "the end of the file", "the length of the header");
  source.read(reinterpret_cast<std::byte*>(length_bytes.data()), length_size);
  std::size_t length = 0;
  for (std::size_t i = length_size; i-- > 0;) length = length << 8 | length_bytes[i];
  if (length > kMaxHeader || length > source.remaining()) {
    fail_header(where, fmt::format("a header of {} bytes", length),
                fmt::format("at most {}", std::min<std::uint64_t>(kMaxHeader, source.remaining())));
  }
  std::string text(length, '\0');
  source.read(reinterpret_cast<std::byte*>(text.data()), length);
  NpyHeader header = HeaderParser(text, where).parse();

  for (const std::size_t each : header.shape) header.count = checked_product(header.count, each, where);
  const std::size_t bytes = checked_product(header.count, header.text_width > 0 ? header.text_width : size_of(header.type.element), where);
  if (bytes != source.remaining()) {
    throw DataError(bytes > source.remaining() ? "a NumPy array is truncated" : "a NumPy array has bytes behind its end",
                    {.where = where,
                     .found = fmt::format("{} bytes behind the header", source.remaining()),
                     .expected = fmt::format("{} bytes, as shape {} says", bytes, shape_text(header.shape)),
                     .hint = "fetch or write the file again"});
  }
  return header;
}

void read_npy_rows(ByteSource& source, const NpyHeader& header, const std::function<void(std::span<const float>, std::size_t)>& take) {
  check_numbers(source, header);
  const std::size_t rows = header.shape.at(0);
  if (rows == 0 || header.count == 0) return source.finish();
  if (header.fortran && header.shape.size() > 1) {
    const auto values = to_row_major(read_in_file_order<float>(source, header), header.shape);
    source.finish();
    return take(values, 0);
  }
  const std::size_t width = header.count / rows, row_bytes = checked_product(width, size_of(header.type.element), source.where());
  const std::size_t step = std::max<std::size_t>(1, kBlockBytes / row_bytes);
  std::vector<std::byte> raw;
  std::vector<float> values;
  for (std::size_t row = 0; row < rows; row += step) {
    throw_if_interrupted();
    const std::size_t count = std::min(step, rows - row);
    check_fits_memory(checked_product(count * width, sizeof(float), source.where()), source.where());
    raw.resize(count * row_bytes);
    source.read(raw.data(), raw.size());
    values.resize(count * width);
    decode(header.type, raw.data(), std::span<float>(values));
    take(values, row);
  }
  source.finish();
}

std::vector<double> read_npy_numbers(ByteSource& source, const NpyHeader& header) {
  check_numbers(source, header);
  auto values = read_in_file_order<double>(source, header);
  source.finish();
  return header.fortran && header.shape.size() > 1 ? to_row_major(values, header.shape) : values;
}

std::vector<std::string> read_npy_texts(ByteSource& source, const NpyHeader& header) {
  constexpr std::size_t kMaxTexts = 65536;
  if (header.text_width == 0 || header.shape.size() != 1 || header.count > kMaxTexts) {
    throw DataError("names have the wrong type or shape", {.where = source.where(),
                                                           .found = "shape " + shape_text(header.shape),
                                                           .expected = "a one-dimensional array of texts",
                                                           .hint = {}});
  }
  std::vector<std::string> texts;
  std::vector<std::byte> raw(header.text_width);
  for (std::size_t i = 0; i < header.count; ++i) {
    source.read(raw.data(), raw.size());
    std::string text;
    const std::size_t step = header.wide_text ? 4 : 1;
    for (std::size_t at = 0; at < raw.size(); at += step) {
      std::uint32_t c = 0;
      for (std::size_t b = 0; b < step; ++b) {
        const bool low_first = (std::endian::native == std::endian::little) != header.type.swapped;
        c |= std::to_integer<std::uint32_t>(raw[at + b]) << (8 * (low_first ? b : step - 1 - b));
      }
      if (c == 0) break;
      header.wide_text ? append_utf8(text, c) : text.push_back(static_cast<char>(c));
    }
    texts.push_back(text);
  }
  source.finish();
  return texts;
}

}  // namespace snac::data
