#include "snac/cost/hls_surrogate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "hls_features.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/rng.hpp"

namespace snac::cost {
namespace {

constexpr std::array<double, 3> kRidges{20, 60, 200};  // as if so many more rows showed no effect of the conditions
constexpr std::size_t kMostSingles = 20, kGroups = 10;
const std::string kCounts = "counts";
constexpr double kNineOfTen = 1.645;  // standard deviations to either side
constexpr double kMaxLog = 60;        // ln of any figure that is still a number of this world

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// A layer may have lost all its weights.
double log_of_base(double base) { return std::log(std::max(base, 0.5)); }

/// One row of a fit.
struct Sample {
  double truth = 0;
  HlsValues bases, conditions;
  std::size_t group = 0;  ///< left out together
};

/// What is chosen by the error on networks left out.
struct Choice {
  std::vector<std::size_t> counts;  ///< one, or several whose sum is fitted
  std::size_t set = 0;
  double ridge = kRidges.front();
};

struct Fitted {
  Choice choice;
  std::vector<double> coefficients;  ///< of the counts
  double intercept = 0;
  std::vector<std::size_t> conditions;
  std::vector<double> mean, sd, weight;
};

double counted(const std::vector<std::size_t>& counts, const std::vector<double>& coefficients, const HlsValues& values) {
  double sum = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) sum += coefficients[k] * *values[counts[k]];
  return sum;
}

double predict(const Fitted& model, const HlsValues& bases, const HlsValues& conditions) {
  double log = log_of_base(counted(model.choice.counts, model.coefficients, bases)) + model.intercept;
  for (std::size_t k = 0; k < model.conditions.size(); ++k)
    log += model.weight[k] * (*conditions[model.conditions[k]] - model.mean[k]) / model.sd[k];
  return std::max(0.0, std::expm1(std::min(log, kMaxLog)));
}

/// Solves the symmetric positive definite system in place (Cholesky).
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    a[j][j] = std::sqrt(a[j][j]);
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

/// Coefficients of least squared relative error, none negative: Gram matrix and coordinate descent (the problem is convex).
std::vector<double> fit_counts(const std::vector<const Sample*>& rows, const std::vector<std::size_t>& counts) {
  const std::size_t size = counts.size();
  if (size == 1) return {1.0};
  constexpr int kSweeps = 300;
  constexpr double kNegligible = 1e-6;
  std::vector<double> gram(size * size), right(size), x(size), scaled(size);
  for (const Sample* row : rows) {
    const double unit = std::max(row->truth, 1.0);
    for (std::size_t k = 0; k < size; ++k) scaled[k] = *row->bases[counts[k]] / unit;
    for (std::size_t i = 0; i < size; ++i) {
      right[i] += scaled[i] * row->truth / unit;
      for (std::size_t k = 0; k < size; ++k) gram[i * size + k] += scaled[i] * scaled[k];
    }
  }
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t i = 0; i < size; ++i) {
      double slope = right[i];
      for (std::size_t k = 0; k < size; ++k) slope -= gram[i * size + k] * x[k];
      if (gram[i * size + i] > 0) x[i] = std::max(0.0, x[i] + slope / gram[i * size + i]);
    }
  }
  double total = 0;
  for (std::size_t i = 0; i < size; ++i) total += scaled[i] = x[i] * std::sqrt(gram[i * size + i]);
  for (std::size_t i = 0; i < size; ++i) {
    if (scaled[i] < kNegligible * total) x[i] = 0;
  }
  return x;
}

/// Fits choices to the same rows; what several choices share is computed once.
class Fits {
 public:
  /// @param rows not empty; all state what the choices need
  /// @param usable conditions that all rows state
  Fits(std::vector<const Sample*> rows, const std::vector<std::size_t>& usable) : rows_(std::move(rows)), usable_(usable) {}

