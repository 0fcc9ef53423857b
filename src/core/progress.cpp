#include "snac/core/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "snac/core/terminal.hpp"
#include "snac/core/text_layout.hpp"

namespace snac {
namespace {

using Clock = std::chrono::steady_clock;

ProgressMode global_mode = ProgressMode::automatic;

constexpr std::size_t kBarWidth = 20, kWideTerminal = 100;
constexpr double kRedraw = 0.1;    ///< seconds between two redraws of a bar
constexpr double kWorthALine = 2;  ///< work without a step leaves a line behind after so many seconds
constexpr std::string_view kClear = "\r\x1b[K";

std::string duration(double seconds) {
  const auto total = static_cast<long>(seconds + 0.5);
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return fmt::format("{} min {:02} s", total / 60, total % 60);
  return fmt::format("{} h {:02} min", total / 3600, total / 60 % 60);
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Past stdio: a lock of it may be held by a thread at the moment of a fork.
void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody listens
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void set_progress_mode(ProgressMode mode) { global_mode = mode; }

std::string progress_text(const ProgressState& state) {
  std::string text = state.what + ":";
  const double rate = state.seconds > 0 ? static_cast<double>(state.done - state.done_before) / state.seconds : 0;
  std::string separator = " ";
  const auto add = [&](const std::string& part) {
    text += separator + part;
    separator = ", ";
  };
  if (state.total > 0 || state.done > 0)
    add(fmt::format("{}{} {}", state.done, state.total > 0 ? fmt::format("/{}", state.total) : "", state.unit));
  if (rate > 0)
    add(rate >= 1 ? fmt::format("{:.1f}/s", rate) : rate > 0.01 ? fmt::format("{:.1f} s each", 1 / rate) : duration(1 / rate) + " each");
  if (state.last) {
    add("took " + duration(state.seconds));
  } else if (rate > 0 && state.total > state.done) {
    add("about " + duration(static_cast<double>(state.total - state.done) / rate) + " left");
  } else {
    add(duration(state.seconds) + " so far");
  }
  if (!state.last) {
    constexpr std::size_t kShown = 2;
    for (std::size_t i = 0; i < std::min(kShown, state.running.size()); ++i)
      add(fmt::format("{} for {}", state.running[i].first, duration(state.running[i].second)));
    if (state.running.size() > kShown) add(fmt::format("{} more", state.running.size() - kShown));
  }
  if (!state.note.empty()) add(state.note);
  return text;
}

std::string progress_bar(const ProgressState& state, std::size_t width) {
  const std::string text = progress_text(state);
  const std::size_t bar = width < kWideTerminal ? kBarWidth / 2 : kBarWidth;
  ProgressState without_note = state;
  without_note.note.clear();
  without_note.running.clear();
  if (state.total == 0 || columns_of(progress_text(without_note)) + bar + 3 > width) return cut_text(text, width);
  const std::size_t filled = std::min(bar, bar * state.done / state.total);
  return cut_text("[" + std::string(filled, '=') + std::string(bar - filled, ' ') + "] " + text, width);
}

double pause_between_lines(double seconds) { return std::clamp(seconds / 20, 10.0, 300.0); }

/// Standard error and who draws on it: the youngest of the bars that live.
class ProgressScreen {
 public:
  /// Never destroyed: work may be reported until the very end.
  static ProgressScreen& get() {
    static auto* screen = new ProgressScreen;
    return *screen;
  }
  std::mutex mutex;

  // All below with the mutex locked.
  void enter(Progress& progress) { bars_.push_back(&progress); }
  void leave(Progress& progress) {
    std::erase(bars_, &progress);
    if (!progress.shown_) return;
    if (progress.mode_ == ProgressMode::bar) {
      const ProgressState state = progress.state();
      const bool nothing = state.done == state.done_before && state.seconds < kWorthALine;
      write_all(std::string(kClear) + (nothing ? std::string() : progress_bar(state, width()) + "\n"));
      drawn_ = false;
      if (!bars_.empty()) draw(*bars_.back());
    } else {
      write_all(progress_text(progress.state()) + "\n");
    }
  }
  void draw(Progress& progress) {
    if (bars_.empty() || bars_.back() != &progress) return;
    progress.shown_ = true;
    last_ = Clock::now();
    drawn_ = true;
    write_all(std::string(kClear) + progress_bar(progress.state(), width()));
  }
  void draw_if_due(Progress& progress) {
    const double seconds = seconds_since(progress.start_);
    if (seconds < progress.quiet_seconds_) return;
    if (progress.mode_ == ProgressMode::bar) {
      if (!progress.shown_ || seconds_since(last_) >= kRedraw) draw(progress);
    } else if (progress.mode_ == ProgressMode::lines && seconds >= progress.next_line_) {
      progress.shown_ = true;
      progress.next_line_ = seconds + pause_between_lines(seconds);
      write_all(progress_text(progress.state()) + "\n");
    }
  }
  void write(std::string_view text) {
    const bool redraw = drawn_ && !bars_.empty();
    write_all(drawn_ ? std::string(kClear) + std::string(text) : std::string(text));
    drawn_ = false;
    if (redraw) draw(*bars_.back());
  }

 private:
  static std::size_t width() {
    // The last column stays free: some terminals go to the next line with it.
    const int columns = terminal_width(STDERR_FILENO);
    return columns > 0 ? static_cast<std::size_t>(columns) - 1 : 200;
  }
  std::vector<Progress*> bars_;
  bool drawn_ = false;
  Clock::time_point last_;
};

Progress::Progress(std::string what, std::size_t total, std::string unit, std::size_t done, double quiet_seconds)
    : start_(Clock::now()), next_line_(std::max(quiet_seconds, pause_between_lines(0))), quiet_seconds_(quiet_seconds), mode_(global_mode) {
  state_.what = std::move(what);
  state_.unit = std::move(unit);
  state_.total = total;
  state_.done = state_.done_before = done;
  if (mode_ == ProgressMode::automatic) mode_ = ::isatty(STDERR_FILENO) != 0 ? ProgressMode::bar : ProgressMode::lines;
  if (mode_ == ProgressMode::silent) return;
  {
    ProgressScreen& screen = ProgressScreen::get();
    const std::lock_guard lock(screen.mutex);
    if (mode_ == ProgressMode::bar) screen.enter(*this);
    screen.draw_if_due(*this);
  }
  watcher_ = std::jthread([this](std::stop_token stop) { watch(std::move(stop)); });
}

Progress::~Progress() {
  if (watcher_.joinable()) {
    watcher_.request_stop();
    watcher_.join();
  }
  if (mode_ == ProgressMode::silent) return;
  ProgressScreen& screen = ProgressScreen::get();
  const std::lock_guard lock(screen.mutex);
  state_.last = true;
  if (mode_ == ProgressMode::lines && quiet_seconds_ == 0) shown_ = state_.done > state_.done_before;
  screen.leave(*this);
}

void Progress::watch(std::stop_token stop) {
  ProgressScreen& screen = ProgressScreen::get();
  std::unique_lock lock(screen.mutex);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    if (!stop.stop_requested()) screen.draw_if_due(*this);
  }
}

ProgressState Progress::state() const {
  ProgressState state = state_;
  state.seconds = seconds_since(start_);
  for (const auto& [name, start] : running_) state.running.emplace_back(name, seconds_since(start));
  return state;
}

void Progress::advance(std::size_t steps, std::string_view note) {
  ProgressScreen& screen = ProgressScreen::get();
  const std::lock_guard lock(screen.mutex);
  state_.done += steps;
  if (!note.empty()) state_.note = note;
  screen.draw_if_due(*this);
}

void Progress::reach(std::size_t done) {
  ProgressScreen& screen = ProgressScreen::get();
  const std::lock_guard lock(screen.mutex);
  state_.done = std::max(done, state_.done_before);
  screen.draw_if_due(*this);
}

Progress::Running::Running(Progress* progress, std::string name) : progress_(progress) {
  if (progress_ == nullptr) return;
  const std::lock_guard lock(ProgressScreen::get().mutex);
  place_ = progress_->running_.emplace(progress_->running_.end(), std::move(name), Clock::now());
}

Progress::Running::~Running() {
  if (progress_ == nullptr) return;
  const std::lock_guard lock(ProgressScreen::get().mutex);
  progress_->running_.erase(place_);
}

void write_beside_progress(std::string_view text) {
  ProgressScreen& screen = ProgressScreen::get();
  const std::lock_guard lock(screen.mutex);
  screen.write(text);
}

}  // namespace snac
