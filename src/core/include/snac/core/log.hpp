// The program's log: to standard error, so that standard output carries data only.
#pragma once

#include <spdlog/spdlog.h>

namespace snac {

/// Levels: "quiet" (errors), "normal", "verbose". Sets format and sink. Call once at program start.
void configure_log(std::string_view level);

}  // namespace snac
