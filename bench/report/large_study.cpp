// Writes the store of a study with many trials, made up but of the shape of the jets: large_study FOLDER TRIALS
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <string>

#include "snac/core/rng.hpp"
#include "snac/store/store.hpp"

namespace {

snac::Json run_record() {
  return {{"config_file", "large.yaml"},
          {"config", "study: large\n"},
          {"objectives", {"accuracy", "average_resource", "clock_cycles"}},
          {"compressed_objectives", {"accuracy", "lut", "clock_cycles"}},
          {"metrics", {{"accuracy", {{"maximise", true}, {"unit", ""}, {"help", ""}}}}},
          {"device", {{"name", "xcvu13p"}, {"lut", 1728000}, {"ff", 3456000}, {"dsp", 12288}, {"bram18", 5376}}},
          {"clock_ns", 5},
          {"stages", snac::Json::object()}};
}

snac::store::Trial trial(int order, snac::Rng& rng) {
  const int widths[] = {16, 32, 64, 120};
  const int layers = 2 + static_cast<int>(rng.below(4));
  snac::Json choices{{"layers", layers}};
  std::string network = "24";
  double macs = 0, inputs = 24;
  for (int k = 1; k <= layers; ++k) {
    const int width = widths[rng.below(4)];
    choices[fmt::format("width.{}", k)] = width;
    network += fmt::format("-{}", width);
    macs += inputs * width;
    inputs = width;
  }
  macs += inputs * 5;
  const bool relu = rng.chance(0.6), norm = rng.chance(0.5);
  choices["activation"] = relu ? "relu" : "tanh";
  choices["batch_norm"] = norm;
  choices["learning_rate"] = 0.001 * static_cast<double>(1U << rng.below(3));
  choices["dropout"] = rng.chance(0.5) ? 0.05 : 0.0;
  network += std::string("-5") + (relu ? " relu" : " tanh") + (norm ? " bn" : "");
  const double lut = macs * (5 + rng.normal() * 0.3);
  snac::store::Trial t;
  t.state = snac::store::TrialState::complete;
  t.values = {{"accuracy", 0.62 - 0.06 * std::exp(-macs / 3000) - 0.02 * std::abs(rng.normal()) - (relu ? 0 : 0.01)},
              {"accuracy_deviation", 0},
              {"average_resource", lut / 34560},
              {"bops", macs * 40.123},
              {"bram18", 0},
              {"clock_cycles", 4.0 + 3 * layers + (relu ? 0 : 2)},
              {"dsp", 0},
              {"ff", lut * 0.67},
              {"initiation_interval", 1},
              {"latency_ns", 5 * (4.0 + 3 * layers + (relu ? 0 : 2))},
              {"loss", 1.1 - rng.uniform() * 0.1},
              {"lut", lut},
              {"macs", macs},
              {"parameters", macs * 1.03}};
  t.attributes = {
      {"order", order}, {"network", network}, {"choices", choices}, {"seconds", macs * 1e-4}, {"resource_source", "architecture sample"}};
  return t;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "large_study FOLDER TRIALS\n");
    return 2;
  }
  const auto store = snac::store::open_sqlite(std::string(argv[1]) + "/study.sqlite");
  const std::string study = "large";
  store->open_study({.name = study, .config_hash = "large", .config = {{"seed", "1"}}, .provenance = {{"snac", "0.1.0"}}});
  store->put_record(study, "run", "last", run_record());
  snac::Rng rng(1);
  store->transaction([&] {
    for (int i = 0; i < std::stoi(argv[2]); ++i) {
      snac::store::Trial t = trial(i, rng);
      t.identity = std::to_string(i);
      t.number = store->claim(study, {i}, t.identity).value();
      store->finish(study, t);
    }
  });
  return 0;
}
