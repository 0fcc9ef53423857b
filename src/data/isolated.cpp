#include "isolated.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"

namespace snac::data {
namespace {

constexpr std::uint64_t kDone = 0, kFailed = 1;
constexpr std::uint64_t kMaxText = std::uint64_t{1} << 24;

class Descriptor {
 public:
  explicit Descriptor(int file) : file_(file) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return file_; }
  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

 private:
  int file_;
};

/// Ends with its child: a child that still runs is killed.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

void send_error(PipeWriter& out, const Error& error) {
  out.number(static_cast<std::uint64_t>(error.code()));
  for (const std::string& part : {error.summary(), error.text().where, error.text().found, error.text().expected, error.text().hint})
    out.text(part);
}

/// What the child does from fork to its end. Never returns.
[[noreturn]] void be_child(int file, int report, const std::function<void(PipeWriter&)>& work, std::uint64_t cpu_seconds) {
  const rlimit limit{static_cast<rlim_t>(cpu_seconds), static_cast<rlim_t>(cpu_seconds)};
  ::setrlimit(RLIMIT_CPU, &limit);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (const int null = ::open("/dev/null", O_WRONLY); null >= 0) ::dup2(null, STDERR_FILENO);  // dying words of allocators
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGPIPE}) ::signal(signal, SIG_DFL);
  PipeWriter out(file), outcome(report);
  try {
    work(out);
    outcome.number(kDone);
  } catch (const Error& error) {
    outcome.number(kFailed);
    send_error(outcome, error);
  } catch (const std::bad_alloc&) {
    outcome.number(kFailed);
    send_error(outcome, DataError("a data set does not fit into memory", {.where = {},
                                                                          .found = "memory ran out while reading",
                                                                          .expected = {},
                                                                          .hint = "read fewer rows, columns or constituents"}));
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

[[noreturn]] void rethrow(PipeReader& in, const std::string& where) {
  const auto code = static_cast<ExitCode>(in.number());
  const std::string summary = in.text();
  ErrorText text;
  text.where = in.text();
  text.found = in.text();
  text.expected = in.text();
  text.hint = in.text();
  if (text.where.empty()) text.where = where;
  switch (code) {
    case ExitCode::config:
      throw ConfigError(summary, text);
    case ExitCode::io:
      throw IoError(summary, text);
    case ExitCode::interrupted:
      throw Interrupted(summary, text);
    default:
      throw DataError(summary, text);
  }
}

[[noreturn]] void fail_dead(int status, const std::string& where) {
  std::string found = "the reader ended without a result";
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    found = signal == SIGXCPU || signal == SIGKILL ? "reading does not come to an end"
                                                   : "the HDF5 library crashes on it (signal " + std::to_string(signal) + ")";
  }
  throw DataError("a data file is damaged",
                  {.where = where, .found = found, .expected = "an intact file", .hint = "fetch or write the file again"});
}

struct Pipe {
  int read_end = -1, write_end = -1;
};

Pipe make_pipe(const std::string& where) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw IoError("cannot start a reading process",
                  {.where = where, .found = std::strerror(errno), .expected = "a free file descriptor", .hint = {}});
  }
  return {ends[0], ends[1]};
}

}  // namespace

void PipeWriter::bytes(const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file_, at, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      ::_exit(1);  // the parent is gone
    }
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

void PipeWriter::text(const std::string& value) {
  number(value.size());
  bytes(value.data(), value.size());
}

void PipeWriter::texts(const std::vector<std::string>& values) {
  number(values.size());
  for (const auto& value : values) text(value);
}

void PipeReader::bytes(void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = ::read(file_, at, size);
    if (got < 0 && errno == EINTR) {
      throw_if_interrupted();
      continue;
    }
    if (got <= 0) throw PipeEnded{};
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::uint64_t PipeReader::number() {
  std::uint64_t value = 0;
  bytes(&value, sizeof(value));
  return value;
}

std::string PipeReader::text() {
  const std::uint64_t size = number();
  if (size > kMaxText) throw PipeEnded{};  // a child with broken memory says anything
  std::string value(size, '\0');
  bytes(value.data(), value.size());
  return value;
}

std::vector<std::string> PipeReader::texts() {
  std::vector<std::string> values;
  for (std::uint64_t left = number(); left > 0; --left) values.push_back(text());
  return values;
}

void run_isolated(const std::function<void(PipeWriter&)>& work, const std::function<void(PipeReader&)>& receive, std::uint64_t cpu_seconds,
                  const std::string& where) {
  const Pipe results = make_pipe(where);
  Descriptor results_in(results.read_end), results_out(results.write_end);
  const Pipe outcome = make_pipe(where);  // its own pipe: an error may come in the middle of the results
  Descriptor outcome_in(outcome.read_end), outcome_out(outcome.write_end);
  const pid_t id = ::fork();
  if (id < 0) {
    throw IoError("cannot start a reading process",
                  {.where = where, .found = std::strerror(errno), .expected = "a new process", .hint = {}});
  }
  if (id == 0) {
    results_in.close();
    outcome_in.close();
    be_child(results_out.get(), outcome_out.get(), work, cpu_seconds);
  }
  Child child(id);
  results_out.close();
  outcome_out.close();
  PipeReader in(results_in.get()), report(outcome_in.get());
  bool complete = true;
  try {
    receive(in);
  } catch (const PipeReader::PipeEnded&) {
    complete = false;
    results_in.close();
  }
  try {
    if (report.number() == kFailed) rethrow(report, where);
  } catch (const PipeReader::PipeEnded&) {
    complete = false;
  }
  const int status = child.wait();
  if (!complete || status != 0) fail_dead(status, where);
}

}  // namespace snac::data
