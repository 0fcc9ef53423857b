// Progress on long work: one line that redraws on a terminal, with rate and time left; a plain line now and then in a log.
// Talks to standard error only; thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace snac {

enum class ProgressMode { automatic, bar, lines, silent };

/// How all later Progress objects talk; automatic = bar on a terminal, lines elsewhere.
void set_progress_mode(ProgressMode mode);

/// What there is to say about some work at a moment.
struct ProgressState {
  std::string what, unit, note;
  std::size_t total = 0;                                ///< steps; 0 = unknown
  std::size_t done = 0;                                 ///< steps so far
  std::size_t done_before = 0;                          ///< of them by an earlier run: not counted in the rate
  double seconds = 0;                                   ///< since the work began
  bool last = false;                                    ///< the work is over
  std::vector<std::pair<std::string, double>> running;  ///< parts that are worked on, with their seconds, the longest first
};

/// "global search: 12/200 trials, 1.3/s, about 2 min 25 s left, best 0.633".
std::string progress_text(const ProgressState& state);
/// The same with a bar in front, in at most `width` columns: the note is cut first, then the bar is given up, then more of the text.
std::string progress_bar(const ProgressState& state, std::size_t width);
/// Seconds until the next line of a log after `seconds` of work: from 10 s at the beginning to 5 min.
double pause_between_lines(double seconds);

class Progress {
 public:
  /// @param what   for instance "global search"
  /// @param total  number of steps; 0 = unknown
  /// @param unit   for instance "trials"
  /// @param done   steps already done by an earlier run
  /// @param quiet_seconds  nothing is shown before this time, nor at all if the work is over by then
  Progress(std::string what, std::size_t total, std::string unit, std::size_t done = 0, double quiet_seconds = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Steps forward; `note` is a few words shown at the end of the line, for instance "best 0.633".
  void advance(std::size_t steps = 1, std::string_view note = {});
  /// As many steps are done now, for instance megabytes.
  void reach(std::size_t done);

  /// A part of the work that says nothing while it runs, such as a child process: shown with its time while this object lives.
  class Running {
   public:
    /// @param progress nullptr = shown nowhere
    Running(Progress* progress, std::string name);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Progress* progress_;
    std::list<std::pair<std::string, std::chrono::steady_clock::time_point>>::iterator place_;
  };

 private:
  friend class ProgressScreen;
  ProgressState state() const;
  void watch(std::stop_token stop);

  ProgressState state_;
  std::list<std::pair<std::string, std::chrono::steady_clock::time_point>> running_;
  const std::chrono::steady_clock::time_point start_;
  double next_line_;  ///< seconds after the start
  const double quiet_seconds_;
  bool shown_ = false;
  ProgressMode mode_;
  std::condition_variable_any wake_;
  std::jthread watcher_;  ///< redraws while no step is done
};

/// Writes lines to standard error without disturbing a progress line that stands there.
void write_beside_progress(std::string_view text);

}  // namespace snac
