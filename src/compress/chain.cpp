#include "snac/compress/chain.hpp"

#include <stdexcept>

#include "snac/core/rng.hpp"

namespace snac::compress {
namespace {

/// Ranges settle with a few thousand rows; more only cost time.
constexpr std::size_t kCalibrationRows = 10000;

/// At most `count` rows, evenly spread: files may be sorted by class.
std::vector<std::uint32_t> every_kth(std::span<const std::uint32_t> rows, std::size_t count) {
  const std::size_t stride = std::max<std::size_t>(1, rows.size() / count);
  std::vector<std::uint32_t> picked;
  for (std::size_t i = 0; i < rows.size(); i += stride) picked.push_back(rows[i]);
  return picked;
}

void train_masked(ChainState& state, const ChainInput& input, const ChainParams& params, int epochs, const char* stage) {
  if (epochs == 0) return;
  const nn::TrainParams train{.epochs = epochs,
                              .batch = params.batch,
                              .learning_rate = params.learning_rate,
                              .l1 = 0,
                              .schedule = params.schedule,
                              .early_stopping = 0,
                              .restore_best = true,
                              .seed = derive_seed(input.seed, stage, static_cast<std::uint64_t>(state.iteration))};
  nn::train(state.mlp, *input.data, input.train_rows, input.validation_rows, train,
            {.quantizer = state.quantised() ? &state.quantizer : nullptr, .mask = &state.mask});
}

nn::NetQuantizer calibrated(const nn::Mlp& mlp, const ChainInput& input, const ChainParams& params) {
  CalibrationParams calibration = input.calibration;
  calibration.logits_bits = params.logits_bits;
  calibration.table_index_bits = params.table_index_bits;
  return calibrate(mlp, *input.data, every_kth(input.train_rows, kCalibrationRows), calibration);
}

nn::Mlp folded_initial(const nn::Mlp& trained, const ChainInput& input) {
  if (input.initial == nullptr || input.initial->spec != trained.spec)
    throw std::invalid_argument("begin_chain: rewinding to the initialisation needs the initial weights of the same network");
  return nn::fold_batch_norm(*input.initial);
}

}  // namespace

void describe(Fields& f, ChainParams& p) {
  f.choice<Order>("order", p.order, {{"combined", Order::combined}, {"prune_then_quantise", Order::prune_then_quantise}},
                  "combined: quantise, then prune while quantised; prune_then_quantise: prune in float, quantise after every round");
  f.integer("warmup_epochs", p.warmup_epochs, {.min = 0, .max = 100000},
            "Epochs before the first pruning; quantisation-aware, but with prune_then_quantise in float");
  f.integer("quantise_epochs", p.quantise_epochs, {.min = 0, .max = 100000},
            "Quantisation-aware epochs of each round's network with prune_then_quantise");
  f.section("pruning", "Iterative magnitude pruning", [&](Fields& s) {
    s.integer("iterations", p.pruning.iterations, {.min = 0, .max = 1000}, "Rounds of pruning");
    s.real("fraction", p.pruning.fraction, {.min = 0.001, .max = 0.999}, "Share of the surviving weights pruned per round");
    s.integer("epochs", p.pruning.epochs, {.min = 0, .max = 100000}, "Epochs of training after each pruning");
    s.choice<Rewind>(
        "rewind", p.pruning.rewind,
        {{"warmup", Rewind::warmup}, {"start", Rewind::start}, {"initialisation", Rewind::initialisation}, {"none", Rewind::none}},
        "Where surviving weights go back to: after warm-up, the searched weights, the random ones before the search's training, or "
        "nowhere");
    s.choice<PruningScope>("scope", p.pruning.scope, {{"layer", PruningScope::layer}, {"global", PruningScope::global}},
                           "Smallest magnitudes of each layer, or of the whole network");
  });
  f.integer("batch", p.batch, {.min = 1, .max = 1000000}, "Mini-batch size");
  f.real("learning_rate", p.learning_rate, {.min = 1e-8, .max = 10}, "Adam's learning rate");
  f.choice<nn::Schedule>("schedule", p.schedule,
                         {{"constant", nn::Schedule::constant}, {"cosine", nn::Schedule::cosine}, {"plateau", nn::Schedule::plateau}},
                         "Learning rate over each round's epochs");
  f.integer("logits_bits", p.logits_bits, {.min = 4, .max = 23}, "Width of the network's outputs");
  f.integer("table_index_bits", p.table_index_bits, {.min = 4, .max = 14}, "Index width of tanh, sigmoid and leaky_relu tables");
}

ChainState begin_chain(const nn::Mlp& trained, const ChainInput& input, const ChainParams& params) {
  ChainState state;
  state.mlp = nn::fold_batch_norm(trained);
  state.mask = full_mask(state.mlp);
  if (params.order == Order::combined) state.quantizer = calibrated(state.mlp, input, params);
  if (params.pruning.rewind == Rewind::start) state.rewind_point = state.mlp;
  if (params.pruning.rewind == Rewind::initialisation) state.rewind_point = folded_initial(trained, input);
  train_masked(state, input, params, params.warmup_epochs, "compress");
  if (params.pruning.rewind == Rewind::warmup) state.rewind_point = state.mlp;
  return state;
}

ChainState next_iteration(const ChainState& last, const ChainInput& input, const ChainParams& params) {
  ChainState state = last;
  ++state.iteration;
  prune_smallest(last.mlp, state.mask, params.pruning.fraction, params.pruning.scope);
  if (params.pruning.rewind != Rewind::none) state.mlp = last.rewind_point;
  apply_mask(state.mlp, state.mask);
  train_masked(state, input, params, params.pruning.epochs, "compress");
  return state;
}

ChainState quantise(const ChainState& pruned, const ChainInput& input, const ChainParams& params) {
  if (pruned.quantised()) throw std::invalid_argument("quantise: the state is quantised already");
  ChainState state{.iteration = pruned.iteration, .mlp = pruned.mlp, .rewind_point = {}, .mask = pruned.mask, .quantizer = {}};
  state.quantizer = calibrated(state.mlp, input, params);
  train_masked(state, input, params, params.quantise_epochs, "quantise");
  return state;
}

}  // namespace snac::compress
