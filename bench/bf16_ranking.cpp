// Does bf16 training rank the candidates of a search as single precision does? Random candidates, trained in both with equal
// seeds; the yardstick is single precision against itself with other seeds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "job.hpp"
#include "machine.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/statistics.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/nn/forward.hpp"

namespace snac::bench {
namespace {

struct Options {
  std::string train = "data/jets8_train.h5", test = "data/jets8_test.h5", config = "configs/jets_paper.yaml", json;
  int candidates = 100, epochs = 5, threads = 2;
};

Json compare(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += b[i] - a[i];
    squares += (b[i] - a[i]) * (b[i] - a[i]);
  }
  const auto n = static_cast<double>(a.size());
  return Json{
      {"rank_correlation", rank_correlation(a, b)}, {"mean_difference", difference / n}, {"rms_difference", std::sqrt(squares / n)}};
}

void run(const Options& options) {
  const Jets jets = load_jets(options.train, options.test);
  const auto candidates = random_candidates(options.config, options.candidates, 11);
  std::vector<std::uint32_t> rows(jets.train.size()), test_rows(jets.test.size());
  std::iota(rows.begin(), rows.end(), 0U);
  std::iota(test_rows.begin(), test_rows.end(), 0U);
  struct Way {
    std::string name;
    nn::Precision precision;
    std::uint64_t seed;
    std::vector<double> accuracy;
  };
  std::vector<Way> ways{{"fp32, seed 1", nn::Precision::fp32, 1, {}},
                        {"bf16, seed 1", nn::Precision::bf16, 1, {}},
                        {"fp32, seed 2", nn::Precision::fp32, 2, {}},
                        {"bf16, seed 2", nn::Precision::bf16, 2, {}}};
  for (Way& way : ways) {
    way.accuracy.resize(candidates.size());
    parallel_for(candidates.size(), options.threads, [&](std::size_t i, int) {
      Job job = job_of(candidates[i]);
      job.precision = way.precision;
      job.seed = 1000 * way.seed + i;
      const nn::Mlp trained = PreparedJob(job, jets.train).train(rows, options.epochs);
      way.accuracy[i] = nn::evaluate(trained, jets.test, test_rows).accuracy;
    });
    std::fprintf(stderr, "%s: done\n", way.name.c_str());
  }
  Json report{{"benchmark", "bf16_ranking"},   {"machine", machine()},     {"training_rows", rows.size()},
              {"test_rows", test_rows.size()}, {"epochs", options.epochs}, {"candidates", candidates.size()},
              {"pairs", Json::array()}};
  for (const auto& [a, b] : {std::pair{0, 1}, {2, 3}, {0, 2}, {1, 3}}) {
    const Way &first = ways[static_cast<std::size_t>(a)], &second = ways[static_cast<std::size_t>(b)];
    Json pair = compare(first.accuracy, second.accuracy);
    pair["first"] = first.name;
    pair["second"] = second.name;
    std::printf("%-13s against %-13s Spearman %.4f, mean difference %+.5f, rms %.5f\n", first.name.c_str(), second.name.c_str(),
                pair["rank_correlation"].get<double>(), pair["mean_difference"].get<double>(), pair["rms_difference"].get<double>());
    report["pairs"].push_back(std::move(pair));
  }
  if (!options.json.empty()) write_file_atomically(options.json, report.dump(1) + "\n");
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("Ranking of random candidates by bf16 and by single precision");
  snac::bench::Options options;
  snac::bench::add_jet_files(app, options.train, options.test);
  app.add_option("--config", options.config, "Study whose space the candidates are drawn from")->capture_default_str();
  app.add_option("--candidates", options.candidates, "Candidates")->capture_default_str()->check(CLI::Range(3, 10000));
  app.add_option("--epochs", options.epochs, "Epochs of each training")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--threads", options.threads, "Candidates trained at once")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_option("--json", options.json, "Write the report here");
  return snac::bench::run_program(app, argc, argv, [&] { snac::bench::run(options); });
}
