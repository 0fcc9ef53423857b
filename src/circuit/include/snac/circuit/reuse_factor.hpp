// The reuse factors that HLS flows take for a dense layer.
#pragma once

#include <cstdint>

namespace snac::circuit {

/// A reuse factor RF is legal for a dense layer if it divides the inputs, or is a multiple of the inputs and RF / inputs divides
/// the outputs. (The rule of hls4ml's resource strategy, in other words.)
bool is_legal_reuse_factor(int reuse_factor, int inputs, int outputs);
/// The legal one nearest to `wanted`; the smaller of two.
int nearest_legal_reuse_factor(std::int64_t wanted, int inputs, int outputs);

}  // namespace snac::circuit
