#include "snac/core/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace snac {
namespace {

ProgressMode global_mode = ProgressMode::automatic;

std::string duration(double seconds) {
  const auto total = static_cast<long>(seconds + 0.5);
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return fmt::format("{} min {:02} s", total / 60, total % 60);
  return fmt::format("{} h {:02} min", total / 3600, total / 60 % 60);
}

}  // namespace

void set_progress_mode(ProgressMode mode) { global_mode = mode; }

Progress::Progress(std::string what, std::size_t total, std::string unit, std::size_t done)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      done_(done),
      done_before_(done),
      start_(std::chrono::steady_clock::now()),
      last_drawn_(start_ - std::chrono::hours(1)),
      mode_(global_mode) {
  if (mode_ == ProgressMode::automatic) mode_ = isatty(STDERR_FILENO) != 0 ? ProgressMode::bar : ProgressMode::lines;
  if (mode_ == ProgressMode::bar) draw(false);
}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  if (done_ > done_before_ || mode_ == ProgressMode::bar) draw(true);
}

void Progress::advance(std::size_t steps, std::string_view note) {
  const std::lock_guard lock(mutex_);
  done_ += steps;
  if (!note.empty()) note_ = note;
  using namespace std::chrono_literals;
  const auto pause = mode_ == ProgressMode::bar ? std::chrono::milliseconds(100ms) : std::chrono::milliseconds(10s);
  if (std::chrono::steady_clock::now() - last_drawn_ >= pause) draw(false);
}

void Progress::draw(bool last) {
  if (mode_ == ProgressMode::silent) return;
  last_drawn_ = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(last_drawn_ - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_ - done_before_) / seconds : 0;
  std::string text = what_ + ": " + std::to_string(done_) + (total_ > 0 ? "/" + std::to_string(total_) : "") + " " + unit_;
  if (rate > 0) text += rate >= 1 ? fmt::format(", {:.1f}/s", rate) : fmt::format(", {:.1f} s each", 1 / rate);
  if (last) {
    text += ", took " + duration(seconds);
  } else if (rate > 0 && total_ > done_) {
    text += ", about " + duration(static_cast<double>(total_ - done_) / rate) + " left";
  }
  if (!note_.empty()) text += ", " + note_;
  if (mode_ == ProgressMode::lines) {
    std::fputs((text + "\n").c_str(), stderr);
    return;
  }
  constexpr std::size_t kWidth = 20;
  const std::size_t filled = total_ > 0 ? std::min(kWidth, kWidth * done_ / total_) : 0;
  const std::string bar = total_ > 0 ? "[" + std::string(filled, '=') + std::string(kWidth - filled, ' ') + "] " : "";
  std::fputs(("\r\x1b[K" + bar + text + (last ? "\n" : "")).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace snac
