#include "snac/toolchain/process.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "running.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"

namespace snac::toolchain {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

ProcessResult shell(const std::string& script, const ProcessParams& params = {}) { return run_process({"/bin/sh", "-c", script}, params); }

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) count += entry.path().empty() ? 0 : 1;
  return count;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

TEST(Process, output_and_error_are_captured_in_order_with_the_exit_code) {
  const auto result = shell("echo one; echo two >&2; echo three; exit 3");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.output, "one\ntwo\nthree\n");
  EXPECT_GT(result.seconds, 0);
  EXPECT_GT(result.peak_memory_kib, 0);
}

TEST(Process, arguments_reach_the_program_untouched_by_any_shell) {
  const auto result = run_process({"printf", "%s|", "a b", "$HOME", "*", "';\"`", ""});
  EXPECT_EQ(result.output, "a b|$HOME|*|';\"`||");
}

TEST(Process, standard_input_is_empty) { EXPECT_EQ(run_process({"cat"}).output, ""); }

TEST(Process, a_missing_program_says_how_to_install_it) {
  for (const std::string name : {"snac-no-such-program", "/no/such/program"}) {
    try {
      run_process({name});
      FAIL() << "expected a ToolError";
    } catch (const ToolError& error) {
      EXPECT_EQ(error.text().where, name);
      EXPECT_EQ(error.text().hint, "install it with scripts/setup");
    }
  }
}

TEST(Process, a_program_that_cannot_be_executed_is_a_tool_error) {
  const TemporaryDirectory folder;
  const fs::path program = folder.path() / "damaged";
  write_file_atomically(program, std::string("\x7f"
                                             "ELF",
                                             4) +
                                     std::string(100, '\0'));
  ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
  EXPECT_THROW(run_process({program.string()}), ToolError);
  ASSERT_EQ(::chmod(program.c_str(), 0644), 0);
  EXPECT_THROW(run_process({program.string()}), ToolError);
}

TEST(Process, an_empty_command_or_a_zero_byte_is_refused) {
  EXPECT_THROW(run_process({}), std::invalid_argument);
  EXPECT_THROW(run_process({""}), std::invalid_argument);
  EXPECT_THROW(run_process({"echo", std::string("a\0b", 3)}), std::invalid_argument);
}

TEST(Process, runs_in_the_given_folder) {
  const TemporaryDirectory folder;
  EXPECT_EQ(run_process({"pwd", "-P"}, {.directory = folder.path()}).output, fs::canonical(folder.path()).string() + "\n");
  EXPECT_THROW(run_process({"pwd"}, {.directory = folder.path() / "missing"}), ToolError);
}

TEST(Process, environment_entries_replace_and_add) {
  ASSERT_EQ(::setenv("SNAC_TEST_OLD", "old", 1), 0);
  const auto result =
      shell("echo $SNAC_TEST_OLD $SNAC_TEST_NEW", {.environment = {{"SNAC_TEST_OLD", "replaced"}, {"SNAC_TEST_NEW", "added"}}});
  EXPECT_EQ(result.output, "replaced added\n");
  EXPECT_EQ(shell("echo $SNAC_TEST_OLD").output, "old\n");
}

TEST(Process, programs_are_found_on_the_path_in_order) {
  const TemporaryDirectory folder;
  for (const std::string name : {"a/tool", "b/tool", "b/other"})
    write_file_atomically(folder.path() / name, "#!/bin/sh\necho " + name + "\n");
  for (const std::string name : {"b/tool", "b/other"}) ASSERT_EQ(::chmod((folder.path() / name).c_str(), 0755), 0);
  fs::create_directories(folder.path() / "a" / "other");  // a folder is no program
  const std::string old_path = std::getenv("PATH");
  ::setenv("PATH", ((folder.path() / "a").string() + ":" + (folder.path() / "b").string()).c_str(), 1);
  const auto tool = find_program("tool"), other = find_program("other"), missing = find_program("missing"), empty = find_program("");
  const auto output = run_process({"tool"}).output;
  ::setenv("PATH", old_path.c_str(), 1);
  EXPECT_EQ(tool, folder.path() / "b" / "tool");  // a/tool may not be executed
  EXPECT_EQ(other, folder.path() / "b" / "other");
  EXPECT_TRUE(missing.empty());
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(output, "b/tool\n");
}

