// Learned precision as its users run it: one training, a front of models, each verified and resumable.
#include <gtest/gtest.h>

#include <algorithm>

#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"

namespace snac::program {
namespace {

class LearnedPrecision : public testing::Test {
 protected:
  void SetUp() override { config_ = write_toy_study(folder_.path()); }

  std::vector<std::string> settings(const std::string& method, const std::string& output) const {
    return {
        "--set",
        "compress={method: " + method +
            ", precisions: [6], warmup_epochs: 1, pruning: {iterations: 1, epochs: 1}, learned: {epochs: 12, cycle_epochs: 4, batch: 256, "
            "cost_start: 1e-5, cost_end: 2e-3, points: 5, descent_rounds: 1, descent_rows: 500}}",
        "--set", "output=" + (folder_.path() / output).string()};
  }
  Json compress(const std::string& method, const std::string& output, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--quiet", "compress", "--config", config_, "--json"};
    const auto rest = settings(method, output);
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return parse_json(outcome.out, "compress --json")["compressed"];
  }

  TemporaryDirectory folder_;
  std::string config_;
};

TEST_F(LearnedPrecision, one_training_gives_a_front_whose_models_are_bit_exact) {
  const Json models = compress("learned", "one");
  ASSERT_GE(models.size(), 3U);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::string name = models[i]["model"].get<std::string>();
    EXPECT_NE(name.find("-learned-e"), std::string::npos);
    EXPECT_EQ(models[i]["precision"], "learned");
    EXPECT_GT(models[i]["values"]["lut"].get<double>(), 0);
  }
  const auto lut = [&](const Json& model) { return model["values"]["lut"].get<double>(); };
  EXPECT_LT(lut(models.back()), 0.8 * lut(models.front()));

  // Different bits at every port, through every engine.
  const auto options = settings("learned", "one");
  std::vector<std::string> verify{"verify", "--config",  config_, "--model", models.back()["model"].get<std::string>(),
                                  "--hls",  "--vectors", "300"};
  verify.insert(verify.end(), options.begin(), options.end());
  const Outcome outcome = run(verify);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("bit-exact"), std::string::npos) << outcome.out;
}

TEST_F(LearnedPrecision, stands_beside_pruning_in_one_front) {
  const Json both = compress("both", "both");
  const auto of = [&](const std::string& precision) {
    return std::count_if(both.begin(), both.end(), [&](const Json& model) { return model["precision"] == precision; });
  };
  EXPECT_EQ(of("w6a6"), 2 * 2);  // two networks, two rounds
  EXPECT_GE(of("learned"), 3);
}

TEST_F(LearnedPrecision, is_the_same_at_any_thread_count_and_after_kill_9) {
  Json calm;
  const auto time = time_of([&] { calm = compress("learned", "one", {"--threads", "1"}); });
  EXPECT_EQ(calm, compress("learned", "two", {"--threads", "2"}));
  std::vector<std::string> arguments{"--quiet", "compress", "--config", config_, "--json"};
  const auto rest = settings("learned", "killed");
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  EXPECT_GT(disturb(arguments, folder_.path() / "killed", time), 0);
  EXPECT_EQ(calm, compress("learned", "killed"));
}

TEST_F(LearnedPrecision, what_it_cannot_do_is_refused) {
  using Case = std::pair<const char*, const char*>;
  for (const auto& [setting, key] :
       {Case{"compress.learned.cost_start=1e-3", "compress.learned.cost_end"}, Case{"compress.folds=3", "compress.folds"}}) {
    const Outcome outcome = run({"compress", "--config", config_, "--set", "compress.method=learned", "--set", setting});
    EXPECT_EQ(outcome.exit_code, static_cast<int>(ExitCode::config));
    EXPECT_NE(outcome.err.find(key), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace snac::program
