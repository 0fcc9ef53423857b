// The state of a training between two epochs: everything needed to go on to the same bits.
// Random numbers need no state: shuffles and dropout masks are streams of the seed, numbered by epoch and step.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "snac/nn/trainer.hpp"

namespace snac::nn {

struct TrainCheckpoint {
  /// What must be the same when training goes on, by name: parameters, architecture, data, grids, mask, instruction set.
  /// `epochs` is among them only under the cosine schedule; otherwise a training may be resumed for more epochs.
  std::map<std::string, std::string> settings;
  Mlp mlp;                                              ///< after the last epoch
  std::vector<float> first_moment, second_moment;       ///< Adam's, one per parameter; sgd has its velocity and no second
  std::vector<float> best_parameters, best_statistics;  ///< of the best epoch; empty without one
  Score best_score;
  TrainResult progress;     ///< of the epochs so far
  std::uint64_t steps = 0;  ///< optimiser steps so far

  struct Schedule {
    double rate = 0, best = std::numeric_limits<double>::infinity();
    int waited = 0;
  } schedule;
  struct Stopping {
    double best = std::numeric_limits<double>::infinity();
    int waited = 0;
  } stopping;
};

/// The settings of a training, as a checkpoint keeps them.
std::map<std::string, std::string> checkpoint_settings(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> train_rows,
                                                       std::span<const std::uint32_t> validation_rows, const TrainParams& params,
                                                       const TrainExtras& extras);

/// Binary file: magic "SNACTRN\0", version, content, checksum; little-endian.
std::vector<std::byte> serialize(const TrainCheckpoint& checkpoint);
/// @throws DataError for a damaged or foreign buffer.
TrainCheckpoint deserialize_checkpoint(std::span<const std::byte> bytes, const std::string& where);

}  // namespace snac::nn
