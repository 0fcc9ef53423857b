// The model file: magic (8 bytes), version (u32), length of the JSON spec (u32), the spec, number of parameters (u64),
// number of statistics (u64), both as 32-bit floats, FNV-1a 64 checksum of everything before it (u64). Little-endian.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "snac/core/error.hpp"
#include "snac/nn/mlp.hpp"

namespace snac::nn {
namespace {

constexpr char kMagic[8] = {'S', 'N', 'A', 'C', 'M', 'L', 'P', '\0'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxSpecBytes = std::size_t{1} << 24;

class Writer {
 public:
  template <class Unsigned>
  void number(Unsigned value) {
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) bytes_.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
  }
  void text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
  }
  void floats(const std::vector<float>& values) {
    for (const float value : values) number(std::bit_cast<std::uint32_t>(value));
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

[[noreturn]] void damaged(const std::string& where, const std::string& found, const std::string& expected) {
  throw DataError("the model file is damaged or of another kind",
                  {.where = where, .found = found, .expected = expected, .hint = "write the model again"});
}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& where) : rest_(bytes), where_(where) {}
  std::span<const std::byte> take(std::size_t count, const char* what) {
    if (count > rest_.size()) damaged(where_, fmt::format("{} bytes left", rest_.size()), fmt::format("{} bytes of {}", count, what));
    const auto part = rest_.first(count);
    rest_ = rest_.subspan(count);
    return part;
  }
  template <class Unsigned>
  Unsigned number(const char* what) {
    Unsigned value = 0;
    const auto part = take(sizeof(Unsigned), what);
    for (std::size_t i = 0; i < part.size(); ++i) value |= static_cast<Unsigned>(std::to_integer<Unsigned>(part[i]) << (8 * i));
    return value;
  }
  void floats(std::vector<float>& values, const char* what) {
    const auto part = take(values.size() * sizeof(float), what);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::uint32_t bits = 0;
      for (std::size_t j = 0; j < sizeof(float); ++j) bits |= std::to_integer<std::uint32_t>(part[i * sizeof(float) + j]) << (8 * j);
      values[i] = std::bit_cast<float>(bits);
    }
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
  const std::string& where_;
};

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

std::vector<std::byte> serialize(const Mlp& mlp) {
  const std::string spec = space::to_json(mlp.spec).dump();
  Writer writer;
  writer.text({kMagic, sizeof kMagic});
  writer.number(kVersion);
  writer.number(static_cast<std::uint32_t>(spec.size()));
  writer.text(spec);
  writer.number(static_cast<std::uint64_t>(mlp.parameters.size()));
  writer.number(static_cast<std::uint64_t>(mlp.statistics.size()));
  writer.floats(mlp.parameters);
  writer.floats(mlp.statistics);
  writer.number(checksum(writer.bytes()));
  return std::move(writer.bytes());
}

Mlp deserialize_mlp(std::span<const std::byte> bytes, const std::string& where) {
  Reader reader(bytes, where);
  const auto magic = reader.take(sizeof kMagic, "magic");
  if (std::memcmp(magic.data(), kMagic, sizeof kMagic) != 0) damaged(where, "other first bytes", "a model file, which opens with SNACMLP");
  const auto version = reader.number<std::uint32_t>("version");
  if (version != kVersion) {
    throw DataError("the model file has another version", {.where = where,
                                                           .found = fmt::format("version {}", version),
                                                           .expected = fmt::format("version {}", kVersion),
                                                           .hint = "read it with the release of snac that wrote it"});
  }
  if (reader.left() < sizeof(std::uint64_t)) damaged(where, "the file ends early", "a checksum at the end");
  const std::size_t body = bytes.size() - sizeof(std::uint64_t);
  const auto stored = Reader(bytes.subspan(body), where).number<std::uint64_t>("checksum");
  if (stored != checksum(bytes.first(body))) damaged(where, "the checksum does not fit the content", "an undamaged file");

  const auto spec_bytes = reader.number<std::uint32_t>("spec length");
  if (spec_bytes > kMaxSpecBytes) damaged(where, fmt::format("a spec of {} bytes", spec_bytes), fmt::format("at most {}", kMaxSpecBytes));
  const auto text = reader.take(spec_bytes, "spec");
  const std::string spec_where = where + ": spec";
  const Json json = parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, spec_where);
  const auto parameters = reader.number<std::uint64_t>("number of parameters");
  const auto statistics = reader.number<std::uint64_t>("number of statistics");
  // The floats must be there before memory for them is asked for.
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t expected =
      parameters <= kMost && statistics <= kMost ? (parameters + statistics) * sizeof(float) + sizeof(stored) : 0;
  if (expected != reader.left()) {
    damaged(where, fmt::format("{} bytes after the header", reader.left()),
            fmt::format("{} parameters and {} statistics", parameters, statistics));
  }
  Mlp mlp;
  try {
    const space::ArchSpec spec = space::arch_from_json(json, spec_where);
    const MlpSizes sizes = mlp_sizes(spec);
    if (sizes.parameters != parameters || sizes.statistics != statistics) {
      damaged(where, fmt::format("{} parameters and {} statistics", parameters, statistics),
              fmt::format("{} and {} for this architecture", sizes.parameters, sizes.statistics));
    }
    mlp = make_empty_mlp(spec);
  } catch (const ConfigError& error) {  // the spec itself is not usable: here that is damage, not configuration
    damaged(spec_where, error.what(), "a usable architecture");
  }
  reader.floats(mlp.parameters, "parameters");
  reader.floats(mlp.statistics, "statistics");
  return mlp;
}

}  // namespace snac::nn
