#include "snac/compress/learned.hpp"

#include <algorithm>
#include <cmath>

namespace snac::compress {

void describe(Fields& f, LearnedParams& p) {
  f.integer("epochs", p.training.epochs, {.min = 1, .max = 1000000}, "Epochs of the whole training; more give a better front");
  f.integer("batch", p.training.batch, {.min = 1, .max = 1000000}, "Mini-batch size");
  f.real("learning_rate", p.training.learning_rate, {.min = 1e-8, .max = 10},
         "Adam's learning rate for weights, at the start of each cycle");
  f.real("bits_learning_rate", p.training.bits_learning_rate, {.min = 0, .max = 10}, "The same for bits");
  f.integer("cycle_epochs", p.training.cycle_epochs, {.min = 1, .max = 1000000},
            "Epochs of a cosine cycle of both rates; the best networks stand at the ends of cycles");
  f.real("cost_start", p.training.cost_start, {.min = 1e-12, .max = 1}, "Loss (nats) that one unit of cost is worth at the beginning");
  f.real("cost_end", p.training.cost_end, {.min = 1e-12, .max = 1},
         "The same at the end: grows geometrically; higher reaches smaller networks");
  f.choice<nn::CostProxy>("cost", p.training.proxy,
                          {{"adder_bits", nn::CostProxy::adder_bits}, {"bit_operations", nn::CostProxy::bit_operations}},
                          "Hardware cost in the loss: bits of the adders, or effective bit operations");
  f.choice<nn::WeightBits>("weight_bits", p.training.granularity.weights,
                           {{"each", nn::WeightBits::each}, {"channel", nn::WeightBits::channel}, {"layer", nn::WeightBits::layer}},
                           "What has bits of its own: each weight, all weights of one output, or all of a layer");
  f.choice<nn::ActivationBits>("activation_bits", p.training.granularity.activations,
                               {{"each", nn::ActivationBits::each}, {"layer", nn::ActivationBits::layer}},
                               "The same for inputs and activations: each element, or all of a layer");
  f.integer("start_bits", p.start_bits, {.min = 2, .max = 12}, "Bits of weights and activations at the beginning");
  f.integer("points", p.points, {.min = 1, .max = 10000}, "Networks kept, evenly spread over the logarithm of the cost");
  f.integer("descent_rounds", p.descent_rounds, {.min = 0, .max = 1000},
            "Rounds of the finishing descent on the circuit's true cost, per network kept; 0 = none");
  f.flag("descent_shifts", p.descent_shifts, "The descent also moves digits of weights by a place; three times as long");
  f.integer("descent_rows", p.descent_rows, {.min = 100, .max = 100000000}, "Training rows that rank the descent's moves");
}

nn::PrecisionNet begin_learned(const nn::Mlp& trained, const data::Dataset& data, std::span<const std::uint32_t> rows,
                               const CalibrationParams& calibration, const LearnedParams& params) {
  nn::Mlp mlp = nn::fold_batch_norm(trained);
  for (nn::LayerLayout& layer : mlp.layers) layer.dropout = 0;
  CalibrationParams start = calibration;
  start.precision = {params.start_bits, params.start_bits};
  start.logits_bits = params.start_bits + 2;  // sums of the last layer spread wider than one activation
  return nn::make_precision_net(mlp, calibrate(mlp, data, rows, start), data, rows);
}

void LearnedFront::add(LearnedPoint point) {
  const auto as_good = [](const LearnedPoint& a, const LearnedPoint& b) { return a.accuracy >= b.accuracy && a.cost <= b.cost; };
  if (std::any_of(points_.begin(), points_.end(), [&](const LearnedPoint& known) { return as_good(known, point); })) return;
  std::erase_if(points_, [&](const LearnedPoint& known) { return as_good(point, known); });
  points_.push_back(std::move(point));
}

std::vector<LearnedPoint> LearnedFront::thinned(int count) const {
  if (points_.empty()) return {};
  const auto height = [](const LearnedPoint& point) { return std::log(std::max(point.cost, 1.0)); };
  const auto [low, high] =
      std::minmax_element(points_.begin(), points_.end(), [&](const auto& a, const auto& b) { return height(a) < height(b); });
  const double bottom = height(*low), span = std::max(height(*high) - bottom, 1e-9);
  std::vector<const LearnedPoint*> best(static_cast<std::size_t>(count));
  for (const LearnedPoint& point : points_) {
    const auto share = static_cast<int>((height(point) - bottom) / span * count);
    const LearnedPoint*& kept = best[static_cast<std::size_t>(std::clamp(share, 0, count - 1))];
    if (kept == nullptr || point.accuracy > kept->accuracy) kept = &point;
  }
  std::vector<LearnedPoint> points;
  for (auto point = best.rbegin(); point != best.rend(); ++point) {
    if (*point != nullptr) points.push_back(**point);
  }
  return points;
}

}  // namespace snac::compress
