#include "snac/core/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace snac {

void configure_log(std::string_view level) {
  auto logger = std::make_shared<spdlog::logger>("snac", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(level == "quiet" ? spdlog::level::err : level == "verbose" ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace snac
