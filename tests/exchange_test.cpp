// Models that leave and enter through the program.
#include <gtest/gtest.h>

#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"

namespace snac::program {
namespace {

TEST(Exchange, a_study_of_a_float_model_compresses_and_builds_it_without_a_search) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[icarus]");
  const Outcome searched = run({"--quiet", "search", "--config", config, "--json"});
  ASSERT_EQ(searched.exit_code, 0) << searched.err;
  const Json trial = parse_json(searched.out, "search")["trials"][0];
  const std::string model = (folder.path() / "model.onnx").string(), mlp = (folder.path() / "model.mlp").string();
  Outcome outcome = run({"export", "--config", config, "-m", trial["trial"], "--format", "onnx", "-o", model});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  outcome = run({"import", model, "-o", mlp});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;

  const std::string output = (folder.path() / "imported").string();
  const std::vector<std::string> study{"--config",        config, "--set", "study=imported", "--set", "models=[" + mlp + "]", "--set",
                                       "output=" + output};
  std::vector<std::string> command{"--quiet", "run", "--json"};
  command.insert(command.end(), study.begin(), study.end());
  outcome = run(command);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "run");
  ASSERT_EQ(json["trials"].size(), 1U);
  EXPECT_NEAR(json["trials"][0]["values"]["accuracy"].get<double>(), trial["values"]["accuracy"].get<double>(), 0.002)
      << "the same weights on the same rows";
  EXPECT_EQ(json["hardware"][0]["verification"]["summary"], "bit-exact: 1000/1000");
  EXPECT_EQ(run(command).out, outcome.out) << "a second run finds everything in the store";

  // What the study made leaves as QONNX and comes back to the same integers.
  const std::string name = json["compressed"][0]["model"], qonnx = (folder.path() / "q.onnx").string(),
                    net = (folder.path() / "net.json").string();
  std::vector<std::string> leave{"export", "-m", name, "-o", qonnx, "--json"};
  leave.insert(leave.end(), study.begin(), study.end());
  outcome = run(leave);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(parse_json(outcome.out, "export").contains("for_hls4ml"));
  ASSERT_EQ(run({"import", qonnx, "-o", net}).exit_code, 0);
  outcome = run({"verify", "-m", net, "--data", (folder.path() / "test.h5").string(), "--simulator", "icarus", "--vectors", "200"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("bit-exact: 200/200"), std::string::npos) << outcome.out;
}

TEST(Exchange, what_does_not_fit_is_explained) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const std::string keras = SNAC_SOURCE_DIR "/src/exchange/tests/data/keras3.keras";
  const auto with_model = [&](const std::string& more) {
    return run({"compress", "--config", config, "--set", "study=imported", "--set", "models=[" + keras + "]", "--set", more});
  };
  Outcome outcome = with_model("seed=1");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("6 inputs"), std::string::npos) << outcome.err;
  outcome = with_model("compress.folds=3");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("one split"), std::string::npos) << outcome.err;
  outcome = with_model("compress.pruning.rewind=initialisation");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("no initial weights"), std::string::npos) << outcome.err;
  outcome = run({"import", (folder.path() / "train.h5").string()});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_NE(outcome.err.find("model_config"), std::string::npos) << outcome.err;
  EXPECT_EQ(run({"import", keras}).exit_code, 0) << "reading alone needs no output";
}

}  // namespace
}  // namespace snac::program
