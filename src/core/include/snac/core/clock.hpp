// The clock that counts work: other programs on the machine do not move it.
#pragma once

namespace snac {

/// Processor time that the calling thread has used, in seconds.
double thread_cpu_seconds();

}  // namespace snac
