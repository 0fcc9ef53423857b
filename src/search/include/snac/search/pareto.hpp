// Dominance, fronts, crowding distance and hypervolume. All objectives are minimised.
// Points of one call have the same number of objectives; another number throws std::invalid_argument.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace snac::search {

using Objectives = std::vector<double>;

/// a dominates b: nowhere worse, somewhere better. NaN never dominates and is never dominated.
bool dominates(std::span<const double> a, std::span<const double> b);

/// Constrained domination (Deb et al. 2002, section VI): feasible beats infeasible, less violation beats more,
/// else dominance. violation >= 0, 0 = feasible. A point with NaN anywhere neither dominates nor is dominated.
bool constrained_dominates(std::span<const double> a, double violation_a, std::span<const double> b, double violation_b);

/// Indices sorted into fronts, ascending within each; front 0 is not dominated. `violations` may be empty (all feasible).
std::vector<std::vector<std::size_t>> non_dominated_sort(std::span<const Objectives> points, std::span<const double> violations = {});

/// Indices of the non-dominated points in ascending order; of equal points the first is kept. Points with NaN are left out.
std::vector<std::size_t> pareto_front(std::span<const Objectives> points);

/// Crowding distance of each member of a front (infinite at the ends), in the order of `front`. Of members with equal
/// values the earlier stands first. An objective without spread, or whose spread is not finite, adds nothing.
std::vector<double> crowding_distance(std::span<const Objectives> points, std::span<const std::size_t> front);

/// Volume dominated by the points and bounded by `reference` (WFG recursion; exact; any number of objectives).
/// Points that do not lie below the reference in every objective, or hold NaN, contribute nothing.
/// The cost grows exponentially with the number of objectives in the worst case.
double hypervolume(std::span<const Objectives> points, std::span<const double> reference);

}  // namespace snac::search
