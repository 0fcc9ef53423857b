#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hls_features.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/cost/hls_surrogate.hpp"

namespace snac::cost {
namespace {

constexpr double kLargestNumber = 1e15;

Json errors_json(const RegressionErrors& errors) {
  return {
      {"rows", errors.rows}, {"r2", errors.r2 ? Json(*errors.r2) : Json(nullptr)}, {"smape_percent", errors.smape}, {"rmse", errors.rmse}};
}

double number(const Json& object, const char* key, const std::string& where, double low = -kLargestNumber, double high = kLargestNumber) {
  const auto value = json_get<double>(object, key, where);
  if (value >= low && value <= high) return value;
  throw DataError("a surrogate holds an impossible number", {.where = where + ": " + key,
                                                             .found = fmt::format("{}", value),
                                                             .expected = fmt::format("{:g} to {:g}", low, high),
                                                             .hint = "make one with 'snac surrogate fit-hls'"});
}

RegressionErrors errors_from(const Json& card, const char* key, const std::string& where) {
  const Json json = json_get<Json>(card, key, where);
  const std::string place = where + ": " + key;
  RegressionErrors errors{.rows = json_get<int>(json, "rows", place),
                          .smape = number(json, "smape_percent", place, 0, 200),
                          .rmse = number(json, "rmse", place, 0)};
  if (!json_get<Json>(json, "r2", place).is_null()) errors.r2 = number(json, "r2", place);
  return errors;
}

std::string known_name(const Json& object, const char* key, const std::vector<std::string>& known, const std::string& where) {
  const auto name = json_get<std::string>(object, key, where);
  if (std::find(known.begin(), known.end(), name) != known.end()) return name;
  throw DataError("a surrogate for another program", {.where = where + ": " + key,
                                                      .found = fmt::format("'{:.40}'", name),
                                                      .expected = "a name that this program computes",
                                                      .hint = suggest(name, known)});
}

Json model_json(const HlsTargetModel& model) {
  Json counts = Json::array(), terms = Json::array(), ranges = Json::array();
  for (const HlsCount& c : model.counts) counts.push_back({{"name", c.name}, {"coefficient", c.coefficient}});
  for (const HlsTerm& t : model.terms) terms.push_back({{"condition", t.condition}, {"mean", t.mean}, {"sd", t.sd}, {"weight", t.weight}});
  for (const HlsRange& r : model.ranges) ranges.push_back({{"name", r.name}, {"low", r.low}, {"high", r.high}});
  const HlsTargetCard& card = model.card;
  return {{"target", to_string(model.target)},
          {"counts", counts},
          {"intercept", model.intercept},
          {"ridge_rows", model.ridge},
          {"terms", terms},
          {"log_sd", model.log_sd},
          {"ranges", ranges},
          {"card",
           {{"networks", card.networks},
            {"left_out", errors_json(card.left_out)},
            {"baseline_left_out", errors_json(card.baseline)},
            {"baseline_base", card.baseline_base},
            {"baseline_coefficient", card.baseline_value},
            {"on_fitted_rows", errors_json(card.on_fit)}}}};
}

HlsTargetModel model_from(const Json& json, const std::string& where) {
  std::vector<std::string> targets, names = hls_condition_names();
  for (const HlsTarget target : kHlsTargets) targets.push_back(to_string(target));
  names.push_back("counts");
  HlsTargetModel model;
  model.target = hls_target_from_string(known_name(json, "target", targets, where));
  for (const Json& each : json_get<std::vector<Json>>(json, "counts", where)) {
    const std::string place = where + ": counts";
    model.counts.push_back({known_name(each, "name", hls_base_names(), place), number(each, "coefficient", place, 0)});
  }
  model.intercept = number(json, "intercept", where);
  model.ridge = number(json, "ridge_rows", where, 0);
  model.log_sd = number(json, "log_sd", where, 0);
  for (const Json& each : json_get<std::vector<Json>>(json, "terms", where)) {
    const std::string place = where + ": terms";
    model.terms.push_back({known_name(each, "condition", hls_condition_names(), place), number(each, "mean", place),
                           number(each, "sd", place, 1e-9), number(each, "weight", place)});
  }
  for (const Json& each : json_get<std::vector<Json>>(json, "ranges", where)) {
    const std::string place = where + ": ranges";
    HlsRange range{known_name(each, "name", names, place), number(each, "low", place), 0};
    range.high = number(each, "high", place, range.low);
    model.ranges.push_back(range);
  }
  const Json card = json_get<Json>(json, "card", where);
  const std::string place = where + ": card";
  model.card = {.networks = json_get<int>(card, "networks", place),
                .left_out = errors_from(card, "left_out", place),
                .baseline = errors_from(card, "baseline_left_out", place),
                .baseline_base = known_name(card, "baseline_base", hls_base_names(), place),
                .baseline_value = number(card, "baseline_coefficient", place),
                .on_fit = errors_from(card, "on_fitted_rows", place)};
  return model;
}

}  // namespace

Json to_json(const HlsSurrogate& surrogate) {
  Json models = Json::array(), sources = Json::array();
  for (const HlsTargetModel& model : surrogate.models) models.push_back(model_json(model));
  for (const auto& source : surrogate.sources)
    sources.push_back({{"file", source.file}, {"sha256", source.sha256}, {"samples", source.samples}});
  return with_header(kHlsSurrogateFormat, {{"stage", to_string(surrogate.stage)},
                                           {"level", to_string(surrogate.level)},
                                           {"models", models},
                                           {"sources", sources},
                                           {"notes", surrogate.notes}});
}

HlsSurrogate hls_surrogate_from_json(const Json& json, const std::string& where) {
  check_header(json, kHlsSurrogateFormat, where);
  HlsSurrogate result;
  const std::vector<std::string> stages{to_string(HlsStage::c_synthesis), to_string(HlsStage::post_synthesis)},
      levels{to_string(HlsLevel::layer), to_string(HlsLevel::network)};
  result.stage = hls_stage_from_string(known_name(json, "stage", stages, where));
  result.level = hls_level_from_string(known_name(json, "level", levels, where));
  for (const Json& each : json_get<std::vector<Json>>(json, "models", where)) {
    const std::string place = fmt::format("{}: models: {}", where, result.models.size());
    HlsTargetModel model = model_from(each, place);
    if (result.find(model.target) != nullptr) {
      throw DataError("a surrogate holds two models of one figure",
                      {.where = place, .found = "a second " + to_string(model.target), .expected = "one model per figure", .hint = {}});
    }
    result.models.push_back(std::move(model));
  }
  for (const Json& each : json_get<std::vector<Json>>(json, "sources", where)) {
    const std::string place = where + ": sources";
    result.sources.push_back(
        {json_get<std::string>(each, "file", place), json_get<std::string>(each, "sha256", place), json_get<int>(each, "samples", place)});
  }
  result.notes = json_get<std::vector<std::string>>(json, "notes", where);
  return result;
}

HlsSurrogate load_hls_surrogate(const std::string& path) { return hls_surrogate_from_json(parse_json(read_file(path), path), path); }

}  // namespace snac::cost
