#include "snac/cost/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "shipped_data.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::cost {
namespace {

using circuit::kNumLutSorts;
using circuit::LutCounts;
using circuit::LutSort;

constexpr double kLargestCoefficient = 10;
constexpr int kFewestNetworks = 8;  ///< to fit to

/// Pull towards the raw coefficient, in squared relative error per squared coefficient and sample: decides only where a sort makes
/// up less than about a percent of the networks.
constexpr double kPrior = 1e-4;

std::string name_of(std::size_t sort) { return std::string(circuit::to_string(static_cast<LutSort>(sort))); }

/// Minimises sum w ((x.c - y) / y)^2 + prior over c >= 0 by coordinate descent: the problem is convex and small.
LutCounts weighted_fit(const std::vector<CalibrationSample>& samples, const std::vector<double>& weight) {
  std::array<LutCounts, kNumLutSorts> square{};
  LutCounts right{};
  double total = 0;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const auto y = static_cast<double>(samples[s].lut);
    const LutCounts& x = samples[s].mapping.luts;
    total += weight[s];
    for (std::size_t i = 0; i < kNumLutSorts; ++i) {
      right[i] += weight[s] * x[i] / y;
      for (std::size_t k = 0; k < kNumLutSorts; ++k) square[i][k] += weight[s] * x[i] * x[k] / (y * y);
    }
  }
  const LutCounts raw = raw_lut_per_sort();
  for (std::size_t i = 0; i < kNumLutSorts; ++i) {
    square[i][i] += kPrior * total;
    right[i] += kPrior * total * raw[i];
  }
  LutCounts coefficients = raw;
  constexpr int kRounds = 20000;
  for (int round = 0; round < kRounds; ++round) {
    double change = 0;
    for (std::size_t i = 0; i < kNumLutSorts; ++i) {
      double rest = right[i];
      for (std::size_t k = 0; k < kNumLutSorts; ++k) rest -= k == i ? 0 : square[i][k] * coefficients[k];
      const double next = std::clamp(rest / square[i][i], 0.0, kLargestCoefficient);
      change = std::max(change, std::abs(next - coefficients[i]));
      coefficients[i] = next;
    }
    if (change < 1e-10) break;
  }
  return coefficients;
}

/// Least mean absolute relative error, by least squares reweighted with the last residuals: a few odd networks do not pull.
LutCounts fit(std::vector<CalibrationSample> samples) {
  std::erase_if(samples, [](const CalibrationSample& sample) { return sample.held_out; });
  std::vector<double> weight(samples.size(), 1);
  LutCounts coefficients{};
  constexpr int kReweightings = 30;
  constexpr double kExact = 0.005;  // relative residuals below count as this
  for (int k = 0; k < kReweightings; ++k) {
    coefficients = weighted_fit(samples, weight);
    for (std::size_t s = 0; s < samples.size(); ++s) {
      const double residual = lut_of(samples[s].mapping, coefficients) / static_cast<double>(samples[s].lut) - 1;
      weight[s] = 1 / std::max(std::abs(residual), kExact);
    }
  }
  for (double& c : coefficients) c = std::round(c * 1e4) / 1e4;  // what the file holds
  return coefficients;
}

template <class Estimate, class Truth>
ModelError error_of(const std::vector<CalibrationSample>& samples, bool held_out, Estimate&& estimate, Truth&& truth) {
  ModelError error;
  int count = 0;
  for (const CalibrationSample& sample : samples) {
    const auto y = static_cast<double>(truth(sample));
    if (sample.held_out != held_out || y <= 0) continue;
    const double percent = 100 * (estimate(sample) / y - 1);
    error.mean_absolute += std::abs(percent);
    error.bias += percent;
    error.worst_absolute = std::max(error.worst_absolute, std::abs(percent));
    ++count;
  }
  if (count > 0) {
    error.mean_absolute /= count;
    error.bias /= count;
  }
  return error;
}

double two_decimals(double value) { return std::round(value * 100) / 100; }

Json error_json(const ModelError& error) {
  return {{"mean_absolute_percent", two_decimals(error.mean_absolute)},
          {"worst_absolute_percent", two_decimals(error.worst_absolute)},
          {"bias_percent", two_decimals(error.bias)}};
}

ModelError error_from_json(const Json& json, const char* key, const std::string& where) {
  const Json error = json_get<Json>(json, key, where);
  const std::string place = where + ": " + key;
  return {json_get<double>(error, "mean_absolute_percent", place), json_get<double>(error, "worst_absolute_percent", place),
          json_get<double>(error, "bias_percent", place)};
}

}  // namespace

LutCounts raw_lut_per_sort() noexcept {
  LutCounts raw;
  raw.fill(1);
  raw[static_cast<std::size_t>(LutSort::relu_register)] = 0;
  return raw;
}

double lut_of(const circuit::Mapping& mapping, const LutCounts& lut_per_sort) noexcept {
  double lut = 0;
  for (std::size_t k = 0; k < kNumLutSorts; ++k) lut += mapping.luts[k] * lut_per_sort[k];
  return lut;
}

