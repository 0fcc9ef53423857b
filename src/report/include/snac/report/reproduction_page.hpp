// One self-contained HTML page of a reproduced experiment: ours beside the published tables and figures, nothing from a network.
#pragma once

#include <filesystem>
#include <string>

#include "snac/core/json.hpp"

namespace snac::report {

/// `document` as flow::reproduce() gives it (docs/formats.md). @throws DataError naming a part that is missing or of another type.
std::string reproduction_page(const Json& document);

/// Replaces the file atomically. @throws DataError, IoError.
void write_reproduction_page(const std::filesystem::path& file, const Json& document);

}  // namespace snac::report
