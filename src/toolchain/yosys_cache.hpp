// Results of Yosys by the content of what it was given.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "snac/toolchain/yosys.hpp"

namespace snac::toolchain {

/// SHA-256 over the version, the script (the recipe) with its helper file, and the names and texts of all sources.
std::string cache_key(const YosysParams& params, const std::string& version, const std::string& script, const std::string& helper);

/// Nothing if there is no entry or it is damaged.
std::optional<YosysResult> cached_result(const std::filesystem::path& cache, const std::string& key);

void store_result(const std::filesystem::path& cache, const std::string& key, const YosysResult& result);

}  // namespace snac::toolchain
