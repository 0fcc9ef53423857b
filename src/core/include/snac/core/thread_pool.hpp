// The only place that starts threads.
#pragma once

#include <cstddef>
#include <functional>

namespace snac {

/// Threads the machine offers to this process (affinity respected), at least 1.
int hardware_threads();

/// Calls body(index, worker) once for every index in [0, count) on up to `threads` threads.
/// worker lies in [0, threads): use it to own scratch memory. Indices are handed out in order.
/// The first exception stops the hand-out, is kept until all threads have ended, and is rethrown.
/// Results must not depend on which worker runs an index.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t index, int worker)>& body);

}  // namespace snac
