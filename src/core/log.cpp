#include "snac/core/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <mutex>

#include "snac/core/progress.hpp"
#include "snac/core/terminal.hpp"

namespace snac {
namespace {

/// Standard error, which it shares with the progress; the level in colour where that is wanted.
class ErrorSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ErrorSink(bool colours) : colours_(colours) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string line(text.data(), text.size());
    // The pattern marks what a colour is for (%^ to %$); the formatter leaves the marks in the message.
    if (colours_ && message.color_range_end > message.color_range_start) {
      line.insert(message.color_range_end, "\x1b[0m");
      line.insert(message.color_range_start, code(message.level));
    }
    write_beside_progress(line);
  }
  void flush_() override {}

 private:
  static const char* code(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return "\x1b[1;31m";
    return level == spdlog::level::warn ? "\x1b[1;33m" : "\x1b[32m";
  }
  const bool colours_;
};

}  // namespace

void configure_log(std::string_view level) {
  auto logger = std::make_shared<spdlog::logger>("snac", std::make_shared<ErrorSink>(terminal_colours(STDERR_FILENO)));
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(level == "quiet" ? spdlog::level::err : level == "verbose" ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace snac
