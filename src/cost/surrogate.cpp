#include "snac/cost/surrogate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>

#include "shipped_data.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/statistics.hpp"
#include "surrogate_model.hpp"

namespace snac::cost {
namespace {

constexpr int kBlockRows = 256;  ///< rows of one call of the net: stays in the caches
constexpr int kLeastNetworks = 50;

const char* kind_of(const HardwareTarget& target) { return target.reuse_factor > 1 ? "folded" : "unrolled"; }

/// Which side of the split a network is on, by its name alone: 0 held out, 1 sets the intervals, others are fitted to.
int side_of(const SurrogateRow& row) { return static_cast<int>(derive_seed(0, "surrogate split " + row.network) % 10); }

std::vector<SurrogateRow> rows_of(const std::vector<SurrogateRow>& rows, bool folded, const auto& keep) {
  std::vector<SurrogateRow> kept;
  for (const SurrogateRow& row : rows)
    if ((row.target.reuse_factor > 1) == folded && keep(row)) kept.push_back(row);
  return kept;
}

std::size_t count_networks(const std::vector<SurrogateRow>& rows) {
  std::set<std::string> names;
  for (const SurrogateRow& row : rows) names.insert(row.network);
  return names.size();
}

SurrogateError error_of(const std::vector<double>& estimate, const std::vector<double>& truth) {
  SurrogateError error;
  std::vector<double> absolute;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double relative = 100 * (estimate[i] / truth[i] - 1);
    absolute.push_back(std::abs(relative));
    error.bias += relative / static_cast<double>(truth.size());
    error.mean_absolute += std::abs(relative) / static_cast<double>(truth.size());
  }
  if (truth.empty()) return error;
  error.median_absolute = quantile(absolute, 0.5);
  error.p90_absolute = quantile(absolute, 0.9);
  error.rank_correlation = rank_correlation(estimate, truth);
  return error;
}

Json to_json(const SurrogateError& error) {
  return {{"median_absolute_percent", error.median_absolute},
          {"mean_absolute_percent", error.mean_absolute},
          {"p90_absolute_percent", error.p90_absolute},
          {"bias_percent", error.bias},
          {"rank_correlation", error.rank_correlation}};
}

SurrogateError error_from_json(const Json& json, const std::string& where) {
  return {.median_absolute = json_get<double>(json, "median_absolute_percent", where),
          .mean_absolute = json_get<double>(json, "mean_absolute_percent", where),
          .p90_absolute = json_get<double>(json, "p90_absolute_percent", where),
          .bias = json_get<double>(json, "bias_percent", where),
          .rank_correlation = json_get<double>(json, "rank_correlation", where)};
}

SurrogateEvaluations evaluations_from_json(const Json& json, const std::string& where) {
  SurrogateEvaluations evaluations;
  for (const auto& [kind, value] : json.items()) {
    const std::string place = where + ": " + kind;
    SurrogateEvaluation evaluation{.rows = json_get<int>(value, "rows", place),
                                   .networks = json_get<int>(value, "networks", place),
                                   .error = {},
                                   .latency_exact = json_get<double>(value, "latency_exact", place),
                                   .latency_within_one = json_get<double>(value, "latency_within_one", place),
                                   .interval_exact = json_get<double>(value, "interval_exact", place),
                                   .covered = json_get<double>(value, "covered", place),
                                   .synthesised = json_get<int>(value, "synthesised", place),
                                   .synthesised_lut = {}};
    const auto errors = json_get<Json>(value, "errors", place);
    for (const auto& [target, error] : errors.items()) evaluation.error[target] = error_from_json(error, place + ": " + target);
    if (evaluation.synthesised > 0) evaluation.synthesised_lut = error_from_json(json_get<Json>(value, "synthesised_lut", place), place);
    evaluations[kind] = std::move(evaluation);
  }
  return evaluations;
}

}  // namespace

Json to_json(const SurrogateEvaluations& evaluations) {
  Json json = Json::object();
  for (const auto& [kind, evaluation] : evaluations) {
    Json errors = Json::object();
    for (const auto& [target, error] : evaluation.error) errors[target] = to_json(error);
    json[kind] = {{"rows", evaluation.rows},
                  {"networks", evaluation.networks},
                  {"errors", std::move(errors)},
                  {"latency_exact", evaluation.latency_exact},
                  {"latency_within_one", evaluation.latency_within_one},
                  {"interval_exact", evaluation.interval_exact},
                  {"covered", evaluation.covered},
                  {"synthesised", evaluation.synthesised}};
    if (evaluation.synthesised > 0) json[kind]["synthesised_lut"] = to_json(evaluation.synthesised_lut);
  }
  return json;
}

struct ArchitectureSurrogate::Impl {
  std::optional<SurrogateModel> unrolled, folded;
  SurrogateEvaluations card;
  Json origins = Json::array();
  std::string source;

