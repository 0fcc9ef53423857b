// Bit-exact execution of a FixedNet: the judge of all emitters.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snac/fixed/fixed_net.hpp"

namespace snac::fixed {

/// Raw integers of the inputs for real features, (rows, n) -> (rows, n): cast into the declared input types.
std::vector<std::int64_t> quantize_inputs(const FixedNet& net, std::span<const float> features);

/// Runs rows of raw inputs (rows, inputs) and gives raw outputs (rows, outputs).
/// @throws std::invalid_argument if the size is not a multiple of the input width or a value is outside its type.
std::vector<std::int64_t> run(const FixedNet& net, std::span<const std::int64_t> inputs, int threads = 1);

/// Index of the first largest logit of each row.
std::vector<int> argmax(std::span<const std::int64_t> logits, std::size_t num_outputs);

}  // namespace snac::fixed
