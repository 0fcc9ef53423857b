#include "snac/toolchain/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"

extern char** environ;

namespace snac::toolchain {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How often limits and interrupts are looked at while the child is silent.
constexpr milliseconds kTick{50};
/// What killed children may still have in the pipe is waited for this long: one that left its process group keeps it open.
constexpr milliseconds kDrainTime{200};

[[noreturn]] void cannot_start(const std::string& where, int error, const std::string& expected) {
  throw ToolError("cannot start a program", {.where = where, .found = std::strerror(error), .expected = expected, .hint = {}});
}

/// Keeps the first and the last half of what is appended, so that a chatty program cannot exhaust memory.
class BoundedText {
 public:
  explicit BoundedText(std::size_t limit) : half_(std::max<std::size_t>(limit / 2, 1)) {}
  void append(std::string_view text) {
    const std::size_t room = std::min(text.size(), half_ - head_.size());
    head_.append(text.substr(0, room));
    tail_.append(text.substr(room));
    if (tail_.size() >= 2 * half_) trim();
  }
  std::string take() {
    trim();
    if (dropped_ > 0) head_ += "\n... " + std::to_string(dropped_) + " bytes left out ...\n";
    return std::move(head_) + tail_;
  }

 private:
  void trim() {
    if (tail_.size() <= half_) return;
    const std::size_t excess = tail_.size() - half_;
    tail_.erase(0, excess);
    dropped_ += excess;
  }
  std::size_t half_, dropped_ = 0;
  std::string head_, tail_;
};

/// The spawn call's two option objects, freed on every path.
class SpawnOptions {
 public:
  SpawnOptions(int output, const fs::path& directory) {
    check(posix_spawnattr_init(&attributes_));
    check(posix_spawn_file_actions_init(&actions_));
    check(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
    check(posix_spawnattr_setpgroup(&attributes_, 0));
    // Signals that we ignore or block must not stay so in the child.
    sigset_t signals;
    sigemptyset(&signals);
    check(posix_spawnattr_setsigmask(&attributes_, &signals));
    for (const int each : {SIGPIPE, SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaddset(&signals, each);
    check(posix_spawnattr_setsigdefault(&attributes_, &signals));
    check(posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO));
    check(posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO));
    check(posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));  // last: `output` may be 0
    if (!directory.empty()) check(posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()));
  }
  ~SpawnOptions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  const posix_spawnattr_t* attributes() const noexcept { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const noexcept { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "posix_spawn set-up");
  }
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

/// The child and the reading end of its output. The destructor leaves neither process, zombie nor descriptor behind.
class Child {
 public:
  Child(const fs::path& program, const std::vector<std::string>& argv, const ProcessParams& params) {
    std::vector<std::string> variables = environment_of(params);
    std::vector<char*> arguments, environment;
    std::vector<std::string> words = argv;
    for (std::string& word : words) arguments.push_back(word.data());
    for (std::string& variable : variables) environment.push_back(variable.data());
    arguments.push_back(nullptr);
    environment.push_back(nullptr);

    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) cannot_start(program.string(), errno, "a free file descriptor");
    pipe_ = ends[0];
    int error = 0;
    try {
      const SpawnOptions options(ends[1], params.directory);
      error = ::posix_spawn(&pid_, program.c_str(), options.actions(), options.attributes(), arguments.data(), environment.data());
    } catch (...) {
      ::close(ends[0]);
      ::close(ends[1]);
      throw;
    }
    ::close(ends[1]);
    if (error != 0) {
      ::close(ends[0]);
      cannot_start(program.string(), error, "an executable program");
    }
  }
  ~Child() {
    if (!reaped_) {
      kill_group();
      int status = 0;
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    ::close(pipe_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The group's number is the child's, which stays taken until the child is reaped: no stranger is hit.
  void kill_group() const noexcept {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }

  /// True once the child has ended; it stays a zombie, so that its number is not given away.
  bool has_ended() const noexcept {
    siginfo_t info{};
    const int status = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return status == 0 ? info.si_pid == pid_ : errno == ECHILD;
  }

  /// Waits up to `patience` for output. @returns false at the end of the output.
  bool read_some(BoundedText& text, milliseconds patience, const std::function<void(std::string_view)>& on_output) const {
    pollfd waiting{pipe_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return true;
    std::array<char, 1 << 16> block;
    const ssize_t size = ::read(pipe_, block.data(), block.size());
    if (size > 0) {
      text.append({block.data(), static_cast<std::size_t>(size)});
      if (on_output) on_output({block.data(), static_cast<std::size_t>(size)});
    }
    return size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
  }

  /// Waits for the child's end. @returns the exit code, 128 + signal if it was killed.
  int reap(rusage& usage) {
    int status = 0;
    while (::wait4(pid_, &status, 0, &usage) < 0) {
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "wait4");
    }
    reaped_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// The largest resident set so far of the child itself, 0 if the system does not say.
  long peak_memory_kib() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10);
    }
    return 0;
  }

  /// Resident memory of every process in the child's group now; looks through /proc, 0 if the system has none.
  long group_memory_kib() const {
    static const long page_kib = ::sysconf(_SC_PAGESIZE) / 1024;
    long total = 0;
    std::error_code ignored;
    for (fs::directory_iterator entry("/proc", ignored), end; entry != end; entry.increment(ignored)) {
      const std::string name = entry->path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(entry->path() / "stat");
      std::string line;
      if (!std::getline(file, line)) continue;
      // "pid (name) state parent group ... resident ...": the name may hold blanks and brackets. Field 24 is the resident set.
      const std::size_t after_name = line.rfind(')');
      if (after_name == std::string::npos) continue;
      std::istringstream fields(line.substr(after_name + 1));
      std::string skipped;
      long group = 0, resident = 0;
      fields >> skipped >> skipped >> group;
      for (int field = 6; field < 24; ++field) fields >> skipped;
      if (fields >> resident && group == pid_) total += resident * page_kib;
    }
    return total;
  }

 private:
  static std::vector<std::string> environment_of(const ProcessParams& params) {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
      const std::string_view text(*variable);
      const bool replaced = std::any_of(params.environment.begin(), params.environment.end(),
                                        [&](const auto& entry) { return text.starts_with(entry.first + "="); });
      if (!replaced) variables.emplace_back(text);
    }
    for (const auto& [name, value] : params.environment) variables.push_back(name + "=" + value);
    return variables;
  }