  Fitted fit(const Choice& choice) {
    const Counts& counts = counts_of(choice.counts);
    const Conditions& conditions = conditions_of(choice.set);
    const std::size_t size = conditions.indices.size();
    std::vector<std::vector<double>> gram = conditions.gram;
    std::vector<double> right(size);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::size_t k = 0; k < size; ++k) right[k] += conditions.z[r * size + k] * counts.residuals[r];
    }
    for (std::size_t k = 0; k < size; ++k) gram[k][k] += choice.ridge;
    return {choice,
            counts.coefficients,
            counts.intercept,
            conditions.indices,
            conditions.mean,
            conditions.sd,
            solve(std::move(gram), std::move(right))};
  }

 private:
  struct Counts {
    std::vector<double> coefficients;
    double intercept = 0;
    std::vector<double> residuals;  ///< by row
  };
  struct Conditions {
    std::vector<std::size_t> indices;  ///< those that vary
    std::vector<double> mean, sd;
    std::vector<double> z;                  ///< (rows, conditions), standardised
    std::vector<std::vector<double>> gram;  ///< lower triangle
  };

  const Counts& counts_of(const std::vector<std::size_t>& counts) {
    const auto [at, fresh] = counts_.try_emplace(counts);
    Counts& result = at->second;
    if (!fresh) return result;
    result.coefficients = fit_counts(rows_, counts);
    for (const Sample* row : rows_) {
      result.residuals.push_back(std::log1p(row->truth) - log_of_base(counted(counts, result.coefficients, row->bases)));
      result.intercept += result.residuals.back() / static_cast<double>(rows_.size());
    }
    for (double& residual : result.residuals) residual -= result.intercept;
    return result;
  }

  const Conditions& conditions_of(std::size_t set) {
    const auto [at, fresh] = conditions_.try_emplace(set);
    Conditions& result = at->second;
    if (!fresh) return result;
    const double n = static_cast<double>(rows_.size());
    for (const std::size_t condition : hls_condition_sets()[set]) {
      if (std::find(usable_.begin(), usable_.end(), condition) == usable_.end()) continue;
      double mean = 0, variance = 0;
      for (const Sample* row : rows_) mean += *row->conditions[condition] / n;
      for (const Sample* row : rows_) variance += (*row->conditions[condition] - mean) * (*row->conditions[condition] - mean) / n;
      if (!(variance > 1e-12)) continue;  // the same in all rows: nothing to learn
      result.indices.push_back(condition);
      result.mean.push_back(mean);
      result.sd.push_back(std::sqrt(variance));
    }
    const std::size_t size = result.indices.size();
    result.gram.assign(size, std::vector<double>(size));
    for (const Sample* row : rows_) {
      for (std::size_t k = 0; k < size; ++k) result.z.push_back((*row->conditions[result.indices[k]] - result.mean[k]) / result.sd[k]);
      const double* z = result.z.data() + result.z.size() - size;
      for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t k = 0; k <= i; ++k) result.gram[i][k] += z[i] * z[k];
      }
    }
    return result;
  }

  std::vector<const Sample*> rows_;
  const std::vector<std::size_t>& usable_;
  std::map<std::vector<std::size_t>, Counts> counts_;
  std::map<std::size_t, Conditions> conditions_;
};

double smape_term(double truth, double predicted) { return std::abs(truth - predicted) / (truth + predicted + 1); }

/// Fits with each choice, leaving out the groups in turn. @returns the choice with the least SMAPE; the first of equals.
Choice choose(const std::vector<const Sample*>& rows, const std::vector<Choice>& choices, const std::vector<std::size_t>& usable) {
  std::set<std::size_t> groups;
  for (const Sample* row : rows) groups.insert(row->group);
  if (groups.size() < 2) return choices.front();
  std::vector<double> error(choices.size());
  for (const std::size_t group : groups) {
    throw_if_interrupted();
    std::vector<const Sample*> kept, left_out;
    for (const Sample* row : rows) (row->group == group ? left_out : kept).push_back(row);
    Fits fits(std::move(kept), usable);
    for (std::size_t c = 0; c < choices.size(); ++c) {
      const Fitted model = fits.fit(choices[c]);
      for (const Sample* row : left_out) error[c] += smape_term(row->truth, predict(model, row->bases, row->conditions));
    }
  }
  return choices[static_cast<std::size_t>(std::min_element(error.begin(), error.end()) - error.begin())];
}

/// The coefficient of least squared relative error: y = c * base, or the geometric mean if the base is "one".
double baseline_coefficient(const std::vector<const Sample*>& rows, std::size_t base) {
  if (hls_base_names()[base] == "one") {
    double sum = 0;
    for (const Sample* row : rows) sum += std::log1p(row->truth) / static_cast<double>(rows.size());
    return std::expm1(sum);
  }
  double linear = 0, square = 0;
  for (const Sample* row : rows) {
    const double ratio = *row->bases[base] / std::max(row->truth, 1.0);
    linear += ratio * std::min(row->truth, 1.0);
    square += ratio * ratio;
  }
  return square > 0 ? linear / square : 0;
}

