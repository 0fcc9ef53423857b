// The architecture surrogate and estimates before training as a user runs them.
#include <gtest/gtest.h>

#include <sstream>

#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"

namespace snac::program {
namespace {

class Surrogate : public testing::Test {
 protected:
  void SetUp() override { config_ = write_toy_study(folder_.path()); }
  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  Outcome generate(const char* file, int networks, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{
        "--quiet", "surrogate", "generate",        "-c", config_,   "--networks", std::to_string(networks), "--targets",
        "2",       "--set",     "search.epochs=1", "-o", path(file)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Json search(const char* output, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"--quiet", "search", "-c", config_, "--json", "-o", path(output)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return parse_json(outcome.out, "search --json");
  }

  TemporaryDirectory folder_;
  std::string config_;
};

TEST_F(Surrogate, generate_train_evaluate_search) {
  ASSERT_EQ(generate("rows.jsonl", 60).exit_code, 0);
  const std::string rows = read_file(path("rows.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(path("out"))) << "nothing but the file is written";

  // Interrupted in the middle of a line, continued with another number of threads: the same bytes.
  write_file_atomically(path("again.jsonl"), rows.substr(0, rows.size() / 2));
  ASSERT_EQ(generate("again.jsonl", 60, {"--threads", "1"}).exit_code, 0);
  EXPECT_EQ(read_file(path("again.jsonl")), rows);
  const Outcome other = generate("rows.jsonl", 60, {"--seed", "2"});
  EXPECT_EQ(other.exit_code, 4);
  EXPECT_NE(other.err.find("another collection"), std::string::npos) << other.err;
  EXPECT_EQ(read_file(path("rows.jsonl")), rows);

  const Outcome trained = run({"--quiet", "surrogate", "train", path("rows.jsonl"), "-o", path("s.json"), "--epochs", "100", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Json card = parse_json(trained.out, "train --json");
  const std::string source = card["source"];
  EXPECT_GT(card["card"]["unrolled"]["rows"].get<int>(), 2);
  const Outcome evaluated = run({"surrogate", "evaluate", path("rows.jsonl"), "--surrogate", path("s.json")});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_NE(evaluated.out.find("rank correlation"), std::string::npos);

  const Json trials =
      search("by_surrogate", {"--set", "target.estimator=surrogate", "--set", "target.surrogate=" + path("s.json")})["trials"];
  for (const Json& trial : trials) {
    EXPECT_EQ(trial["resource_source"], source);
    EXPECT_GT(trial["values"]["lut_error"].get<double>(), 0);
  }
}

TEST_F(Surrogate, circuits_correct_the_estimates_of_a_search_and_a_second_run_agrees) {
  const std::vector<std::string> learning{"--set", "search.recalibrate=1"};
  const Json corrected = search("learning", learning)["trials"];
  const Json plain = search("plain", {})["trials"];
  ASSERT_EQ(corrected.size(), plain.size());
  int moved = 0;
  for (const Json& trial : corrected) {
    EXPECT_NE(trial["resource_source"].get<std::string>().find("corrected by"), std::string::npos) << trial["resource_source"];
    for (const Json& same : plain) {
      if (same["network"] == trial["network"]) moved += same["values"]["lut"] != trial["values"]["lut"] ? 1 : 0;
    }
  }
  EXPECT_GT(moved, 0);
  EXPECT_EQ(search("learning", learning)["trials"], corrected) << "answered from the record";
  std::vector<std::string> single = learning;
  single.insert(single.end(), {"--threads", "1"});
  EXPECT_EQ(search("learning1", single)["trials"], corrected);
}

TEST_F(Surrogate, hardware_keeps_the_latency_that_the_search_saw) {
  const Outcome outcome = run({"--quiet", "compress", "-c", config_, "--json", "--set", "target.keep_latency=true", "-o", path("kept")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json result = parse_json(outcome.out, "compress --json");
  std::map<int, double> promised;
  for (const Json& trial : result["trials"])
    promised[std::stoi(trial["trial"].get<std::string>().substr(1))] = trial["values"].value("clock_cycles", 0.0);
  ASSERT_FALSE(result["compressed"].empty());
  for (const Json& model : result["compressed"]) {
    const std::string name = model["model"];
    EXPECT_EQ(model["values"]["clock_cycles"].get<double>(), promised.at(std::stoi(name.substr(1)))) << name;
  }
}

TEST_F(Surrogate, estimate_shows_every_figure_with_its_source) {
  const Outcome text = run({"estimate", "24-64-32-5", "--weights", "6", "--device", "vu9p"});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  for (const char* word : {"architecture surrogate", "architecture sample", "bops_nac_mlp", "xcvu9p", "90 % interval", "formula"})
    EXPECT_NE(text.out.find(word), std::string::npos) << word << "\n" << text.out;
  const Json json = parse_json(run({"estimate", "24-900-5", "--reuse-factor", "4", "--json"}).out, "estimate --json");
  EXPECT_FALSE(json[0]["outside"].empty());
  EXPECT_GT(json[0]["surrogate"]["values"]["dsp"].get<double>(), 0);
}

TEST_F(Surrogate, bad_input_is_named) {
  const auto refused = [](const std::vector<std::string>& arguments, const std::string& word) {
    const Outcome outcome = run(arguments);
    EXPECT_GT(outcome.exit_code, 1);
    EXPECT_LT(outcome.exit_code, 9);
    EXPECT_NE((outcome.err + outcome.out).find(word), std::string::npos) << outcome.err;
  };
  refused({"estimate", "24-x-5"}, "24-x-5");
  refused({"estimate", "24"}, "at least inputs and logits");
  refused({"estimate", "24-8-5", "--device", "xcvu14p"}, "xcvu13p");
  refused({"estimate", "24-8-5", "--weights", "40"}, "--weights");
  refused({"estimate", "24-8-5", "--activation", "swish"}, "swish");
  write_file_atomically(path("bad.json"), R"({"format": "snac.architecture_surrogate", "version": 7})");
  refused({"estimate", "24-8-5", "--surrogate", path("bad.json")}, "version");
  refused({"surrogate", "generate", "-c", config_, "-o", path("x"), "--weight-bits", "9-3"}, "weight bits");
  refused({"surrogate", "generate", "-c", config_, "-o", path("x"), "--sparsity", "lots"}, "lots");
  ASSERT_EQ(generate("few.jsonl", 5).exit_code, 0);
  refused({"surrogate", "train", path("few.jsonl"), "-o", path("y")}, "too few networks");
  refused({"search", "-c", config_, "--set", "search.objectives={accuracy: max, rule4ml_average_resource: min}"}, "target.rule4ml.folder");
  refused({"search", "-c", config_, "--set", "search.objectives={accuracy: max, ebops: min}"}, "ebops");
  refused({"search", "-c", config_, "--set", "target.keep_latency=true", "--set", "target.reuse_factor=4"}, "keep_latency");
}

}  // namespace
}  // namespace snac::program
