#include "yosys_cache.hpp"

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;

std::string cache_key(const YosysParams& params, const std::string& version, const std::string& script, const std::string& helper) {
  // Lengths in front, so that no two different lists of texts run together to the same bytes.
  std::string bytes;
  const auto add = [&](const std::string& text) { bytes += std::to_string(text.size()) + ":" + text; };
  add(version);
  add(script);
  add(helper);
  for (const std::string& source : params.sources) {
    add(source);
    add(read_file(params.directory / source));
  }
  return sha256(bytes);
}

std::optional<YosysResult> cached_result(const fs::path& cache, const std::string& key) {
  const fs::path path = cache / (key + ".json");
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  try {
    const std::string where = path.string();
    const Json json = parse_json(read_file(path), where);
    check_header(json, kYosysCacheFormat, where);
    YosysResult result;
    result.version = json_get<std::string>(json, "version_of_yosys", where);
    result.script = json_get<std::string>(json, "script", where);
    result.seconds = json_get<double>(json, "seconds", where);
    result.peak_memory_kib = json_get<long>(json, "peak_memory_kib", where);
    const auto cells = json_get<Json>(json, "cells", where);
    for (const auto& [type, count] : cells.items()) result.cells[type] = count.get<std::int64_t>();
    count_resources(result);
    result.cached = true;
    return result;
  } catch (const Error&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void store_result(const fs::path& cache, const std::string& key, const YosysResult& result) {
  const Json json = with_header(kYosysCacheFormat, {{"version_of_yosys", result.version},
                                                    {"script", result.script},
                                                    {"seconds", result.seconds},
                                                    {"peak_memory_kib", result.peak_memory_kib},
                                                    {"cells", result.cells}});
  write_file_atomically(cache / (key + ".json"), json.dump(1) + "\n");
}

}  // namespace snac::toolchain
