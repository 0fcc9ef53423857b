#include "snac/nn/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "inference.hpp"
#include "schedule.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/kernels_bf16.hpp"
#include "training_step.hpp"

namespace snac::nn {
namespace {

constexpr int kMaxEpochs = 100000, kMaxBatch = 65536;
constexpr double kSmallestRate = 1e-12, kLargest = 1e30;

void require(bool fine, const char* field, const std::string& found, const char* expected) {
  if (!fine) throw ConfigError("a training parameter is out of range", {.where = field, .found = found, .expected = expected, .hint = {}});
}

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

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

void TrainParams::validate() const {
  require(epochs >= 1 && epochs <= kMaxEpochs, "epochs", std::to_string(epochs), "1 to 100000");
  require(batch >= 1 && batch <= kMaxBatch, "batch", std::to_string(batch), "1 to 65536");
  require(learning_rate >= kSmallestRate && learning_rate <= kLargest, "learning_rate", fmt::format("{}", learning_rate),
          "a positive number");
  require(momentum >= 0 && momentum < 1, "momentum", fmt::format("{}", momentum), "at least 0, less than 1");
  require(l1 >= 0 && l1 <= kLargest, "l1", fmt::format("{}", l1), "a number >= 0");
  require(l2 >= 0 && l2 <= kLargest, "l2", fmt::format("{}", l2), "a number >= 0");
  require(plateau_factor > 0 && plateau_factor <= 1, "plateau_factor", fmt::format("{}", plateau_factor), "more than 0, at most 1");
  require(plateau_patience >= 1, "plateau_patience", std::to_string(plateau_patience), "at least 1");
  require(min_learning_rate >= 0 && min_learning_rate <= kLargest, "min_learning_rate", fmt::format("{}", min_learning_rate),
          "a number >= 0");
  require(early_stopping >= 0, "early_stopping", std::to_string(early_stopping), "at least 0");
}

void describe(Fields& fields, TrainParams& params) {
  fields.integer("epochs", params.epochs, {.min = 1, .max = kMaxEpochs}, "Passes over the training rows");
  fields.integer("batch", params.batch, {.min = 1, .max = kMaxBatch}, "Rows per optimiser step");
  fields.real("learning_rate", params.learning_rate, {.min = kSmallestRate, .max = kLargest}, "Step size at the start");
  fields.choice<Optimizer>("optimizer", params.optimizer, {{"adam", Optimizer::adam}, {"sgd", Optimizer::sgd}},
                           "Adam, or stochastic gradient descent with momentum");
  fields.real("momentum", params.momentum, {.min = 0, .max = 0.9999}, "Share of the last step that sgd repeats; not used by adam");
  fields.real("l1", params.l1, {.min = 0, .max = kLargest}, "Weight of the sum of |W| in the loss; biases are excluded");
  fields.real("l2", params.l2, {.min = 0, .max = kLargest}, "Weight of the sum of W^2 in the loss; biases are excluded");
  fields.choice<Schedule>(
      "schedule", params.schedule, {{"constant", Schedule::constant}, {"cosine", Schedule::cosine}, {"plateau", Schedule::plateau}},
      "Learning rate over time: constant, cosine (to min_learning_rate), or plateau (lowered when the validation loss stalls)");
  fields.real("plateau_factor", params.plateau_factor, {.min = 1e-6, .max = 1}, "Learning rate multiplier at a plateau");
  fields.integer("plateau_patience", params.plateau_patience, {.min = 1}, "Epochs without improvement that make a plateau");
  fields.real("min_learning_rate", params.min_learning_rate, {.min = 0, .max = kLargest}, "Schedules do not go below this");
  fields.integer("early_stopping", params.early_stopping, {.min = 0}, "Epochs without a better validation loss before stopping; 0 = never");
  fields.flag("restore_best", params.restore_best, "Keep the weights of the epoch with the lowest validation loss");
  fields.integer("seed", params.seed, {.min = 0}, "Seed of shuffling and dropout");
  fields.choice<Precision>("precision", params.precision, {{"fp32", Precision::fp32}, {"bf16", Precision::bf16}},
                           "Of the factors of dense products while training: fp32, or bf16 (faster; needs a processor with AVX512_BF16)");
}

TrainResult train(Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> train_rows,
                  std::span<const std::uint32_t> validation_rows, const TrainParams& params, const TrainExtras& extras) {
  const auto start = std::chrono::steady_clock::now();
  params.validate();
  require_precision(params, extras);
  require_rows(train_rows, validation_rows, params);
  require_fits(mlp, data, train_rows);
  require_fits(mlp, data, validation_rows);

  const std::size_t batch = std::min(static_cast<std::size_t>(params.batch), train_rows.size());
  const std::size_t batches = (train_rows.size() + batch - 1) / batch;
  TrainingStep step(mlp, static_cast<int>(batch), params, extras);
  LearningRate rate(params, static_cast<std::int64_t>(batches) * params.epochs);
  EarlyStopping stopping(params.early_stopping);
  Mlp current = mlp, best = mlp;  // `mlp` itself stays as it was until the training has ended well
  TrainResult result;
  Score best_score;
  std::int64_t steps = 0;
  std::vector<std::uint32_t> order;
  for (int epoch = 0; epoch < params.epochs && !stopping.should_stop(); ++epoch) {
    order.assign(train_rows.begin(), train_rows.end());
    Rng shuffling = Rng::stream(params.seed, "shuffle", static_cast<std::uint64_t>(epoch));
    shuffling.shuffle(std::span(order));
    constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
    EpochLog log{
        .epoch = epoch, .learning_rate = rate.at(steps), .train_loss = 0, .validation_loss = kUnknown, .validation_accuracy = kUnknown};
    for (std::size_t begin = 0; begin < order.size(); begin += batch) {
      throw_if_interrupted();
      const auto rows = std::span<const std::uint32_t>(order).subspan(begin, std::min(batch, order.size() - begin));
      const double loss = step.run(data, rows, rate.at(steps++));
      if (!std::isfinite(loss)) diverged(epoch, "the training loss");
      log.train_loss += loss;
    }
    log.train_loss /= static_cast<double>(order.size());
    result.samples += static_cast<std::int64_t>(order.size());

    step.store(current);
    if (!all_finite(current.parameters) || !all_finite(current.statistics)) diverged(epoch, "a parameter");
    result.validation = {.loss = kUnknown, .accuracy = kUnknown};
    if (!validation_rows.empty()) {
      result.validation = evaluate(current, data, validation_rows, extras.quantizer);
      if (!std::isfinite(result.validation.loss)) diverged(epoch, "the validation loss");
      log.validation_loss = result.validation.loss;
      log.validation_accuracy = result.validation.accuracy;
      rate.end_of_epoch(log.validation_loss);
      if (stopping.improved(log.validation_loss)) {
        result.best_epoch = epoch;
        best_score = result.validation;
        best.parameters = current.parameters;
        best.statistics = current.statistics;
      }
    }
    result.history.push_back(log);
  }
  const bool restored = params.restore_best && result.best_epoch >= 0;
  if (restored) result.validation = best_score;
  const Mlp& chosen = restored ? best : current;
  mlp.parameters = chosen.parameters;
  mlp.statistics = chosen.statistics;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace snac::nn
