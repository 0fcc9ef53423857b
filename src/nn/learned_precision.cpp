#include "snac/nn/learned_precision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string_view>

#include "byte_file.hpp"
#include "inference.hpp"
#include "precision_step.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/trainer.hpp"

namespace snac::nn {
namespace {

constexpr std::string_view kMagic("SNACPRC\0", 8);
constexpr std::uint32_t kVersion = 1;

std::size_t size_of(int value) { return static_cast<std::size_t>(value); }

int bits_to_hold(std::int64_t raw) { return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(raw))); }

/// floor(value 2^fraction + 1/2) 2^-fraction, as the kernels round.
double on_grid(double value, int fraction) {
  const double scaled = std::ldexp(value, fraction), below = std::floor(scaled);
  return std::ldexp(scaled - below >= 0.5 ? below + 1 : below, -fraction);
}

/// Fraction bits that a value needs; lowest() for zero.
int needed_fraction(double value) {
  if (value == 0) return std::numeric_limits<int>::lowest();
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);  // in [1/2, 1): 53 bits
  const auto digits = static_cast<std::int64_t>(std::ldexp(std::fabs(mantissa), 53));
  return 53 - exponent - std::countr_zero(static_cast<std::uint64_t>(digits));
}

/// The elements of one tensor while a net is frozen.
struct Elements {
  std::vector<Grid> grids;
  std::vector<bool> dead;
};

Elements learned_elements(const ElementBits& bits, bool is_signed) {
  Elements elements;
  for (std::size_t e = 0; e < bits.fraction.size(); ++e) {
    const RoundedBits rounded = rounded_bits(bits, e);
    elements.grids.push_back(learned_grid(rounded, is_signed));
    elements.dead.push_back(rounded.width() <= 0);
  }
  return elements;
}

/// Dead elements get the narrowest grid there is, on a step that refines no sum.
Grids grids_of(const Elements& elements, bool is_signed) {
  int coarsest = std::numeric_limits<int>::max();
  for (std::size_t e = 0; e < elements.grids.size(); ++e) {
    if (!elements.dead[e]) coarsest = std::min(coarsest, elements.grids[e].fraction_bits);
  }
  if (coarsest == std::numeric_limits<int>::max()) coarsest = 0;
  std::vector<Grid> grids = elements.grids;
  for (std::size_t e = 0; e < grids.size(); ++e) {
    if (elements.dead[e]) grids[e] = {.fraction_bits = coarsest, .min_raw = is_signed ? -2 : 0, .max_raw = 1};
  }
  return Grids(std::move(grids));
}

/// From trained bits, or a frozen net changed since, to the simplest net that computes the same. Tensor 0 is the input, tensor
/// l + 1 the output of layer l.
class Freezing {
 public:
  explicit Freezing(const PrecisionNet& net) : mlp_(net.mlp), start_(net.start) {
    tensors_.push_back(learned_elements(net.input, true));
    for (std::size_t l = 0; l < mlp_.layers.size(); ++l) {
      tensors_.push_back(has_table(l) ? given_elements(net.start.layers[l].output, outputs(l))
                                      : learned_elements(net.outputs[l], is_signed(l)));
      round_parameters(net, l);
    }
  }
  explicit Freezing(const FrozenNet& net) : mlp_(net.mlp), start_(net.quantizer) {
    tensors_.push_back(given_elements(net.quantizer.input, inputs(0)));
    for (std::size_t l = 0; l < mlp_.layers.size(); ++l) tensors_.push_back(given_elements(net.quantizer.layers[l].output, outputs(l)));
  }

  FrozenNet run() {
    for (std::size_t l = 0; l < mlp_.layers.size(); ++l) clear_dead_inputs(l);
    for (std::size_t l = 0; l + 1 < mlp_.layers.size(); ++l) fold_constants(l);
    for (std::size_t l = mlp_.layers.size(); l > 0; --l) remove_useless(l);
    for (std::size_t e = 0; e < tensors_[0].dead.size(); ++e) tensors_[0].dead[e] = tensors_[0].dead[e] || unread(0, e);
    FrozenNet frozen{.mlp = mlp_, .quantizer = {}};
    frozen.quantizer.input = grids_of(tensors_[0], true);
    for (std::size_t l = 0; l < mlp_.layers.size(); ++l) frozen.quantizer.layers.push_back(layer_grids(l, frozen.quantizer));
    return frozen;
  }

