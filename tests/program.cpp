#include "program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <thread>

#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"

namespace snac::program {

namespace {

/// Both ends of a new terminal.
struct Terminal {
  explicit Terminal(int columns) : ours(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (ours < 0 || ::grantpt(ours) != 0 || ::unlockpt(ours) != 0) throw std::runtime_error("no terminal");
    theirs = ::open(::ptsname(ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const winsize size{.ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
    if (theirs < 0 || ::ioctl(theirs, TIOCSWINSZ, &size) != 0) throw std::runtime_error("no terminal");
  }
  ~Terminal() { ::close(ours); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  /// What is written until all writers are gone, with plain line ends.
  std::string read_all() {
    ::close(theirs);
    std::string text;
    char block[4096];
    for (ssize_t n = 0; (n = ::read(ours, block, sizeof(block))) > 0;) text.append(block, static_cast<std::size_t>(n));
    for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
    return text;
  }
  int ours, theirs = -1;
};

}  // namespace

Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  std::vector<std::string> words{SNAC_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_command(words, surroundings);
}

Outcome run_command(const std::vector<std::string>& command, const Surroundings& surroundings) {
  const TemporaryDirectory folder("snac_test");
  const std::string out = folder.path() / "out", err = folder.path() / "err";
  std::vector<std::string> words = command;
  std::optional<Terminal> terminal;
  if (surroundings.terminal_columns > 0) terminal.emplace(surroundings.terminal_columns);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int out_file = ::open(out.c_str(), O_WRONLY | O_CREAT, 0600), err_file = ::open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(terminal ? terminal->theirs : out_file, STDOUT_FILENO);
    ::dup2(terminal ? terminal->theirs : err_file, STDERR_FILENO);
    for (const auto& [name, value] : surroundings.environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (!surroundings.path.empty()) ::setenv("PATH", surroundings.path.c_str(), 1);
    if (surroundings.file_size_limit > 0) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{surroundings.file_size_limit, surroundings.file_size_limit};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  if (surroundings.kill_after_ms > 0) {
    // Ends early if the program does.
    for (int waited = 0; waited < surroundings.kill_after_ms; waited += 5) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(child, surroundings.signal);
  }
  const std::string shown = terminal ? terminal->read_all() : std::string();
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), terminal ? shown : read_file(out), read_file(err)};
}

Outcome run_toy(const std::string& config, std::vector<std::string> more, const Surroundings& surroundings) {
  std::vector<std::string> arguments{"--quiet", "run", "--config", config};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments, surroundings);
}

int disturb(const std::vector<std::string>& arguments, const std::filesystem::path& output, std::chrono::milliseconds undisturbed) {
  Rng rng(20);
  int killed = 0;
  for (int i = 0; i < 15; ++i) {
    const auto moment = 5 + rng.below(1 + static_cast<std::uint64_t>(undisturbed.count()) * 7 / 10);
    const Outcome outcome = run(arguments, {.kill_after_ms = static_cast<int>(moment)});
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 128 + SIGKILL) << outcome.exit_code << outcome.err;
    if (outcome.exit_code == 0)
      std::filesystem::remove_all(output);
    else
      ++killed;
  }
  return killed;
}

std::chrono::milliseconds time_of(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

std::string write_text(const std::filesystem::path& path, const std::string& text) {
  write_file_atomically(path, text);
  return path.string();
}

std::string write_toy_study(const std::filesystem::path& folder, const std::string& tools) {
  const std::string source = SNAC_SOURCE_DIR "/data/";
  for (const auto& [name, rows] : {std::pair{"train", "3000"}, {"test", "1000"}}) {
    const std::string file = (folder / (std::string(name) + ".h5")).string();
    if (std::filesystem::exists(file)) continue;
    const Outcome cut = run({"data", "sample", source + "jets8_" + name + ".h5", "-o", file, "--rows", rows, "--provenance", "test"});
    if (cut.exit_code != 0) throw std::runtime_error("cannot cut the sample: " + cut.err);
  }
  return write_text(
      folder / "toy.yaml",
      "study: toy\noutput: " + (folder / "out").string() +
          "\ndata: {train: train.h5, test: test.h5, constituents: {count: 4}}\n"
          "space:\n  family: mlp\n  layers: [1, 2]\n  width: [4, 6, 8]\n  activation: [relu, tanh]\n  batch_norm: [true, false]\n"
          "  learning_rate: [0.002, 0.005]\n"
          "search: {trials: 12, epochs: 2, sampler: {population: 4}}\n"
          "baseline: {hidden: [8], epochs: 2}\n"
          "select: {rule: best, by: lut, count: 2}\n"
          "compress: {precisions: [6], warmup_epochs: 1, pruning: {iterations: 2, fraction: 0.3, epochs: 1}}\n"
          "choose: {rule: cheapest, by: lut, where: ['accuracy >= best - 0.02'], count: 1}\n"
          "synth: {tools: " +
          tools + ", vectors: 1000}\n");
}

}  // namespace snac::program
