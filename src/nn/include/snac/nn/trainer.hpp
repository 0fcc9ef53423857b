// Training of one Mlp on one thread: mini-batches, softmax cross-entropy, Adam or gradient descent with momentum, learning-rate schedule,
// early stopping with the best weights restored; optionally with fake quantisation (straight-through estimator) and pruning masks. Same
// seed, data and instruction set: same bits, at any number of threads around it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "snac/core/fields.hpp"
#include "snac/data/dataset.hpp"
#include "snac/nn/forward.hpp"
#include "snac/nn/mlp.hpp"
#include "snac/nn/quantizer.hpp"

namespace snac::nn {

enum class Schedule { constant, cosine, plateau };
enum class Optimizer { adam, sgd };
/// bf16: factors of the dense products (activations, weights, gradients of sums) are rounded to bfloat16, sums are floats.
/// The weights that are learnt, the optimiser, biases, batch norm and the loss stay single precision, and validation
/// scores are those of the single-precision network. Needs a processor with AVX512_BF16 (or SNAC_KERNELS=reference).
enum class Precision { fp32, bf16 };

struct TrainParams {
  int epochs = 5;
  int batch = 128;
  double learning_rate = 1e-3;
  Optimizer optimizer = Optimizer::adam;
  double momentum = 0.9;  ///< of sgd: v = momentum v - rate g; w += v
  double l1 = 0;          ///< added to the loss: l1 * sum |W| over all kernels (biases excluded)
  double l2 = 0;          ///< added to the loss: l2 * sum W^2 over all kernels
  Schedule schedule =
      Schedule::plateau;  ///< plateau: x plateau_factor when the validation loss has not improved for plateau_patience epochs
  double plateau_factor = 0.5;
  int plateau_patience = 2;
  double min_learning_rate = 1e-6;
  int early_stopping = 5;    ///< epochs without a better validation loss before stopping; 0 = never
  bool restore_best = true;  ///< keep the weights of the epoch with the lowest validation loss
  std::uint64_t seed = 1;
  Precision precision = Precision::fp32;
  void validate() const;  ///< @throws ConfigError naming field, value, allowed range
};
void describe(Fields& fields, TrainParams& params);

struct TrainCheckpoint;  // checkpoint.hpp

/// Losses are the mean cross-entropy without the L1 and L2 terms, so that they compare across them. learning_rate is that of the
/// epoch's first step. The training loss is the mean over the epoch's batches as they were seen (dropout on, weights
/// moving). Without validation rows the validation fields are NaN.
struct EpochLog {
  int epoch = 0;
  double learning_rate = 0, train_loss = 0, validation_loss = 0, validation_accuracy = 0;
};

/// What a stage may add to plain float training.
struct TrainExtras {
  const NetQuantizer* quantizer = nullptr;          ///< QAT: forward through the grids, straight-through gradient (zero where saturated)
  const std::vector<std::uint8_t>* mask = nullptr;  ///< one per parameter; 0 = pruned: stays exactly zero
  /// Called after each epoch with everything that is needed to go on from there. Unset: no checkpoint is made.
  std::function<void(const TrainCheckpoint&)> on_epoch = {};
  /// Goes on from here to the same bits as an uninterrupted training; the network given to train() must have the same
  /// architecture, its values do not count.
  const TrainCheckpoint* resume = nullptr;
  /// Asked after every epoch, on the training's thread; true ends the training as early stopping would. Never changes an epoch.
  std::function<bool(const EpochLog&)> should_stop = {};
};

struct TrainResult {
  std::vector<EpochLog> history;
  int best_epoch = -1;       ///< the epoch with the lowest validation loss; -1 without validation rows
  Score validation;          ///< of the weights left in `mlp`; NaN without validation rows
  double seconds = 0;        ///< with a checkpoint: of all runs together
  std::int64_t samples = 0;  ///< training samples processed
};

/// The loss, a parameter or a running statistic became NaN or infinite: never hidden, never a result.
struct DivergedError : Error {
  explicit DivergedError(std::string_view summary) : Error(ExitCode::internal, summary) {}
};

/// Trains in place. Rows index into `data`; they are shuffled anew each epoch. The last short batch is used.
/// Best means lowest validation loss; restore_best brings back its parameters and running statistics.
/// With a quantizer, weights are kept inside the range of their grids while training.
/// `mlp` is changed only if the training ends well.
/// @throws Interrupted between batches if a stop was asked for (core/interrupt.hpp);
///         DivergedError;
///         ConfigError for bad parameters, bf16 on a processor without it or together with a quantizer (most grids are
///         finer than bfloat16, so the forward pass would not be that of the integers), no training rows, a checkpoint of another training
///         (it names what differs), or no validation rows although early stopping, restore_best or the plateau schedule need them;
///         DataError if the data set has other features or classes than the network; std::invalid_argument for a row outside the data set,
///         a mask of another size, a quantizer that require_fits() refuses (batch norm not folded).
TrainResult train(Mlp& mlp, const data::Dataset& data, std::span<const std::uint32_t> train_rows,
                  std::span<const std::uint32_t> validation_rows, const TrainParams& params, const TrainExtras& extras = {});

}  // namespace snac::nn
