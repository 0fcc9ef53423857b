// The figures a network is judged by: names, units and which way is better. One table for objectives, constraints,
// selection rules and reports.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace snac::flow {

struct Metric {
  std::string name;
  bool maximise = false;
  std::string unit;
  std::string help;
};

const std::vector<Metric>& known_metrics();
/// @throws ConfigError with the nearest name; `where` is the configuration key.
const Metric& find_metric(const std::string& name, const std::string& where);

/// Figures by metric name.
using Values = std::map<std::string, double>;

/// Mean, and sample standard deviation (0 for fewer than two), of one figure over folds.
double mean_of(std::span<const double> values);
double deviation_of(std::span<const double> values);

/// "accuracy >= 0.638", "lut <= 100000", "accuracy >= best - 0.01" (best among the candidates at hand).
struct Condition {
  std::string metric;
  bool at_least = false;
  bool relative_to_best = false;
  double limit = 0;  ///< absolute, or the signed offset from the best
};
/// @throws ConfigError showing the form.
Condition parse_condition(const std::string& text, const std::string& where);
/// By how much a value misses the limit, relative to the limit; 0 = satisfied. `best` is used by relative conditions.
double violation(const Condition& condition, double value, double best);
/// The conditions of search.constraints, each "lut: <= 20000", in order. @throws ConfigError as parse_condition
std::vector<Condition> parse_constraints(const std::vector<std::pair<std::string, std::string>>& constraints);
/// The violations of such conditions, in order; none may be relative to the best.
std::vector<double> violations(const std::vector<Condition>& constraints, const Values& values);

}  // namespace snac::flow
