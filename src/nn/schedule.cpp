#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace snac::nn {

LearningRate::LearningRate(const TrainParams& params, std::int64_t steps)
    : params_(params), steps_(steps), state_{.rate = params.learning_rate} {}

double LearningRate::at(std::int64_t step) const {
  if (params_.schedule != Schedule::cosine) return state_.rate;
  const double lowest = std::min(params_.min_learning_rate, params_.learning_rate);
  const double progress = static_cast<double>(step) / static_cast<double>(steps_);
  return lowest + (params_.learning_rate - lowest) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

void LearningRate::end_of_epoch(double validation_loss) {
  if (params_.schedule != Schedule::plateau) return;
  if (validation_loss < state_.best - kMinDelta) {
    state_.best = validation_loss;
    state_.waited = 0;
    return;
  }
  if (++state_.waited < params_.plateau_patience) return;
  state_.waited = 0;
  double& rate = state_.rate;
  if (rate > params_.min_learning_rate) rate = std::max(rate * params_.plateau_factor, params_.min_learning_rate);
}

bool EarlyStopping::improved(double validation_loss) {
  if (validation_loss < state_.best) {
    state_.best = validation_loss;
    state_.waited = 0;
    return true;
  }
  ++state_.waited;
  return false;
}

}  // namespace snac::nn
