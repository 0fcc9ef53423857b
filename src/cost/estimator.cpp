#include "snac/cost/estimator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "layer_model.hpp"
#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

void check_range(const char* key, double value, double min, double max) {
  if (value >= min && value <= max) return;
  throw ConfigError("a target precision is not usable", {.where = fmt::format("target: {}", key),
                                                         .found = fmt::format("{}", value),
                                                         .expected = fmt::format("{} to {}", min, max),
                                                         .hint = {}});
}

std::vector<LayerShape> layer_shapes(const space::ArchSpec& spec) {
  std::vector<LayerShape> shapes;
  int inputs = spec.input.back().size;
  const std::vector<space::DenseLayer> chain = space::dense_chain(spec);
  for (std::size_t k = 0; k < chain.size(); ++k) {
    shapes.push_back({.inputs = inputs,
                      .outputs = chain[k].units,
                      .activation = chain[k].activation,
                      .first = k == 0,
                      .last = k + 1 == chain.size(),
                      .before = k == 0 ? space::Activation::linear : chain[k - 1].activation});
    inputs = chain[k].units;
  }
  return shapes;
}

}  // namespace

void TargetPrecision::validate() const {
  check_range("weight_bits", weight_bits, 2, 16);
  check_range("activation_bits", activation_bits, 1, 16);
  check_range("adders_per_stage", adders_per_stage, 1, 1000);
  check_range("input width", input.width, 1, 32);
  if (!input.valid()) check_range("input integer bits", input.integer_bits, -fixed::kMaxIntegerBits, fixed::kMaxIntegerBits);
  if (!(sparsity >= 0 && sparsity < 1)) {
    throw ConfigError("a target precision is not usable", {.where = "target: sparsity",
                                                           .found = fmt::format("{}", sparsity),
                                                           .expected = "a share of zero weights, 0 <= sparsity < 1",
                                                           .hint = {}});
  }
}

struct ArchitectureSampler::Impl {
  TargetPrecision target;
  std::mutex mutex;
  std::map<LayerShape, std::shared_ptr<const LayerModel>> known;

  std::shared_ptr<const LayerModel> layer(const LayerShape& shape) {
    {
      const std::lock_guard lock(mutex);
      if (const auto it = known.find(shape); it != known.end()) return it->second;
    }
    auto model = std::make_shared<const LayerModel>(make_layer_model(shape, target));  // two threads may both do it, with the same result
    const std::lock_guard lock(mutex);
    return known.emplace(shape, std::move(model)).first->second;
  }
};

ArchitectureSampler::ArchitectureSampler(TargetPrecision target) : impl_(std::make_unique<Impl>()) {
  target.validate();
  impl_->target = target;
}

ArchitectureSampler::~ArchitectureSampler() = default;

Estimate ArchitectureSampler::estimate(const space::ArchSpec& spec) const {
  spec.validate();
  const int per_stage = impl_->target.adders_per_stage;
  const std::vector<LayerShape> shapes = layer_shapes(spec);
  std::vector<std::shared_ptr<const LayerModel>> layers;
  for (const LayerShape& shape : shapes) layers.push_back(impl_->layer(shape));

  Estimate estimate;
  estimate.resources.source = kSampleSource;
  std::vector<int> times(static_cast<std::size_t>(shapes.front().inputs), 0);
  std::vector<double> bits;  // what a register after each level of logic would hold
  double live_inputs = 1;    // share of the layer's inputs that are no constants
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const LayerModel& layer = *layers[k];
    const auto outputs = static_cast<std::size_t>(shapes[k].outputs);
    const std::vector<char> built = k + 1 == layers.size() ? std::vector<char>(outputs, 1) : layers[k + 1]->used;
    times = layer.run(times, built, per_stage, bits);
    double num_built = 0, num_live = 0;
    for (std::size_t o = 0; o < outputs; ++o) {
      num_built += built[o] != 0;
      num_live += built[o] != 0 && times[o] != kNever;
    }
    estimate.resources.lut += layer.lut * live_inputs * num_built / shapes[k].outputs;
    live_inputs = num_built > 0 ? num_live / num_built : 1;
  }

  // Logits wait for the last of them.
  const int end = std::max(0, *std::max_element(times.begin(), times.end()));
  bits.resize(static_cast<std::size_t>(end) + 1, 0);
  for (std::size_t o = 0; o < times.size(); ++o) {
    const LayerModel& last = *layers.back();
    for (int t = times[o] + 1; times[o] != kNever && t <= end; ++t)
      bits[static_cast<std::size_t>(t)] += last.row[o % last.row.size()].width;
  }
  const int stages = std::max(1, (end + per_stage - 1) / per_stage);
  for (int stage = 1; stage < stages; ++stage) estimate.resources.ff += bits[static_cast<std::size_t>(stage * per_stage)];
  estimate.resources.ff += bits[static_cast<std::size_t>(end)] + stages;  // the output registers; one valid bit per stage
  estimate.latency_cycles = stages;
  return estimate;
}

const TargetPrecision& ArchitectureSampler::target() const noexcept { return impl_->target; }

Estimate estimate_folded(const space::ArchSpec& spec, const TargetPrecision& target, const circuit::FoldedParams& params) {
  const circuit::FoldedDesign design = circuit::fold(sampled_network(spec, target), params);
  const circuit::FoldedCost cost = circuit::folded_cost(design);
  return {.resources = {.lut = cost.lut, .ff = cost.ff, .dsp = cost.dsp, .bram18 = cost.bram18, .source = kFoldedSampleSource},
          .latency_cycles = static_cast<double>(design.latency),
          .initiation_interval = static_cast<double>(design.initiation_interval)};
}

fixed::FixedNet sampled_network(const space::ArchSpec& spec, const TargetPrecision& target) {
  target.validate();
  spec.validate();
  if (spec.input.size() != 1) {
    throw ConfigError("a sampled network needs a plain feature vector",
                      {.where = "input", .found = fmt::format("{} axes", spec.input.size()), .expected = "one axis", .hint = {}});
  }
  fixed::FixedNet net;
  net.input = {{{"feature", spec.input.front().size}}, {target.input}};
  for (const LayerShape& shape : layer_shapes(spec)) append_sampled_layer(net, shape, target, shape.outputs);
  return net;
}

}  // namespace snac::cost
