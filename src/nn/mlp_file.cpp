// The model file, framed as byte_file.hpp says: length of the JSON spec (u32), the spec, number of parameters (u64), number
// of statistics (u64), both as 32-bit floats.
#include <fmt/format.h>

#include <limits>

#include "byte_file.hpp"
#include "snac/core/error.hpp"
#include "snac/nn/mlp.hpp"

namespace snac::nn {
namespace {

constexpr std::string_view kMagic{"SNACMLP\0", 8};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxSpecBytes = std::size_t{1} << 24;

}  // namespace

std::vector<std::byte> serialize(const Mlp& mlp) {
  const std::string spec = space::to_json(mlp.spec).dump();
  ByteWriter writer(kMagic, kVersion);
  writer.long_text(spec);
  writer.number(static_cast<std::uint64_t>(mlp.parameters.size()));
  writer.number(static_cast<std::uint64_t>(mlp.statistics.size()));
  writer.floats(mlp.parameters);
  writer.floats(mlp.statistics);
  return writer.finish();
}

Mlp deserialize_mlp(std::span<const std::byte> bytes, const std::string& where) {
  ByteReader reader(bytes, kMagic, kVersion, "model file", where);
  const auto spec_bytes = reader.number<std::uint32_t>("spec length");
  if (spec_bytes > kMaxSpecBytes) reader.damaged(fmt::format("a spec of {} bytes", spec_bytes), fmt::format("at most {}", kMaxSpecBytes));
  const auto text = reader.take(spec_bytes, "spec");
  const std::string spec_where = where + ": spec";
  const Json json = parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, spec_where);
  const auto parameters = reader.number<std::uint64_t>("number of parameters");
  const auto statistics = reader.number<std::uint64_t>("number of statistics");
  // The floats must be there before memory for them is asked for.
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t expected = parameters <= kMost && statistics <= kMost ? (parameters + statistics) * sizeof(float) : 1;
  if (expected != reader.left()) {
    reader.damaged(fmt::format("{} bytes after the header", reader.left()),
                   fmt::format("{} parameters and {} statistics", parameters, statistics));
  }
  Mlp mlp;
  try {
    const space::ArchSpec spec = space::arch_from_json(json, spec_where);
    const MlpSizes sizes = mlp_sizes(spec);
    if (sizes.parameters != parameters || sizes.statistics != statistics) {
      reader.damaged(fmt::format("{} parameters and {} statistics", parameters, statistics),
                     fmt::format("{} and {} for this architecture", sizes.parameters, sizes.statistics));
    }
    mlp = make_empty_mlp(spec);
  } catch (const ConfigError& error) {  // the spec itself is not usable: here that is damage, not configuration
    reader.damaged(error.what(), "a usable architecture in the spec");
  }
  reader.floats(mlp.parameters, "parameters");
  reader.floats(mlp.statistics, "statistics");
  return mlp;
}

}  // namespace snac::nn