/// Indices that every row states.
std::vector<std::size_t> stated(const std::vector<Sample>& rows, HlsValues Sample::*values) {
  std::vector<std::size_t> indices;
  for (std::size_t k = 0; k < (rows.front().*values).size(); ++k) {
    if (std::all_of(rows.begin(), rows.end(), [&](const Sample& row) { return (row.*values)[k].has_value(); })) indices.push_back(k);
  }
  return indices;
}

/// The figures, rows numbered by the group that they are left out with.
std::vector<Sample> rows_of(const std::vector<const HlsSample*>& samples, HlsTarget target, std::size_t& networks) {
  std::set<std::string> names;
  std::vector<const HlsSample*> with_truth;
  for (const HlsSample* sample : samples) {
    if (!sample->truth[static_cast<std::size_t>(target)]) continue;
    with_truth.push_back(sample);
    names.insert(sample->network);
  }
  networks = names.size();
  // Few networks are left out one by one, many in groups: dealt out in an order that has nothing to do with their names.
  std::vector<std::string> order(names.begin(), names.end());
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(derive_seed(0, a), std::string_view(a)) < std::pair(derive_seed(0, b), std::string_view(b));
  });
  std::map<std::string, std::size_t> group_of;
  for (std::size_t k = 0; k < order.size(); ++k) group_of[order[k]] = order.size() > kMostSingles ? k % kGroups : k;
  std::vector<Sample> rows;
  for (const HlsSample* sample : with_truth) {
    Sample row{*sample->truth[static_cast<std::size_t>(target)], hls_bases(sample->design), hls_conditions(sample->design), 0};
    row.group = group_of.at(sample->network);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<const Sample*> pointers(const std::vector<Sample>& rows) {
  std::vector<const Sample*> result;
  for (const Sample& row : rows) result.push_back(&row);
  return result;
}

std::vector<Choice> choices_for(const std::vector<std::size_t>& bases, const std::vector<std::size_t>& usable) {
  std::vector<std::vector<std::size_t>> counts;
  for (const std::size_t base : bases) counts.push_back({base});
  counts.push_back(bases);
  std::vector<Choice> choices;
  for (const auto& each : counts) {
    std::size_t previous = std::numeric_limits<std::size_t>::max();
    for (std::size_t set = 0; set < hls_condition_sets().size(); ++set) {
      const auto& members = hls_condition_sets()[set];
      const auto known = static_cast<std::size_t>(std::count_if(
          members.begin(), members.end(), [&](std::size_t m) { return std::find(usable.begin(), usable.end(), m) != usable.end(); }));
      if (known == previous) continue;  // nothing new that the reports state
      previous = known;
      for (const double ridge : kRidges) {
        choices.push_back({each, set, ridge});
        if (known == 0) break;
      }
    }
  }
  return choices;
}

HlsTargetModel fit_target(HlsTarget target, const std::vector<Sample>& rows, std::size_t networks) {
  const std::vector<std::size_t> bases = stated(rows, &Sample::bases), usable = stated(rows, &Sample::conditions);
  const std::vector<Choice> choices = choices_for(bases, usable);
  const std::vector<const Sample*> all = pointers(rows);
  HlsTargetModel result;
  result.target = target;
  HlsTargetCard& card = result.card;
  card.networks = static_cast<int>(networks);
  const bool count = target != HlsTarget::cycles && target != HlsTarget::interval;
  const bool zeros_known = std::find(bases.begin(), bases.end(), index_of(hls_base_names(), "nonzeros")) != bases.end();
  card.baseline_base = !count ? "one" : zeros_known ? "nonzeros" : "macs";
  const std::size_t baseline = index_of(hls_base_names(), card.baseline_base);
  card.baseline_value = baseline_coefficient(all, baseline);

  std::set<std::size_t> groups;
  for (const Sample& row : rows) groups.insert(row.group);
  std::vector<double> truth, left_out, plain, fitted;
  double squares = 0;
  for (const std::size_t group : groups) {
    std::vector<const Sample*> kept, out;
    for (const Sample& row : rows) (row.group == group ? out : kept).push_back(&row);
    const Fitted model = Fits(kept, usable).fit(choose(kept, choices, usable));
    const double coefficient = baseline_coefficient(kept, baseline);
    for (const Sample* row : out) {
      truth.push_back(row->truth);
      left_out.push_back(predict(model, row->bases, row->conditions));
      plain.push_back(coefficient * *row->bases[baseline]);
      const double residual = std::log1p(left_out.back()) - std::log1p(row->truth);
      squares += residual * residual;
    }
  }
  card.left_out = regression_errors(truth, left_out);
  card.baseline = regression_errors(truth, plain);
  result.log_sd = std::sqrt(squares / static_cast<double>(truth.size()));

  const Fitted model = Fits(all, usable).fit(choose(all, choices, usable));
  truth.clear();
  for (const Sample& row : rows) {
    truth.push_back(row.truth);
    fitted.push_back(predict(model, row.bases, row.conditions));
  }
  card.on_fit = regression_errors(truth, fitted);
  for (std::size_t k = 0; k < model.choice.counts.size(); ++k) {
    if (model.coefficients[k] > 0) result.counts.push_back({hls_base_names()[model.choice.counts[k]], model.coefficients[k]});
  }
  result.intercept = model.intercept;
  result.ridge = model.choice.ridge;
  for (std::size_t k = 0; k < model.conditions.size(); ++k)
    result.terms.push_back({hls_condition_names()[model.conditions[k]], model.mean[k], model.sd[k], model.weight[k]});
  const auto range = [&](const std::string& name, const auto& of) {
    HlsRange r{name, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    for (const Sample& row : rows) r = {name, std::min(r.low, of(row)), std::max(r.high, of(row))};
    result.ranges.push_back(r);
  };
  range(kCounts, [&](const Sample& row) { return counted(model.choice.counts, model.coefficients, row.bases); });
  for (const std::size_t k : usable) range(hls_condition_names()[k], [&](const Sample& row) { return *row.conditions[k]; });
  return result;
}

/// One figure of what the model was fitted to: a layer, or a network.
HlsEstimate estimate_one(const HlsTargetModel& model, const HlsDesign& design) {
  const HlsValues bases = hls_bases(design), conditions = hls_conditions(design);
  const auto needed = [&](const HlsValues& values, const std::vector<std::string>& names, const std::string& name) {
    const std::optional<double>& value = values[index_of(names, name)];
    if (!value) {
      throw ConfigError(
          "a design does not state what a surrogate needs",
          {.where = to_string(model.target), .found = "no " + name, .expected = name + ", as the model was fitted with it", .hint = {}});
    }
    return *value;
  };
  double base = 0;
  for (const HlsCount& count : model.counts) base += count.coefficient * needed(bases, hls_base_names(), count.name);
  double log = log_of_base(base) + model.intercept;
  for (const HlsTerm& term : model.terms)
    log += term.weight * (needed(conditions, hls_condition_names(), term.condition) - term.mean) / term.sd;
  // Outside what was seen, the figure may be off by as much as the design is outside.
  HlsEstimate result;
  double variance = model.log_sd * model.log_sd;
  constexpr double kSlack = 1e-9;
  for (const HlsRange& range : model.ranges) {
    const std::size_t condition = index_of(hls_condition_names(), range.name);
    const bool is_condition = condition < hls_condition_names().size();
    const std::optional<double> value = is_condition ? conditions[condition] : base;
    if (!value) continue;
    const auto log_of = [&](double v) { return is_condition ? v : log_of_base(v); };
    const double excess = std::max(log_of(range.low) - log_of(*value), log_of(*value) - log_of(range.high));
    if (excess <= kSlack) continue;
    variance += excess * excess;
    const auto text = [&](double v) { return is_condition ? hls_condition_text(condition, v) : fmt::format("{:.6g}", v); };
    result.outside.push_back(fmt::format("{} {} ({} to {})", range.name, text(*value), text(range.low), text(range.high)));
  }
  const auto figure = [](double l) { return std::max(0.0, std::expm1(std::min(l, kMaxLog))); };
  const double spread = kNineOfTen * std::sqrt(variance);
  result.value = figure(log);
  result.low = figure(log - spread);
  result.high = figure(log + spread);
  return result;
}

}  // namespace

const HlsTargetModel* HlsSurrogate::find(HlsTarget target) const {
  const auto found = std::find_if(models.begin(), models.end(), [&](const HlsTargetModel& m) { return m.target == target; });
  return found == models.end() ? nullptr : &*found;
}

std::optional<HlsEstimate> HlsSurrogate::estimate(const HlsDesign& design, HlsTarget target) const {
  const HlsTargetModel* model = find(target);
  if (model == nullptr) return std::nullopt;
  if (design.layers.empty())
    throw ConfigError("a design has no layers", {.where = {}, .found = "none", .expected = "at least one dense layer", .hint = {}});
  if (level == HlsLevel::network) return estimate_one(*model, design);
  HlsEstimate total;
  for (std::size_t k = 0; k < design.layers.size(); ++k) {
    HlsDesign layer = design;
    layer.layers = {design.layers[k]};
    const HlsEstimate one = estimate_one(*model, layer);
    if (target == HlsTarget::interval) {
      total.value = std::max(total.value, one.value);
      total.low = std::max(total.low, one.low);
      total.high = std::max(total.high, one.high);
    } else {
      total.value += one.value;
      total.low += one.low;
      total.high += one.high;
    }
    for (const std::string& each : one.outside) total.outside.push_back(fmt::format("layer {}: {}", k + 1, each));
  }
  return total;
}

HlsSurrogate fit_hls_surrogate(std::span<const HlsSample> samples, const HlsFitParams& params) {
  const auto one_of = [&](const auto& wanted, auto HlsSample::*member, const char* what, const char* option) {
    if (wanted) return *wanted;
    for (const HlsSample& sample : samples) {
      if (sample.*member == samples.front().*member) continue;
      throw ConfigError(fmt::format("reports of two {}s cannot be fitted together", what),
                        {.where = sample.where,
                         .found = fmt::format("{} beside {}", to_string(sample.*member), to_string(samples.front().*member)),
                         .expected = fmt::format("one {}", what),
                         .hint = fmt::format("choose with {}", option)});
    }
    return samples.front().*member;
  };
  HlsSurrogate result;
  if (!samples.empty()) {
    result.stage = one_of(params.stage, &HlsSample::stage, "stage", "--stage");
    result.level = one_of(params.level, &HlsSample::level, "level", "--level");
  }
  std::vector<const HlsSample*> used;
  for (const HlsSample& sample : samples) {
    if (sample.stage == result.stage && sample.level == result.level) used.push_back(&sample);
  }
  for (const HlsTarget target : kHlsTargets) {
    std::size_t networks = 0;
    const std::vector<Sample> rows = rows_of(used, target, networks);
    if (rows.size() < kFewestHlsRows || networks < kFewestHlsNetworks) {
      result.notes.push_back(fmt::format("{}: not fitted: {} rows of {} networks ({} of {} are needed)", to_string(target), rows.size(),
                                         networks, kFewestHlsRows, kFewestHlsNetworks));
      continue;
    }
    result.models.push_back(fit_target(target, rows, networks));
  }
  if (result.models.empty()) {
    throw DataError("too few reports to fit a surrogate",
                    {.where = {},
                     .found = fmt::format("{} samples of {} level after {}", used.size(), to_string(result.level), to_string(result.stage)),
                     .expected = fmt::format("{} rows of {} networks for at least one figure", kFewestHlsRows, kFewestHlsNetworks),
                     .hint = "add reports"});
  }
  return result;
}

std::vector<HlsEvaluation> evaluate_hls_surrogate(const HlsSurrogate& surrogate, std::span<const HlsSample> samples) {
  std::vector<HlsEvaluation> results;
  for (const HlsTargetModel& model : surrogate.models) {
    HlsEvaluation result{.target = model.target, .errors = {}};
    std::vector<double> truth, predicted;
    int covered = 0;
    for (const HlsSample& sample : samples) {
      const auto& value = sample.truth[static_cast<std::size_t>(model.target)];
      if (!value || sample.stage != surrogate.stage || (surrogate.level == HlsLevel::network && sample.level == HlsLevel::layer)) continue;
      try {
        const HlsEstimate estimate = *surrogate.estimate(sample.design, model.target);
        truth.push_back(*value);
        predicted.push_back(estimate.value);
        covered += *value >= estimate.low && *value <= estimate.high ? 1 : 0;
        result.outside += estimate.outside.empty() ? 0 : 1;
      } catch (const ConfigError&) {
        ++result.unusable;
      }
    }
    if (truth.empty() && result.unusable == 0) continue;
    if (!truth.empty()) {
      result.errors = regression_errors(truth, predicted);
      result.covered = static_cast<double>(covered) / static_cast<double>(truth.size());
    }
    results.push_back(result);
  }
  return results;
}

}  // namespace snac::cost
