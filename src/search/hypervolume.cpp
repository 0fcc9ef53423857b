// Exact hypervolume by exclusive volumes (While, Bradstreet, Barone 2012, doi:10.1109/TEVC.2010.2077298), with the last
// objective sliced off at every level and a sweep at the bottom.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "snac/search/pareto.hpp"

namespace snac::search {
namespace {

/// N points of M objectives, row by row.
class PointSet {
 public:
  explicit PointSet(std::size_t num_objectives) : num_objectives_(num_objectives) {}
  std::size_t size() const { return values_.size() / num_objectives_; }
  std::span<const double> operator[](std::size_t i) const { return {values_.data() + i * num_objectives_, num_objectives_}; }
  std::size_t num_objectives() const { return num_objectives_; }

  /// Adds a point unless the set covers it already; drops the points that it covers. So the set stays mutually non-dominated.
  void add(std::span<const double> point) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (covers((*this)[i], point)) return;  // then it covers no other member either: nothing was moved yet
      if (covers(point, (*this)[i])) continue;
      if (kept != i) std::copy_n(values_.begin() + offset(i), num_objectives_, values_.begin() + offset(kept));
      ++kept;
    }
    values_.resize(kept * num_objectives_);
    values_.insert(values_.end(), point.begin(), point.end());
  }

 private:
  static bool covers(std::span<const double> a, std::span<const double> b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] > b[i]) return false;
    }
    return true;
  }
  std::ptrdiff_t offset(std::size_t i) const { return static_cast<std::ptrdiff_t>(i * num_objectives_); }
  std::size_t num_objectives_;
  std::vector<double> values_;
};

double box(std::span<const double> point, std::span<const double> reference) {
  double volume = 1;
  for (std::size_t i = 0; i < reference.size(); ++i) volume *= reference[i] - point[i];
  return volume;
}

std::vector<std::size_t> order_by(const PointSet& points, std::size_t objective, bool descending) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double x = points[a][objective], y = points[b][objective];
    return x != y ? (x < y) != descending : a < b;
  });
  return order;
}

double area(const PointSet& points, std::span<const double> reference) {
  double sum = 0, ceiling = reference[1];
  for (const std::size_t i : order_by(points, 0, false)) {  // mutually non-dominated: the second objective falls
    sum += (reference[0] - points[i][0]) * (ceiling - points[i][1]);
    ceiling = points[i][1];
  }
  return sum;
}

/// Volume of mutually non-dominated points that lie below the reference in every objective.
double volume(const PointSet& points, std::span<const double> reference) {
  const std::size_t m = points.num_objectives();
  if (points.size() == 0) return 0;
  if (points.size() == 1) return box(points[0], reference);
  if (m == 1) return reference[0] - points[0][0];
  if (m == 2) return area(points, reference);
  // From the worst in the last objective to the best: all later points reach at least as deep, so what a point adds is a
  // slab of its own depth in the last objective over what it adds in the others.
  const std::vector<std::size_t> order = order_by(points, m - 1, true);
  const std::span<const double> base = reference.first(m - 1);
  std::vector<double> limited(m - 1);
  double sum = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::span<const double> point = points[order[k]];
    PointSet later(m - 1);
    for (std::size_t j = k + 1; j < order.size(); ++j) {
      for (std::size_t i = 0; i + 1 < m; ++i) limited[i] = std::max(point[i], points[order[j]][i]);
      later.add(limited);
    }
    sum += (reference[m - 1] - point[m - 1]) * (box(point.first(m - 1), base) - volume(later, base));
  }
  return sum;
}

}  // namespace

double hypervolume(std::span<const Objectives> points, std::span<const double> reference) {
  if (reference.empty()) throw std::invalid_argument("hypervolume: the reference point has no objectives");
  if (std::any_of(reference.begin(), reference.end(), [](double r) { return std::isnan(r); })) {
    throw std::invalid_argument("hypervolume: the reference point holds NaN");
  }
  PointSet inside(reference.size());
  bool infinite = false;
  for (const auto& point : points) {
    if (point.size() != reference.size()) {
      throw std::invalid_argument("hypervolume: a point has " + std::to_string(point.size()) + " objectives, the reference " +
                                  std::to_string(reference.size()));
    }
    bool below = true;
    for (std::size_t i = 0; i < point.size(); ++i) below = below && point[i] < reference[i];
    if (!below) continue;
    infinite = infinite || std::isinf(box(point, reference));
    inside.add(point);
  }
  return infinite ? std::numeric_limits<double>::infinity() : volume(inside, reference);
}

}  // namespace snac::search
