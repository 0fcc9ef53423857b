// What a network gives: its logits, the index of the class, or probabilities. The stage is one more node of the FixedNet.
#pragma once

#include <cstdint>
#include <string>

#include "snac/fixed/fixed_net.hpp"

namespace snac::fixed {

enum class OutputKind : std::uint8_t { logits, argmax, softmax };

std::string to_string(OutputKind kind);
/// @throws ConfigError naming `where`, with the known kinds.
OutputKind output_kind_from_string(const std::string& text, const std::string& where);

inline constexpr int kMinProbabilityBits = 2, kMaxProbabilityBits = 16;

/// The softmax of logits of these types, for probabilities with F fraction bits. The sizes follow from F and the K logits:
/// - difference: all fraction bits of the logits up to F - 1, rounded; as many integer bits as it takes to reach exp(-d) < 2^-(F+3);
/// - exponential: F + 2 fraction bits, so that 1 is the entry of d = 0;
/// - sum: F + 1 fraction bits (fewer if the table had more than 2^14 entries), rounded; a sum is never below 1, and the entries
///   below hold the inverse of 1, so that they cost no logic;
/// - inverse: F + 2 fraction bits.
/// The error against the real softmax is below 2 units of 2^-F while the sum keeps F + 1 fraction bits, that is up to 31 classes for
/// F = 8 (measured: tests/output_stage_test.cpp).
/// @throws ConfigError if probability_bits is outside its range.
SoftmaxOp softmax_op(const TensorType& logits, int probability_bits);

/// The net followed by the stage: an unsigned integer just wide enough for the index, or ufixed<probability_bits,0,RND,SAT>.
/// Replaces a stage that is there. @throws DataError if the logits do not suit, ConfigError as softmax_op.
FixedNet with_output(FixedNet net, OutputKind kind, int probability_bits = 8);

/// The net without its output stage: what training knows.
FixedNet logits_net(FixedNet net);

OutputKind output_kind(const FixedNet& net);

}  // namespace snac::fixed
