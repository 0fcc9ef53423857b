#include "snac/flow/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "snac/core/error.hpp"

namespace snac::flow {

const std::vector<Metric>& known_metrics() {
  static const std::vector<Metric> metrics{
      {"accuracy", true, "", "share of validation rows classified rightly (mean over folds)"},
      {"loss", false, "", "validation cross-entropy (mean over folds)"},
      {"macs", false, "", "multiply-accumulates per inference"},
      {"parameters", false, "", "trainable values"},
      {"bops", false, "", "bit operations at the target precision and sparsity (NAC formula for linear layers)"},
      {"bops_nac_mlp", false, "", "bit operations at 32 bits (nac-opt, MLP search)"},
      {"bops_nac_block", false, "", "bit operations at 32 bits (nac-opt, block search)"},
      {"bops_nac_effective", false, "", "bops_nac_mlp scaled to the target's weights and sparsity (nac-opt, local search)"},
      {"ebops", false, "", "effective bit operations of the integers (HGQ; compressed models)"},
      {"lut", false, "", "look-up tables"},
      {"ff", false, "", "flip-flops"},
      {"dsp", false, "", "DSP slices"},
      {"bram18", false, "", "18-kbit block RAMs"},
      {"average_resource", false, "%", "mean of LUT, FF, DSP and BRAM in percent of the device"},
      {"clock_cycles", false, "cycles", "latency"},
      {"latency_ns", false, "ns", "latency at the target clock"},
      {"sparsity", true, "", "share of zero weights (compressed models)"},
      {"rule4ml_lut", false, "", "look-up tables of an HLS flow by rule4ml (target.rule4ml)"},
      {"rule4ml_ff", false, "", "flip-flops by rule4ml"},
      {"rule4ml_dsp", false, "", "DSP slices by rule4ml"},
      {"rule4ml_bram18", false, "", "18-kbit block RAMs by rule4ml"},
      {"rule4ml_average_resource", false, "%", "mean of the four in percent of its board: the papers' objective"},
      {"rule4ml_clock_cycles", false, "cycles", "latency by rule4ml"},
  };
  return metrics;
}

const Metric& find_metric(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& metric : known_metrics()) {
    if (metric.name == name) return metric;
    names.push_back(metric.name);
  }
  throw ConfigError("unknown metric",
                    {.where = where, .found = "'" + name + "'", .expected = "the name of a metric", .hint = suggest(name, names)});
}

double mean_of(std::span<const double> values) {
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  return mean;
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Condition parse_condition(const std::string& text, const std::string& where) {
  const auto malformed = [&](const std::string& found) {
    return ConfigError("a condition is malformed",
                       {.where = where,
                        .found = "'" + found + "'",
                        .expected = "'<metric> <= <number>', '>=' or relative to the best, for instance 'accuracy >= best - 0.01'",
                        .hint = {}});
  };
  const std::size_t op = text.find_first_of("<>=");
  if (op == std::string::npos || op + 1 >= text.size() || text[op] == '=' || text[op + 1] != '=') throw malformed(text);
  Condition condition;
  condition.at_least = text[op] == '>';
  condition.metric = text.substr(0, op);
  condition.metric.erase(condition.metric.find_last_not_of(' ') + 1);
  condition.metric.erase(0, condition.metric.find_first_not_of(' '));
  find_metric(condition.metric, where);
  std::string limit;
  for (const char c : text.substr(op + 2)) {
    if (c != ' ' && c != '_' && c != ',') limit += c;
  }
  std::string_view number = limit;
  if (number.starts_with("best")) {
    condition.relative_to_best = true;
    number.remove_prefix(4);
    if (number.empty()) return condition;
    if (number.front() != '+' && number.front() != '-') throw malformed(text);
  }
  if (number.starts_with('+')) number.remove_prefix(1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), condition.limit);
  if (error != std::errc() || end != number.data() + number.size() || !std::isfinite(condition.limit)) throw malformed(text);
  return condition;
}

double violation(const Condition& condition, double value, double best) {
  const double limit = condition.relative_to_best ? best + condition.limit : condition.limit;
  const double excess = condition.at_least ? limit - value : value - limit;
  if (!(excess > 0)) return std::isnan(value) ? 1 : 0;
  return excess / std::max(std::abs(limit), 1e-12);
}

std::vector<Condition> parse_constraints(const std::vector<std::pair<std::string, std::string>>& constraints) {
  std::vector<Condition> conditions;
  for (const auto& [name, text] : constraints) conditions.push_back(parse_condition(name + " " + text, "search.constraints"));
  return conditions;
}

std::vector<double> violations(const std::vector<Condition>& constraints, const Values& values) {
  std::vector<double> missed;
  for (const Condition& constraint : constraints) missed.push_back(violation(constraint, values.at(constraint.metric), 0));
  return missed;
}

}  // namespace snac::flow
