#include "snac/flow/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "snac/core/error.hpp"
#include "snac/search/pareto.hpp"

namespace snac::flow {
namespace {

double value_of(const Values& values, const std::string& metric) {
  const auto found = values.find(metric);
  return found == values.end() ? std::nan("") : found->second;
}

double best_of(std::span<const Values> candidates, const Metric& metric) {
  double best = metric.maximise ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  for (const auto& candidate : candidates) {
    const double value = value_of(candidate, metric.name);
    if (!std::isnan(value)) best = metric.maximise ? std::max(best, value) : std::min(best, value);
  }
  return best;
}

/// Distance of each point below the chord between the ends of the front, both axes scaled to [0, 1].
std::vector<double> knee_scores(std::span<const Values> candidates, const std::vector<std::size_t>& front, const std::string& by) {
  double low_cost = std::numeric_limits<double>::infinity(), high_cost = -low_cost, low_accuracy = low_cost, high_accuracy = -low_cost;
  for (const std::size_t i : front) {
    low_cost = std::min(low_cost, value_of(candidates[i], by));
    high_cost = std::max(high_cost, value_of(candidates[i], by));
    low_accuracy = std::min(low_accuracy, value_of(candidates[i], "accuracy"));
    high_accuracy = std::max(high_accuracy, value_of(candidates[i], "accuracy"));
  }
  std::vector<double> scores;
  for (const std::size_t i : front) {
    const double cost = high_cost > low_cost ? (value_of(candidates[i], by) - low_cost) / (high_cost - low_cost) : 0;
    const double gain =
        high_accuracy > low_accuracy ? (value_of(candidates[i], "accuracy") - low_accuracy) / (high_accuracy - low_accuracy) : 0;
    scores.push_back(gain - cost);
  }
  return scores;
}

}  // namespace

std::vector<std::size_t> front_of(std::span<const Values> candidates, const std::vector<std::string>& metrics) {
  std::vector<search::Objectives> points;
  for (const auto& candidate : candidates) {
    search::Objectives point;
    for (const auto& name : metrics)
      point.push_back(find_metric(name, "metrics").maximise ? -value_of(candidate, name) : value_of(candidate, name));
    points.push_back(std::move(point));
  }
  return search::pareto_front(points);
}

Selection select(std::span<const Values> candidates, const SelectionConfig& config, const std::string& what) {
  std::vector<Condition> conditions;
  for (const auto& text : config.where) conditions.push_back(parse_condition(text, what + ".where"));
  std::vector<std::size_t> feasible;
  std::vector<std::size_t> satisfied(conditions.size(), 0);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    bool all = true;
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      const double best = best_of(candidates, find_metric(conditions[c].metric, what));
      const bool good = violation(conditions[c], value_of(candidates[i], conditions[c].metric), best) == 0;
      satisfied[c] += good ? 1 : 0;
      all = all && good;
    }
    if (all) feasible.push_back(i);
  }
  if (feasible.empty()) {
    std::string found = fmt::format("{} candidates", candidates.size());
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      found += fmt::format("; '{}' holds for {}, best {}: {:.6g}", config.where[c], satisfied[c], conditions[c].metric,
                           best_of(candidates, find_metric(conditions[c].metric, what)));
    }
    throw Error(ExitCode::no_result, "no candidate satisfies the conditions",
                {.where = what + ".where",
                 .found = found,
                 .expected = "at least one",
                 .hint = "relax a condition, search longer or widen the space"});
  }

  std::vector<Values> kept;
  for (const std::size_t i : feasible) kept.push_back(candidates[i]);
  std::vector<std::size_t> order;
  for (const std::size_t k : front_of(kept, {"accuracy", config.by})) order.push_back(feasible[k]);
  const auto accuracy = [&](std::size_t i) { return value_of(candidates[i], "accuracy"); };
  const auto cost = [&](std::size_t i) { return value_of(candidates[i], config.by); };
  const auto better = [&](std::size_t a, std::size_t b) {
    if (config.rule == SelectionRule::cheapest) return cost(a) != cost(b) ? cost(a) < cost(b) : accuracy(a) > accuracy(b);
    return accuracy(a) != accuracy(b) ? accuracy(a) > accuracy(b) : cost(a) < cost(b);
  };
  if (config.rule == SelectionRule::knee) {
    const auto scores = knee_scores(candidates, order, config.by);
    std::vector<std::size_t> positions(order.size());
    std::iota(positions.begin(), positions.end(), 0);
    std::stable_sort(positions.begin(), positions.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    std::vector<std::size_t> sorted;
    for (const std::size_t p : positions) sorted.push_back(order[p]);
    order = std::move(sorted);
  } else {
    std::stable_sort(order.begin(), order.end(), better);
  }
  const std::size_t on_front = order.size();
  const auto wanted = static_cast<std::size_t>(config.count);
  if (order.size() < wanted) {
    std::vector<std::size_t> rest;
    for (const std::size_t i : feasible) {
      if (std::find(order.begin(), order.end(), i) == order.end()) rest.push_back(i);
    }
    std::stable_sort(rest.begin(), rest.end(), better);
    order.insert(order.end(), rest.begin(), rest.end());
  }
  if (order.size() > wanted) order.resize(wanted);

  const char* rule = config.rule == SelectionRule::best       ? "the highest accuracy"
                     : config.rule == SelectionRule::cheapest ? "the smallest"
                                                              : "the knee of accuracy against";
  std::string where;
  for (const auto& text : config.where) where += (where.empty() ? " with " : " and ") + text;
  Selection selection{
      order, fmt::format("{} of {} candidates chosen: {}{}{} ({} satisfy the conditions, {} of them on the front of accuracy and {})",
                         order.size(), candidates.size(), rule, config.rule == SelectionRule::best ? "" : " " + config.by, where,
                         feasible.size(), on_front, config.by)};
  return selection;
}

}  // namespace snac::flow