 private:
  bool has_table(std::size_t l) const { return uses_table(mlp_.layers[l].activation); }
  bool is_signed(std::size_t l) const { return mlp_.layers[l].activation != space::Activation::relu; }
  std::size_t inputs(std::size_t l) const { return size_of(mlp_.layers[l].inputs); }
  std::size_t outputs(std::size_t l) const { return size_of(mlp_.layers[l].outputs); }
  float& weight(std::size_t l, std::size_t o, std::size_t i) { return mlp_.weights(l)[o * inputs(l) + i]; }

  static Elements given_elements(const Grids& grids, std::size_t count) {
    Elements elements{.grids = {}, .dead = std::vector<bool>(count)};
    for (std::size_t e = 0; e < count; ++e) elements.grids.push_back(grids[e]);
    return elements;
  }

  void round_parameters(const PrecisionNet& net, std::size_t l) {
    const std::size_t first = mlp_.layers[l].weight;
    const auto weights = mlp_.weights(l);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const auto fraction = static_cast<int>(std::floor(static_cast<double>(net.weight_fraction[first + k]) + 0.5));
      weights[k] = static_cast<float>(on_grid(static_cast<double>(weights[k]), fraction));
    }
    for (std::size_t o = 0; o < outputs(l); ++o) {
      const int fraction = has_table(l) ? net.start.layers[l].bias_fraction_bits : rounded_bits(net.outputs[l], o).fraction + 1;
      mlp_.biases(l)[o] = static_cast<float>(on_grid(static_cast<double>(mlp_.biases(l)[o]), fraction));
    }
  }

  void clear_dead_inputs(std::size_t l) {
    for (std::size_t i = 0; i < inputs(l); ++i) {
      if (tensors_[l].dead[i]) clear_column(l, i);
    }
  }

  void clear_column(std::size_t l, std::size_t i) {
    for (std::size_t o = 0; o < outputs(l); ++o) weight(l, o, i) = 0;
  }

  /// A unit without inputs gives a constant: it moves into the biases of the next layer.
  void fold_constants(std::size_t l) {
    if (has_table(l)) return;
    for (std::size_t o = 0; o < outputs(l); ++o) {
      const auto row = mlp_.weights(l).subspan(o * inputs(l), inputs(l));
      if (std::any_of(row.begin(), row.end(), [](float w) { return w != 0; })) continue;
      double value = static_cast<double>(mlp_.biases(l)[o]);
      if (!is_signed(l)) value = std::max(value, 0.0);
      value = tensors_[l + 1].dead[o] ? 0 : quantize(tensors_[l + 1].grids[o], value);
      for (std::size_t reader = 0; reader < outputs(l + 1); ++reader) {
        float& bias = mlp_.biases(l + 1)[reader];
        bias = static_cast<float>(static_cast<double>(bias) + static_cast<double>(weight(l + 1, reader, o)) * value);
      }
      clear_column(l + 1, o);
    }
  }

  bool unread(std::size_t l, std::size_t i) {
    for (std::size_t o = 0; o < outputs(l); ++o) {
      if (weight(l, o, i) != 0) return false;
    }
    return true;
  }

  /// Units of tensor t that have no bits, or that nothing reads.
  void remove_useless(std::size_t t) {
    const std::size_t l = t - 1;
    for (std::size_t o = 0; o < outputs(l); ++o) {
      const bool read = t == mlp_.layers.size() || !unread(t, o);
      if (!tensors_[t].dead[o] && read) continue;
      if (!has_table(l)) tensors_[t].dead[o] = true;
      for (std::size_t i = 0; i < inputs(l); ++i) weight(l, o, i) = 0;
      mlp_.biases(l)[o] = 0;
    }
  }

  LayerQuantizer layer_grids(std::size_t l, const NetQuantizer& below) const {
    LayerQuantizer grids;
    int finest = std::numeric_limits<int>::lowest();
    double largest = 0;
    for (const float w : mlp_.weights(l)) {
      finest = std::max(finest, needed_fraction(static_cast<double>(w)));
      largest = std::max(largest, std::fabs(static_cast<double>(w)));
    }
    if (largest == 0) finest = 0;
    const std::int64_t highest = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ldexp(largest, finest)));
    const std::int64_t range = (std::int64_t{1} << bits_to_hold(highest)) - 1;
    grids.weight = {.fraction_bits = finest, .min_raw = -range, .max_raw = range};
    const Grids& input = l == 0 ? below.input : below.layers[l - 1].output;
    grids.bias_fraction_bits = input.finest_fraction_bits() + finest;
    for (const float b : mlp_.biases(l))
      grids.bias_fraction_bits = std::max(grids.bias_fraction_bits, needed_fraction(static_cast<double>(b)));
    if (has_table(l)) {
      grids.pre_activation = start_.layers[l].pre_activation;
      grids.output = start_.layers[l].output;
    } else {
      grids.output = grids_of(tensors_[l + 1], is_signed(l));
    }
    return grids;
  }

  Mlp mlp_;
  const NetQuantizer& start_;  ///< grids of tables
  std::vector<Elements> tensors_;
};