  std::optional<SurrogateModel>& model(bool is_folded) { return is_folded ? folded : unrolled; }

  const SurrogateModel& model_for(const HardwareTarget& target) const {
    const auto& model = target.reuse_factor > 1 ? folded : unrolled;
    if (model) return *model;
    throw ConfigError("the architecture surrogate does not know this hardware",
                      {.where = source,
                       .found = fmt::format("reuse factor {}", target.reuse_factor),
                       .expected = target.reuse_factor > 1 ? "reuse factor 1: it was trained on unrolled networks only"
                                                           : "a reuse factor above 1: it was trained on folded networks only",
                       .hint = "target.estimator: sample, or 'snac surrogate train' with rows of such hardware"});
  }

  /// The body of the file.
  Json body() const {
    Json models = Json::object();
    if (unrolled) models["unrolled"] = unrolled->to_json();
    if (folded) models["folded"] = folded->to_json();
    return {{"card", cost::to_json(card)}, {"origins", origins}, {"models", std::move(models)}};
  }
  void name() { source = "architecture surrogate " + sha256(body().dump()).substr(0, 8); }
};

void SurrogateTraining::validate() const {
  if (epochs >= 1 && epochs <= 100'000) return;
  throw ConfigError("a surrogate cannot be trained so",
                    {.where = "epochs", .found = fmt::format("{}", epochs), .expected = "1 to 100000", .hint = {}});
}

ArchitectureSurrogate::ArchitectureSurrogate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchitectureSurrogate::ArchitectureSurrogate(ArchitectureSurrogate&&) noexcept = default;
ArchitectureSurrogate& ArchitectureSurrogate::operator=(ArchitectureSurrogate&&) noexcept = default;
ArchitectureSurrogate::~ArchitectureSurrogate() = default;

ArchitectureSurrogate ArchitectureSurrogate::train(const std::vector<SurrogateRows>& data, const SurrogateTraining& params) {
  params.validate();
  auto impl = std::make_unique<Impl>();
  std::vector<SurrogateRow> all;
  for (std::size_t k = 0; k < data.size(); ++k) {
    impl->origins.push_back({{"source", data[k].source}, {"rows", data[k].rows.size()}, {"origin", data[k].origin}});
    for (SurrogateRow row : data[k].rows) {
      row.network = fmt::format("{}/{}", k, row.network);  // files may repeat names
      all.push_back(std::move(row));
    }
  }
  std::vector<SurrogateRow> held_out;
  for (const bool folded : {false, true}) {
    const auto fitted = rows_of(all, folded, [](const SurrogateRow& row) { return side_of(row) >= 2; });
    const auto intervals = rows_of(all, folded, [](const SurrogateRow& row) { return side_of(row) == 1; });
    const auto test = rows_of(all, folded, [](const SurrogateRow& row) { return side_of(row) == 0; });
    const std::size_t networks = count_networks(fitted) + count_networks(intervals) + count_networks(test);
    if (networks == 0) continue;
    if (networks < kLeastNetworks || intervals.empty() || test.empty()) {
      throw DataError("too few networks to train a surrogate",
                      {.where = folded ? "folded hardware (reuse factor above 1)" : "unrolled hardware (reuse factor 1)",
                       .found = fmt::format("{} networks", networks),
                       .expected = fmt::format("{} or more; a thousand are better", kLeastNetworks),
                       .hint = "'snac surrogate generate' with more --networks continues a file"});
    }
    impl->model(folded) =
        SurrogateModel::fit(fitted, intervals, {.seed = params.seed, .epochs = params.epochs, .name = kind_of(test.front().target)});
    held_out.insert(held_out.end(), test.begin(), test.end());
  }
  if (held_out.empty())
    throw DataError("there are no rows to train a surrogate on", {.where = {}, .found = {}, .expected = {}, .hint = {}});
  ArchitectureSurrogate surrogate(std::move(impl));
  surrogate.impl_->card = evaluate(surrogate, held_out);
  surrogate.impl_->name();
  return surrogate;
}

void ArchitectureSurrogate::estimate(std::span<const space::ArchSpec> specs, const HardwareTarget& target,
                                     std::span<SurrogateEstimate> out) const {
  if (specs.size() != out.size()) throw std::invalid_argument("ArchitectureSurrogate::estimate: spans of two lengths");
  target.validate();
  const SurrogateModel& model = impl_->model_for(target);
  const TargetTerms terms(target);
  std::vector<LayerQuery> queries;
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    append_queries(specs[i], queries);
    ends.push_back(queries.size());
    if (queries.size() < kBlockRows && i + 1 < specs.size()) continue;
    model.estimate(queries, ends, target, terms, out.subspan(begin, ends.size()));
    begin += ends.size();
    queries.clear();
    ends.clear();
  }
}

