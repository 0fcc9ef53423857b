// The learning rate over the steps of a training, and when to stop. Keras' ReduceLROnPlateau and EarlyStopping.
#pragma once

#include <limits>

#include "snac/nn/trainer.hpp"

namespace snac::nn {

class LearningRate {
 public:
  /// `steps`: optimiser steps of the whole training.
  LearningRate(const TrainParams& params, std::int64_t steps);
  double at(std::int64_t step) const;  ///< step counts from 0
  void end_of_epoch(double validation_loss);

 private:
  /// A validation loss must be this much lower to count as an improvement (Keras' default).
  static constexpr double kMinDelta = 1e-4;
  const TrainParams& params_;
  std::int64_t steps_;
  double rate_;
  double best_ = std::numeric_limits<double>::infinity();
  int waited_ = 0;
};

class EarlyStopping {
 public:
  explicit EarlyStopping(int patience) : patience_(patience) {}
  /// True if this epoch's loss is the lowest so far.
  bool improved(double validation_loss);
  bool should_stop() const { return patience_ > 0 && waited_ >= patience_; }

 private:
  int patience_;
  double best_ = std::numeric_limits<double>::infinity();
  int waited_ = 0;
};

}  // namespace snac::nn
