#include "surrogate_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/statistics.hpp"

namespace snac::cost {
namespace {

constexpr int kHidden = 32;
constexpr int kBatch = 64;           ///< networks
constexpr float kRate = 4e-3F;       ///< Adam, cosine to zero
constexpr double kStartSpread = -3;  ///< logarithm of the relative spread before training: 5 %
constexpr double kMaxExponent = 30;  ///< answers stay finite whatever the query

double contribution(double baseline, float answer) { return std::exp(std::min(baseline + answer, kMaxExponent)); }

/// Files hold six digits; what was trained is rounded to them, so that it is what its file says.
double six_digits(float value) { return std::stod(fmt::format("{:.6g}", value)); }

template <class Floats>
std::vector<double> six_digits(const Floats& values) {
  std::vector<double> rounded;
  for (const float value : values) rounded.push_back(six_digits(value));
  return rounded;
}

/// What one network's layers add up to.
struct Sums {
  double lut = 0, ff = 0, dsp = 0, bram = 0, stages = 0;
  double lut_spread = 0, ff_spread = 0;  ///< logarithms
};

/// Unrolled hardware has neither DSP slices nor block RAM.
Sums add_up(const float* out, int stride, std::span<const LayerBaseline> baselines, bool folded) {
  Sums sums;
  for (const LayerBaseline& baseline : baselines) {
    sums.lut += contribution(baseline.log_cost, out[kLut]);
    sums.ff += contribution(baseline.log_cost, out[kFf]);
    if (folded) {
      sums.dsp += contribution(baseline.log_dsp, out[kDsp]);
      sums.bram += contribution(baseline.log_cost, out[kBram]);
    }
    sums.stages += baseline.stages + out[kStages];
    sums.lut_spread += out[kLutSpread];
    sums.ff_spread += out[kFfSpread];
    out += stride;
  }
  const auto layers = static_cast<double>(baselines.size());
  sums.lut_spread = std::clamp(kStartSpread + sums.lut_spread / layers, -7.0, 2.0);
  sums.ff_spread = std::clamp(kStartSpread + sums.ff_spread / layers, -7.0, 2.0);
  return sums;
}

int total_formula_cycles(std::span<const LayerBaseline> layers, const HardwareTarget& target) {
  int cycles = 0;
  for (const LayerBaseline& layer : layers) cycles += formula_cycles(layer.fold, target);
  return cycles;
}

}  // namespace

const std::array<const char*, SurrogateRange::kNumbers>& SurrogateRange::names() {
  static const std::array<const char*, kNumbers> names{"inputs of a layer", "outputs of a layer", "layers",
                                                       "weight bits",       "activation bits",    "sparsity",
                                                       "input bits",        "adders per stage",   "reuse factor"};
  return names;
}

SurrogateRange::Numbers SurrogateRange::numbers(const LayerQuery& layer, const HardwareTarget& target) {
  return {static_cast<double>(layer.inputs),
          static_cast<double>(layer.outputs),
          static_cast<double>(layer.layers),
          static_cast<double>(target.precision.weight_bits),
          static_cast<double>(target.precision.activation_bits),
          target.precision.sparsity,
          static_cast<double>(target.precision.input.width),
          static_cast<double>(target.precision.adders_per_stage),
          static_cast<double>(target.reuse_factor)};
}

void SurrogateRange::include(std::span<const LayerQuery> layers, const HardwareTarget& target) {
  for (const LayerQuery& layer : layers) {
    const Numbers values = numbers(layer, target);
    for (std::size_t k = 0; k < kNumbers; ++k) {
      low_[k] = empty_ ? values[k] : std::min(low_[k], values[k]);
      high_[k] = empty_ ? values[k] : std::max(high_[k], values[k]);
    }
    activations_ |= 1U << static_cast<unsigned>(layer.activation);
    empty_ = false;
  }
  outputs_ |= 1U << static_cast<unsigned>(target.output);
}

double SurrogateRange::overshoot(std::size_t k, double value) const {
  if (value >= low_[k] && value <= high_[k]) return 0;
  if (k == kSparsity) {
    constexpr double kSmall = 0.005;  // rows draw it from a continuous range: its ends are never met
    return 10 * std::max(0.0, (value < low_[k] ? low_[k] - value : value - high_[k]) - kSmall);
  }
  return value < low_[k] ? std::log2(low_[k] / std::max(value, 1e-9)) : std::log2(value / std::max(high_[k], 1e-9));
}

double SurrogateRange::distance(std::span<const LayerQuery> layers, const HardwareTarget& target) const {
  double distance = outputs_ >> static_cast<unsigned>(target.output) & 1 ? 0 : 1;
  const Numbers common = numbers(layers.front(), target);
  for (std::size_t k = kLayerNumbers; k < kNumbers; ++k) distance += overshoot(k, common[k]);
  for (const LayerQuery& layer : layers) {
    const double inputs = overshoot(0, layer.inputs), outputs = overshoot(1, layer.outputs);
    const bool known = activations_ >> static_cast<unsigned>(layer.activation) & 1;
    distance = std::max(distance, inputs + outputs + (known ? 0 : 1));
  }
  return distance;
}

std::vector<std::string> SurrogateRange::outside(std::span<const LayerQuery> layers, const HardwareTarget& target) const {
  std::vector<std::string> reasons;
  const auto add = [&](std::string reason) {
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(std::move(reason));
  };
  for (const LayerQuery& layer : layers) {
    const Numbers values = numbers(layer, target);
    for (std::size_t k = 0; k < kNumbers; ++k) {
      if (overshoot(k, values[k]) > 0)
        add(fmt::format("{} {:.3g} (trained on {:.3g} to {:.3g})", names()[k], values[k], low_[k], high_[k]));
    }
    if (!(activations_ >> static_cast<unsigned>(layer.activation) & 1))
      add(fmt::format("activation {} (not trained on)", space::to_string(layer.activation)));
  }
  if (!(outputs_ >> static_cast<unsigned>(target.output) & 1))
    add(fmt::format("output {} (not trained on)", fixed::to_string(target.output)));
  return reasons;
}

Json SurrogateRange::to_json() const {
  Json json = Json::object();
  for (std::size_t k = 0; k < kNumbers; ++k) json[names()[k]] = Json::array({low_[k], high_[k]});
  json["activations"] = activations_;
  json["outputs"] = outputs_;
  return json;
}

SurrogateRange SurrogateRange::from_json(const Json& json, const std::string& where) {
  SurrogateRange range;
  range.empty_ = false;
  for (std::size_t k = 0; k < kNumbers; ++k) {
    const auto pair = json_get<std::vector<double>>(json, names()[k], where);
    if (pair.size() != 2 || !(pair[0] <= pair[1]))
      throw DataError("a surrogate file has a malformed range", {.where = where + ": " + names()[k],
                                                                 .found = fmt::format("{} numbers", pair.size()),
                                                                 .expected = "lowest and highest value",
                                                                 .hint = {}});
    range.low_[k] = pair[0];
    range.high_[k] = pair[1];
  }
  range.activations_ = json_get<std::uint32_t>(json, "activations", where);
  range.outputs_ = json_get<std::uint32_t>(json, "outputs", where);
  return range;
}

LayerBaseline SurrogateModel::fill(const LayerQuery& layer, const HardwareTarget& target, const TargetTerms& terms, float* row) const {
  const LayerBaseline baseline = fill_features(layer, target, terms, std::span<float, kNumSurrogateFeatures>(row, kNumSurrogateFeatures));
  for (std::size_t f = 0; f < kNumSurrogateFeatures; ++f) row[f] = (row[f] - mean_[f]) * inverse_deviation_[f];
  return baseline;
}

void SurrogateModel::estimate(std::span<const LayerQuery> layers, std::span<const std::size_t> ends, const HardwareTarget& target,
                              const TargetTerms& terms, std::span<SurrogateEstimate> out) const {
  struct Memory {
    nn::AlignedBuffer features;
    std::vector<LayerBaseline> baselines;
    SurrogateNet::Scratch scratch;
  };
  thread_local Memory memory;
  const int stride = net_.feature_stride();
  if (memory.features.size() < layers.size() * static_cast<std::size_t>(stride))
    memory.features = nn::AlignedBuffer(layers.size() * static_cast<std::size_t>(stride));
  memory.baselines.clear();
  for (std::size_t k = 0; k < layers.size(); ++k)
    memory.baselines.push_back(fill(layers[k], target, terms, memory.features.data() + k * static_cast<std::size_t>(stride)));
  const float* answers = net_.forward(static_cast<int>(layers.size()), memory.features.data(), memory.scratch);
  const bool folded = target.reuse_factor > 1;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); begin = ends[i], ++i) {
    const std::size_t count = ends[i] - begin;
    const auto network = layers.subspan(begin, count);
    const auto baselines = std::span<const LayerBaseline>(memory.baselines).subspan(begin, count);
    const Sums sums = add_up(answers + begin * static_cast<std::size_t>(net_.output_stride()), net_.output_stride(), baselines, folded);
    const double distance = range_.distance(network, target);
    const auto error = [&](double spread, double interval) {
      return std::expm1(interval * std::exp(spread)) * (1 + distance) + 0.25 * distance;
    };
    SurrogateEstimate& estimate = out[i];
    estimate = {
        .lut = sums.lut,
        .ff = sums.ff,
        .lut_error = error(sums.lut_spread, lut_interval_),
        .ff_error = error(sums.ff_spread, ff_interval_),
        .latency_cycles = std::max(1, total_formula_cycles(baselines, target) + static_cast<int>(std::lround(std::max(0.0, sums.stages)))),
        .extrapolated = distance > 0};
    if (!folded) continue;
    estimate.dsp = std::round(sums.dsp);
    estimate.bram18 = std::round(sums.bram);
    for (const LayerBaseline& layer : baselines) estimate.initiation_interval = std::max(estimate.initiation_interval, layer.fold.cycles());
  }
}

