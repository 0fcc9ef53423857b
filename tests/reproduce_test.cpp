// snac reproduce as its users run it, on a small data set, and its page in a real browser.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"

namespace snac::program {
namespace {

/// The document without what a run may change: wall-clock and its own folder.
Json timeless(const std::string& text) {
  Json document = parse_json(text, "reproduce --json");
  for (const char* key : {"seconds", "seconds_full_estimate"}) document.erase(key);
  for (Json& part : document["parts"]) {
    for (const char* key : {"seconds", "folder"}) part.erase(key);
    part["hardware"].erase("directory");
  }
  return document;
}

TEST(Reproduce, puts_ours_beside_the_published_figures_and_goes_on_after_a_kill) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[yosys]"), out = folder.path() / "ours", wild = folder.path() / "wild";
  const std::vector<std::string> common{
      "-q",       "reproduce",
      "paper",    "--json",
      "--config", config,
      "--scale",  "0.7",
      "--set",    "synth.yosys.cache=" + (folder.path() / "cache").string(),
      "--set",    "compress={precisions: [6], warmup_epochs: 1, pruning: {iterations: 4, fraction: 0.2, epochs: 1}}"};
  const auto in = [&](const std::string& output, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", output});
    return arguments;
  };
  Outcome calm;
  const auto time = time_of([&] { calm = run(in(out, common)); });
  ASSERT_EQ(calm.exit_code, 0) << calm.err;
  const Json document = timeless(calm.out);
  ASSERT_EQ(document["parts"].size(), 5U);
  for (const Json& part : document["parts"]) {
    const auto key = part["part"].get<std::string>();
    EXPECT_EQ(part["trials"]["name"].size(), key == "baseline" ? 1U : 8U) << key;
    EXPECT_EQ(part["models"].size(), 5U) << key << ": four rounds and what stands before them";
    EXPECT_NEAR(part["hardware"]["pruned"].get<double>(), 0.488, 1e-12) << key;
    EXPECT_EQ(part["hardware"]["mismatches"], 0) << key;
    EXPECT_GT(part["hardware"]["values"]["yosys_lut"].get<double>(), 0) << key;
    EXPECT_EQ(part["trials"].contains("float_accuracy"), key == "circuit");
    // What was chosen is as good as the rule says, and nothing cheaper is.
    const Json& trials = part["trials"];
    if (key == "nac") {
      double best = 0;
      for (const Json& accuracy : trials["accuracy"]) best = std::max(best, accuracy.get<double>());
      const Json& chosen = part["selected"]["values"];
      EXPECT_GE(chosen["accuracy"].get<double>(), best - 0.0004);
      for (std::size_t i = 0; i < trials["name"].size(); ++i) {
        if (trials["accuracy"][i].get<double>() < best - 0.0004) continue;
        EXPECT_GE(trials["bops_nac_mlp"][i].get<double>(), chosen["bops_nac_mlp"].get<double>());
      }
    }
  }
  const Json& table_2 = document["tables"][1];
  EXPECT_EQ(table_2["rows"].size(), 5U + 4U);
  EXPECT_EQ(table_2["rows"][0][4], "25,916");
  EXPECT_EQ(table_2["rows"][1][1], "ours");
  EXPECT_EQ(document["tables"][2]["rows"][0][7], "155,080 (9 %)");
  for (const Json& item : document["tables"]) {
    for (const Json& row : item["rows"]) EXPECT_EQ(row.size(), item["header"].size()) << item["id"];
  }

  // Killed somewhere, twice; then as if nothing had been.
  for (const int share : {3, 2}) {
    const Outcome killed = run(in(wild, common), {.kill_after_ms = static_cast<int>(time.count()) / share});
    EXPECT_TRUE(killed.exit_code == 0 || killed.exit_code == 128 + SIGKILL) << killed.err;
  }
  const Outcome resumed = run(in(wild, common));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(timeless(resumed.out), document);

  // The parts are studies like any other, and their configurations lead to them.
  const Outcome front = run({"front", "--config", out + "/nac-seed1/study.yaml", "--csv"});
  EXPECT_EQ(front.exit_code, 0) << front.err;
  EXPECT_TRUE(std::filesystem::exists(out + "/circuit-seed1/report.html"));
  std::vector<std::string> as_text = in(out, common);
  as_text.erase(std::find(as_text.begin(), as_text.end(), "--json"));
  const Outcome text = run(as_text);
  for (const char* part : {"Table 1", "Table 2", "Table 3", "What differs", "72.24", "Optimal NAC", "0.7 of the full budget"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part;

  const std::string command = "python3 '" SNAC_SOURCE_DIR "/tests/browser/reproduction_check.py' '" + out + "/reproduction.html'";
  const int status = std::system(command.c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  if (code == 77 || code == 127) GTEST_SKIP() << "no browser: scripts/setup --test installs one";
  EXPECT_EQ(code, 0);
}

TEST(Reproduce, lists_what_it_knows_and_refuses_the_rest) {
  const Outcome list = run({"reproduce"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_NE(list.out.find("paper"), std::string::npos);
  const Outcome unknown = run({"reproduce", "papre"});
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_NE(unknown.err.find("did you mean 'paper'?"), std::string::npos) << unknown.err;
  EXPECT_EQ(run({"reproduce", "paper", "--scale", "0"}).exit_code, 3);
  EXPECT_EQ(run({"reproduce", "paper", "--scale", "much"}).exit_code, 2);
  EXPECT_EQ(run({"reproduce", "paper", "--seeds", "0"}).exit_code, 3);
  EXPECT_EQ(run({"reproduce", "paper", "--config", "/no/such.yaml"}).exit_code, 3);
}

}  // namespace
}  // namespace snac::program
