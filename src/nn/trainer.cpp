#include "snac/nn/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>

#include "inference.hpp"
#include "schedule.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/checkpoint.hpp"
#include "snac/nn/kernels_bf16.hpp"
#include "training_step.hpp"

namespace snac::nn {
namespace {

[[noreturn]] void diverged(int epoch, const char* what) {
  throw DivergedError(
      fmt::format("training diverged: {} is not a finite number in epoch {}; lower the learning rate or check the features "
                  "for values that are not finite",
                  what, epoch + 1));
}

void require_rows(std::span<const std::uint32_t> train_rows, std::span<const std::uint32_t> validation_rows, const TrainParams& params) {
  if (train_rows.empty()) {
    throw ConfigError("there is nothing to train on", {.where = "training rows", .found = "none", .expected = "at least one", .hint = {}});
  }
  if (!validation_rows.empty()) return;
  if (params.early_stopping > 0 || params.restore_best || params.schedule == Schedule::plateau) {
    throw ConfigError("there is nothing to validate on",
                      {.where = "validation rows",
                       .found = "none",
                       .expected = "at least one for early stopping, restore_best and the plateau schedule",
                       .hint = "set early_stopping: 0, restore_best: false and schedule: constant or cosine, or hold rows out"});
  }
}

void require_precision(const TrainParams& params, const TrainExtras& extras) {
  if (params.precision == Precision::fp32) return;
  if (extras.quantizer != nullptr) {
    throw ConfigError("quantisation-aware training does not run in bf16",
                      {.where = "precision",
                       .found = "bf16 together with quantisation grids",
                       .expected = "fp32: grids are finer than the 8 significant bits of bf16, and integers must come out exactly",
                       .hint = "set precision: fp32 for this stage"});
  }
  if (bf16_kernels() != nullptr) return;
  throw ConfigError(
      "bf16 training is not possible here",
      {.where = "precision",
       .found = fmt::format("bf16, but the arithmetic in use ({}) has no bfloat16 products", kernel_isa_name()),
       .expected = "a processor with AVX512_BF16 (AMD Zen 4, Intel Cooper Lake or Sapphire Rapids, or later) and SNAC_KERNELS "
                   "unset",
       .hint = "set precision: fp32"});
}

void require_same_settings(const TrainCheckpoint& checkpoint, const std::map<std::string, std::string>& settings) {
  const auto refuse = [](const std::string& name, const std::string& found, const std::string& expected) {
    throw ConfigError("the checkpoint belongs to another training",
                      {.where = name, .found = found, .expected = expected + ", as in the checkpoint", .hint = "start anew without it"});
  };
  for (const auto& [name, value] : checkpoint.settings) {
    const auto found = settings.find(name);
    if (found == settings.end() || found->second != value) refuse(name, found == settings.end() ? "nothing" : found->second, value);
  }
  for (const auto& [name, value] : settings) {
    if (!checkpoint.settings.contains(name)) refuse(name, value, "nothing");
  }
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// One training: the loop of train() and what it remembers between epochs.
class Training {
 public:
  Training(const Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> train_rows,
           std::span<const std::uint32_t> validation_rows, const TrainParams& params, const TrainExtras& extras)
      : data_(data),
        train_rows_(train_rows),
        validation_rows_(validation_rows),
        params_(params),
        extras_(extras),
        batch_(std::min(static_cast<std::size_t>(params.batch), train_rows.size())),
        current_(extras.resume != nullptr ? extras.resume->mlp : mlp),
        step_(current_, static_cast<int>(batch_), params, extras),
        rate_(params, static_cast<std::int64_t>((train_rows.size() + batch_ - 1) / batch_) * params.epochs),
        stopping_(params.early_stopping) {
    if (extras.on_epoch || extras.resume != nullptr) {
      settings_ = checkpoint_settings(mlp, data, train_rows, validation_rows, params, extras);
    }
    if (extras.resume != nullptr) resume(*extras.resume);
  }

  bool finished() const { return stopped_ || static_cast<int>(result_.history.size()) >= params_.epochs || stopping_.should_stop(); }

  void run_epoch() {
    EpochLog log = learn();
    step_.store(current_);
    if (!all_finite(current_.parameters) || !all_finite(current_.statistics)) diverged(log.epoch, "a parameter");
    result_.validation = {.loss = kUnknown, .accuracy = kUnknown};
    if (!validation_rows_.empty()) validate(log);
    result_.history.push_back(log);
    if (extras_.on_epoch) extras_.on_epoch(checkpoint());
    stopped_ = extras_.should_stop && extras_.should_stop(log);
  }

  /// Leaves the chosen weights in `mlp`.
  TrainResult finish(Mlp& mlp) {
    const bool restored = params_.restore_best && result_.best_epoch >= 0;
    if (restored) result_.validation = best_score_;
    mlp.parameters = restored ? best_parameters_ : current_.parameters;
    mlp.statistics = restored ? best_statistics_ : current_.statistics;
    result_.seconds = seconds();
    return result_;
  }

 private:
  /// One pass over the shuffled training rows.
  EpochLog learn() {
    const int epoch = static_cast<int>(result_.history.size());
    order_.assign(train_rows_.begin(), train_rows_.end());
    Rng shuffling = Rng::stream(params_.seed, "shuffle", static_cast<std::uint64_t>(epoch));
    shuffling.shuffle(std::span(order_));
    EpochLog log{.epoch = epoch, .learning_rate = rate_.at(steps()), .validation_loss = kUnknown, .validation_accuracy = kUnknown};
    for (std::size_t begin = 0; begin < order_.size(); begin += batch_) {
      throw_if_interrupted();
      const auto rows = std::span<const std::uint32_t>(order_).subspan(begin, std::min(batch_, order_.size() - begin));
      const double loss = step_.run(data_, rows, rate_.at(steps()));
      if (!std::isfinite(loss)) diverged(epoch, "the training loss");
      log.train_loss += loss;
    }
    log.train_loss /= static_cast<double>(order_.size());
    result_.samples += static_cast<std::int64_t>(order_.size());
    return log;
  }

  void validate(EpochLog& log) {
    result_.validation = evaluate(current_, data_, validation_rows_, extras_.quantizer);
    if (!std::isfinite(result_.validation.loss)) diverged(log.epoch, "the validation loss");
    log.validation_loss = result_.validation.loss;
    log.validation_accuracy = result_.validation.accuracy;
    rate_.end_of_epoch(log.validation_loss);
    if (!stopping_.improved(log.validation_loss)) return;
    result_.best_epoch = log.epoch;
    best_score_ = result_.validation;
    best_parameters_ = current_.parameters;
    best_statistics_ = current_.statistics;
  }

  TrainCheckpoint checkpoint() const {
    TrainCheckpoint checkpoint{.settings = settings_,
                               .mlp = current_,
                               .first_moment = step_.first_moment(),
                               .second_moment = step_.second_moment(),
                               .best_parameters = best_parameters_,
                               .best_statistics = best_statistics_,
                               .best_score = best_score_,
                               .progress = result_,
                               .steps = step_.steps(),
                               .schedule = rate_.state(),
                               .stopping = stopping_.state()};
    checkpoint.progress.seconds = seconds();
    return checkpoint;
  }

  void resume(const TrainCheckpoint& checkpoint) {
    require_same_settings(checkpoint, settings_);
    if (checkpoint.progress.history.size() > static_cast<std::size_t>(params_.epochs)) {
      throw ConfigError("the checkpoint is beyond the end of this training",
                        {.where = "epochs",
                         .found = std::to_string(params_.epochs),
                         .expected = fmt::format("at least {}, the epochs in the checkpoint", checkpoint.progress.history.size()),
                         .hint = {}});
    }
    step_.resume(checkpoint.first_moment, checkpoint.second_moment, checkpoint.steps);
    best_parameters_ = checkpoint.best_parameters;
    best_statistics_ = checkpoint.best_statistics;
    if (checkpoint.progress.best_epoch >= 0 &&
        (best_parameters_.size() != current_.parameters.size() || best_statistics_.size() != current_.statistics.size())) {
      throw std::invalid_argument("train: the best weights of the checkpoint have another size than the network");
    }
    best_score_ = checkpoint.best_score;
    result_ = checkpoint.progress;
    rate_.restore(checkpoint.schedule);
    stopping_.restore(checkpoint.stopping);
  }

  std::int64_t steps() const { return static_cast<std::int64_t>(step_.steps()); }
  double seconds() const {
    const double earlier = extras_.resume != nullptr ? extras_.resume->progress.seconds : 0;
    return earlier + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const data::Dataset& data_;
  std::span<const std::uint32_t> train_rows_, validation_rows_;
  const TrainParams& params_;
  const TrainExtras& extras_;
  std::size_t batch_;
  Mlp current_;  ///< the caller's network stays as it was until the training has ended well
  TrainingStep step_;
  LearningRate rate_;
  EarlyStopping stopping_;
  std::vector<float> best_parameters_, best_statistics_;
  Score best_score_;
  TrainResult result_;
  std::vector<std::uint32_t> order_;
  bool stopped_ = false;  ///< the caller asked for the end
  std::map<std::string, std::string> settings_;
};

}  // namespace

TrainResult train(Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> train_rows,
                  std::span<const std::uint32_t> validation_rows, const TrainParams& params, const TrainExtras& extras) {
  params.validate();
  require_precision(params, extras);
  require_rows(train_rows, validation_rows, params);
  require_fits(mlp, data, train_rows);
  require_fits(mlp, data, validation_rows);
  if (extras.resume != nullptr && extras.resume->mlp.spec != mlp.spec) {
    throw ConfigError("the checkpoint belongs to another training",
                      {.where = "architecture",
                       .found = space::summary(mlp.spec),
                       .expected = space::summary(extras.resume->mlp.spec) + ", as in the checkpoint",
                       .hint = "start anew without it"});
  }
  Training training(mlp, data, train_rows, validation_rows, params, extras);
  while (!training.finished()) training.run_epoch();
  return training.finish(mlp);
}

}  // namespace snac::nn