  pid_t pid_ = -1;
  int pipe_ = -1;
  bool reaped_ = false;
};

bool is_executable(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

long own_peak_memory_kib() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

}  // namespace

fs::path find_program(const std::string& name) {
  if (name.empty()) return {};
  if (name.find('/') != std::string::npos) return is_executable(name) ? fs::absolute(name) : fs::path();
  const char* variable = std::getenv("PATH");
  const std::string_view path = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const fs::path folder = end > begin ? fs::path(path.substr(begin, end - begin)) : fs::path(".");
    if (is_executable(folder / name)) return fs::absolute(folder / name);
    begin = end + 1;
  }
  return {};
}

ProcessResult run_process(const std::vector<std::string>& argv, const ProcessParams& params) {
  if (argv.empty() || argv.front().empty()) throw std::invalid_argument("run_process: no program");
  for (const std::string& word : argv) {
    if (word.find('\0') != std::string::npos) throw std::invalid_argument("run_process: a zero byte in an argument of " + argv.front());
  }
  std::error_code ignored;
  if (!params.directory.empty() && !fs::is_directory(params.directory, ignored)) {
    cannot_start(params.directory.string(), ENOENT, "an existing working directory for " + argv.front());
  }
  const fs::path program = find_program(argv.front());
  if (program.empty()) {
    throw ToolError("a program is missing", {.where = argv.front(),
                                             .found = "not found on PATH",
                                             .expected = "an installed '" + argv.front() + "'",
                                             .hint = "install it with scripts/setup"});
  }
  throw_if_interrupted();

  const auto start = Clock::now();
  Child child(program, argv, params);
  const long own_peak = own_peak_memory_kib();  // after the spawn: at least what the child was charged for
  BoundedText text(params.output_limit);
  ProcessResult result;
  long sampled_peak = 0;
  milliseconds pause{1};
  bool open = true;
  for (auto last_sample = start - kTick; !child.has_ended();) {
    throw_if_interrupted();
    const auto now = Clock::now();
    milliseconds patience = kTick;
    if (params.time_limit.count() > 0) {
      const auto left = std::chrono::ceil<milliseconds>(start + params.time_limit - now);
      if (left.count() <= 0) {
        result.timed_out = true;
        break;
      }
      patience = std::min(patience, left);
    }
    if (now - last_sample >= kTick) {
      sampled_peak = std::max(sampled_peak, child.peak_memory_kib());
      last_sample = now;
      if (params.memory_limit_kib > 0 && child.group_memory_kib() > params.memory_limit_kib) {
        result.out_of_memory = true;
        break;
      }
    }
    if (open) {
      open = child.read_some(text, patience, params.on_output);
    } else {  // the output is closed, usually because the child is just ending
      std::this_thread::sleep_for(std::min(pause, patience));
      pause = std::min(2 * pause, kTick);
    }
  }
  // Also after a good end: nothing that the program left in the background survives it.
  child.kill_group();
  for (const auto drain_end = Clock::now() + kDrainTime; open && Clock::now() < drain_end;) {
    open = child.read_some(text, milliseconds{10}, params.on_output);
  }
  rusage usage{};
  result.exit_code = child.reap(usage);
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  // Linux counts the memory of the process that spawned it into the child's peak, until the program is loaded. A value above
  // our own peak is therefore the child's; below it, the samples (of the child, not of its children) know better.
  result.peak_memory_kib = usage.ru_maxrss > own_peak || sampled_peak == 0 ? usage.ru_maxrss : sampled_peak;
  result.output = text.take();
  return result;
}

std::string tool_version(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{program};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const ProcessResult result = run_process(argv, {.time_limit = std::chrono::seconds(30)});
  for (std::size_t begin = 0; begin < result.output.size();) {
    const std::size_t end = std::min(result.output.find('\n', begin), result.output.size());
    const std::string line = result.output.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") != std::string::npos) return line;
    begin = end + 1;
  }
  throw ToolError("a program does not tell its version", {.where = command_line(argv),
                                                          .found = "no output, exit code " + std::to_string(result.exit_code),
                                                          .expected = "a version line",
                                                          .hint = "reinstall it with scripts/setup"});
}

std::string log_tail(std::string_view log, std::size_t lines) {
  constexpr std::size_t kMaxBytes = 4000;
  while (!log.empty() && log.back() == '\n') log.remove_suffix(1);
  std::size_t begin = log.size();
  for (std::size_t count = 0; count < lines && begin > 0; ++count) {
    const std::size_t previous = log.rfind('\n', begin - 1);
    begin = previous == std::string_view::npos ? 0 : previous;
  }
  if (begin < log.size() && log[begin] == '\n') ++begin;
  begin = std::max(begin, log.size() > kMaxBytes ? log.size() - kMaxBytes : 0);
  return std::string(log.substr(begin));
}

std::string command_line(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`*?;&|<>(){}[]!#~") == std::string::npos;
    if (!text.empty()) text += ' ';
    if (plain) {
      text += word;
    } else {
      text += '\'';
      for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
      text += '\'';
    }
  }
  return text;
}

}  // namespace snac::toolchain
