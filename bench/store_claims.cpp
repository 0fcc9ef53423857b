// Claims per second of several processes on one study database: store_claims ADDRESS [--processes 8] [--claims 400]
// The database should be new; a server must run already. Each process claims and finishes candidates of its own as fast as it can.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/store/store.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using snac::store::Trial;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

snac::store::StudyInfo study(const std::string& name) {
  snac::store::StudyInfo info{.name = name, .config_hash = "claims", .config = nullptr, .provenance = nullptr};
  for (int k = 1; k <= 8; ++k)
    info.parameters.push_back({.name = fmt::format("width_{}", k), .choices = {16, 32, 64, 120}, .conditions = {}});
  info.objectives = {{.name = "accuracy", .maximise = true}, {.name = "lut", .maximise = false}};
  return info;
}

Trial ended(std::int64_t number) {
  Trial trial{.number = number,
              .state = snac::store::TrialState::complete,
              .genome = {},
              .identity = {},
              .values = {},
              .attributes = {},
              .reason = {}};
  for (const char* name : {"accuracy", "average_resource", "bops", "bram18", "clock_cycles", "dsp", "ff", "loss", "lut", "macs"})
    trial.values[name] = 0.5;
  trial.attributes = {{"network", "16-64-32-5 relu"}};
  return trial;
}

/// Runs `body` in `processes` children at once. @returns the seconds until the last has ended.
template <class Body>
double in_processes(int processes, const Body& body) {
  const auto begin = Clock::now();
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    try {
      body(p);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
  bool failed = false;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    failed = failed || status != 0;
  }
  if (failed) throw std::runtime_error("a process failed");
  return seconds_since(begin);
}

}  // namespace

int main(int argc, char** argv) {
  std::string address;
  int processes = 8, claims = 400;
  CLI::App app("Claims per second of several processes on one study database");
  app.add_option("address", address, "Address of a database, or path of a new SQLite file")->required();
  app.add_option("--processes", processes, "Processes at once");
  app.add_option("--claims", claims, "Claims of each process");
  CLI11_PARSE(app, argc, argv);
  const std::string name = fmt::format("claims-{}", ::getpid());
  snac::store::open(address)->open_study(study(name));

  const auto identity = [](int p, int i) { return fmt::format("{}-{}", p, i); };
  const double claiming = in_processes(processes, [&](int p) {
    const auto store = snac::store::open(address);
    for (int i = 0; i < claims; ++i) store->claim(name, {0, 1, 2, 3, 0, 1, 2, 3}, identity(p, i)).value();
  });
  const double finishing = in_processes(processes, [&](int p) {
    const auto store = snac::store::open(address);
    for (int i = 0; i < claims; ++i) store->finish(name, ended(static_cast<std::int64_t>(p) * claims + i));
  });
  const auto begin = Clock::now();
  const auto trials = snac::store::open(address)->trials(name);
  const double reading = seconds_since(begin);
  if (std::cmp_not_equal(trials.size(), processes * claims)) throw std::runtime_error("trials were lost or repeated");
  const double total = processes * claims;
  fmt::print("{}\n", snac::Json{{"database", snac::store::shown_address(address)},
                                {"processes", processes},
                                {"trials", trials.size()},
                                {"claims_per_second", total / claiming},
                                {"finishes_per_second", total / finishing},
                                {"seconds_reading_all", reading}}
                         .dump());
  return 0;
}
