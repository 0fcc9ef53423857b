// The learning rate over the steps of a training, and when to stop. Keras' ReduceLROnPlateau and EarlyStopping.
#pragma once

#include "snac/nn/checkpoint.hpp"

namespace snac::nn {

class LearningRate {
 public:
  /// `steps`: optimiser steps of the whole training.
  LearningRate(const TrainParams& params, std::int64_t steps);
  double at(std::int64_t step) const;  ///< step counts from 0
  void end_of_epoch(double validation_loss);
  TrainCheckpoint::Schedule state() const { return state_; }
  void restore(const TrainCheckpoint::Schedule& state) { state_ = state; }

 private:
  /// A validation loss must be this much lower to count as an improvement (Keras' default).
  static constexpr double kMinDelta = 1e-4;
  const TrainParams& params_;
  std::int64_t steps_;
  TrainCheckpoint::Schedule state_;
};

class EarlyStopping {
 public:
  explicit EarlyStopping(int patience) : patience_(patience) {}
  /// True if this epoch's loss is the lowest so far.
  bool improved(double validation_loss);
  bool should_stop() const { return patience_ > 0 && state_.waited >= patience_; }
  TrainCheckpoint::Stopping state() const { return state_; }
  void restore(const TrainCheckpoint::Stopping& state) { state_ = state; }

 private:
  int patience_;
  TrainCheckpoint::Stopping state_;
};

}  // namespace snac::nn
