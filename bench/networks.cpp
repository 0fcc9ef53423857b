#include "networks.hpp"

#include <algorithm>
#include <map>

#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::bench {
namespace {

space::SearchSpace read_space(const std::string& config_file) {
  return space::SearchSpace::from_yaml(YAML::LoadFile(config_file)["space"], kInputs, kClasses, config_file);
}

std::vector<int> hidden_widths(const space::ArchSpec& arch) {
  std::vector<int> hidden;
  for (const auto& layer : space::dense_chain(arch)) hidden.push_back(layer.units);
  hidden.pop_back();
  return hidden;
}

struct Weighted {
  std::vector<int> hidden;
  double probability = 0;
};

/// Every list of widths with its probability under uniform genes.
std::vector<Weighted> all_widths(const space::SearchSpace& space) {
  std::vector<std::size_t> shape_axes;
  for (std::size_t a = 0; a < space.axes().size(); ++a) {
    const auto parameter = space.axes()[a].parameter;
    if (parameter == space::Parameter::layers || parameter == space::Parameter::width) shape_axes.push_back(a);
  }
  const auto cardinality = space.cardinality();
  std::map<std::vector<int>, double> found;
  space::Genome genome(cardinality.size(), 0);
  const auto visit = [&](const auto& self, std::size_t next) -> void {
    if (next == shape_axes.size()) {
      double probability = 1;
      for (const std::size_t a : shape_axes) {
        if (space.is_active(genome, static_cast<int>(a))) probability /= cardinality[a];
      }
      found[hidden_widths(space.candidate(genome).arch)] = probability;
      return;
    }
    const std::size_t axis = shape_axes[next];
    const int choices = space.is_active(genome, static_cast<int>(axis)) ? cardinality[axis] : 1;
    for (genome[axis] = 0; genome[axis] < choices; ++genome[axis]) self(self, next + 1);
    genome[axis] = 0;
  };
  visit(visit, 0);
  std::vector<Weighted> all;
  for (const auto& [hidden, probability] : found) all.push_back({hidden, probability});
  std::stable_sort(all.begin(), all.end(), [](const Weighted& a, const Weighted& b) { return macs(a.hidden) < macs(b.hidden); });
  return all;
}

}  // namespace

std::int64_t macs(const std::vector<int>& hidden) { return space::macs(space::mlp(kInputs, hidden, kClasses)); }

std::string widths_text(const std::vector<int>& hidden) {
  std::string text = std::to_string(kInputs);
  for (const int width : hidden) text += "-" + std::to_string(width);
  return text + "-" + std::to_string(kClasses);
}

SpaceStatistics space_statistics(const std::string& config_file) {
  const auto all = all_widths(read_space(config_file));
  SpaceStatistics statistics;
  statistics.smallest = {"smallest", all.front().hidden};
  statistics.largest = {"largest", all.back().hidden};
  statistics.architectures = static_cast<double>(all.size());
  double passed = 0;
  for (const Weighted& one : all) {
    if (passed < 0.5 && passed + one.probability >= 0.5) statistics.median = {"median", one.hidden};
    passed += one.probability;
    statistics.mean_macs += one.probability * static_cast<double>(macs(one.hidden));
  }
  return statistics;
}

std::vector<space::Candidate> random_candidates(const std::string& config_file, int count, std::uint64_t seed) {
  const auto space = read_space(config_file);
  const auto cardinality = space.cardinality();
  Rng rng(seed);
  std::vector<space::Candidate> candidates;
  for (int i = 0; i < count; ++i) {
    space::Genome genome;
    for (const auto choices : cardinality) genome.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(choices))));
    candidates.push_back(space.candidate(genome));
  }
  return candidates;
}

Network network_a() { return {"A", {64, 32, 16, 32, 32}}; }
Network network_b() { return {"B", {128, 64, 32, 64, 64, 64, 32, 64}}; }

}  // namespace snac::bench
