// One worker against several on one shared data set: time per step and memory per worker.
//
// On a machine that others use as well, wall time of a whole run says more about them than about us. Each worker
// therefore trains in short slices, and a slice counts only if the thread was never taken off its processor; in the
// shared phase only if, in addition, another worker's undisturbed slices ran during all of it.
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "clock.hpp"
#include "job.hpp"
#include "machine.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/thread_pool.hpp"

namespace snac::bench {
namespace {

struct Options {
  std::string train = "data/jets8_train.h5", test = "data/jets8_test.h5", json;
  int rounds = 9, workers = 2, slices = 400, slice_samples = 2560;
};

struct Slice {
  double begin = 0, end = 0, cpu = 0;  ///< wall clock from one origin; seconds
  bool undisturbed = false;
};

/// Keeps this thread on the `index`-th processor of those the program started with, until the end of the scope.
class Pinned {
 public:
  Pinned(const cpu_set_t& allowed, int index) : before_(allowed) {
    int skip = index % CPU_COUNT(&allowed), processor = 0;
    while (!CPU_ISSET(processor, &allowed) || skip-- > 0) ++processor;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
  }
  ~Pinned() { pthread_setaffinity_np(pthread_self(), sizeof before_, &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

/// All workers train at once, worker w on processor w. @returns the slices of each.
std::vector<std::vector<Slice>> run_workers(const PreparedJob& job, const std::vector<std::vector<std::uint32_t>>& rows, int workers,
                                            int slices) {
  std::vector<std::vector<Slice>> all(static_cast<std::size_t>(workers));
  std::atomic<int> ready = 0;
  cpu_set_t allowed;
  pthread_getaffinity_np(pthread_self(), sizeof allowed, &allowed);
  parallel_for(static_cast<std::size_t>(workers), workers, [&](std::size_t index, int) {
    const Pinned pinned(allowed, static_cast<int>(index));
    job.run(rows[index]);
    ++ready;
    while (ready < workers) sched_yield();
    for (int s = 0; s < slices; ++s) {
      Slice slice;
      const std::int64_t before = preemptions();
      slice.begin = wall_seconds();
      const double cpu = thread_cpu_seconds();
      job.run(rows[index]);
      slice.cpu = thread_cpu_seconds() - cpu;
      slice.end = wall_seconds();
      slice.undisturbed = preemptions() == before;
      all[index].push_back(slice);
    }
  });
  return all;
}

bool covered(const Slice& slice, const std::vector<Slice>& others) {
  double reached = slice.begin;
  constexpr double kGap = 20e-6;  // between one slice and the next
  for (const Slice& other : others) {
    if (!other.undisturbed || other.end < reached) continue;
    if (other.begin > reached + kGap) return false;
    reached = other.end;
    if (reached >= slice.end) return true;
  }
  return false;
}

/// Nanoseconds per sample of the slices that count.
std::vector<double> undisturbed(const std::vector<std::vector<Slice>>& workers, double samples) {
  std::vector<double> times;
  for (std::size_t w = 0; w < workers.size(); ++w) {
    for (const Slice& slice : workers[w]) {
      bool counts = slice.undisturbed;
      for (std::size_t other = 0; other < workers.size() && counts; ++other) counts = other == w || covered(slice, workers[other]);
      if (counts) times.push_back(1e9 * (slice.end - slice.begin) / samples);
    }
  }
  return times;
}

std::vector<double> cpu_times(const std::vector<std::vector<Slice>>& workers, double samples) {
  std::vector<double> times;
  for (const auto& worker : workers) {
    for (const Slice& slice : worker) times.push_back(1e9 * slice.cpu / samples);
  }
  return times;
}

/// Samples per second of all workers together from first begin to last end: what a user waits for.
double throughput(const std::vector<std::vector<Slice>>& workers, double samples) {
  double begin = workers[0].front().begin, end = workers[0].back().end, count = 0;
  for (const auto& worker : workers) {
    begin = std::min(begin, worker.front().begin);
    end = std::max(end, worker.back().end);
    count += samples * static_cast<double>(worker.size());
  }
  return count / (end - begin);
}

/// kB of a field of /proc/self/status.
long status_kb(const std::string& field) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  }
  return -1;
}

/// Peak memory of `workers` workers beyond what was there before they began, in MB. The largest network, batch 128, and
/// the row lists that each worker's training makes over the whole data set.
double peak_growth_mb(const PreparedJob& job, std::size_t data_rows, int workers) {
  malloc_trim(0);                               // what reading the data left behind must not serve the workers unseen
  std::ofstream("/proc/self/clear_refs") << 5;  // resets the high-water mark
  const long before = status_kb("VmRSS");
  std::vector<std::uint32_t> rows = random_rows(data_rows, data_rows, 1);
  parallel_for(static_cast<std::size_t>(workers), workers, [&](std::size_t, int) { job.run(rows); });
  return static_cast<double>(status_kb("VmHWM") - before) / 1024;
}

Json measure(const Options& options, const Network& network, const data::Dataset& data) {
  Job description;
  description.hidden = network.hidden;
  const PreparedJob job(description, data);
  // Slices of all networks last about as long: the longer, the less likely to stay undisturbed.
  const double share = static_cast<double>(macs(network_a().hidden)) / static_cast<double>(macs(network.hidden));
  const auto count = static_cast<std::size_t>(std::max(1.0, std::round(options.slice_samples * share / description.batch))) *
                     static_cast<std::size_t>(description.batch);
  std::vector<std::vector<std::uint32_t>> rows;
  for (int w = 0; w < options.workers; ++w) {
    rows.push_back(random_rows(data.size(), count, static_cast<std::uint64_t>(w) + 1));
  }
  const auto samples = static_cast<double>(rows.front().size());
  std::vector<double> alone, together, alone_cpu, together_cpu, alone_rate, together_rate;
  const auto append = [](std::vector<double>& to, const std::vector<double>& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (int round = 0; round < options.rounds; ++round) {
    const auto one = run_workers(job, rows, 1, options.slices);
    const auto all = run_workers(job, rows, options.workers, options.slices);
    append(alone, undisturbed(one, samples));
    append(together, undisturbed(all, samples));
    append(alone_cpu, cpu_times(one, samples));
    append(together_cpu, cpu_times(all, samples));
    alone_rate.push_back(throughput(one, samples));
    together_rate.push_back(throughput(all, samples));
  }
  const double slowdown = together.empty() || alone.empty() ? 0 : median(together) / median(alone);
  const Json report{{"network", network.name},
                    {"widths", widths_text(network.hidden)},
                    {"workers", options.workers},
                    {"slices", options.rounds * options.slices},
                    {"samples_per_slice", samples},
                    {"undisturbed_ns_per_sample_alone", spread(alone)},
                    {"undisturbed_ns_per_sample_together", spread(together)},
                    {"scaling_undisturbed", slowdown > 0 ? options.workers / slowdown : 0.0},
                    {"cpu_ns_per_sample_alone", spread(alone_cpu)},
                    {"cpu_ns_per_sample_together", spread(together_cpu)},
                    {"scaling_cpu_time", options.workers * median(alone_cpu) / median(together_cpu)},
                    {"wall_samples_per_second_alone", spread(alone_rate)},
                    {"wall_samples_per_second_together", spread(together_rate)},
                    {"scaling_wall", median(together_rate) / median(alone_rate)}};
  std::printf("%-8s scaling with %d workers: undisturbed slices %.3f (%zu alone, %zu together), CPU time %.3f, wall %.3f\n",
              network.name.c_str(), options.workers, report["scaling_undisturbed"].get<double>(), alone.size(), together.size(),
              report["scaling_cpu_time"].get<double>(), report["scaling_wall"].get<double>());
  return report;
}

void run(const Options& options) {
  const Jets jets = load_jets(options.train, options.test);
  Json report{{"benchmark", "worker_scaling"}, {"machine", machine()}, {"data_rows", jets.train.size()}, {"memory", Json::array()}};
  Job largest;
  largest.hidden = network_b().hidden;
  largest.batch_norm = true;
  const PreparedJob job(largest, jets.train);
  double previous = 0;
  for (const int workers : {1, 2, 4}) {
    const double megabytes = peak_growth_mb(job, jets.train.size(), workers);
    report["memory"].push_back(Json{{"workers", workers}, {"peak_growth_mb", megabytes}});
    std::printf("memory beyond the data set with %d worker(s): %.1f MB (%+.1f)\n", workers, megabytes, megabytes - previous);
    previous = megabytes;
  }
  report["rows"] = Json::array();
  for (const Network& network : {network_a(), network_b()}) report["rows"].push_back(measure(options, network, jets.train));
  if (!options.json.empty()) write_file_atomically(options.json, report.dump(1) + "\n");
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("One worker against several on one shared data set");
  snac::bench::Options options;
  snac::bench::add_jet_files(app, options.train, options.test);
  app.add_option("--rounds", options.rounds, "Rounds; each runs one worker, then all")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--workers", options.workers, "Workers at once")->capture_default_str()->check(CLI::Range(2, 256));
  app.add_option("--slices", options.slices, "Slices per worker and round")->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--samples", options.slice_samples, "Samples per slice of network A; others in proportion")
      ->capture_default_str()
      ->check(CLI::Range(128, 1000000));
  app.add_option("--json", options.json, "Write the report here");
  return snac::bench::run_program(app, argc, argv, [&] { snac::bench::run(options); });
}
