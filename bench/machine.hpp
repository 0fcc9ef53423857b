// Which machine, compiler and source a figure belongs to.
#pragma once

#include "snac/core/json.hpp"

namespace snac::bench {

/// Processor vendor, family, model and caches, instruction set in use, operating system, compiler, flags, commit, load
/// average. No names of hosts or users, no paths.
Json machine();

}  // namespace snac::bench
