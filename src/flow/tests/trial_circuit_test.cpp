#include "snac/flow/trial_circuit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "snac/core/files.hpp"
#include "snac/flow/global_search.hpp"

namespace snac::flow {
namespace {

/// A study of seconds on the first jets of the shipped sample.
class TrialCircuit : public testing::Test {
 protected:
  StudyConfig config(const std::vector<std::string>& more = {}) {
    const auto path = folder_.path() / "s.yaml";
    write_file_atomically(path, "study: x\ndata: {train: " SNAC_SOURCE_DIR "/data/jets8_train.h5, test: " SNAC_SOURCE_DIR
                                "/data/jets8_test.h5, max_rows: 2000, constituents: {count: 3}}\n"
                                "space: {family: mlp, layers: [1, 2], width: [4, 6], activation: [relu, tanh], batch_norm: [true, false]}\n"
                                "target: {sparsity: 0.5, precision: {weights: 5, activations: 6}}\n"
                                "search: {trials: 4, epochs: 2, hardware: circuit, sampler: {population: 4}}\n");
    std::vector<std::string> overrides{"output=" + (folder_.path() / "out").string()};
    overrides.insert(overrides.end(), more.begin(), more.end());
    return load_config(path.string(), overrides);
  }

  TemporaryDirectory folder_;
};

fixed::FixedNet stored_net(const Study& study, const TrialResult& trial) {
  return fixed::fixed_net_from_json(parse_json(study.store().artefact(trial.fixed_net), "net"), "net");
}

TEST_F(TrialCircuit, rounds_reach_the_targets_sparsity_together) {
  for (const int rounds : {1, 2, 5}) {
    StudyConfig changed = config({"target.sparsity=0.8", "search.circuit.rounds=" + std::to_string(rounds)});
    const compress::ChainParams chain = short_chain(changed.search, changed.target);
    EXPECT_EQ(chain.pruning.iterations, rounds);
    EXPECT_NEAR(std::pow(1 - chain.pruning.fraction, rounds), 0.2, 1e-12);
    EXPECT_EQ(chain.pruning.rewind, compress::Rewind::none);
  }
  const StudyConfig dense = config({"target.sparsity=0"});
  EXPECT_EQ(short_chain(dense.search, dense.target).pruning.iterations, 0);
}

TEST_F(TrialCircuit, stored_integers_have_the_accuracy_and_the_cost_that_the_search_saw) {
  // Sums of the first set-up are exact in floats, those of the second are not, and probabilities are no logits.
  int set_up = 0;
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"target.precision={weights: 15, activations: 16}"}, {"target.output=softmax"}}) {
    auto overrides = more;
    overrides.push_back("output=" + (folder_.path() / std::to_string(set_up++)).string());
    Study study(config(overrides));
    for (const TrialResult& trial : global_search(study)) {
      ASSERT_FALSE(trial.failed) << trial.reason;
      EXPECT_EQ(trial.resource_source.find("circuit, calibrated on"), 0U) << trial.resource_source;
      const fixed::FixedNet net = stored_net(study, trial);
      EXPECT_EQ(trial.values.at("accuracy"), integer_accuracy(net, study.train(), study.splits().front().validation));
      for (const auto& [name, value] : hardware_values(net, design_of_trial(net, study.config()), study))
        EXPECT_EQ(trial.values.at(name), value) << name;
      EXPECT_GE(trial.values.at("sparsity"), 0.45);
      const nn::Mlp trained = load_weights(study, trial.weights);
      EXPECT_EQ(trial.values.at("float_accuracy"), nn::evaluate(trained, study.train(), study.splits().front().validation).accuracy);
    }
  }
}

TEST_F(TrialCircuit, with_the_targets_effort_it_is_the_targets_design) {
  Study study(config({"search.circuit.effort=normal"}));
  for (const TrialResult& trial : global_search(study)) {
    const fixed::FixedNet net = stored_net(study, trial);
    for (const auto& [name, value] : hardware_values(net, design(net, study.config()), study))
      EXPECT_EQ(trial.values.at(name), value) << name;
  }
}

TEST_F(TrialCircuit, quick_designs_have_the_targets_latency_and_nearly_its_luts) {
  Study study(config());
  for (const TrialResult& trial : global_search(study)) {
    const Design full = design(stored_net(study, trial), study.config());
    EXPECT_EQ(trial.values.at("clock_cycles"), full.latency());
    EXPECT_NEAR(trial.values.at("lut"), full.resources().lut, 0.02 * full.resources().lut);
    EXPECT_GE(trial.values.at("ff"), full.resources().ff);
  }
}

TEST_F(TrialCircuit, accuracy_is_the_mean_over_folds_and_the_circuit_that_of_the_first) {
  Study study(config({"data.validation.folds=3"}));
  for (const TrialResult& trial : global_search(study)) {
    const auto stored = study.store().find_trial(study.name(), trial.identity).value();
    const auto seed = json_get<std::uint64_t>(stored.attributes, "seed", "trial");
    const ShortCompression first = compress_shortly(load_weights(study, trial.weights), 0, seed, study, study.config().target);
    EXPECT_EQ(first.net, stored_net(study, trial));
    EXPECT_GT(trial.values.at("accuracy_deviation"), 0);
    EXPECT_NE(trial.values.at("accuracy"), first.validation.accuracy);
  }
}

TEST_F(TrialCircuit, a_reuse_factor_is_measured_on_the_folded_design) {
  Study study(config({"target.reuse_factor=4"}));
  for (const TrialResult& trial : global_search(study)) {
    EXPECT_EQ(trial.resource_source, "folded circuit");
    EXPECT_GT(trial.values.at("initiation_interval"), 1);
    EXPECT_GT(trial.values.at("dsp"), 0);
  }
}

TEST_F(TrialCircuit, figures_of_estimates_are_untouched_by_its_parameters) {
  Study study(config({"search.hardware=estimate", "search.circuit.epochs=7"}));
  for (const TrialResult& trial : global_search(study)) {
    EXPECT_EQ(trial.resource_source, study.estimation().source());
    EXPECT_TRUE(trial.fixed_net.empty());
    EXPECT_FALSE(trial.values.contains("float_accuracy"));
  }
}

}  // namespace
}  // namespace snac::flow
