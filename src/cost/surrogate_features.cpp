#include "surrogate_features.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "layer_sample.hpp"

namespace snac::cost {
namespace {

using space::Activation;

/// log2 of sizes, which come again and again.
double log2_of(int value) {
  static const auto table = [] {
    std::array<double, 4096> logs{};
    for (std::size_t i = 1; i < logs.size(); ++i) logs[i] = std::log2(static_cast<double>(i));
    return logs;
  }();
  return static_cast<std::size_t>(value) < table.size() ? table[static_cast<std::size_t>(value)] : std::log2(value);
}

int levels_of(int values) { return static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(values, 1) - 1))); }

bool is_signed(Activation activation) { return activation != Activation::relu && activation != Activation::sigmoid; }

constexpr double kLn2 = 0.6931471805599453;

}  // namespace

LayerFold layer_fold(int inputs, int outputs, int reuse_factor) {
  if (reuse_factor <= 1) return {.slots = inputs, .steps = 1, .groups = 1, .units = outputs};
  const std::int64_t n = inputs, m = outputs;
  const std::int64_t reuse = std::min<std::int64_t>(reuse_factor, n * m);
  const auto divided = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  if (reuse <= n) {
    const std::int64_t steps = divided(n, divided(n, reuse));
    return {.slots = static_cast<int>(divided(n, steps)), .steps = static_cast<int>(steps), .groups = 1, .units = outputs};
  }
  const std::int64_t units = divided(m, reuse / n);
  return {.slots = 1, .steps = inputs, .groups = static_cast<int>(divided(m, units)), .units = static_cast<int>(units)};
}

void append_queries(const space::ArchSpec& spec, std::vector<LayerQuery>& queries) {
  const std::vector<space::DenseLayer> chain = space::dense_chain(spec);
  int inputs = spec.input.back().size;
  for (std::size_t k = 0; k < chain.size(); ++k) {
    queries.push_back({.inputs = inputs,
                       .outputs = chain[k].units,
                       .next = k + 1 < chain.size() ? chain[k + 1].units : 0,
                       .index = static_cast<int>(k),
                       .layers = static_cast<int>(chain.size()),
                       .activation = chain[k].activation,
                       .before = k == 0 ? Activation::linear : chain[k - 1].activation,
                       .batch_norm = chain[k].batch_norm});
    inputs = chain[k].units;
  }
}

TargetTerms::TargetTerms(const HardwareTarget& target)
    : log_kept(std::log2(1 - target.precision.sparsity)),
      log_digits(std::log2((target.precision.weight_bits + 1) / 3.0)),
      sparsity_(target.precision.sparsity) {
  constexpr int kUsualCycles = 1024;
  if (target.reuse_factor <= 1 || target.multiplier != circuit::Multiplier::dsp) return;
  for (int cycles = 0; cycles <= std::min(target.reuse_factor, kUsualCycles); ++cycles)
    log_multipliers_.push_back(std::log(std::max(1 - std::pow(sparsity_, cycles), 1e-9)));
}

double TargetTerms::log_multipliers(int cycles) const {
  if (static_cast<std::size_t>(cycles) < log_multipliers_.size()) return log_multipliers_[static_cast<std::size_t>(cycles)];
  return std::log(std::max(1 - std::pow(sparsity_, cycles), 1e-9));
}

LayerBaseline fill_features(const LayerQuery& layer, const HardwareTarget& target, const TargetTerms& terms,
                            std::span<float, kNumSurrogateFeatures> row) {
  const TargetPrecision& precision = target.precision;
  const bool first = layer.index == 0, last = layer.index + 1 == layer.layers;
  const int input_bits = first ? precision.input.width : precision.activation_bits;
  const bool signed_inputs = first ? precision.input.is_signed : is_signed(layer.before);
  const double log_in = log2_of(layer.inputs), log_out = log2_of(layer.outputs);
  const double log_terms = std::max(0.0, log_in + terms.log_kept);
  const double levels = std::ceil(log_terms + terms.log_digits) + 1;
  const LayerFold fold = layer_fold(layer.inputs, layer.outputs, target.reuse_factor);
  const bool folded = target.reuse_factor > 1;
  const double per_stage = precision.adders_per_stage;
  const double values[kNumSurrogateFeatures] = {log_in,
                                                log_out,
                                                log_terms,
                                                -terms.log_kept,
                                                static_cast<double>(precision.weight_bits),
                                                log2_of(precision.weight_bits),
                                                static_cast<double>(input_bits),
                                                log2_of(input_bits),
                                                last ? 0.0 : precision.activation_bits,
                                                signed_inputs ? 1.0 : 0.0,
                                                first ? 1.0 : 0.0,
                                                last ? 1.0 : 0.0,
                                                layer.activation == Activation::relu ? 1.0 : 0.0,
                                                layer.activation == Activation::tanh ? 1.0 : 0.0,
                                                layer.activation == Activation::sigmoid ? 1.0 : 0.0,
                                                layer.activation == Activation::leaky_relu ? 1.0 : 0.0,
                                                log2_of(precision.adders_per_stage),
                                                1 / per_stage,
                                                log2_of(layer.layers),
                                                (layer.index + 1.0) / layer.layers,
                                                log2_of(std::max(layer.next, 1)),
                                                last && target.output == fixed::OutputKind::argmax ? 1.0 : 0.0,
                                                last && target.output == fixed::OutputKind::softmax ? target.probability_bits / 8.0 : 0.0,
                                                folded ? log2_of(fold.cycles()) : 0.0,
                                                folded ? log2_of(fold.slots) : 0.0,
                                                folded && fold.groups > 1 ? 1.0 : 0.0,
                                                folded && target.multiplier == circuit::Multiplier::lut ? 1.0 : 0.0,
                                                levels,
                                                precision.sparsity,
                                                layer.batch_norm ? 1.0 : 0.0};
  for (int f = 0; f < kNumSurrogateFeatures; ++f) row[static_cast<std::size_t>(f)] = static_cast<float>(values[f]);
  const double log_products = folded ? log2_of(fold.units) + log2_of(fold.slots) : log_terms + log_out;
  constexpr double kNone = -50;
  const bool dsp = folded && target.multiplier == circuit::Multiplier::dsp;
  return {.log_cost = kLn2 * (log_products + log2_of(input_bits + precision.weight_bits)),
          .log_dsp = dsp ? kLn2 * log_products + terms.log_multipliers(fold.cycles()) : kNone,
          .stages = folded ? 1 : (levels + (layer.activation == Activation::linear ? 0 : 1)) / per_stage,
          .fold = fold};
}

int formula_cycles(const LayerFold& fold, const HardwareTarget& target) {
  if (target.reuse_factor <= 1) return 0;
  return fold.cycles() + 3 + levels_of(fold.slots) / target.precision.adders_per_stage + (fold.groups > 1 ? 1 : 0);
}

}  // namespace snac::cost
