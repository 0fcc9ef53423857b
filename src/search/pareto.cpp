#include "snac/search/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace snac::search {
namespace {

void require_same_size(std::size_t a, std::size_t b) {
  if (a != b) {
    throw std::invalid_argument("points of " + std::to_string(a) + " and " + std::to_string(b) + " objectives cannot be compared");
  }
}

void require_same_size(std::span<const Objectives> points) {
  for (const auto& point : points) require_same_size(points[0].size(), point.size());
}

bool has_nan(std::span<const double> values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

/// Nowhere worse; false if NaN is met.
bool weakly_dominates(std::span<const double> a, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] <= b[i])) return false;
  }
  return true;
}

/// A total order in which no point stands behind one that it dominates: violation first, then lexicographic, then index.
std::vector<std::size_t> domination_order(std::span<const Objectives> points, std::span<const double> violations,
                                          std::vector<std::size_t> indices) {
  std::sort(indices.begin(), indices.end(), [&](std::size_t a, std::size_t b) {
    if (!violations.empty() && violations[a] != violations[b]) return violations[a] < violations[b];
    if (points[a] != points[b]) return points[a] < points[b];
    return a < b;
  });
  return indices;
}

}  // namespace

bool dominates(std::span<const double> a, std::span<const double> b) {
  require_same_size(a.size(), b.size());
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] <= b[i])) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

bool constrained_dominates(std::span<const double> a, double violation_a, std::span<const double> b, double violation_b) {
  require_same_size(a.size(), b.size());
  if (std::isnan(violation_a) || std::isnan(violation_b) || has_nan(a) || has_nan(b)) return false;
  if (violation_a != violation_b) return violation_a < violation_b;
  return violation_a > 0 ? false : dominates(a, b);
}

// Efficient non-dominated sort (Zhang et al. 2015, doi:10.1109/TEVC.2014.2308305): in domination order a point can only
// be dominated by points already placed, and if a front holds a dominator so does every front before it. So the first
// front without one is found by bisection, in O(N) memory where the classic sort needs O(N^2).
std::vector<std::vector<std::size_t>> non_dominated_sort(std::span<const Objectives> points, std::span<const double> violations) {
  if (!violations.empty()) require_same_size(points.size(), violations.size());
  require_same_size(points);
  std::vector<std::vector<std::size_t>> fronts;
  if (points.empty()) return fronts;

  std::vector<std::size_t> comparable, incomparable;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool nan = has_nan(points[i]) || (!violations.empty() && std::isnan(violations[i]));
    (nan ? incomparable : comparable).push_back(i);
  }
  const auto violation = [&](std::size_t i) { return violations.empty() ? 0.0 : violations[i]; };
  for (const std::size_t index : domination_order(points, violations, std::move(comparable))) {
    const auto holds_dominator = [&](const std::vector<std::size_t>& front) {
      return std::any_of(front.rbegin(), front.rend(), [&](std::size_t other) {
        return constrained_dominates(points[other], violation(other), points[index], violation(index));
      });
    };
    const auto place = std::partition_point(fronts.begin(), fronts.end(), holds_dominator);
    if (place == fronts.end())
      fronts.push_back({index});
    else
      place->push_back(index);
  }
  if (!incomparable.empty()) {
    if (fronts.empty()) fronts.emplace_back();
    fronts[0].insert(fronts[0].end(), incomparable.begin(), incomparable.end());
  }
  for (auto& front : fronts) std::sort(front.begin(), front.end());
  return fronts;
}

std::vector<std::size_t> pareto_front(std::span<const Objectives> points) {
  require_same_size(points);
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!has_nan(points[i])) candidates.push_back(i);
  }
  std::vector<std::size_t> front;
  for (const std::size_t index : domination_order(points, {}, std::move(candidates))) {
    const bool beaten =
        std::any_of(front.rbegin(), front.rend(), [&](std::size_t kept) { return weakly_dominates(points[kept], points[index]); });
    if (!beaten) front.push_back(index);
  }
  std::sort(front.begin(), front.end());
  return front;
}

std::vector<double> crowding_distance(std::span<const Objectives> points, std::span<const std::size_t> front) {
  for (const std::size_t member : front) {
    if (member >= points.size()) throw std::invalid_argument("crowding_distance: a front names a point that does not exist");
    require_same_size(points[front[0]].size(), points[member].size());
  }
  std::vector<double> distance(front.size(), 0.0);
  if (front.empty()) return distance;

  std::vector<std::size_t> order(front.size());
  for (std::size_t objective = 0; objective < points[front[0]].size(); ++objective) {
    const auto value = [&](std::size_t member) { return points[front[member]][objective]; };
    std::iota(order.begin(), order.end(), std::size_t{0});
    // NaN compares equal to everything, which is no order: it goes last.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::isnan(value(a)) || std::isnan(value(b)) ? !std::isnan(value(a)) && std::isnan(value(b)) : value(a) < value(b);
    });
    const double spread = value(order.back()) - value(order.front());
    if (!(spread > 0) || !std::isfinite(spread)) continue;
    distance[order.front()] = distance[order.back()] = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i + 1 < order.size(); ++i) distance[order[i]] += (value(order[i + 1]) - value(order[i - 1])) / spread;
  }
  return distance;
}

}  // namespace snac::search
