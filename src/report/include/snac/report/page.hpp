// One self-contained HTML page of a study: tables in the page itself, interactive figures by the script in it, nothing from a network.
#pragma once

#include <filesystem>
#include <string>

#include "snac/core/json.hpp"

namespace snac::report {

struct PageParams {
  int refresh_seconds = 0;  ///< the page reloads itself after this time; 0 = never
};

/// `view` as study_view() gives it. @throws DataError naming a record that is damaged.
std::string page(const Json& view, const PageParams& params = {});

/// Replaces the file atomically. @throws DataError, IoError.
void write_page(const std::filesystem::path& file, const Json& view, const PageParams& params = {});

}  // namespace snac::report
