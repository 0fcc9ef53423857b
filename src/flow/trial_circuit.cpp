#include "snac/flow/trial_circuit.hpp"

#include <cmath>

namespace snac::flow {
namespace {

/// Every sum of the network, in any order, is an integer that single precision holds.
bool sums_are_exact_in_floats(const fixed::FixedNet& net) {
  constexpr std::int64_t kExact = std::int64_t{1} << 24;
  for (const fixed::Node& node : net.nodes) {
    const auto* dense = std::get_if<fixed::DenseOp>(&node.op);
    if (dense == nullptr) continue;
    for (const auto& range : fixed::accumulator_ranges(*dense, net.value(node.inputs.front()), node.name)) {
      if (range.high - range.low >= kExact || range.high >= kExact || range.low <= -kExact) return false;
    }
  }
  return true;
}

}  // namespace

compress::ChainParams short_chain(const SearchConfig& search, const TargetConfig& target) {
  const CircuitConfig& circuit = search.circuit;
  const bool prunes = target.sparsity > 0;
  return {.warmup_epochs = circuit.warmup_epochs,
          .pruning = {.iterations = prunes ? circuit.rounds : 0,
                      .fraction = prunes ? 1 - std::pow(1 - target.sparsity, 1.0 / circuit.rounds) : 0,
                      .epochs = circuit.epochs,
                      .rewind = compress::Rewind::none,
                      .scope = circuit.scope},
          .batch = circuit.batch,
          .learning_rate = circuit.learning_rate,
          .schedule = circuit.schedule,
          .logits_bits = circuit.logits_bits,
          .table_index_bits = circuit.table_index_bits};
}

ShortCompression compress_shortly(const nn::Mlp& trained, std::size_t fold, std::uint64_t seed, const Study& study,
                                  const TargetConfig& target) {
  const data::Split& split = study.splits()[fold];
  const compress::ChainInput input{.data = &study.train(),
                                   .train_rows = split.train,
                                   .validation_rows = split.validation,
                                   .calibration = {.precision = target.precision, .input = target.input},
                                   .seed = derive_seed(seed, "short compression", fold)};
  const compress::ChainParams params = short_chain(study.config().search, target);
  compress::ChainState state = compress::begin_chain(trained, input, params);
  while (state.iteration < params.pruning.iterations) state = compress::next_iteration(state, input, params);
  ShortCompression result{.net = integer_network(state.mlp, state.quantizer, study, target),
                          .validation = nn::evaluate(state.mlp, study.train(), split.validation, &state.quantizer)};
  // The fake-quantised network is the integers' equal where floats hold every sum; it is the faster one.
  if (target.output == fixed::OutputKind::softmax || !sums_are_exact_in_floats(result.net))
    result.validation.accuracy = integer_accuracy(result.net, study.train(), split.validation);
  return result;
}

Design design_of_trial(const fixed::FixedNet& net, const StudyConfig& config) {
  const TargetConfig& target = config.target;
  if (target.reuse_factor > 1) return design(net, config);
  circuit::ScheduleParams pipeline = pipeline_of(target);
  if (config.search.circuit.effort == circuit::Effort::quick) pipeline.move_later = false;
  return design_circuit(net, pipeline, calibration_of(config), {.effort = config.search.circuit.effort, .extra_depth = target.extra_depth});
}

}  // namespace snac::flow
