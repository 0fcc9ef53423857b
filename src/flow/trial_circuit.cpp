#include "snac/flow/trial_circuit.hpp"

#include <cmath>

#include "snac/flow/design.hpp"

namespace snac::flow {

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

ShortCompression compress_shortly(const nn::Mlp& trained, std::size_t fold, std::uint64_t seed, const Study& study) {
  const StudyConfig& config = study.config();
  const data::Split& split = study.splits()[fold];
  const compress::ChainInput input{.data = &study.train(),
                                   .train_rows = split.train,
                                   .validation_rows = split.validation,
                                   .calibration = {.precision = config.target.precision, .input = config.target.input},
                                   .seed = derive_seed(seed, "short compression", fold)};
  const compress::ChainParams params = short_chain(config.search, config.target);
  compress::ChainState state = compress::begin_chain(trained, input, params);
  while (state.iteration < params.pruning.iterations) state = compress::next_iteration(state, input, params);
  ShortCompression result{.net = integer_network(state.mlp, state.quantizer, study),
                          .validation = nn::evaluate(state.mlp, study.train(), split.validation, &state.quantizer)};
  result.validation.accuracy = integer_accuracy(result.net, study.train(), split.validation);
  return result;
}

StudyConfig circuit_config(const StudyConfig& config) {
  StudyConfig changed = config;
  changed.target.effort = config.search.circuit.effort;
  return changed;
}

}  // namespace snac::flow
