// Output stages as circuits: the index of the largest value, and softmax.
#pragma once

#include <span>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::circuit {

/// A tree of maxima over keys: below each value stand ceil(log2 K) bits that are larger for lower indices, so that the largest key
/// belongs to the first largest value. Those bits of the winner, inverted, are the index.
Id argmax(Circuit& circuit, std::span<const Id> values);

/// The steps of fixed::SoftmaxOp; one value per input.
std::vector<Id> softmax(Circuit& circuit, const fixed::SoftmaxOp& op, std::span<const Id> values, const fixed::TensorType& output);

/// A table over all raw values of `type`, read by a node whose wire may hold fewer of them: its range and its dropped low bits tell.
Id look_up(Circuit& circuit, Id index, const fixed::FixedType& type, std::span<const std::int64_t> table, int fraction_bits);

}  // namespace snac::circuit
