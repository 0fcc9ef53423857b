// The parts of a page that are plain HTML: headline, final table, provenance.
#pragma once

#include <string>

#include "snac/core/json.hpp"

namespace snac::report {

/// Sentence and key figures at the top.
std::string headline(const Json& view);
/// Baseline and models as hardware, each figure with its source; a note if there is no hardware yet.
std::string final_table(const Json& view);
/// Versions, data, configuration and the commands that make the study again.
std::string provenance(const Json& view);

}  // namespace snac::report
