// snac report as its users run it, and the page in a real browser.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/store/store.hpp"

namespace snac::program {
namespace {

std::string path(const TemporaryDirectory& folder, const std::string& name) { return (folder.path() / name).string(); }

/// Three classes whose names would like to be markup, told apart by two of three features.
std::string write_nasty_study(const TemporaryDirectory& folder, const std::string& tools) {
  Rng rng(3);
  std::string csv = "a,b,c,kind\n";
  const char* names[] = {"</script><script>injected=1</script>", "b & <i>c</i>", "\"\"q\"\"{{data}}"};
  for (int i = 0; i < 900; ++i) {
    const int k = i % 3;
    csv += std::to_string(rng.normal() + (k == 0 ? 2 : 0)) + "," + std::to_string(rng.normal() + (k == 1 ? 2 : 0)) + "," +
           std::to_string(rng.normal()) + ",\"" + names[k] + "\"\n";
  }
  write_text(folder.path() / "rows.csv", csv);
  return write_text(
      folder.path() / "nasty.yaml",
      "study: nasty\noutput: " + path(folder, "out") +
          "\ndata: {train: rows.csv, label: kind}\n"
          "space: {family: mlp, layers: [1, 2], width: [4, 6, 8], activation: [relu, tanh], learning_rate: [0.002, 0.01]}\n"
          "search: {objectives: {accuracy: max, lut: min, clock_cycles: min}, trials: 12, epochs: 3, sampler: {population: 4}}\n"
          "baseline: {hidden: [8], epochs: 3}\n"
          "select: {rule: best, by: lut, count: 2}\n"
          "compress: {precisions: [6, w4a5], warmup_epochs: 1, pruning: {iterations: 2, fraction: 0.3, epochs: 1}}\n"
          "choose: {rule: cheapest, by: lut, where: ['accuracy >= best - 0.1'], count: 2}\n"
          "synth: {tools: " +
          tools + ", vectors: 100}\n");
}

/// Exit code of the browser check: 0 good, 1 faults (on standard error), 77 no browser, 127 no python3.
int look_at(const std::string& page, const std::string& front, const std::string& more = "") {
  const std::string command = "python3 '" SNAC_SOURCE_DIR "/tests/browser/report_check.py' '" + page + "' '" + front + "' " + more;
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST(Report, comes_with_a_run_and_from_folder_database_or_configuration_alike) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  ASSERT_EQ(run({"-q", "run", "--config", config}).exit_code, 0);
  const std::string page = read_file(folder.path() / "out" / "report.html");
  EXPECT_NE(page.find("12 networks trained; 6 compressed models; 1 as hardware"), std::string::npos);
  // Nothing but the store is read: the data may be gone.
  std::filesystem::remove(folder.path() / "train.h5");
  for (const std::vector<std::string>& which :
       {std::vector<std::string>{path(folder, "out")}, {path(folder, "out/study.sqlite")}, {"--config", config}}) {
    std::vector<std::string> arguments{"report", "-o", path(folder, "again.html")};
    arguments.insert(arguments.end(), which.begin(), which.end());
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, path(folder, "again.html") + "\n");
    EXPECT_EQ(read_file(path(folder, "again.html")), page) << which.front();
    std::filesystem::remove(path(folder, "again.html"));
  }
}

TEST(Report, says_what_is_missing) {
  const TemporaryDirectory folder;
  EXPECT_EQ(run({"report"}).exit_code, 2);
  EXPECT_EQ(run({"report", "x", "--config", "y"}).exit_code, 2);
  EXPECT_EQ(run({"report", "x", "--watch", "0"}).exit_code, 2);
  const Outcome nothing = run({"report", path(folder, "nothing")});
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_NE(nothing.err.find("there is no study"), std::string::npos) << nothing.err;
  const std::string text = write_text(folder.path() / "study.sqlite", "this is no database, whatever its name says");
  EXPECT_EQ(run({"report", folder.path().string()}).exit_code, 4);
  EXPECT_FALSE(std::filesystem::exists(path(folder, "report.html")));
  EXPECT_EQ(read_file(text), "this is no database, whatever its name says");
}

TEST(Report, watches_a_running_search_and_leaves_a_page_that_does_not_reload) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  ASSERT_EQ(run({"-q", "search", "--config", config, "--set", "search.trials=4"}).exit_code, 0);
  Outcome search, watch;
  std::thread searching([&] { search = run({"-q", "search", "--config", config, "--set", "search.trials=200"}); });
  std::thread watching([&] { watch = run({"report", path(folder, "out"), "--watch", "1"}, {.kill_after_ms = 4000, .signal = SIGINT}); });
  const auto page = folder.path() / "out" / "report.html";
  bool reloads = false;
  for (int i = 0; i < 300 && !reloads; ++i) {
    reloads = read_file(page).find("<meta http-equiv=\"refresh\" content=\"1\">") != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(reloads);
  searching.join();
  watching.join();
  EXPECT_EQ(search.exit_code, 0) << search.err;
  EXPECT_EQ(watch.exit_code, 0) << watch.err;
  EXPECT_EQ(read_file(page).find("http-equiv=\"refresh\""), std::string::npos);
}

TEST(Report, works_in_a_browser) {
  const TemporaryDirectory folder;
  const std::string config = write_nasty_study(folder, "[verilator, yosys]"), front = path(folder, "front.csv");
  ASSERT_EQ(run({"-q", "run", "--config", config, "--set", "search.recalibrate=2"}).exit_code, 0);
  write_text(front, run({"-q", "front", "--config", config, "--csv", "--set", "search.recalibrate=2"}).out);
  const int code = look_at(path(folder, "out/report.html"), front);
  if (code == 77 || code == 127) GTEST_SKIP() << "no browser: scripts/setup --test installs one";
  EXPECT_EQ(code, 0);
}

TEST(Report, of_a_beginning_works_in_a_browser) {
  const TemporaryDirectory folder;
  const std::string config = write_nasty_study(folder, "[]"), front = path(folder, "front.csv");
  ASSERT_EQ(run({"-q", "search", "--config", config}).exit_code, 0);
  write_text(front, run({"-q", "front", "--config", config, "--csv"}).out);
  const int code = look_at(path(folder, "out/report.html"), front,
                           "--empty model-front pruning confusion roc layers estimates search-estimates pipeline");
  if (code == 77 || code == 127) GTEST_SKIP() << "no browser: scripts/setup --test installs one";
  EXPECT_EQ(code, 0);
}

TEST(Report, of_failures_only_works_in_a_browser) {
  const TemporaryDirectory folder;
  {
    // As a store of the first version, without the record of a run.
    const auto store = store::open_sqlite(path(folder, "study.sqlite"));
    store->open_study({.name = "failures",
                       .config_hash = "",
                       .config = {{"search", {{"objectives", {{"accuracy", "max"}, {"lut", "min"}}}}}},
                       .provenance = nullptr});
    store::Trial trial{
        .state = store::TrialState::failed, .genome = {}, .identity = "a", .values = {}, .attributes = {{"order", 0}}, .reason = "<NaN>"};
    trial.number = store->claim("failures", {0}, trial.identity).value();
    store->finish("failures", trial);
  }
  const Outcome outcome = run({"report", folder.path().string()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const int code = look_at(
      path(folder, "report.html"), "/dev/null",
      "--empty search-front progress-trials progress-time model-front pruning confusion roc layers estimates search-estimates pipeline "
      "importance parallel");
  if (code == 77 || code == 127) GTEST_SKIP() << "no browser: scripts/setup --test installs one";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace snac::program
