// How well the integers of a network tell classes apart: confusion matrix and one ROC curve per class.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/data/dataset.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::flow {

struct RocPoint {
  double false_positive = 0, true_positive = 0;  ///< rates, 0 to 1
  bool operator==(const RocPoint&) const = default;
};

/// One class against all others, by the log-odds of its probability.
struct RocCurve {
  double area = 0;               ///< under the curve of all rows: ties count half
  std::vector<RocPoint> points;  ///< from (0, 0) to (1, 1); thinned where steps are too small to see, never interpolated
};

/// `score` of each row, larger = more likely positive. Nothing if there are no positive or no negative rows.
/// @throws std::invalid_argument if sizes differ.
std::optional<RocCurve> roc_curve(std::span<const double> score, const std::vector<bool>& positive);

struct ClassScores {
  std::int64_t rows = 0;
  double accuracy = 0;
  std::vector<std::vector<std::int64_t>> confusion;  ///< [true class][class given], rows
  std::vector<std::optional<RocCurve>> roc;          ///< per class; none at all if the hardware gives an index, not scores
};

/// Runs the integers over all rows. Scores are the softmax of the logits, or the network's own probabilities.
ClassScores class_scores(const fixed::FixedNet& net, const data::Dataset& data);

/// As recorded: {"accuracy", "rows", "classes", "confusion", "roc": [{"class", "area", "points": [[fpr, tpr], ...]}]}.
Json class_scores_json(const ClassScores& scores, const std::vector<std::string>& class_names);

}  // namespace snac::flow
