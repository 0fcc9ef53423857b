#include "snac/flow/estimation.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::flow {
namespace {

class ChooseEstimator : public testing::Test {
 protected:
  static StudyConfig config(const std::vector<std::string>& overrides = {}) {
    const TemporaryDirectory folder;
    const auto path = folder.path() / "s.yaml";
    write_file_atomically(path, "study: x\ndata: {train: a.h5}\nspace: {layers: [1, 2, 3], width: [8, 32], activation: [relu, tanh]}\n");
    return load_config(path.string(), overrides);
  }
  static EstimatorChoice choose(const std::vector<std::string>& overrides, int inputs = 24) {
    const StudyConfig study = config(overrides);
    return choose_estimator(study, extreme_networks(space::SearchSpace::from_yaml(study.space, inputs, 5, "test")));
  }
};

TEST_F(ChooseEstimator, by_itself_takes_the_surrogate_for_what_it_was_trained_on) {
  const EstimatorChoice choice = choose({});
  EXPECT_EQ(choice.estimator, Estimator::surrogate);
  EXPECT_EQ(choice.reason.find("by the architecture surrogate "), 0U) << choice.reason;
  EXPECT_EQ(choose({"target.sparsity=0"}).estimator, Estimator::surrogate);
  EXPECT_EQ(choose({"target.reuse_factor=8"}).estimator, Estimator::surrogate);
}

TEST_F(ChooseEstimator, by_itself_takes_the_sample_elsewhere_and_says_why) {
  const auto expect_sample = [](const EstimatorChoice& choice, const std::string& reason) {
    EXPECT_EQ(choice.estimator, Estimator::sample) << reason;
    EXPECT_NE(choice.reason.find(reason), std::string::npos) << choice.reason;
  };
  expect_sample(choose({}, 512), "inputs of a layer 512 (trained on 4 to 128)");
  expect_sample(choose({"target.precision.weights=16"}), "weight bits 16 (trained on 3 to 10)");
  expect_sample(choose({"space.width=[8, 256]"}), "outputs of a layer 256 (trained on 4 to 128)");
  expect_sample(choose({"space.layers=[1, 20]"}), "layers 21 (trained on 2 to 9)");
  expect_sample(choose_estimator(config(), {}), "no search space");
}

TEST_F(ChooseEstimator, keeps_what_the_user_names) {
  EXPECT_EQ(choose({"target.estimator=sample"}).estimator, Estimator::sample);
  EXPECT_EQ(choose({"target.estimator=surrogate"}, 512).estimator, Estimator::surrogate);
  EXPECT_EQ(choose({"target.surrogate=mine.json"}, 512).estimator, Estimator::surrogate);
  EXPECT_TRUE(choose({"target.estimator=sample"}).reason.empty());
}

TEST(ExtremeNetworks, show_every_choice_of_every_axis) {
  const auto space = space::SearchSpace::from_yaml(
      YAML::Load("{layers: [1, 3], width: {1: [8, 16], 2: [4, 32], 3: 5}, activation: {per_layer: [relu, tanh]}}"), 10, 2, "test");
  std::vector<std::string> summaries;
  for (const auto& network : extreme_networks(space)) summaries.push_back(space::summary(network));
  const auto has = [&](const std::string& summary) { return std::find(summaries.begin(), summaries.end(), summary) != summaries.end(); };
  EXPECT_EQ(summaries.front(), "10-8-2 relu");
  EXPECT_TRUE(has("10-8-4-5-2 relu"));
  EXPECT_TRUE(has("10-16-4-5-2 relu"));
  EXPECT_TRUE(has("10-8-32-5-2 relu"));
}

TEST(Estimation, needs_an_estimator_that_was_chosen) { EXPECT_THROW(Estimation{StudyConfig{}}, std::invalid_argument); }

}  // namespace
}  // namespace snac::flow
