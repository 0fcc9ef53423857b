// Learned precision as a stage of the local search: its parameters, where it starts from a trained network, and which of its epochs are
// worth keeping. One training gives a whole front of accuracy against cost.
#pragma once

#include <span>
#include <vector>

#include "snac/compress/calibrate.hpp"
#include "snac/core/fields.hpp"
#include "snac/nn/learned_precision.hpp"

namespace snac::compress {

struct LearnedParams {
  nn::PrecisionParams training{.epochs = 200,
                               .batch = 512,
                               .learning_rate = 3e-3,
                               .bits_learning_rate = 4e-3,
                               .cycle_epochs = 20,
                               .cost_start = 1e-6,
                               .cost_end = 3e-5};
  int start_bits = 8;           ///< of weights and activations at the beginning
  int points = 20;              ///< networks kept at most, evenly spread over the cost
  int descent_rounds = 2;       ///< 0 = no finishing descent
  int descent_rows = 10000;     ///< training rows that rank the descent's moves
  bool descent_shifts = false;  ///< the descent also moves digits
};
void describe(Fields& fields, LearnedParams& params);

/// The trained network with batch norm folded and all bits at their start.
/// `calibration` gives the input type; precision and widths of logits and tables follow the parameters. @throws DataError as calibrate().
nn::PrecisionNet begin_learned(const nn::Mlp& trained, const data::Dataset& data, std::span<const std::uint32_t> rows,
                               const CalibrationParams& calibration, const LearnedParams& params);

/// A network that the training came by.
struct LearnedPoint {
  int epoch = 0;           ///< from 1
  double cost_factor = 0;  ///< nats per unit of cost at that time
  double accuracy = 0;     ///< validation
  double cost = 0;         ///< proxy
  nn::FrozenNet net;
};

/// All points that no other dominates in accuracy and cost, in order of epoch.
class LearnedFront {
 public:
  void add(LearnedPoint point);
  const std::vector<LearnedPoint>& points() const noexcept { return points_; }
  /// At most `count` of them: the most accurate of each of so many equal shares of the logarithm of the cost. Dearest first.
  std::vector<LearnedPoint> thinned(int count) const;

 private:
  std::vector<LearnedPoint> points_;
};

}  // namespace snac::compress
