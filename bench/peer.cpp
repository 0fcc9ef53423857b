// Our side of bench/peers: one JSON request per line on standard input, one JSON answer per line on standard output.
//   {"task": "time", "job": {...}, "samples": n}                 -> {"cpu_seconds", "samples", "loss"}
//   {"task": "accuracy", "job": {...}, "samples": n, "epochs": k} -> {"cpu_seconds", "accuracy", "loss"} on the test set
//   {"task": "networks", "random": n}                            -> the networks of the space
// With --export the data are written as .npy for the peers first. The peers answer the same requests.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <string>

#include "clock.hpp"
#include "job.hpp"
#include "machine.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/nn/forward.hpp"

namespace snac::bench {
namespace {

struct Options {
  std::string train = "data/jets8_train.h5", test = "data/jets8_test.h5", config = "configs/jets_paper.yaml", export_folder;
};

Json time_training(const Jets& jets, const Json& request) {
  const PreparedJob job(job_from_json(request.at("job")), jets.train);
  const auto rows = random_rows(jets.train.size(), json_get<std::size_t>(request, "samples", "request"), job.job().seed);
  const double start = process_cpu_seconds();
  const double loss = job.run(rows);
  return Json{{"cpu_seconds", process_cpu_seconds() - start}, {"samples", rows.size()}, {"loss", loss}};
}

Json accuracy(const Jets& jets, const Json& request) {
  const PreparedJob job(job_from_json(request.at("job")), jets.train);
  const auto rows = random_rows(jets.train.size(), json_get<std::size_t>(request, "samples", "request"), job.job().seed);
  const double start = process_cpu_seconds();
  const nn::Mlp mlp = job.train(rows, json_get<int>(request, "epochs", "request"));
  const double elapsed = process_cpu_seconds() - start;
  std::vector<std::uint32_t> test(jets.test.size());
  std::iota(test.begin(), test.end(), 0U);
  const nn::Score score = nn::evaluate(mlp, jets.test, test);
  return Json{{"cpu_seconds", elapsed}, {"accuracy", score.accuracy}, {"loss", score.loss}};
}

Json networks(const Options& options, const Json& request) {
  const SpaceStatistics space = space_statistics(options.config);
  Json answer{
      {"smallest", space.smallest.hidden},    {"A", network_a().hidden},      {"median", space.median.hidden}, {"B", network_b().hidden},
      {"architectures", space.architectures}, {"mean_macs", space.mean_macs}, {"random", Json::array()}};
  for (const auto& candidate : random_candidates(options.config, json_get<int>(request, "random", "request"), 7)) {
    const auto layers = space::dense_chain(candidate.arch);
    Job job;
    for (std::size_t l = 0; l + 1 < layers.size(); ++l) job.hidden.push_back(layers[l].units);
    job.activation = layers.front().activation;
    job.batch_norm = layers.front().batch_norm;
    job.dropout = layers.front().dropout;
    job.l1 = candidate.training.l1.value_or(0);
    job.learning_rate = candidate.training.learning_rate.value_or(1e-3);
    answer["random"].push_back(to_json(job));
  }
  return answer;
}

void serve(const Options& options) {
  const Jets jets = load_jets(options.train, options.test);
  if (!options.export_folder.empty()) export_npy(jets, options.export_folder);
  std::cout << Json{{"ready", "snac"}, {"machine", machine()}}.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = parse_json(line, "standard input");
    const auto task = json_get<std::string>(request, "task", "request");
    Json answer;
    if (task == "time") {
      answer = time_training(jets, request);
    } else if (task == "accuracy") {
      answer = accuracy(jets, request);
    } else if (task == "networks") {
      answer = networks(options, request);
    } else {
      throw DataError("unknown task", {.where = "request", .found = task, .expected = "time, accuracy or networks", .hint = {}});
    }
    std::cout << answer.dump() << std::endl;
  }
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("Times trainings on request; see bench/peers/run");
  snac::bench::Options options;
  snac::bench::add_jet_files(app, options.train, options.test);
  app.add_option("--config", options.config, "Study whose space gives the networks")->capture_default_str();
  app.add_option("--export", options.export_folder, "Write the preprocessed data here as .npy");
  return snac::bench::run_program(app, argc, argv, [&] { snac::bench::serve(options); });
}