Resources estimate(const circuit::Mapping& mapping, const Calibration& calibration) {
  return {.lut = lut_of(mapping, calibration.lut_per_sort),
          .ff = static_cast<double>(mapping.ff),
          .source = "circuit, calibrated on " + calibration.tool};
}

Calibration fit_calibration(const std::vector<CalibrationSample>& samples) {
  Calibration result;
  for (const CalibrationSample& sample : samples) {
    (sample.held_out ? result.card.held_out : result.card.fitted) += 1;
    if (sample.lut > 0) continue;
    throw DataError("a network to calibrate with has no logic",
                    {.where = sample.name, .found = fmt::format("{} LUTs", sample.lut), .expected = "1 or more", .hint = {}});
  }
  if (result.card.fitted < kFewestNetworks || result.card.held_out < 1) {
    throw DataError("too few networks to calibrate with",
                    {.where = {},
                     .found = fmt::format("{} to fit to and {} held out", result.card.fitted, result.card.held_out),
                     .expected = fmt::format("{} or more, and 1 or more", kFewestNetworks),
                     .hint = {}});
  }
  result.lut_per_sort = fit(samples);
  const auto lut = [](const CalibrationSample& s) { return s.lut; };
  const auto by = [](const LutCounts& coefficients) {
    return [coefficients](const CalibrationSample& s) { return lut_of(s.mapping, coefficients); };
  };
  result.card.lut_raw = error_of(samples, true, by(raw_lut_per_sort()), lut);
  result.card.lut = error_of(samples, true, by(result.lut_per_sort), lut);
  result.card.lut_fitted = error_of(samples, false, by(result.lut_per_sort), lut);
  result.card.ff = error_of(
      samples, true, [](const CalibrationSample& s) { return static_cast<double>(s.mapping.ff); },
      [](const CalibrationSample& s) { return s.ff; });
  return result;
}

Json to_json(const Calibration& calibration) {
  Json coefficients = Json::object();
  for (std::size_t k = 0; k < kNumLutSorts; ++k) coefficients[name_of(k)] = calibration.lut_per_sort[k];
  const CalibrationCard& card = calibration.card;
  return with_header(kCalibrationFormat, {{"tool", calibration.tool},
                                          {"recipe_sha256", calibration.recipe},
                                          {"families", calibration.families},
                                          {"seed", calibration.seed},
                                          {"networks", calibration.networks},
                                          {"large_networks", calibration.large},
                                          {"lut_per_sort", coefficients},
                                          {"card",
                                           {{"networks_fitted", card.fitted},
                                            {"networks_held_out", card.held_out},
                                            {"lut_raw_held_out", error_json(card.lut_raw)},
                                            {"lut_held_out", error_json(card.lut)},
                                            {"lut_fitted", error_json(card.lut_fitted)},
                                            {"ff_held_out", error_json(card.ff)}}}});
}

Calibration calibration_from_json(const Json& json, const std::string& where) {
  check_header(json, kCalibrationFormat, where);
  Calibration result;
  result.tool = json_get<std::string>(json, "tool", where);
  result.recipe = json_get<std::string>(json, "recipe_sha256", where);
  result.families = json_get<std::string>(json, "families", where);
  result.seed = json_get<std::uint64_t>(json, "seed", where);
  result.networks = json_get<int>(json, "networks", where);
  result.large = json_get<int>(json, "large_networks", where);
  const Json coefficients = json_get<Json>(json, "lut_per_sort", where);
  const std::string place = where + ": lut_per_sort";
  std::vector<std::string> known;
  for (std::size_t k = 0; k < kNumLutSorts; ++k) {
    known.push_back(name_of(k));
    const auto value = json_get<double>(coefficients, known.back().c_str(), place);
    if (!(value >= 0 && value <= kLargestCoefficient)) {
      throw DataError("a calibration holds an impossible coefficient", {.where = place + ": " + known.back(),
                                                                        .found = fmt::format("{}", value),
                                                                        .expected = fmt::format("0 to {} LUTs", kLargestCoefficient),
                                                                        .hint = "make one with 'snac calibrate'"});
    }
    result.lut_per_sort[k] = value;
  }
  for (const auto& [name, value] : coefficients.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw DataError(
        "a calibration for another cost model",
        {.where = place, .found = "'" + name + "'", .expected = "sorts of LUTs that this program counts", .hint = suggest(name, known)});
  }
  const Json card = json_get<Json>(json, "card", where);
  const std::string card_place = where + ": card";
  result.card = {.fitted = json_get<int>(card, "networks_fitted", card_place),
                 .held_out = json_get<int>(card, "networks_held_out", card_place),
                 .lut_raw = error_from_json(card, "lut_raw_held_out", card_place),
                 .lut = error_from_json(card, "lut_held_out", card_place),
                 .lut_fitted = error_from_json(card, "lut_fitted", card_place),
                 .ff = error_from_json(card, "ff_held_out", card_place)};
  return result;
}

Calibration load_calibration(const std::string& path) { return calibration_from_json(parse_json(read_file(path), path), path); }

const Calibration& shipped_calibration() {
  static const Calibration calibration =
      calibration_from_json(parse_json(kShippedCalibration, "shipped calibration"), "shipped calibration");
  return calibration;
}

}  // namespace snac::cost
