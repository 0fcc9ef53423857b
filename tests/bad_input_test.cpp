// Bad input never crashes, hangs or loses data: a message with place, found, expected and what to try; a documented exit
// code; nothing half-written left behind.
#include <gtest/gtest.h>

#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::program {
namespace {

class BadInput : public testing::Test {
 protected:
  void SetUp() override { config_ = write_toy_study(folder_.path()); }

  /// Runs the toy study with changes and checks exit code and that every text is in the message.
  void expect(ExitCode code, const std::vector<std::string>& texts, std::vector<std::string> more, const Surroundings& surroundings = {}) {
    std::vector<std::string> arguments{"run", "--config", config_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_command(code, texts, arguments, surroundings);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out" / "hardware"));
  }
  void expect_command(ExitCode code, const std::vector<std::string>& texts, const std::vector<std::string>& arguments,
                      const Surroundings& surroundings = {}) {
    const Outcome outcome = run(arguments, surroundings);
    EXPECT_EQ(outcome.exit_code, static_cast<int>(code)) << outcome.err;
    for (const auto& text : texts) EXPECT_NE(outcome.err.find(text), std::string::npos) << "no '" << text << "' in:\n" << outcome.err;
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string use_train(const std::string& file) const { return "data.train=" + file; }

  TemporaryDirectory folder_;
  std::string config_;
};

TEST_F(BadInput, missing_data_file) {
  expect(ExitCode::data, {"nothing.h5", "expected", "try"}, {"--set", "data.train=nothing.h5"});
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(BadInput, truncated_hdf5) {
  const std::string bytes = read_file(path("train.h5"));
  write_text(path("cut.h5"), bytes.substr(0, bytes.size() / 2));
  expect(ExitCode::data, {"cut.h5", "found"}, {"--set", use_train("cut.h5")});
}

TEST_F(BadInput, corrupt_hdf5_never_crashes) {
  const std::string bytes = read_file(path("train.h5"));
  for (std::size_t step = 1; step <= 12; ++step) {
    std::string damaged = bytes;
    for (std::size_t i = step * 97; i < damaged.size(); i += damaged.size() / (3 * step)) damaged[i] = static_cast<char>(damaged[i] ^ 0x5a);
    write_text(path("bad.h5"), damaged);
    const Outcome outcome = run({"data", "info", path("bad.h5")});
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == static_cast<int>(ExitCode::data)) << outcome.exit_code << outcome.err;
  }
}

TEST_F(BadInput, not_a_data_file) {
  write_text(path("noise.bin"), std::string("\x00\x01\x02\x03", 4));
  expect(ExitCode::data, {"noise.bin"}, {"--set", use_train("noise.bin")});
}

TEST_F(BadInput, ragged_csv_names_the_line) {
  write_text(path("ragged.csv"), "a,b,label\n1,2,0\n3,4\n");
  expect(ExitCode::data, {"ragged.csv", "3"}, {"--set", use_train("ragged.csv")});
}

TEST_F(BadInput, nan_feature_names_row_and_column) {
  write_text(path("nan.csv"), "alpha,beta,label\n1,2,0\n3,nan,1\n5,6,0\n7,8,1\n");
  expect(ExitCode::data, {"nan.csv", "beta"},
         {"--set", use_train("nan.csv"), "--set", "data.test=nan.csv", "--set", "data.constituents={count: 0}"});
}

TEST_F(BadInput, one_class_only) {
  std::string text = "a,b,label\n";
  for (int i = 0; i < 50; ++i) text += std::to_string(i) + ",1,0\n";
  write_text(path("one.csv"), text);
  expect(ExitCode::data, {"one.csv", "class"},
         {"--set", use_train("one.csv"), "--set", "data.test=one.csv", "--set", "data.constituents={count: 0}"});
}

TEST_F(BadInput, missing_label_column_suggests) {
  write_text(path("l.csv"), "a,b,lable\n1,2,0\n3,4,1\n");
  expect(ExitCode::data, {"l.csv", "label", "lable"}, {"--set", use_train("l.csv")});
}

TEST_F(BadInput, more_constituents_than_the_file_has) {
  expect(ExitCode::config, {"constituents", "8"}, {"--set", "data.constituents.count=99"});
}

TEST_F(BadInput, unknown_key_is_answered_with_the_nearest) {
  expect(ExitCode::config, {"search.trails", "did you mean 'trials'?"}, {"--set", "search.trails=5"});
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(BadInput, unknown_device_metric_and_activation_are_answered_with_the_nearest) {
  expect(ExitCode::config, {"xcvu13p"}, {"--set", "target.device=xcvu31p"});
  expect(ExitCode::config, {"did you mean 'accuracy'?"}, {"--set", "search.objectives={acuracy: max}"});
  expect(ExitCode::config, {"relu"}, {"--set", "space.activation=[rellu]"});
}

TEST_F(BadInput, impossible_spaces) {
  expect(ExitCode::config, {"space"}, {"--set", "space.layers=[]"});
  expect(ExitCode::config, {"space"}, {"--set", "space.width=[0]"});
  expect(ExitCode::config, {"space"}, {"--set", "space.width={1: [8]}"});
  expect(ExitCode::config, {"space"}, {"--set", "space.dropout=[1.5]"});
}

TEST_F(BadInput, zero_budgets) {
  expect(ExitCode::config, {"search.trials", "0"}, {"--set", "search.trials=0"});
  expect(ExitCode::config, {"search.trials", "at least search.sampler.population"},
         {"--set", "search.trials=3", "--set", "search.sampler.population=4"});
  expect(ExitCode::config, {"search.constraints.lut", "a budget leaves nothing"}, {"--set", "search.constraints={lut: '<= 0'}"});
}

TEST_F(BadInput, budget_that_nothing_meets_says_how_far_off) {
  expect(ExitCode::no_result, {"select.where", "lut <= 1", "best lut"}, {"--set", "select.where=['lut <= 1']"});
}

TEST_F(BadInput, missing_tool_is_found_before_any_work) {
  expect(ExitCode::tool, {"yosys", "scripts/setup"}, {"--set", "synth.tools=[yosys]"}, {.path = "/nonexistent"});
  const Outcome trials = run({"front", "--config", config_, "--all", "--csv"});
  EXPECT_EQ(trials.out.find('\n'), trials.out.size() - 1) << "trials were trained:\n" << trials.out;
}

TEST_F(BadInput, unwritable_output_folder) {
  write_text(path("file"), "x");
  expect(ExitCode::io, {"file/below", "try"}, {"--output", path("file") + "/below"});
}

TEST_F(BadInput, full_disk_stops_with_a_message_and_the_study_goes_on_later) {
  const Outcome full = run({"--quiet", "run", "--config", config_}, {.file_size_limit = 200000});
  EXPECT_EQ(full.exit_code, static_cast<int>(ExitCode::io)) << full.err;
  EXPECT_NE(full.err.find("study.sqlite"), std::string::npos) << full.err;
  const Outcome later = run({"--quiet", "run", "--config", config_});
  EXPECT_EQ(later.exit_code, 0) << later.err;
}

TEST_F(BadInput, damaged_store_is_refused_and_left_alone) {
  std::filesystem::create_directories(path("out"));
  const std::string garbage(5000, 'x');
  write_text(path("out") + "/study.sqlite", garbage);
  expect(ExitCode::data, {"study.sqlite"}, {});
  EXPECT_EQ(read_file(path("out") + "/study.sqlite"), garbage);
}

TEST_F(BadInput, another_configuration_under_the_same_name_changes_nothing) {
  ASSERT_EQ(run({"--quiet", "search", "--config", config_}).exit_code, 0);
  const std::string before = run({"front", "--config", config_, "--all", "--csv"}).out;
  expect_command(ExitCode::config, {"toy"}, {"search", "--config", config_, "--set", "search.epochs=3"});
  EXPECT_EQ(run({"front", "--config", config_, "--all", "--csv"}).out, before);
}

TEST_F(BadInput, damaged_model_files) {
  expect_command(ExitCode::io, {"none.json"}, {"verify", "--model", path("none.json")});
  write_text(path("m.json"), "{\"format\": \"snac.fixed_net\", \"version\": 99}");
  expect_command(ExitCode::data, {"m.json", "version 99"}, {"verify", "--model", path("m.json")});
  write_text(path("m.json"), "{\"format\": ");
  expect_command(ExitCode::data, {"m.json"}, {"synth", "--model", path("m.json"), "-o", path("v")});
  EXPECT_FALSE(std::filesystem::exists(path("v")));
}

TEST_F(BadInput, command_line_errors_have_their_own_code) {
  EXPECT_EQ(run({}).exit_code, 2);
  EXPECT_EQ(run({"runn"}).exit_code, 2);
  EXPECT_EQ(run({"run"}).exit_code, 2);
  EXPECT_EQ(run({"run", "--config", config_, "--threads", "-1"}).exit_code, 2);
  EXPECT_EQ(run({"run", "--config", config_, "--set", "novalue"}).exit_code, 3);
  EXPECT_EQ(run({"run", "--config", path("none.yaml")}).exit_code, 3);
  EXPECT_EQ(run({"--help"}).exit_code, 0);
}

}  // namespace
}  // namespace snac::program
