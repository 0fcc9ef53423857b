// The finishing descent of a network with learned precision: single digits of weights and single bits of activations are dropped
// where that pays, judged by loss + exchange rate * cost with the true cost of the circuit. No training.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "snac/data/dataset.hpp"
#include "snac/nn/learned_precision.hpp"

namespace snac::compress {

struct DescentParams {
  double loss_per_cost = 1e-5;  ///< nats of mean cross-entropy that one unit of cost is worth
  int rounds = 3;               ///< each looks at every move once
  bool shift_digits = false;    ///< also move last digits of weights up or down a place, where the loss falls; three times the moves
  int threads = 1;              ///< never changes the result
};

struct DescentResult {
  nn::FrozenNet net;
  double loss_before = 0, loss_after = 0;  ///< on the judging rows
  double cost_before = 0, cost_after = 0;
  int moves = 0;  ///< taken
};

/// The hardware's cost of a network, for instance LUTs of its circuit.
using HardwareCost = std::function<double(const nn::FrozenNet&)>;

/// A round ranks all moves by what each alone does to the loss on `ranking` rows for the bits it saves, then takes ever smaller
/// shares of the best together as long as loss + rate * cost on the `judging` rows falls. Ends early when none does.
/// @throws as nn::evaluate(); Interrupted.
DescentResult descend(const nn::FrozenNet& net, const data::Dataset& data, std::span<const std::uint32_t> ranking,
                      std::span<const std::uint32_t> judging, const HardwareCost& cost, const DescentParams& params);

/// raw without its least significant digit in canonical signed-digit form (Reitwiesner 1960): 7 = 8 - 1 gives 8, 6 = 8 - 2 gives 8.
std::int64_t without_last_digit(std::int64_t raw);

}  // namespace snac::compress
