// Nanoseconds per training sample of nn::train, on one thread, and its share of what the core can do.
//
// Every round runs every variant once, each time in another order, so that a neighbour's load or a change of clock
// touches all variants alike. Times are CPU time of the thread; medians, minima and maxima over the rounds are given.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "clock.hpp"
#include "fma_peak.hpp"
#include "job.hpp"
#include "machine.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/kernels_bf16.hpp"

namespace snac::bench {
namespace {

struct Options {
  std::string train = "data/jets8_train.h5", test = "data/jets8_test.h5", config = "configs/jets_paper.yaml", json;
  int rounds = 11, samples = 102400, random = 0;
  std::vector<int> batches = {128, 1024};
  std::vector<std::string> only;
};

struct Variant {
  std::string network, name;
  PreparedJob job;
  std::vector<double> nanoseconds;  ///< per sample, one value per round
};

std::vector<std::pair<std::string, Job>> ways_to_train(const std::vector<int>& hidden, int batch) {
  Job plain;
  plain.hidden = hidden;
  plain.batch = batch;
  std::vector<std::pair<std::string, Job>> ways{{"float", plain}};
  const auto add = [&](const char* name, auto change) { change(ways.emplace_back(name, plain).second); };
  add("batch norm", [](Job& job) { job.batch_norm = true; });
  add("QAT", [](Job& job) { job.quantized = true; });
  add("masked", [](Job& job) { job.masked = true; });
  add("QAT masked", [](Job& job) { job.quantized = job.masked = true; });
  add("tanh", [](Job& job) { job.activation = space::Activation::tanh; });
  add("sigmoid", [](Job& job) { job.activation = space::Activation::sigmoid; });
  add("dropout", [](Job& job) { job.dropout = 0.1; });
  if (nn::bf16_kernels() != nullptr) add("bf16", [](Job& job) { job.precision = nn::Precision::bf16; });
  add("L1", [](Job& job) { job.l1 = 1e-5; });
  return ways;
}

std::vector<Variant> make_variants(const Options& options, const data::Dataset& data, const SpaceStatistics& space) {
  std::vector<Network> networks{space.smallest, network_a(), space.median, network_b()};
  std::vector<Variant> variants;
  for (const Network& network : networks) {
    for (const int batch : options.batches) {
      for (const auto& [name, job] : ways_to_train(network.hidden, batch)) {
        if (!options.only.empty() && std::find(options.only.begin(), options.only.end(), name) == options.only.end()) continue;
        variants.push_back({network.name, name, PreparedJob(job, data), {}});
      }
    }
  }
  int index = 0;
  for (const auto& candidate : random_candidates(options.config, options.random, 7)) {
    variants.push_back({fmt::format("random {}", ++index), space::summary(candidate.arch), PreparedJob(job_of(candidate), data), {}});
  }
  return variants;
}

/// Multiplications and additions of the products of one training sample: forward, both gradients; the first layer's
/// input has no gradient.
double true_flops(const std::vector<int>& hidden) { return 6.0 * static_cast<double>(macs(hidden)) - 2.0 * kInputs * hidden.front(); }

Json row(const Variant& variant, double peak) {
  const auto& hidden = variant.job.job().hidden;
  const double nanoseconds = median(variant.nanoseconds), flops = 6.0 * static_cast<double>(macs(hidden));
  Json json{{"network", variant.network},   {"widths", widths_text(hidden)},     {"macs", macs(hidden)},
            {"variant", variant.name},      {"job", to_json(variant.job.job())}, {"ns_per_sample", spread(variant.nanoseconds)},
            {"gflops", flops / nanoseconds}};
  if (peak > 0) {
    json["percent_of_peak"] = 100 * flops / nanoseconds / peak;
    json["percent_of_peak_true_flops"] = 100 * true_flops(hidden) / nanoseconds / peak;
  }
  return json;
}

void print(const Json& rows) {
  std::printf("%-11s %6s %-12s %9s %9s %9s %9s %7s %7s %9s\n", "network", "batch", "variant", "ns/sample", "min", "max", "GFLOP/s",
              "% peak", "% true", "x float");
  double reference = 0;
  for (const Json& one : rows) {
    const Json& time = one["ns_per_sample"];
    const auto name = one["variant"].get<std::string>();
    if (name == "float") reference = time["median"].get<double>();
    std::printf("%-11s %6d %-12.40s %9.1f %9.1f %9.1f %9.1f %7.1f %7.1f %9.2f\n", one["network"].get<std::string>().c_str(),
                one["job"]["batch"].get<int>(), name.c_str(), time["median"].get<double>(), time["min"].get<double>(),
                time["max"].get<double>(), one["gflops"].get<double>(), one.value("percent_of_peak", 0.0),
                one.value("percent_of_peak_true_flops", 0.0), reference > 0 ? time["median"].get<double>() / reference : 0.0);
  }
}

void run(const Options& options) {
  const Jets jets = load_jets(options.train, options.test);
  const SpaceStatistics space = space_statistics(options.config);
  std::vector<Variant> variants = make_variants(options, jets.train, space);
  const auto rows = random_rows(jets.train.size(), static_cast<std::size_t>(options.samples), 1);
  std::vector<double> peaks, bf16_peaks;
  std::vector<std::size_t> order(variants.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Rng rng(3);
  for (int round = -1; round < options.rounds; ++round) {  // round -1 warms caches and page tables and is not counted
    rng.shuffle(std::span(order));
    if (const auto peak = fma_peak(40)) peaks.push_back(*peak);
    if (const auto peak = bf16_peak(40)) bf16_peaks.push_back(*peak);
    for (const std::size_t i : order) {
      const double start = thread_cpu_seconds();
      variants[i].job.run(rows);
      const double elapsed = thread_cpu_seconds() - start;
      if (round >= 0) variants[i].nanoseconds.push_back(1e9 * elapsed / static_cast<double>(rows.size()));
    }
    std::fprintf(stderr, "round %d of %d\n", round + 1, options.rounds);
  }
  const double peak = median(peaks);
  Json report{{"benchmark", "train_speed"},
              {"machine", machine()},
              {"data", Json{{"rows", jets.train.size()}, {"features", jets.train.num_features}, {"samples_per_run", rows.size()}}},
              {"space", Json{{"architectures", space.architectures},
                             {"mean_macs", space.mean_macs},
                             {"smallest", widths_text(space.smallest.hidden)},
                             {"median", widths_text(space.median.hidden)},
                             {"largest", widths_text(space.largest.hidden)}}},
              {"clock", "CPU time of the thread"},
              {"fma_peak_gflops", spread(peaks)},
              {"bf16_peak_gflops", spread(bf16_peaks)},
              {"rows", Json::array()}};
  for (const Variant& variant : variants) report["rows"].push_back(row(variant, peak));
  std::printf("FMA peak of one core: %.1f GFLOP/s; space: %.0f architectures, mean %.0f MACs\n", peak, space.architectures,
              space.mean_macs);
  print(report["rows"]);
  if (!options.json.empty()) write_file_atomically(options.json, report.dump(1) + "\n");
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("Nanoseconds per training sample on one thread");
  snac::bench::Options options;
  snac::bench::add_jet_files(app, options.train, options.test);
  app.add_option("--config", options.config, "Study whose space gives smallest, median and random networks")->capture_default_str();
  app.add_option("--rounds", options.rounds, "Counted rounds")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--samples", options.samples, "Training samples per run")->capture_default_str()->check(CLI::Range(1024, 10000000));
  app.add_option("--batches", options.batches, "Batch sizes")->capture_default_str();
  app.add_option("--only", options.only, "Only these variants, for instance float QAT");
  app.add_option("--random", options.random, "Also this many random candidates of the space")->check(CLI::Range(0, 1000));
  app.add_option("--json", options.json, "Write the report here");
  return snac::bench::run_program(app, argc, argv, [&] { snac::bench::run(options); });
}