SurrogateEstimate ArchitectureSurrogate::estimate(const space::ArchSpec& spec, const HardwareTarget& target) const {
  SurrogateEstimate result;
  estimate({&spec, 1}, target, {&result, 1});
  return result;
}

std::vector<std::string> ArchitectureSurrogate::outside(const space::ArchSpec& spec, const HardwareTarget& target) const {
  target.validate();
  std::vector<LayerQuery> queries;
  append_queries(spec, queries);
  return impl_->model_for(target).range().outside(queries, target);
}

bool ArchitectureSurrogate::knows_folded() const noexcept { return impl_->folded.has_value(); }
const std::string& ArchitectureSurrogate::source() const noexcept { return impl_->source; }
const SurrogateEvaluations& ArchitectureSurrogate::card() const noexcept { return impl_->card; }
const Json& ArchitectureSurrogate::origins() const noexcept { return impl_->origins; }

Json ArchitectureSurrogate::to_json() const { return with_header(kSurrogateFormat, impl_->body()); }

ArchitectureSurrogate ArchitectureSurrogate::from_json(const Json& json, const std::string& where) {
  check_header(json, kSurrogateFormat, where);
  auto impl = std::make_unique<Impl>();
  impl->card = evaluations_from_json(json_get<Json>(json, "card", where), where + ": card");
  impl->origins = json_get<Json>(json, "origins", where);
  const auto models = json_get<Json>(json, "models", where);
  for (const auto& [kind, model] : models.items()) {
    if (kind != "unrolled" && kind != "folded") {
      throw DataError("a surrogate file has an unknown model",
                      {.where = where + ": models", .found = "'" + kind + "'", .expected = "unrolled or folded", .hint = {}});
    }
    impl->model(kind == "folded") = SurrogateModel::from_json(model, where + ": models: " + kind);
  }
  impl->name();
  return ArchitectureSurrogate(std::move(impl));
}

ArchitectureSurrogate ArchitectureSurrogate::load(const std::string& path) { return from_json(parse_json(read_file(path), path), path); }

const ArchitectureSurrogate& ArchitectureSurrogate::shipped() {
  static const ArchitectureSurrogate surrogate = from_json(parse_json(kShippedSurrogate, "the shipped surrogate"), "the shipped surrogate");
  return surrogate;
}

SurrogateEvaluations evaluate(const ArchitectureSurrogate& surrogate, const std::vector<SurrogateRow>& rows) {
  SurrogateEvaluations evaluations;
  for (const bool folded : {false, true}) {
    const auto chosen = rows_of(rows, folded, [](const SurrogateRow&) { return true; });
    if (chosen.empty()) continue;
    SurrogateEvaluation evaluation{
        .rows = static_cast<int>(chosen.size()), .networks = static_cast<int>(count_networks(chosen)), .error = {}, .synthesised_lut = {}};
    std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> pairs;  // estimates and truths
    std::vector<double> synthesised, synthesised_truth;
    int exact = 0, within_one = 0, interval_exact = 0, covered = 0;
    for (const SurrogateRow& row : chosen) {
      const SurrogateEstimate estimate = surrogate.estimate(row.arch, row.target);
      const auto add = [&](const char* name, double value, double truth) {
        if (truth <= 0) return;
        pairs[name].first.push_back(value);
        pairs[name].second.push_back(truth);
      };
      add("lut", estimate.lut, row.lut);
      add("ff", estimate.ff, row.ff);
      add("dsp", estimate.dsp, row.dsp);
      add("bram18", estimate.bram18, row.bram18);
      add("latency_cycles", estimate.latency_cycles, row.latency_cycles);
      const int off = std::abs(estimate.latency_cycles - row.latency_cycles);
      exact += off == 0 ? 1 : 0;
      within_one += off <= 1 ? 1 : 0;
      interval_exact += estimate.initiation_interval == row.initiation_interval ? 1 : 0;
      const double ratio = row.lut / estimate.lut;
      covered += std::max(ratio, 1 / ratio) <= 1 + estimate.lut_error ? 1 : 0;
      if (row.synthesised_lut && *row.synthesised_lut > 0) {
        synthesised.push_back(estimate.lut);
        synthesised_truth.push_back(*row.synthesised_lut);
      }
    }
    const auto share = [&](int count) { return static_cast<double>(count) / static_cast<double>(chosen.size()); };
    evaluation.latency_exact = share(exact);
    evaluation.latency_within_one = share(within_one);
    evaluation.interval_exact = share(interval_exact);
    evaluation.covered = share(covered);
    for (const auto& [name, pair] : pairs) evaluation.error[name] = error_of(pair.first, pair.second);
    evaluation.synthesised = static_cast<int>(synthesised.size());
    evaluation.synthesised_lut = error_of(synthesised, synthesised_truth);
    evaluations[kind_of(chosen.front().target)] = std::move(evaluation);
  }
  return evaluations;
}

}  // namespace snac::cost