TEST(Process, the_time_limit_kills_the_program_and_its_grandchildren) {
  const auto result = shell("sleep 1000 & echo $!; sh -c 'sleep 1001 & echo $!; wait'; wait", {.time_limit = milliseconds(400)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
  EXPECT_LT(result.seconds, 100);
  std::istringstream words(result.output);
  std::string child, grandchild;
  ASSERT_TRUE(words >> child >> grandchild) << result.output;
  EXPECT_TRUE(ends_soon(child));
  EXPECT_TRUE(ends_soon(grandchild));
}

TEST(Process, a_limit_that_is_not_reached_changes_nothing) {
  const auto result = shell("echo quick", {.time_limit = seconds(100)});
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.output, "quick\n");
}

TEST(Process, what_stays_in_the_background_is_killed_and_not_waited_for) {
  const auto result = shell("sleep 1000 & echo $!");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_LT(result.seconds, 100);
  EXPECT_TRUE(ends_soon(result.output.substr(0, result.output.find('\n'))));
}

TEST(Process, a_program_that_closes_its_output_is_still_waited_for) {
  const auto result = shell("exec >&- 2>&-; sleep 0.2; exit 5");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_GE(result.seconds, 0.19);
  EXPECT_TRUE(shell("exec >&- 2>&-; sleep 1000", {.time_limit = milliseconds(200)}).timed_out);
}

TEST(Process, death_by_a_signal_is_128_plus_its_number) { EXPECT_EQ(shell("kill -SEGV $$").exit_code, 128 + SIGSEGV); }

TEST(Process, large_output_is_complete_below_the_limit) {
  const auto result = run_process({"head", "-c", "20000000", "/dev/zero"});
  EXPECT_EQ(result.output.size(), 20000000u);
}

TEST(Process, output_above_the_limit_keeps_head_and_tail) {
  const auto result = shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done", {.output_limit = 2000});
  EXPECT_EQ(result.output.substr(0, 14), "line 0\nline 1\n");
  EXPECT_EQ(result.output.substr(result.output.size() - 11), "line 19999\n");
  // 10 lines of 7, 90 of 8, 900 of 9, 9,000 of 10 and 10,000 of 11 characters.
  const std::size_t total = 70 + 720 + 8100 + 90000 + 110000;
  EXPECT_NE(result.output.find("\n... " + std::to_string(total - 2000) + " bytes left out ...\n"), std::string::npos);
  EXPECT_LT(result.output.size(), 2100u);
}

TEST(Process, an_interrupt_kills_the_child_and_is_reported) {
  struct ClearFlag {
    ~ClearFlag() { request_interrupt(false); }
  } clear;
  const TemporaryDirectory folder;
  std::thread later([] {
    std::this_thread::sleep_for(milliseconds(200));
    request_interrupt(true);
  });
  EXPECT_THROW(shell("echo $$ > pid; sleep 1000", {.directory = folder.path()}), Interrupted);
  later.join();
  std::string pid = read_file(folder.path() / "pid");
  pid.pop_back();
  EXPECT_TRUE(ends_soon(pid));
  EXPECT_THROW(shell("true"), Interrupted);
}

TEST(Process, no_zombie_and_no_descriptor_is_left) {
  shell("true");
  const std::size_t before = open_descriptors();
  for (int repeat = 0; repeat < 5; ++repeat) {
    shell("echo x");
    shell("sleep 1000", {.time_limit = milliseconds(20)});
    EXPECT_THROW(run_process({"snac-no-such-program"}), ToolError);
    EXPECT_THROW(shell("true", {.directory = "/no/such/folder"}), ToolError);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(has_children());
}

TEST(Process, many_threads_may_run_programs_at_once) {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(16);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&outputs, i] { outputs[i] = shell("echo " + std::to_string(i)).output; });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
}

TEST(Process, peak_memory_is_the_programs_and_not_ours) {
  std::vector<char> ballast(std::size_t{200} << 20, 1);  // resident here while the child starts
  const auto small = run_process({"sleep", "0.1"});
  EXPECT_LT(small.peak_memory_kib, 50 * 1024);
  EXPECT_EQ(ballast[ballast.size() / 2], 1);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const long block = usage.ru_maxrss / 1024 + 50;  // MiB: more than we ever had
  const auto large = run_process({"dd", "if=/dev/zero", "of=/dev/null", "bs=" + std::to_string(block) + "M", "count=1"});
  EXPECT_EQ(large.exit_code, 0) << large.output;
  EXPECT_GE(large.peak_memory_kib, block * 1024);
  EXPECT_LT(large.peak_memory_kib, (block + 50) * 1024);
}

TEST(Process, the_version_is_the_first_line_that_says_something) {
  EXPECT_EQ(tool_version("printf", {"\\n  \\nTool 1.2\\nmore\\n"}), "Tool 1.2");
  EXPECT_THROW(tool_version("true", {}), ToolError);
  EXPECT_THROW(tool_version("snac-no-such-program", {"--version"}), ToolError);
}

TEST(Process, the_tail_of_a_log_is_its_last_lines) {
  EXPECT_EQ(log_tail("a\nb\nc\n", 2), "b\nc");
  EXPECT_EQ(log_tail("a\nb\nc", 10), "a\nb\nc");
  EXPECT_EQ(log_tail("", 3), "");
  EXPECT_EQ(log_tail("\n\n", 3), "");
  EXPECT_EQ(log_tail(std::string(9000, 'x'), 3).size(), 4000u);
}

TEST(Process, the_command_line_is_quoted_for_reading) {
  EXPECT_EQ(command_line({"yosys", "-p", "read a; stat", "it's", ""}), "yosys -p 'read a; stat' 'it'\\''s' ''");
}

}  // namespace
}  // namespace snac::toolchain
