// The whole way on a toy study: stages, resumption, repeatability.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"
#include "snac/core/rng.hpp"

namespace snac::program {
namespace {

TEST(Run, goes_from_jets_to_bit_exact_verilog_and_a_yosys_row) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[verilator, yosys]");
  const Outcome outcome = run_toy(config, {"--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "run --json");
  ASSERT_EQ(json["trials"].size(), 12U);
  ASSERT_EQ(json["compressed"].size(), 2U * 1U * 3U);
  ASSERT_EQ(json["hardware"].size(), 1U);
  const Json& hardware = json["hardware"][0];
  EXPECT_EQ(hardware["verification"]["summary"], "bit-exact: 1000/1000");
  EXPECT_EQ(hardware["verification"]["engines"].size(), 4U);
  EXPECT_EQ(hardware["verification"]["latency_cycles"].get<double>(), hardware["values"]["clock_cycles"].get<double>());
  EXPECT_EQ(hardware["verification"]["initiation_interval"], 1);
  EXPECT_GT(hardware["synthesis"]["lut"].get<int>(), 0);
  EXPECT_EQ(hardware["synthesis"]["dsp"], 0);
  // Five classes: chance is 0.2.
  EXPECT_GT(hardware["test_accuracy"].get<double>(), 0.3);
  // The written model verifies on its own as well, on real rows and on random ones.
  const std::string model = hardware["directory"].get<std::string>() + "/fixed_net.json";
  const Outcome verified =
      run({"verify", "--model", model, "--data", (folder.path() / "test.h5").string(), "--simulator", "icarus", "--vectors", "200"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.out.find("bit-exact: 200/200"), std::string::npos) << verified.out;
}

TEST(Run, a_class_index_as_output_is_as_accurate_as_logits) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[icarus]");
  double accuracy = 0;
  for (const std::string kind : {"logits", "argmax", "softmax"}) {
    // The sample does not see the output stage: all three searches find the same network.
    const Outcome outcome = run_toy(config, {"--json", "--set", "target.output=" + kind, "--set", "target.estimator=sample", "--output",
                                             (folder.path() / kind).string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Json hardware = parse_json(outcome.out, "run --json")["hardware"][0];
    EXPECT_EQ(hardware["verification"]["summary"], "bit-exact: 1000/1000");
    EXPECT_EQ(hardware["verification"]["engines"].size(), 4U) << "the training side as well";
    const double found = hardware["test_accuracy"].get<double>();
    if (kind == "logits") accuracy = found;
    // Probabilities that round to equal ones may change the class.
    EXPECT_NEAR(found, accuracy, kind == "softmax" ? 0.05 : 0) << kind;
  }
  const std::string model = (folder.path() / "logits/hardware").string();
  for (const auto& entry : std::filesystem::directory_iterator(model)) {
    const Outcome outcome = run({"verify", "--model", (entry.path() / "fixed_net.json").string(), "--output-stage", "argmax", "--simulator",
                                 "icarus", "--vectors", "200"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("bit-exact: 200/200"), std::string::npos) << outcome.out;
  }
}

TEST(Run, a_reuse_factor_reaches_estimates_verilog_synthesis_and_table) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[verilator, yosys]");
  const std::vector<std::string> reuse{"--set", "target.reuse_factor=4",  "--set", "search.objectives={accuracy: max, dsp: min}",
                                       "--set", "target.estimator=sample"};
  const Outcome outcome = run_toy(config, {"--json", reuse[0], reuse[1], reuse[2], reuse[3], reuse[4], reuse[5]});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "run --json");
  EXPECT_GT(json["trials"][0]["values"]["dsp"].get<double>(), 0);
  EXPECT_EQ(json["compressed"][0]["resource_source"], "folded circuit");
  const Json& hardware = json["hardware"][0];
  EXPECT_EQ(hardware["verification"]["summary"], "bit-exact: 1000/1000");
  EXPECT_EQ(hardware["verification"]["engines"][2]["engine"], "folded interpreter");
  EXPECT_EQ(hardware["verification"]["latency_cycles"].get<double>(), hardware["values"]["clock_cycles"].get<double>());
  const double interval = hardware["values"]["initiation_interval"].get<double>();
  EXPECT_TRUE(interval >= 2 && interval <= 4) << interval;
  EXPECT_EQ(hardware["verification"]["initiation_interval"].get<double>(), interval);
  EXPECT_EQ(hardware["synthesis"]["dsp"].get<double>(), hardware["values"]["dsp"].get<double>());
  const Outcome table = run_toy(config, reuse);
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("DSP (folded circuit, estimate)"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("'folded architecture sample'"), std::string::npos) << table.out;
  // The same model with another factor and multipliers of LUTs.
  const std::string model = hardware["directory"].get<std::string>() + "/fixed_net.json";
  const Outcome verified =
      run({"verify", "--model", model, "--simulator", "icarus", "--vectors", "100", "--reuse-factor", "50", "--multiplier", "lut"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.out.find("bit-exact: 100/100"), std::string::npos) << verified.out;
  // The multiplier is part of such a study.
  EXPECT_EQ(run_toy(config, {reuse[0], reuse[1], reuse[2], reuse[3], "--set", "target.multiplier=lut"}).exit_code, 3);
}

TEST(Run, hls_is_one_more_engine_when_asked_for) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[hls]");
  const Outcome outcome = run_toy(config, {"--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "run --json");
  const Json& verification = json["hardware"][0]["verification"];
  EXPECT_EQ(verification["bit_exact"], true);
  EXPECT_NE(verification["engines"].back()["engine"].get<std::string>().find("HLS C++ by g++"), std::string::npos) << verification;
  const std::string folder_of_model = json["hardware"][0]["directory"];
  EXPECT_TRUE(std::filesystem::exists(folder_of_model + "/hls/build_hls.tcl"));
  const std::string model = folder_of_model + "/fixed_net.json";
  const Outcome verified = run({"verify", "--model", model, "--simulator", "none", "--vectors", "200", "--hls", "--hls-interface", "stream",
                                "--hls-strategy", "resource", "--hls-reuse-factor", "4"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.out.find("HLS C++ by g++"), std::string::npos) << verified.out;
  EXPECT_NE(verified.out.find("bit-exact: 200/200"), std::string::npos) << verified.out;
}

TEST(Run, second_run_does_no_work_and_prints_the_same) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Outcome first = run_toy(config);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto changed = std::filesystem::last_write_time(folder.path() / "out" / "study.sqlite");
  const Outcome second = run({"run", "--config", config});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(second.err.find("took"), std::string::npos) << "progress shows work:\n" << second.err;
  EXPECT_EQ(std::filesystem::last_write_time(folder.path() / "out" / "study.sqlite"), changed);
}

TEST(Run, same_table_with_one_and_two_threads_and_another_with_another_seed) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Outcome one = run_toy(config, {"--threads", "1", "--output", (folder.path() / "one").string()});
  const Outcome two = run_toy(config, {"--threads", "2", "--output", (folder.path() / "one").string() + "2"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  // The folder's name stands in the last line only.
  EXPECT_EQ(one.out.substr(0, one.out.rfind(": Verilog in")), two.out.substr(0, two.out.rfind(": Verilog in")));
  const Outcome other = run_toy(config, {"--set", "seed=2", "--output", (folder.path() / "seed").string()});
  EXPECT_NE(one.out, other.out);
}

TEST(Run, survives_kill_9_at_any_moment_and_ends_with_the_same_table) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const std::string undisturbed_folder = (folder.path() / "calm").string(), disturbed_folder = (folder.path() / "wild").string();
  Outcome undisturbed;
  const auto time = time_of([&] { undisturbed = run_toy(config, {"--output", undisturbed_folder}); });
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.err;
  EXPECT_GT(disturb({"--quiet", "run", "--config", config, "--output", disturbed_folder}, disturbed_folder, time), 0);
  const Outcome last = run_toy(config, {"--output", disturbed_folder});
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(last.out.substr(0, last.out.rfind(": Verilog in")), undisturbed.out.substr(0, undisturbed.out.rfind(": Verilog in")));
}

TEST(Run, ctrl_c_stops_cleanly_and_says_how_to_go_on) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const std::vector<std::string> endless{"--set", "search.epochs=2000", "--set", "search.early_stopping=0"};
  std::vector<std::string> long_search{"search", "--config", config, "--set", "search.trials=200"};
  long_search.insert(long_search.end(), endless.begin(), endless.end());
  const Outcome stopped = run(long_search, {.kill_after_ms = 1500, .signal = SIGINT});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("To go on: "), std::string::npos) << stopped.err;
  EXPECT_NE(stopped.err.find("search.trials=200"), std::string::npos) << stopped.err;
  // What was finished is kept, what was begun is given back.
  std::vector<std::string> look{"front", "--config", config, "--all", "--csv"};
  look.insert(look.end(), endless.begin(), endless.end());
  const Outcome front = run(look);
  EXPECT_EQ(front.exit_code, 0) << front.err;
  EXPECT_LT(std::count(front.out.begin(), front.out.end(), '\n'), 200);
}

TEST(Run, deleted_verilog_comes_back_from_the_record) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Outcome first = run_toy(config);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto hardware = folder.path() / "out" / "hardware";
  const auto model = std::filesystem::directory_iterator(hardware)->path();
  const std::string verilog = read_file(model / "snac_top.v"), vectors = read_file(model / "expected.hex");
  std::filesystem::remove_all(hardware);
  EXPECT_EQ(run_toy(config).out, first.out);
  EXPECT_EQ(read_file(model / "snac_top.v"), verilog);
  EXPECT_EQ(read_file(model / "expected.hex"), vectors);
}

TEST(Run, the_readme_example_runs_on_a_csv_with_words_as_labels) {
  const TemporaryDirectory folder;
  const std::string readme = read_file(SNAC_SOURCE_DIR "/README.md");
  const std::size_t begin = readme.find("```yaml\n# mine.yaml") + 8, end = readme.find("```", begin);
  const std::string config = write_text(folder.path() / "mine.yaml", readme.substr(begin, end - begin));
  std::string csv = "height,weight,kind\n";
  Rng rng(1);
  for (int i = 0; i < 600; ++i) {
    const bool cat = rng.chance(0.5);
    csv += std::to_string((cat ? 25 : 60) + 8 * rng.normal()) + "," + std::to_string((cat ? 4 : 25) + 3 * rng.normal()) +
           (cat ? ",cat\n" : ",dog\n");
  }
  write_text(folder.path() / "mine.csv", csv);
  const Outcome outcome = run({"--quiet", "run", "--config", config, "--output", (folder.path() / "out").string(), "--json", "--set",
                               "synth.tools=[icarus, yosys]"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "run --json");
  EXPECT_GT(json["hardware"][0]["test_accuracy"].get<double>(), 0.95);
  EXPECT_TRUE(json["hardware"][0]["verification"]["bit_exact"].get<bool>());
}

TEST(Run, more_trials_continue_a_search) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Outcome few = run({"--quiet", "search", "--config", config, "--json"});
  ASSERT_EQ(few.exit_code, 0) << few.err;
  const Outcome more = run({"--quiet", "search", "--config", config, "--json", "--set", "search.trials=20"});
  ASSERT_EQ(more.exit_code, 0) << more.err;
  const Json a = parse_json(few.out, "few"), b = parse_json(more.out, "more");
  ASSERT_EQ(b["trials"].size(), 20U);
  for (std::size_t i = 0; i < a["trials"].size(); ++i) EXPECT_EQ(a["trials"][i]["values"], b["trials"][i]["values"]);
}

std::vector<std::string> with_early_termination(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"--set", "search.trials=24",
                                     "--set", "search.epochs=3",
                                     "--set", "search.early_termination={rule: halving, reduction: 3, min_better: 1, margin: 0}"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Json search_json(const std::string& config, const std::vector<std::string>& more, const Surroundings& surroundings = {}) {
  std::vector<std::string> arguments{"--quiet", "search", "--config", config, "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = run(arguments, surroundings);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return parse_json(outcome.out, "search --json");
}

TEST(Run, early_termination_spares_epochs_and_changes_no_survivor) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  // Random search asks for the same candidates whatever becomes of them.
  const std::vector<std::string> random{"--set", "search.sampler.name=random"};
  const Json on = search_json(config, with_early_termination({random[0], random[1], "--output", (folder.path() / "on").string()}));
  const Json off = search_json(config, {random[0], random[1], "--set", "search.trials=24", "--set", "search.epochs=3", "--output",
                                        (folder.path() / "off").string()});
  ASSERT_EQ(on["trials"].size(), off["trials"].size());
  int stopped = 0, saved = 0;
  for (std::size_t i = 0; i < on["trials"].size(); ++i) {
    const Json &a = on["trials"][i], &b = off["trials"][i];
    ASSERT_EQ(a["choices"], b["choices"]);
    EXPECT_EQ(b["epochs"], 3);
    if (a["stopped_early"].get<bool>()) {
      EXPECT_GE(i, 4U) << "the first generation has nothing to be compared with";
      EXPECT_TRUE(a["failed"].get<bool>());
      EXPECT_FALSE(a["front"].get<bool>());
      EXPECT_FALSE(a.contains("values"));
      EXPECT_EQ(a["reason"].get<std::string>().find("stopped early after epoch"), 0U);
      EXPECT_LT(a["epochs"].get<int>(), 3);
      ++stopped;
      saved += 3 - a["epochs"].get<int>();
    } else {
      EXPECT_EQ(a["values"], b["values"]);
    }
  }
  EXPECT_GT(stopped, 0);
  EXPECT_EQ(on["training"]["stopped_early"], stopped);
  EXPECT_EQ(on["training"]["saved_epochs"], saved);
  EXPECT_EQ(on["training"]["epochs"], 24 * 3 - saved);
  EXPECT_EQ(off["training"]["saved_epochs"], 0);
  const Outcome table = run({"search", "--config", config, "--set", "search.sampler.name=random", "--set", "search.trials=24", "--set",
                             "search.epochs=3", "--set", "search.early_termination={rule: halving, reduction: 3, min_better: 1, margin: 0}",
                             "--output", (folder.path() / "on").string()});
  EXPECT_NE(table.out.find("early termination: " + std::to_string(stopped) + " of 24 trials were stopped; " + std::to_string(saved) +
                           " of 72 epochs"),
            std::string::npos)
      << table.out;
}

TEST(Run, early_termination_belongs_to_the_study_only_while_it_is_on) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Json first = search_json(config, {});
  EXPECT_EQ(first, search_json(config, {"--set", "search.early_termination={rule: none, reduction: 7}"}));
  const Outcome on = run({"search", "--config", config, "--set", "search.early_termination.rule=halving"});
  EXPECT_EQ(on.exit_code, static_cast<int>(ExitCode::config)) << on.err;
  EXPECT_NE(on.err.find("early_termination.rule"), std::string::npos) << on.err;
}

/// A search with these settings gives the same at one and two threads and after kill -9. @returns its JSON.
Json expect_repeatable_search(const std::filesystem::path& folder, const std::string& config, const std::vector<std::string>& settings) {
  const auto at = [&](const char* name) {
    auto arguments = settings;
    arguments.insert(arguments.end(), {"--output", (folder / name).string()});
    return arguments;
  };
  auto one = at("one"), two = at("two");
  one.insert(one.end(), {"--threads", "1"});
  two.insert(two.end(), {"--threads", "2"});
  Json calm;
  const auto time = time_of([&] { calm = search_json(config, one); });
  EXPECT_EQ(calm, search_json(config, two));
  std::vector<std::string> arguments{"--quiet", "search", "--config", config};
  const auto wild = at("wild");
  arguments.insert(arguments.end(), wild.begin(), wild.end());
  EXPECT_GT(disturb(arguments, folder / "wild", time), 0);
  EXPECT_EQ(calm, search_json(config, at("wild")));
  return calm;
}

TEST(Run, early_termination_gives_the_same_study_at_any_thread_count_and_after_kill_9) {
  const TemporaryDirectory folder;
  const Json json = expect_repeatable_search(folder.path(), write_toy_study(folder.path()), with_early_termination({}));
  EXPECT_GT(json["training"]["stopped_early"], 0);
}

std::vector<std::string> with_circuits(const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"--set", "search.hardware=circuit", "--set", "search.objectives={accuracy: max, lut: min}"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Run, circuits_in_the_loop_reach_the_search_its_table_and_the_stages_behind_it) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path(), "[icarus]");
  const Outcome outcome = run_toy(config, with_circuits({"--json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "run --json");
  ASSERT_EQ(json["trials"].size(), 12U);
  for (const Json& trial : json["trials"]) {
    EXPECT_EQ(trial["resource_source"].get<std::string>().find("circuit, calibrated on"), 0U);
    EXPECT_GT(trial["values"]["adders"].get<double>(), 0);
    EXPECT_GT(trial["values"]["float_accuracy"].get<double>(), 0);
  }
  EXPECT_EQ(json["hardware"][0]["verification"]["summary"], "bit-exact: 1000/1000");
  auto search = with_circuits({"--config", config});
  search.insert(search.begin(), "search");
  const Outcome table = run(search);
  EXPECT_NE(table.out.find("accuracy: integers at w8a8 and 50 % zeros, validation; resources: estimate 'circuit'"), std::string::npos)
      << table.out;
}

TEST(Run, circuits_in_the_loop_belong_to_the_study_only_while_they_are_on) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Json first = search_json(config, {});
  EXPECT_EQ(first, search_json(config, {"--set", "search.circuit.epochs=7"}));
  const Outcome on = run({"search", "--config", config, "--set", "search.hardware=circuit"});
  EXPECT_EQ(on.exit_code, static_cast<int>(ExitCode::config)) << on.err;
  EXPECT_NE(on.err.find("search.hardware"), std::string::npos) << on.err;
}

TEST(Run, circuits_in_the_loop_give_the_same_study_at_any_thread_count_and_after_kill_9) {
  const TemporaryDirectory folder;
  const Json json = expect_repeatable_search(folder.path(), write_toy_study(folder.path()), with_early_termination(with_circuits()));
  EXPECT_GT(json["training"]["stopped_early"], 0);
  for (const Json& trial : json["trials"]) EXPECT_NE(trial["stopped_early"].get<bool>(), trial.contains("resource_source"));
}

TEST(Run, front_is_printed_as_table_csv_and_json) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  ASSERT_EQ(run({"--quiet", "compress", "--config", config}).exit_code, 0);
  for (const char* stage : {"search", "compress"}) {
    const Outcome csv = run({"front", "--config", config, "--stage", stage, "--csv", "--all"});
    EXPECT_EQ(csv.exit_code, 0) << csv.err;
    EXPECT_EQ(csv.out.find("name,network,front,"), 0U);
    EXPECT_NE(csv.out.find("accuracy"), std::string::npos);
    const Json json = parse_json(run({"front", "--config", config, "--stage", stage, "--json", "--all"}).out, stage);
    EXPECT_EQ(static_cast<std::size_t>(std::count(csv.out.begin(), csv.out.end(), '\n')), json.size() + 1);
    EXPECT_NE(run({"front", "--config", config, "--stage", stage}).out.find("Pareto front"), std::string::npos);
  }
}

}  // namespace
}  // namespace snac::program
