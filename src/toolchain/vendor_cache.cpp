#include "vendor_cache.hpp"

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/toolchain/reports.hpp"

namespace snac::toolchain {
namespace fs = std::filesystem;

std::string vendor_cache_key(const VendorParams& params, const std::string& version, const std::vector<std::string>& argv) {
  // Lengths in front, so that no two different lists of texts run together to the same bytes.
  std::string bytes;
  const auto add = [&](const std::string& text) { bytes += std::to_string(text.size()) + ":" + text; };
  add(version);
  for (const std::string& word : argv) add(word);
  for (const auto& [name, value] : params.environment) add(name + "=" + value);
  add(read_file(params.directory / params.script));
  for (const std::string& input : params.inputs) {
    add(input);
    add(read_file(params.directory / input));
  }
  // A run that was not asked for a report does not answer one that is.
  for (const std::string& report : params.reports) add(report);
  return sha256(bytes);
}

std::optional<VendorRun> cached_vendor_run(const fs::path& cache, const std::string& key) {
  const fs::path folder = cache / key;
  std::error_code ignored;
  if (!fs::exists(folder / "run.json", ignored)) return {};
  try {
    const std::string where = (folder / "run.json").string();
    const Json json = parse_json(read_file(folder / "run.json"), where);
    check_header(json, kVendorCacheFormat, where);
    VendorRun run;
    run.tool = json_get<std::string>(json, "tool", where);
    run.command = json_get<std::string>(json, "command", where);
    run.seconds = json_get<double>(json, "seconds", where);
    run.peak_memory_kib = json_get<long>(json, "peak_memory_kib", where);
    const Json reports = json_get<Json>(json, "reports", where);
    for (const auto& [name, report] : reports.items()) {
      std::string text = read_report(folder / json_get<std::string>(report, "file", where));
      if (sha256(text) != json_get<std::string>(report, "sha256", where)) return {};
      run.reports[name] = std::move(text);
    }
    return run;
  } catch (const Error&) {
    return {};
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

void store_vendor_run(const fs::path& cache, const std::string& key, const VendorRun& run) {
  const fs::path folder = cache / key;
  Json reports = Json::object();
  for (const auto& [name, text] : run.reports) {
    const std::string file = "report_" + std::to_string(reports.size());
    write_file_atomically(folder / file, text);
    reports[name] = {{"file", file}, {"sha256", sha256(text)}};
  }
  const Json json = with_header(kVendorCacheFormat, {{"tool", run.tool},
                                                     {"command", run.command},
                                                     {"seconds", run.seconds},
                                                     {"peak_memory_kib", run.peak_memory_kib},
                                                     {"reports", std::move(reports)}});
  write_file_atomically(folder / "run.json", json.dump(1) + "\n");  // last: without it there is no entry
}

}  // namespace snac::toolchain
