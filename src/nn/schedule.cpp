#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace snac::nn {

LearningRate::LearningRate(const TrainParams& params, std::int64_t steps) : params_(params), steps_(steps), rate_(params.learning_rate) {}

double LearningRate::at(std::int64_t step) const {
  if (params_.schedule != Schedule::cosine) return rate_;
  const double lowest = std::min(params_.min_learning_rate, params_.learning_rate);
  const double progress = static_cast<double>(step) / static_cast<double>(steps_);
  return lowest + (params_.learning_rate - lowest) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

void LearningRate::end_of_epoch(double validation_loss) {
  if (params_.schedule != Schedule::plateau) return;
  if (validation_loss < best_ - kMinDelta) {
    best_ = validation_loss;
    waited_ = 0;
    return;
  }
  if (++waited_ < params_.plateau_patience) return;
  waited_ = 0;
  if (rate_ > params_.min_learning_rate) rate_ = std::max(rate_ * params_.plateau_factor, params_.min_learning_rate);
}

bool EarlyStopping::improved(double validation_loss) {
  if (validation_loss < best_) {
    best_ = validation_loss;
    waited_ = 0;
    return true;
  }
  ++waited_;
  return false;
}

}  // namespace snac::nn
