#include "snac/core/progress.hpp"

#include <gtest/gtest.h>

#include "snac/core/text_layout.hpp"

namespace snac {
namespace {

ProgressState search() {
  ProgressState state;
  state.what = "global search";
  state.unit = "trials";
  state.note = "best 0.633";
  state.total = 200;
  state.done = 60;
  state.done_before = 20;
  state.seconds = 80;
  return state;
}

TEST(ProgressText, rate_and_time_left_are_those_of_this_run) {
  // 40 trials in 80 s: 140 more take 280 s.
  EXPECT_EQ(progress_text(search()), "global search: 60/200 trials, 2.0 s each, about 4 min 40 s left, best 0.633");
}

TEST(ProgressText, the_end_says_how_long_it_took) {
  ProgressState state = search();
  state.done = 200;
  state.seconds = 3700;
  state.last = true;
  EXPECT_EQ(progress_text(state), "global search: 200/200 trials, 20.6 s each, took 1 h 01 min, best 0.633");
}

TEST(ProgressText, what_says_nothing_while_it_runs_is_named_with_its_time) {
  ProgressState state;
  state.what = "hardware";
  state.unit = "tasks";
  state.total = 5;
  state.seconds = 75;
  state.running = {{"yosys of m1", 70}, {"simulation of m1", 61}, {"yosys of m2", 2}};
  EXPECT_EQ(progress_text(state),
            "hardware: 0/5 tasks, 1 min 15 s so far, yosys of m1 for 1 min 10 s, simulation of m1 for 1 min 01 s, 1 more");
}

TEST(ProgressBar, never_wider_than_the_terminal) {
  EXPECT_EQ(progress_bar(search(), 120).substr(0, 23), "[======              ] ");
  for (std::size_t width = 1; width < 130; ++width) EXPECT_LE(columns_of(progress_bar(search(), width)), width);
}

TEST(Progress, lines_of_a_log_become_rarer) {
  EXPECT_EQ(pause_between_lines(0), 10);
  EXPECT_EQ(pause_between_lines(1000), 50);
  EXPECT_EQ(pause_between_lines(1e6), 300);
}

TEST(Progress, short_work_that_is_quiet_says_nothing_and_other_work_its_end) {
  set_progress_mode(ProgressMode::lines);
  testing::internal::CaptureStderr();
  {
    Progress quiet("reading", 10, "MB", 0, 5);
    quiet.reach(10);
    Progress work("training", 3, "epochs");
    const Progress::Running running(&work, "part");
    work.advance(3, "good");
  }
  { const Progress nothing_to_do("search", 7, "trials", 7); }
  set_progress_mode(ProgressMode::automatic);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("training: 3/3 epochs, ")) << text;
  EXPECT_NE(text.find("took 0 s, good\n"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
}

}  // namespace
}  // namespace snac