void require(bool good, const char* what) {
  if (!good) throw std::invalid_argument(fmt::format("learned precision: {}", what));
}

void validate(const PrecisionParams& params) {
  require(params.epochs >= 1 && params.batch >= 1 && params.cycle_epochs >= 1, "epochs, batch and cycle_epochs must be at least 1");
  require(params.learning_rate > 0 && params.bits_learning_rate >= 0, "learning rates must be positive");
  require(params.cost_start > 0 && params.cost_end >= params.cost_start, "cost factors must be positive and not fall");
}

}  // namespace

PrecisionNet make_precision_net(const Mlp& mlp, const NetQuantizer& start, const data::Dataset& data, std::span<const std::uint32_t> rows) {
  require_fits(start, mlp);
  require_fits(mlp, data, rows);
  PrecisionNet net{.mlp = mlp, .start = start, .weight_fraction = std::vector<float>(mlp.parameters.size()), .input = {}, .outputs = {}};
  std::vector<double> largest(size_of(mlp.layers.front().inputs));
  for (const std::uint32_t row : rows) {
    const auto features = data.row(row);
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (std::isfinite(features[i])) largest[i] = std::max(largest[i], std::fabs(static_cast<double>(features[i])));
    }
  }
  for (std::size_t i = 0; i < largest.size(); ++i) {
    const Grid& grid = start.input[i];
    const int widest = bits_to_hold(grid.max_raw) - grid.fraction_bits;
    const int range = largest[i] > 0 ? static_cast<int>(std::ceil(std::log2(largest[i]))) : -grid.fraction_bits;
    net.input.fraction.push_back(static_cast<float>(grid.fraction_bits));
    net.input.range.push_back(static_cast<float>(std::min(range, widest)));
  }
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const LayerQuantizer& grids = start.layers[l];
    std::fill_n(net.weight_fraction.begin() + static_cast<std::ptrdiff_t>(mlp.layers[l].weight), mlp.weights(l).size(),
                static_cast<float>(grids.weight.fraction_bits));
    ElementBits& bits = net.outputs.emplace_back();
    if (uses_table(mlp.layers[l].activation)) continue;
    for (std::size_t o = 0; o < size_of(mlp.layers[l].outputs); ++o) {
      const Grid& grid = grids.output[o];
      bits.fraction.push_back(static_cast<float>(grid.fraction_bits));
      bits.range.push_back(static_cast<float>(bits_to_hold(grid.max_raw) - grid.fraction_bits));
    }
  }
  return net;
}

FrozenNet freeze(const PrecisionNet& net) { return Freezing(net).run(); }

FrozenNet simplify(const FrozenNet& net) {
  require_fits(net.quantizer, net.mlp);
  return Freezing(net).run();
}

double proxy_cost(const PrecisionNet& net, CostProxy proxy) { return PrecisionStep(net, 1, proxy).cost(); }

struct PrecisionTraining::State {
  State(const PrecisionNet& net, const data::Dataset& dataset, std::span<const std::uint32_t> train_rows, const PrecisionParams& parameters)
      : data(dataset), rows(train_rows), params(parameters), step(net, parameters.batch, parameters.proxy, parameters.granularity) {
    validate(params);
    require_fits(net.mlp, data, rows);
    if (rows.empty()) {
      throw ConfigError("there is nothing to train on",
                        {.where = "training rows", .found = "none", .expected = "at least one", .hint = {}});
    }
  }

