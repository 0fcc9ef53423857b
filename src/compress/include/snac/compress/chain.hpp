// One chain of the local search: from a trained network, at one precision, quantisation-aware warm-up and then iterative
// magnitude pruning with rewinding (Frankle and Carbin 2019; Renda et al. 2020 for rewinding).
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

enum class Rewind {
  warmup,  ///< surviving weights go back to their values after warm-up (the published procedure)
  start,   ///< back to the trained weights before warm-up
  none     ///< go on from where they are
};

struct PruningParams {
  int iterations = 10;
  double fraction = 0.2;  ///< of the surviving weights, per iteration, in (0, 1)
  int epochs = 10;        ///< per iteration
  Rewind rewind = Rewind::warmup;
  PruningScope scope = PruningScope::layer;
};

struct ChainParams {
  int warmup_epochs = 5;
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
};

struct ChainState {
  int iteration = 0;     ///< 0 = after warm-up, nothing pruned
  nn::Mlp mlp;           ///< trained weights of this iteration; pruned ones are exactly zero
  nn::Mlp rewind_point;  ///< empty if Rewind::none
  Mask mask;
  nn::NetQuantizer quantizer;
};

/// Folds batch normalisation, calibrates, warms up with the quantiser on.
ChainState begin_chain(const nn::Mlp& trained, const ChainInput& input, const ChainParams& params);
/// Prunes, rewinds, trains on.
ChainState next_iteration(const ChainState& state, const ChainInput& input, const ChainParams& params);

}  // namespace snac::compress
