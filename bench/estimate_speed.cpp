// Estimates per second of one core: the architecture surrogate in batches, the sampled circuits, and rule4ml's predictors (evaluated by
// this program) where their files are given. Random networks of the published search space; JSON to standard output.
//   estimate_speed --networks 200000 [--rule4ml rule4ml/models/weights]
#include <optional>

#include "clock.hpp"
#include "machine.hpp"
#include "program.hpp"
#include "snac/core/rng.hpp"
#include "snac/cost/rule4ml.hpp"
#include "snac/cost/surrogate.hpp"

namespace snac::bench {
namespace {

/// Widths of Table 1 of arXiv 2512.15998; any of its activations.
std::vector<space::ArchSpec> random_networks(int count) {
  const std::vector<std::vector<int>> widths{{64, 120, 128}, {32, 60, 64}, {16, 32}, {32, 64}, {32, 64}, {32, 64}, {16, 32}, {32, 44, 64}};
  const std::array activations{space::Activation::relu, space::Activation::tanh, space::Activation::sigmoid};
  Rng rng = Rng::stream(1, "estimate speed");
  std::vector<space::ArchSpec> networks;
  for (int i = 0; i < count; ++i) {
    std::vector<int> hidden;
    const std::size_t layers = 4 + static_cast<std::size_t>(rng.below(5));
    for (std::size_t k = 0; k < layers; ++k) hidden.push_back(widths[k][static_cast<std::size_t>(rng.below(widths[k].size()))]);
    networks.push_back(space::mlp(24, hidden, 5, activations[static_cast<std::size_t>(rng.below(3))], rng.chance(0.5)));
  }
  return networks;
}

/// Estimates per second of processor time: spread over repetitions.
template <class Body>
Json rate(std::size_t networks, int repetitions, const Body& body) {
  std::vector<double> rates;
  for (int i = 0; i < repetitions; ++i) {
    const double start = thread_cpu_seconds();
    body();
    rates.push_back(static_cast<double>(networks) / (thread_cpu_seconds() - start));
  }
  return spread(rates);
}

void measure(int count, const std::string& rule4ml_folder) {
  const std::vector<space::ArchSpec> networks = random_networks(count);
  const cost::HardwareTarget target;
  const cost::ArchitectureSurrogate& surrogate = cost::ArchitectureSurrogate::shipped();
  std::vector<cost::SurrogateEstimate> estimates(networks.size());
  Json result{{"machine", machine()}, {"networks", count}, {"estimates_per_second", Json::object()}};
  Json& rates = result["estimates_per_second"];
  rates["surrogate"] = rate(networks.size(), 7, [&] { surrogate.estimate(networks, target, estimates); });
  if (surrogate.knows_folded()) {
    cost::HardwareTarget folded;
    folded.reuse_factor = 8;
    rates["surrogate, reuse factor 8"] = rate(networks.size(), 7, [&] { surrogate.estimate(networks, folded, estimates); });
  }
  // The sampler remembers layers: the first hundred networks of a search, and those after them.
  const std::size_t some = std::min<std::size_t>(100, networks.size());
  const cost::ArchitectureSampler sampler(target.precision);
  const auto sample = [&] {
    for (std::size_t i = 0; i < some; ++i) sampler.estimate(networks[i]);
  };
  rates["sample, layers not known"] = rate(some, 1, sample);
  rates["sample, layers known"] = rate(some, 5, sample);
  if (!rule4ml_folder.empty()) {
    const cost::Rule4ml rule4ml(rule4ml_folder);
    const std::size_t batch = std::min<std::size_t>(2000, networks.size());
    rates["rule4ml, evaluated by this program"] =
        rate(batch, 5, [&] { rule4ml.predict(std::span(networks).first(batch), {.device = "xcvu9p"}); });
  }
  std::printf("%s\n", result.dump(2).c_str());
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("Estimates before training per second of one core");
  int networks = 200'000;
  std::string rule4ml;
  app.add_option("--networks", networks, "Random networks")->check(CLI::Range(1, 10'000'000))->capture_default_str();
  app.add_option("--rule4ml", rule4ml, "Folder of rule4ml's predictor files");
  return snac::bench::run_program(app, argc, argv, [&] { snac::bench::measure(networks, rule4ml); });
}
