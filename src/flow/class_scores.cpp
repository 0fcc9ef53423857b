#include "snac/flow/class_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "snac/fixed/interpreter.hpp"

namespace snac::flow {
namespace {

// Steps of a curve that a figure shows: in the true positive rate, and as a ratio in the false positive rate (logarithmic axes).
constexpr double kTruePositiveStep = 0.005, kFalsePositiveRatio = 1.1;

/// Log-odds of each class from the raw outputs of one row. Monotone in the probability, but never rounded to 1.
void log_odds(const fixed::FixedNet& net, std::span<const std::int64_t> raw, std::span<double> odds) {
  const bool probabilities = !net.nodes.empty() && std::holds_alternative<fixed::SoftmaxOp>(net.nodes.back().op);
  std::vector<double> value(raw.size());
  for (std::size_t k = 0; k < raw.size(); ++k) {
    value[k] = std::ldexp(static_cast<double>(raw[k]), -net.output().type(k).fraction_bits());
    if (probabilities) odds[k] = value[k];
  }
  if (probabilities) return;
  for (std::size_t k = 0; k < value.size(); ++k) {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (std::size_t j = 0; j < value.size(); ++j) {
      if (j != k) largest = std::max(largest, value[j]);
    }
    for (std::size_t j = 0; j < value.size(); ++j) {
      if (j != k) sum += std::exp(value[j] - largest);
    }
    odds[k] = value.size() == 1 ? value[k] : value[k] - largest - std::log(sum);
  }
}

}  // namespace

std::optional<RocCurve> roc_curve(std::span<const double> score, const std::vector<bool>& positive) {
  if (score.size() != positive.size()) throw std::invalid_argument("roc_curve: one score per row");
  const auto positives = static_cast<double>(std::count(positive.begin(), positive.end(), true));
  const double negatives = static_cast<double>(positive.size()) - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });

  RocCurve curve;
  curve.points.push_back({});
  RocPoint last;
  double true_positives = 0, false_positives = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    for (; end < order.size() && score[order[end]] == score[order[i]]; ++end)
      (positive[order[end]] ? true_positives : false_positives) += 1;
    i = end;
    const RocPoint point{false_positives / negatives, true_positives / positives};
    curve.area += (point.false_positive - last.false_positive) * (point.true_positive + last.true_positive) / 2;
    last = point;
    const RocPoint& shown = curve.points.back();
    if (point.true_positive - shown.true_positive >= kTruePositiveStep ||
        point.false_positive >= kFalsePositiveRatio * std::max(shown.false_positive, 1 / negatives) || i == order.size()) {
      curve.points.push_back(point);
    }
  }
  return curve;
}

ClassScores class_scores(const fixed::FixedNet& net, const data::Dataset& data) {
  const auto outputs = fixed::run(net, fixed::quantize_inputs(net, data.features));
  const auto given = fixed::classify(net, outputs);
  const std::size_t classes = std::max(net.num_classes(), static_cast<std::size_t>(data.num_classes));
  ClassScores scores;
  scores.rows = static_cast<std::int64_t>(data.size());
  scores.confusion.assign(classes, std::vector<std::int64_t>(classes, 0));
  std::int64_t right = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    ++scores.confusion[data.labels[i]][static_cast<std::size_t>(given[i])];
    right += given[i] == data.labels[i] ? 1 : 0;
  }
  scores.accuracy = static_cast<double>(right) / static_cast<double>(data.size());
  if (net.gives_index()) return scores;

  const std::size_t width = net.output().size();
  std::vector<double> odds(outputs.size());
  for (std::size_t i = 0; i < data.size(); ++i)
    log_odds(net, std::span(outputs).subspan(i * width, width), std::span(odds).subspan(i * width, width));
  std::vector<double> score(data.size());
  std::vector<bool> positive(data.size());
  for (std::size_t k = 0; k < width; ++k) {
    for (std::size_t i = 0; i < data.size(); ++i) {
      score[i] = odds[i * width + k];
      positive[i] = data.labels[i] == k;
    }
    scores.roc.push_back(roc_curve(score, positive));
  }
  return scores;
}

Json class_scores_json(const ClassScores& scores, const std::vector<std::string>& class_names) {
  const auto name = [&](std::size_t k) { return k < class_names.size() ? class_names[k] : "class " + std::to_string(k); };
  Json classes = Json::array(), roc = Json::array();
  for (std::size_t k = 0; k < scores.confusion.size(); ++k) classes.push_back(name(k));
  for (std::size_t k = 0; k < scores.roc.size(); ++k) {
    if (!scores.roc[k]) continue;
    Json points = Json::array();
    for (const RocPoint& point : scores.roc[k]->points) points.push_back({point.false_positive, point.true_positive});
    roc.push_back({{"class", name(k)}, {"area", scores.roc[k]->area}, {"points", std::move(points)}});
  }
  return {{"accuracy", scores.accuracy},
          {"rows", scores.rows},
          {"classes", std::move(classes)},
          {"confusion", scores.confusion},
          {"roc", std::move(roc)}};
}

}  // namespace snac::flow
