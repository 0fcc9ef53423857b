// CPU clocks and the statistics of repeated measurements.
#pragma once

#include <cstdint>
#include <vector>

#include "snac/core/clock.hpp"
#include "snac/core/json.hpp"

namespace snac::bench {

using snac::thread_cpu_seconds;
double process_cpu_seconds();
double wall_seconds();
/// Times this thread was taken off its processor against its will.
std::int64_t preemptions();

double median(std::vector<double> values);
/// {"median":, "min":, "max":, "count":}
Json spread(const std::vector<double>& values);

}  // namespace snac::bench
