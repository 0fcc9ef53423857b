#include <fmt/format.h>

#include "snac/core/error.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::nn {
namespace {

constexpr int kMaxEpochs = 100000, kMaxBatch = 65536;
constexpr double kSmallestRate = 1e-12, kLargest = 1e30;

void require(bool fine, const char* field, const std::string& found, const char* expected) {
  if (!fine) throw ConfigError("a training parameter is out of range", {.where = field, .found = found, .expected = expected, .hint = {}});
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

}  // namespace snac::nn