/// Gradient descent on whole networks: the sums over their layers are what is known.
class SurrogateModel::Trainer {
 public:
  Trainer(SurrogateModel& model, const std::vector<SurrogateRow>& rows) : model_(model), rows_(rows) {
    for (const SurrogateRow& row : rows) {
      begins_.push_back(queries_.size());
      append_queries(row.arch, queries_);
      const auto layers = std::span(queries_).subspan(begins_.back());
      model.range_.include(layers, row.target);
    }
    begins_.push_back(queries_.size());
    features_.resize(queries_.size());
    baselines_.resize(queries_.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const HardwareTarget& target = rows[i].target;
      const TargetTerms terms(target);
      for (std::size_t k = begins_[i]; k < begins_[i + 1]; ++k) baselines_[k] = fill_features(queries_[k], target, terms, features_[k]);
      const auto baselines = std::span<const LayerBaseline>(baselines_).subspan(begins_[i], begins_[i + 1] - begins_[i]);
      stages_.push_back(rows[i].latency_cycles - total_formula_cycles(baselines, target));
    }
    scale();
  }

  void run(const Fit& params) {
    Rng rng = Rng::stream(params.seed, "surrogate net");
    model_.net_ = SurrogateNet(kNumSurrogateFeatures, kHidden, kNumSurrogateOutputs);
    model_.net_.randomise(rng);
    std::vector<std::size_t> order(rows_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Progress progress("training the surrogate, " + params.name, static_cast<std::size_t>(params.epochs), "epochs");
    for (int epoch = 0; epoch < params.epochs; ++epoch) {
      throw_if_interrupted();
      rng.shuffle(std::span(order));
      const float rate = kRate * 0.5F * (1 + static_cast<float>(std::cos(M_PI * epoch / params.epochs)));
      double error = 0;
      for (std::size_t begin = 0; begin < order.size(); begin += kBatch) {
        const auto batch = std::span(order).subspan(begin, std::min<std::size_t>(kBatch, order.size() - begin));
        error += step(batch, rate, 2 * epoch >= params.epochs);
      }
      progress.advance(1, fmt::format("mean error in LUT {:.1f} %", 100 * error / static_cast<double>(order.size())));
    }
  }

 private:
  void scale() {
    for (std::size_t f = 0; f < kNumSurrogateFeatures; ++f) {
      double mean = 0, square = 0;
      for (const auto& row : features_) mean += row[f] / static_cast<double>(features_.size());
      for (const auto& row : features_) square += (row[f] - mean) * (row[f] - mean) / static_cast<double>(features_.size());
      model_.mean_[f] = static_cast<float>(mean);
      model_.inverse_deviation_[f] = square > 1e-12 ? static_cast<float>(1 / std::sqrt(square)) : 0;
    }
  }

  /// @returns the sum of the absolute relative errors in LUT.
  double step(std::span<const std::size_t> batch, float rate, bool spreads) {
    const auto stride = static_cast<std::size_t>(model_.net_.feature_stride());
    const auto out_stride = static_cast<std::size_t>(model_.net_.output_stride());
    std::size_t num_layers = 0;
    for (const std::size_t i : batch) num_layers += begins_[i + 1] - begins_[i];
    if (x_.size() < num_layers * stride) x_ = nn::AlignedBuffer(num_layers * stride);
    std::size_t next = 0;
    for (const std::size_t i : batch) {
      for (std::size_t k = begins_[i]; k < begins_[i + 1]; ++k, ++next) {
        for (std::size_t f = 0; f < kNumSurrogateFeatures; ++f)
          x_[next * stride + f] = (features_[k][f] - model_.mean_[f]) * model_.inverse_deviation_[f];
      }
    }
    const int rows = static_cast<int>(num_layers);
    const float* out = model_.net_.forward(rows, x_.data(), scratch_);
    std::fill_n(scratch_.d_out.data(), num_layers * out_stride, 0.0F);
    double error = 0;
    next = 0;
    for (const std::size_t i : batch) {
      const std::size_t count = begins_[i + 1] - begins_[i];
      const std::span<const LayerBaseline> baselines(baselines_.data() + begins_[i], count);
      error += gradient(rows_[i], stages_[i], baselines, out + next * out_stride, scratch_.d_out.data() + next * out_stride,
                        1.0 / static_cast<double>(batch.size()), spreads);
      next += count;
    }
    model_.net_.step(rows, x_.data(), scratch_, rate);
    return error;
  }

  /// Loss of one network: squared logarithmic errors (absolute beyond 0.3) of the costs, squared error of the stages, and, with
  /// `spreads`, the negative logarithmic likelihood of the errors, which moves the spreads only. @returns |error in LUT|.
  double gradient(const SurrogateRow& row, double stages, std::span<const LayerBaseline> baselines, const float* out, float* d,
                  double weight, bool spreads) const {
    const int stride = model_.net_.output_stride();
    const bool folded = row.target.reuse_factor > 1;
    const Sums sums = add_up(out, stride, baselines, folded);
    const auto clipped = [](double r) { return std::clamp(r, -0.3, 0.3); };
    const double lut = std::log(sums.lut / row.lut), ff = std::log(sums.ff / std::max(row.ff, 1.0));
    const double dsp = std::log((1 + sums.dsp) / (1 + row.dsp)), bram = std::log((1 + sums.bram) / (1 + row.bram18));
    const double off = std::clamp(sums.stages - stages, -2.0, 2.0);
    const auto d_spread = [&](double residual, double spread) {
      return spreads ? std::clamp(1 - residual * residual * std::exp(-2 * spread), -5.0, 1.0) / static_cast<double>(baselines.size()) : 0;
    };
    for (const LayerBaseline& baseline : baselines) {
      const auto put = [&](SurrogateOutput output, double value) { d[output] = static_cast<float>(weight * value); };
      put(kLut, clipped(lut) * contribution(baseline.log_cost, out[kLut]) / sums.lut);
      put(kFf, clipped(ff) * contribution(baseline.log_cost, out[kFf]) / sums.ff);
      if (folded) {
        put(kDsp, clipped(dsp) * contribution(baseline.log_dsp, out[kDsp]) / (1 + sums.dsp));
        put(kBram, clipped(bram) * contribution(baseline.log_cost, out[kBram]) / (1 + sums.bram));
      }
      put(kStages, 0.05 * off);
      put(kLutSpread, 0.01 * d_spread(lut, sums.lut_spread));
      put(kFfSpread, 0.01 * d_spread(ff, sums.ff_spread));
      out += stride;
      d += stride;
    }
    return std::abs(lut);
  }

  SurrogateModel& model_;
  const std::vector<SurrogateRow>& rows_;
  std::vector<LayerQuery> queries_;
  std::vector<std::size_t> begins_;
  std::vector<std::array<float, kNumSurrogateFeatures>> features_;
  std::vector<LayerBaseline> baselines_;
  std::vector<double> stages_;  ///< cycles that the formula leaves to the net
  nn::AlignedBuffer x_;
  SurrogateNet::Scratch scratch_;
};

SurrogateModel SurrogateModel::fit(const std::vector<SurrogateRow>& rows, const std::vector<SurrogateRow>& intervals, const Fit& params) {
  SurrogateModel model;
  Trainer(model, rows).run(params);
  const auto round = [](auto& values) {
    for (float& value : values) value = static_cast<float>(six_digits(value));
  };
  round(model.mean_);
  round(model.inverse_deviation_);
  std::vector<float> parameters = model.net_.parameters();
  round(parameters);
  model.net_.set_parameters(parameters);
  // Split conformal intervals (Vovk et al. 2005): the 90 % quantile of the errors over their spreads, on rows that were not fitted to.
  std::vector<double> lut, ff;
  for (const SurrogateRow& row : intervals) {
    std::vector<LayerQuery> layers;
    append_queries(row.arch, layers);
    const std::size_t end = layers.size();
    SurrogateEstimate estimate;
    model.estimate(layers, {&end, 1}, row.target, TargetTerms(row.target), {&estimate, 1});
    if (estimate.extrapolated) continue;
    const auto spreads = [&](double truth, double value, double error) { return std::abs(std::log(truth / value)) / std::log1p(error); };
    lut.push_back(spreads(row.lut, estimate.lut, estimate.lut_error));
    if (row.ff > 0) ff.push_back(spreads(row.ff, estimate.ff, estimate.ff_error));
  }
  if (!lut.empty()) model.lut_interval_ = quantile(lut, 0.9);
  if (!ff.empty()) model.ff_interval_ = quantile(ff, 0.9);
  return model;
}

Json SurrogateModel::to_json() const {
  return {{"features", kNumSurrogateFeatures}, {"hidden", net_.hidden()},
          {"mean", six_digits(mean_)},         {"inverse_deviation", six_digits(inverse_deviation_)},
          {"lut_interval", lut_interval_},     {"ff_interval", ff_interval_},
          {"range", range_.to_json()},         {"parameters", six_digits(net_.parameters())}};
}

SurrogateModel SurrogateModel::from_json(const Json& json, const std::string& where) {
  const auto refuse = [&](const char* key, const std::string& found, const std::string& expected) {
    throw DataError("a surrogate file is not usable", {.where = where + ": " + key, .found = found, .expected = expected, .hint = {}});
  };
  const auto finite = [&](const char* key, std::size_t size) {
    auto values = json_get<std::vector<float>>(json, key, where);
    if (values.size() != size) refuse(key, fmt::format("{} numbers", values.size()), fmt::format("{}", size));
    for (const float value : values)
      if (!std::isfinite(value)) refuse(key, "a number that is not finite", "finite numbers");
    return values;
  };
  if (const int features = json_get<int>(json, "features", where); features != kNumSurrogateFeatures)
    refuse("features", fmt::format("{}", features), fmt::format("{}: the features that this program knows", kNumSurrogateFeatures));
  const int hidden = json_get<int>(json, "hidden", where);
  if (hidden < 1 || hidden > 1024) refuse("hidden", fmt::format("{}", hidden), "1 to 1024");
  SurrogateModel model;
  model.net_ = SurrogateNet(kNumSurrogateFeatures, hidden, kNumSurrogateOutputs);
  model.net_.set_parameters(finite("parameters", model.net_.parameters().size()));
  std::copy_n(finite("mean", kNumSurrogateFeatures).begin(), kNumSurrogateFeatures, model.mean_.begin());
  std::copy_n(finite("inverse_deviation", kNumSurrogateFeatures).begin(), kNumSurrogateFeatures, model.inverse_deviation_.begin());
  model.lut_interval_ = json_get<double>(json, "lut_interval", where);
  model.ff_interval_ = json_get<double>(json, "ff_interval", where);
  if (!(model.lut_interval_ >= 0 && model.ff_interval_ >= 0)) refuse("lut_interval", "a negative number", "0 or more");
  model.range_ = SurrogateRange::from_json(json_get<Json>(json, "range", where), where + ": range");
  return model;
}

}  // namespace snac::cost
