#include "snac/flow/early_termination.hpp"

#include <gtest/gtest.h>

#include "snac/core/files.hpp"
#include "snac/flow/results.hpp"

namespace snac::flow {
namespace {

StudyConfig study(const std::vector<std::string>& overrides = {}) {
  static const TemporaryDirectory folder;
  const auto path = folder.path() / "s.yaml";
  write_file_atomically(path, std::string("study: x\ndata: {train: a.h5}\nspace: {family: mlp, layers: [2], width: [8]}\n"
                                          "search:\n  epochs: 5\n  objectives: {accuracy: max, lut: min}\n"
                                          "  early_termination: {rule: halving, min_epochs: 1, reduction: 3, min_better: 1, margin: 0}\n"));
  return load_config(path.string(), overrides);
}

std::string message(const std::vector<std::string>& overrides) {
  try {
    study(overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<nn::Score> curve(const std::vector<double>& accuracies) {
  std::vector<nn::Score> scores;
  for (const double accuracy : accuracies) scores.push_back({.loss = 1 - accuracy, .accuracy = accuracy});
  return scores;
}

EarlyTermination with_records(const StudyConfig& config, std::size_t folds, const Curves& curves, int count = 3) {
  EarlyTermination termination(config, folds);
  for (int i = 0; i < count; ++i) termination.record({{"lut", 100}}, curves, std::nullopt);
  return termination;
}

TEST(EarlyTermination, is_off_unless_asked_for) {
  for (const char* name : {"jets_quick.yaml", "jets_paper.yaml"}) {
    const StudyConfig config = load_config(std::string(SNAC_SOURCE_DIR "/configs/") + name);
    EXPECT_EQ(config.search.early_termination.rule, TerminationRule::none);
    EXPECT_FALSE(EarlyTermination(config, 1).enabled());
    EXPECT_FALSE(EarlyTermination(config, 1).after_epoch({}, {curve({0.1})}));
    EXPECT_FALSE(EarlyTermination(config, 2).after_fold({}, {curve({0.1})}));
  }
}

TEST(EarlyTermination, needs_a_trained_objective_and_a_place_to_stop_at) {
  EXPECT_NE(message({"search.objectives={lut: min, macs: min}"}).find("accuracy or loss"), std::string::npos);
  EXPECT_NE(message({"search.early_termination.min_epochs=5"}).find("5 of 5 epochs"), std::string::npos);
  EXPECT_EQ(message({"search.early_termination.min_epochs=5", "data.validation.folds=3"}), "no error");
  EXPECT_EQ(message({"search.objectives={loss: min, macs: min}"}), "no error");
  EXPECT_NE(message({"search.early_termination.reduction=1"}).find("reduction"), std::string::npos);
  EXPECT_NE(message({"search.early_termination.rule=asha"}).find("halving"), std::string::npos);
}

TEST(EarlyTermination, stops_at_rungs_only_and_says_why) {
  const EarlyTermination termination = with_records(study(), 1, {curve({0.5, 0.55, 0.6, 0.6, 0.6})});
  const Values costly{{"lut", 200}};
  const auto stop = termination.after_epoch(costly, {curve({0.4})});
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->epochs, 1);
  EXPECT_EQ(stop->reason, "stopped early after epoch 1 of 5: 3 of 3 earlier candidates that cost no more have better accuracy");
  EXPECT_FALSE(termination.after_epoch(costly, {curve({0.51, 0.4})})) << "epoch 2 is no rung";
  const auto later = termination.after_epoch(costly, {curve({0.51, 0.52, 0.53})});
  ASSERT_TRUE(later);
  EXPECT_EQ(later->rung, 1U);
  EXPECT_FALSE(termination.after_epoch(costly, {curve({0.51, 0.52, 0.61})}));
  EXPECT_FALSE(termination.after_epoch({{"lut", 99}}, {curve({0.2})})) << "cheaper than all";
  EXPECT_FALSE(termination.after_fold(costly, {curve({0.2, 0.2, 0.2, 0.2, 0.2})})) << "one fold only: it is trained to the end";
}

TEST(EarlyTermination, the_best_epoch_so_far_counts_if_it_is_restored) {
  const Curves known{curve({0.5, 0.5, 0.5, 0.5, 0.5})}, falling{curve({0.4, 0.6, 0.3})};
  EXPECT_FALSE(with_records(study(), 1, known).after_epoch({{"lut", 200}}, falling));
  EXPECT_TRUE(with_records(study({"search.restore_best=false"}), 1, known).after_epoch({{"lut", 200}}, falling));
}

TEST(EarlyTermination, a_fold_that_ended_by_itself_counts_with_its_end) {
  // The recorded training stopped improving and ended after two epochs: its score stands for the later rung.
  const EarlyTermination termination = with_records(study(), 1, {curve({0.5, 0.6})});
  EXPECT_TRUE(termination.after_epoch({{"lut", 200}}, {curve({0.55, 0.55, 0.55})}));
  EXPECT_FALSE(termination.after_epoch({{"lut", 200}}, {curve({0.55, 0.55, 0.65})}));
}

TEST(EarlyTermination, folds_end_early_when_the_mean_so_far_is_hopeless) {
  const StudyConfig config = study({"data.validation.folds=3", "search.early_termination.min_epochs=5"});
  const auto flat = [](double accuracy) { return curve({accuracy, accuracy, accuracy, accuracy, accuracy}); };
  const EarlyTermination termination = with_records(config, 3, {flat(0.6), flat(0.5), flat(0.7)});
  const Values costly{{"lut", 200}};
  EXPECT_FALSE(termination.after_epoch(costly, {curve({0.1})})) << "min_epochs";
  const auto first = termination.after_fold(costly, {flat(0.59)});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->fold, 0);
  EXPECT_NE(first->reason.find("fold 1 of 3"), std::string::npos);
  EXPECT_FALSE(termination.after_fold(costly, {flat(0.61), flat(0.50)})) << "mean 0.555 beats 0.55";
  EXPECT_TRUE(termination.after_fold(costly, {flat(0.61), flat(0.48)})) << "mean 0.545";
  EXPECT_FALSE(termination.after_fold(costly, {flat(0.1), flat(0.1), flat(0.1)})) << "all folds are done";
}

TEST(EarlyTermination, stopped_trials_are_known_at_the_rungs_they_reached) {
  EarlyTermination termination(study(), 1);
  for (int i = 0; i < 3; ++i) termination.record({{"lut", 100}}, {curve({0.5})}, 0);
  EXPECT_TRUE(termination.after_epoch({{"lut", 200}}, {curve({0.4})}));
  EXPECT_FALSE(termination.after_epoch({{"lut", 200}}, {curve({0.4, 0.4, 0.4})})) << "nobody was seen at the second rung";
}

TEST(EarlyTermination, budgets_count_as_costs) {
  const StudyConfig config = study({"search.constraints={ff: '<= 100', accuracy: '>= 0.5'}"});
  EarlyTermination termination(config, 1);
  for (int i = 0; i < 3; ++i) termination.record({{"lut", 100}, {"ff", 150}}, {curve({0.5})}, 0);
  EXPECT_FALSE(termination.after_epoch({{"lut", 200}, {"ff", 100}}, {curve({0.4})})) << "within its budget, the others are not";
  EXPECT_TRUE(termination.after_epoch({{"lut", 200}, {"ff", 160}}, {curve({0.4})}));
}

TEST(EarlyTermination, curves_survive_the_store) {
  const Curves curves{curve({0.1, 1.0 / 3}), curve({0.7})};
  const Curves again = curves_from_json(parse_json(curves_json(curves).dump(), "x"), "x");
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0][1].accuracy, 1.0 / 3);
  EXPECT_EQ(again[0][1].loss, 1 - 1.0 / 3);
  EXPECT_THROW(curves_from_json(Json::parse("{}"), "x"), DataError);
  EXPECT_THROW(curves_from_json(Json::parse("[[]]"), "x"), DataError);
  EXPECT_THROW(curves_from_json(Json::parse("[[{\"loss\": 1}]]"), "x"), DataError);
}

TEST(EarlyTermination, saved_epochs_are_counted_over_folds) {
  std::vector<TrialResult> trials(3);
  trials[0].epochs = 15;
  trials[1].epochs = 1;
  trials[1].stopped = trials[1].failed = true;
  trials[2].epochs = 5;
  trials[2].stopped = trials[2].failed = true;
  const TrainingEffort effort = training_effort(trials, study({"data.validation.folds=3"}));
  EXPECT_EQ(effort.epochs, 21);
  EXPECT_EQ(effort.saved_epochs, 24);
  EXPECT_EQ(effort.stopped, 2);
  EXPECT_DOUBLE_EQ(effort.saved_share(), 24.0 / 45);
}

}  // namespace
}  // namespace snac::flow