  const data::Dataset& data;
  std::span<const std::uint32_t> rows;
  PrecisionParams params;
  PrecisionStep step;
  int epochs = 0;
  std::vector<std::uint32_t> order;
};

PrecisionTraining::PrecisionTraining(const PrecisionNet& net, const data::Dataset& data, std::span<const std::uint32_t> rows,
                                     const PrecisionParams& params)
    : state_(std::make_unique<State>(net, data, rows, params)) {}

PrecisionTraining::~PrecisionTraining() = default;
PrecisionTraining::PrecisionTraining(PrecisionTraining&&) noexcept = default;
PrecisionTraining& PrecisionTraining::operator=(PrecisionTraining&&) noexcept = default;

void PrecisionTraining::resume(const PrecisionCheckpoint& checkpoint) {
  state_->step.resume(checkpoint.values, checkpoint.steps);
  state_->epochs = checkpoint.epochs;
}

bool PrecisionTraining::finished() const { return state_->epochs >= state_->params.epochs; }

PrecisionEpoch PrecisionTraining::run_epoch() {
  State& s = *state_;
  const PrecisionParams& params = s.params;
  s.order.assign(s.rows.begin(), s.rows.end());
  Rng shuffling = Rng::stream(params.seed, "shuffle", static_cast<std::uint64_t>(s.epochs));
  shuffling.shuffle(std::span(s.order));
  const auto batch = size_of(params.batch);
  const double steps_per_epoch = std::ceil(static_cast<double>(s.order.size()) / static_cast<double>(batch));
  PrecisionEpoch log{.epoch = s.epochs};
  double done = 0;
  for (std::size_t begin = 0; begin < s.order.size(); begin += batch, ++done) {
    throw_if_interrupted();
    const double at = s.epochs + done / steps_per_epoch;  // in epochs
    const double in_cycle = std::fmod(at, params.cycle_epochs) / params.cycle_epochs;
    log.cost_factor = params.cost_start * std::pow(params.cost_end / params.cost_start, at / params.epochs);
    const auto rows = std::span<const std::uint32_t>(s.order).subspan(begin, std::min(batch, s.order.size() - begin));
    const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * in_cycle));
    const double loss =
        s.step.run(s.data, rows,
                   {.weights = params.learning_rate * cosine, .bits = params.bits_learning_rate * cosine, .cost_factor = log.cost_factor});
    if (!std::isfinite(loss)) {
      throw DivergedError(
          fmt::format("training diverged: the training loss is not a finite number in epoch {}; lower the learning rate or "
                      "check the features for values that are not finite",
                      s.epochs + 1));
    }
    log.train_loss += loss;
  }
  log.train_loss /= static_cast<double>(s.order.size());
  log.cost = s.step.cost();
  ++s.epochs;
  return log;
}

PrecisionNet PrecisionTraining::net() const { return state_->step.net(); }

PrecisionCheckpoint PrecisionTraining::checkpoint() const {
  return {.values = state_->step.values(), .steps = state_->step.steps(), .epochs = state_->epochs};
}

std::vector<std::byte> serialize(const PrecisionCheckpoint& checkpoint) {
  ByteWriter writer(kMagic, kVersion);
  writer.long_floats(checkpoint.values);
  writer.number(static_cast<std::uint64_t>(checkpoint.steps));
  writer.number(static_cast<std::uint32_t>(checkpoint.epochs));
  return writer.finish();
}

PrecisionCheckpoint deserialize_precision_checkpoint(std::span<const std::byte> bytes, const std::string& where) {
  ByteReader reader(bytes, kMagic, kVersion, "checkpoint", where);
  PrecisionCheckpoint checkpoint;
  checkpoint.values = reader.long_floats("trained values");
  const auto steps = reader.number<std::uint64_t>("steps");
  const auto epochs = reader.number<std::uint32_t>("epochs");
  constexpr std::uint64_t kMost = 1U << 31;
  if (steps >= kMost * kMost || epochs >= kMost) reader.damaged(fmt::format("{} steps, {} epochs", steps, epochs), "counts");
  checkpoint.steps = static_cast<std::int64_t>(steps);
  checkpoint.epochs = static_cast<int>(epochs);
  reader.finish();
  return checkpoint;
}

}  // namespace snac::nn
