#include "snac/flow/trial_training.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "snac/core/files.hpp"
#include "snac/flow/local_search.hpp"

namespace snac::flow {
namespace {

class TrialTraining : public testing::Test {
 protected:
  StudyConfig config(const std::vector<std::string>& overrides = {}) {
    const auto path = folder_.path() / "study.yaml";
    write_file_atomically(path, "study: again\ndata: {train: " SNAC_SOURCE_DIR "/data/jets8_train.h5, test: " SNAC_SOURCE_DIR
                                "/data/jets8_test.h5, max_rows: 1500, constituents: {count: 4}, validation: {folds: 3}}\n"
                                "space: {family: mlp, layers: [1, 2], width: [4, 6], batch_norm: [true, false],\n"
                                "        learning_rate: [0.002, 0.005], l1: [0, 1e-4], dropout: [0, 0.1]}\n"
                                "search: {trials: 6, epochs: 3, sampler: {population: 4}}\n"
                                "compress: {precisions: [6], warmup_epochs: 1, folds: 3, pruning: {iterations: 1, epochs: 1}}\n");
    StudyConfig config = load_config(path.string(), overrides);
    config.output = (folder_.path() / "out").string();
    return config;
  }
  TemporaryDirectory folder_;
};

TEST_F(TrialTraining, the_search_s_weights_come_again_to_the_bit) {
  Study study(config());
  for (const auto& trial : global_search(study)) {
    const nn::Mlp stored = load_weights(study, trial.weights);
    EXPECT_EQ(train_trial_again(study, trial, study.splits()[0], 0).parameters, stored.parameters);
    EXPECT_NE(train_trial_again(study, trial, study.splits()[1], 1).parameters, stored.parameters);
    const nn::Mlp initial = initial_weights(study, trial, 0);
    EXPECT_EQ(initial.spec, stored.spec);
    EXPECT_NE(initial.parameters, stored.parameters);
  }
}

TEST_F(TrialTraining, folds_give_mean_and_spread_and_keep_the_first_network) {
  Study study(config());
  const auto trials = global_search(study);
  const auto models = local_search(study, {trials.front()});
  ASSERT_EQ(models.size(), 2U);
  for (const auto& model : models) {
    ASSERT_EQ(model.folds.size(), 3U);
    std::vector<double> accuracies;
    for (const auto& fold : model.folds) accuracies.push_back(fold.at("accuracy"));
    EXPECT_DOUBLE_EQ(model.values.at("accuracy"), (accuracies[0] + accuracies[1] + accuracies[2]) / 3);
    EXPECT_DOUBLE_EQ(model.values.at("accuracy_deviation"), deviation_of(accuracies));
    EXPECT_EQ(model.values.at("lut"), model.folds[0].at("lut"));
    // The kept network is the first fold's, scored on rows it has not been trained on.
    EXPECT_DOUBLE_EQ(integer_accuracy(load_fixed_net(study, model), study.train(), study.splits()[0].validation), accuracies[0]);
  }
  EXPECT_NE(models[0].folds[0].at("accuracy"), models[0].folds[1].at("accuracy"));
}

TEST_F(TrialTraining, a_chain_that_diverges_ends_with_its_reason_and_the_others_go_on) {
  for (const std::string order : {"combined", "prune_then_quantise"}) {
    Study study(config({"compress.order=" + order, "compress.folds=0", "study=" + order}));
    auto trials = global_search(study);
    trials.resize(2);
    nn::Mlp broken = load_weights(study, trials[0].weights);
    broken.weights(0)[1] = std::nanf("");
    trials[0].weights = study.store().put_artefact(weight_bytes(broken));
    for (int run = 0; run < 2; ++run) {  // the second time from the record
      const auto models = local_search(study, trials);
      ASSERT_EQ(models.size(), 2U);
      for (const auto& model : models) EXPECT_EQ(model.trial_order, trials[1].order);
    }
    EXPECT_THROW(local_search(study, {trials[0]}), Error);
  }
}

TEST_F(TrialTraining, inputs_outside_their_type_are_counted) {
  data::Dataset data;
  data.num_features = 4;
  data.features = {7.9F, 8.1F, -8.2F, 0};
  EXPECT_DOUBLE_EQ(saturated_share({12, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat}, data), 0.5);
  EXPECT_EQ(saturated_share({20, 12, true, fixed::Rounding::rnd, fixed::Overflow::sat}, data), 0);
}

}  // namespace
}  // namespace snac::flow
