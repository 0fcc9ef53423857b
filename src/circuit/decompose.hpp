// Rows as differences to other rows, for matrices with nearly equal rows.
#pragma once

#include "sum_system.hpp"

namespace snac::circuit {

/// Rewrites outputs as +-another output plus a difference wherever that has fewer operands, over a minimum spanning tree whose
/// root is zero and whose edges cost signed digits (the first stage of published distributed arithmetic: da4ml). No path of the
/// tree is longer than `max_edges`, and the rows' limits hold. Constants stay outside the values that others read.
/// The system must consist of leaves and outputs only. @returns operands saved; 0 leaves the system as it is.
std::size_t decompose(SumSystem& system, int max_edges);

}  // namespace snac::circuit
