#include "snac/flow/selection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
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

/// @throws ConfigError if the metric is unknown, or no candidate has it.
const Metric& measured_metric(std::span<const Values> candidates, const std::string& name, const std::string& where) {
  const Metric& metric = find_metric(name, where);
  const auto has = [&](const std::string& key) {
    return std::any_of(candidates.begin(), candidates.end(), [&](const Values& values) { return values.contains(key); });
  };
  if (candidates.empty() || has(name)) return metric;
  std::vector<std::string> measured;
  for (const auto& known : known_metrics()) {
    if (has(known.name)) measured.push_back(known.name);
  }
  throw ConfigError(
      "a metric was not measured here",
      {.where = where, .found = "'" + name + "'", .expected = fmt::format("one of {}", fmt::join(measured, ", ")), .hint = {}});
}

double best_of(std::span<const Values> candidates, const Metric& metric) {
  double best = metric.maximise ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  for (const auto& candidate : candidates) {
    const double value = value_of(candidate, metric.name);
    if (!std::isnan(value)) best = metric.maximise ? std::max(best, value) : std::min(best, value);
  }
  return best;
}

/// Distance of each member of the front from the chord between its ends, both axes scaled to [0, 1]; `cost` is minimised.
std::vector<double> knee_scores(const std::vector<std::size_t>& front, const std::function<double(std::size_t)>& accuracy,
                                const std::function<double(std::size_t)>& cost) {
  double low_cost = std::numeric_limits<double>::infinity(), high_cost = -low_cost, low_accuracy = low_cost, high_accuracy = -low_cost;
  for (const std::size_t i : front) {
    low_cost = std::min(low_cost, cost(i));
    high_cost = std::max(high_cost, cost(i));
    low_accuracy = std::min(low_accuracy, accuracy(i));
    high_accuracy = std::max(high_accuracy, accuracy(i));
  }
  std::vector<double> scores;
  for (const std::size_t i : front) {
    const double price = high_cost > low_cost ? (cost(i) - low_cost) / (high_cost - low_cost) : 0;
    const double gain = high_accuracy > low_accuracy ? (accuracy(i) - low_accuracy) / (high_accuracy - low_accuracy) : 0;
    scores.push_back(gain - price);
  }
  return scores;
}

/// "m3-w8a8-p2 (accuracy 0.6312, lut 4210)", for the first few of the chosen; nothing if they have no names.
std::string described(std::span<const Values> candidates, const std::vector<std::size_t>& chosen, const std::vector<std::string>& names,
                      const std::vector<std::string>& metrics) {
  constexpr std::size_t kFew = 3;
  if (names.empty()) return "";
  std::vector<std::string> texts;
  for (std::size_t k = 0; k < std::min(chosen.size(), kFew); ++k) {
    std::vector<std::string> figures;
    for (const auto& metric : metrics) {
      const double value = value_of(candidates[chosen[k]], metric);
      figures.push_back(metric + " " + (std::abs(value) >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value)));
    }
    texts.push_back(fmt::format("{} ({})", names[chosen[k]], fmt::join(figures, ", ")));
  }
  if (chosen.size() > kFew) texts.push_back(fmt::format("{} more", chosen.size() - kFew));
  return fmt::format(", {}", fmt::join(texts, ", "));
}

}  // namespace

std::vector<std::size_t> front_of(std::span<const Values> candidates, const std::vector<std::string>& metrics) {
  std::vector<Metric> axes;
  for (const auto& name : metrics) axes.push_back(measured_metric(candidates, name, "metrics"));
  std::vector<search::Objectives> points;
  for (const auto& candidate : candidates) {
    search::Objectives point;
    for (const auto& axis : axes) point.push_back((axis.maximise ? -1 : 1) * value_of(candidate, axis.name));
    points.push_back(std::move(point));
  }
  return search::pareto_front(points);
}

Selection select(std::span<const Values> candidates, const SelectionConfig& config, const std::string& what,
                 const std::vector<std::string>& names) {
  const bool larger_is_better = measured_metric(candidates, config.by, what + ".by").maximise;
  std::vector<Condition> conditions;
  for (const auto& text : config.where) {
    conditions.push_back(parse_condition(text, what + ".where"));
    measured_metric(candidates, conditions.back().metric, what + ".where");
  }
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
  const auto cost = [&](std::size_t i) { return (larger_is_better ? -1 : 1) * value_of(candidates[i], config.by); };
  const auto better = [&](std::size_t a, std::size_t b) {
    if (config.rule == SelectionRule::cheapest) return cost(a) != cost(b) ? cost(a) < cost(b) : accuracy(a) > accuracy(b);
    return accuracy(a) != accuracy(b) ? accuracy(a) > accuracy(b) : cost(a) < cost(b);
  };
  if (config.rule == SelectionRule::knee) {
    const auto scores = knee_scores(order, accuracy, cost);
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

  const std::string rule = config.rule == SelectionRule::best       ? "the highest accuracy"
                           : config.rule == SelectionRule::cheapest ? (larger_is_better ? "the largest " : "the smallest ") + config.by
                                                                    : "the knee of accuracy against " + config.by;
  std::string where;
  for (const auto& text : config.where) where += (where.empty() ? " with " : " and ") + text;
  std::vector<std::string> figures{"accuracy"};
  if (config.by != "accuracy") figures.push_back(config.by);
  for (const auto& condition : conditions) {
    if (std::find(figures.begin(), figures.end(), condition.metric) == figures.end()) figures.push_back(condition.metric);
  }
  return {order, fmt::format("{} of {} candidates chosen{}: {}{} ({} satisfy the conditions, {} of them on the front of accuracy and {})",
                             order.size(), candidates.size(), described(candidates, order, names, figures), rule, where, feasible.size(),
                             on_front, config.by)};
}

}  // namespace snac::flow
