#include "clock.hpp"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>

namespace snac::bench {
namespace {

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double process_cpu_seconds() { return seconds(CLOCK_PROCESS_CPUTIME_ID); }
double wall_seconds() { return seconds(CLOCK_MONOTONIC); }

std::int64_t preemptions() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Json spread(const std::vector<double>& values) {
  if (values.empty()) return Json{{"count", 0}};
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return Json{{"median", median(values)}, {"min", *lowest}, {"max", *highest}, {"count", values.size()}};
}

}  // namespace snac::bench
