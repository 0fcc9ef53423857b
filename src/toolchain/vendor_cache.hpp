// Runs of vendor tools by the content of what they were given: a folder per run with its reports and run.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "snac/toolchain/vendor.hpp"

namespace snac::toolchain {

/// SHA-256 over version, command, environment, and the names and texts of script and inputs. @throws IoError for a missing file.
std::string vendor_cache_key(const VendorParams& params, const std::string& version, const std::vector<std::string>& argv);

/// Nothing if there is no entry or it is damaged.
std::optional<VendorRun> cached_vendor_run(const std::filesystem::path& cache, const std::string& key);

void store_vendor_run(const std::filesystem::path& cache, const std::string& key, const VendorRun& run);

}  // namespace snac::toolchain
