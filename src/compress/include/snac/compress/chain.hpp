// One chain of the local search: from a trained network, warm-up and then iterative magnitude pruning with rewinding
// (Frankle and Carbin 2019; Renda et al. 2020 for rewinding), quantised from the start or round by round.
// A chain is a sequence of states; the next one is a pure function of the last, so a chain resumes from a stored state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snac/compress/calibrate.hpp"
#include "snac/compress/pruning.hpp"
#include "snac/core/fields.hpp"
#include "snac/data/dataset.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::compress {

enum class Order {
  combined,            ///< quantise, then prune the quantised network (the published procedure)
  prune_then_quantise  ///< prune the float network; quantise() makes a quantised copy of any of its states
};

enum class Rewind {
  warmup,          ///< surviving weights go back to their values after warm-up (the published procedure)
  start,           ///< back to the trained weights before warm-up
  initialisation,  ///< back to the random weights before the training (Frankle and Carbin's lottery ticket)
  none             ///< go on from where they are
};

struct PruningParams {
  int iterations = 10;
  double fraction = 0.2;  ///< of the surviving weights, per iteration, in (0, 1)
  int epochs = 10;        ///< per iteration
  Rewind rewind = Rewind::warmup;
  PruningScope scope = PruningScope::layer;
};

struct ChainParams {
  Order order = Order::combined;
  int warmup_epochs = 5;
  int quantise_epochs = 5;  ///< of quantise()
  PruningParams pruning;
  int batch = 128;
  double learning_rate = 1e-3;
  nn::Schedule schedule = nn::Schedule::constant;
  int logits_bits = 16;
  int table_index_bits = 10;
};
void describe(Fields& fields, ChainParams& params);

/// What a chain works on; outlives the calls.
struct ChainInput {
  const data::Dataset* data = nullptr;
  std::span<const std::uint32_t> train_rows, validation_rows;
  CalibrationParams calibration;
  std::uint64_t seed = 1;
  const nn::Mlp* initial = nullptr;  ///< what the trained network was before its training; needed by Rewind::initialisation only
};

struct ChainState {
  int iteration = 0;           ///< 0 = after warm-up, nothing pruned
  nn::Mlp mlp;                 ///< trained weights of this iteration; pruned ones are exactly zero
  nn::Mlp rewind_point;        ///< batch normalisation folded; empty if Rewind::none
  Mask mask;                   ///< only grows
  nn::NetQuantizer quantizer;  ///< no layers: a float state

  bool quantised() const noexcept { return !quantizer.layers.empty(); }
};

/// Folds batch normalisation and warms up: with Order::combined calibrated and quantisation-aware, else in float.
/// @throws nn::DivergedError if training or calibration meets values that are not finite or too large;
/// std::invalid_argument for Rewind::initialisation without ChainInput::initial, or with one of another architecture.
ChainState begin_chain(const nn::Mlp& trained, const ChainInput& input, const ChainParams& params);
/// Prunes, rewinds, trains on; quantisation-aware if the state is quantised. @throws nn::DivergedError.
ChainState next_iteration(const ChainState& state, const ChainInput& input, const ChainParams& params);
/// A float state calibrated and trained on with the quantiser and its mask: a point of its own, no link of the chain.
/// @throws nn::DivergedError, std::invalid_argument for a state that is quantised already.
ChainState quantise(const ChainState& state, const ChainInput& input, const ChainParams& params);

}  // namespace snac::compress
