// Progress on long work: a bar that redraws on a terminal, a plain line now and then in a log.
// Talks to standard error only; thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace snac {

enum class ProgressMode { automatic, bar, lines, silent };

/// How all later Progress objects talk; automatic = bar on a terminal, lines elsewhere.
void set_progress_mode(ProgressMode mode);

class Progress {
 public:
  /// @param what  for instance "global search"
  /// @param total number of steps; 0 = unknown
  /// @param unit  for instance "trials"
  /// @param done  steps already done by an earlier run (not counted in the rate)
  Progress(std::string what, std::size_t total, std::string unit, std::size_t done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Steps forward; `note` is a few words shown at the end of the line, for instance "best 0.633".
  void advance(std::size_t steps = 1, std::string_view note = {});

 private:
  void draw(bool last);
  std::string what_, unit_, note_;
  std::size_t total_, done_, done_before_;
  std::chrono::steady_clock::time_point start_, last_drawn_;
  ProgressMode mode_;
  std::mutex mutex_;
};

}  // namespace snac
