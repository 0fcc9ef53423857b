#include "snac/cost/hls_design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>
#include <variant>

#include "snac/circuit/lower.hpp"
#include "snac/circuit/reuse_factor.hpp"
#include "snac/core/error.hpp"
#include "snac/cost/device.hpp"

namespace snac::cost {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

HlsDesign empty_design(const HlsTargetSetup& setup) {
  setup.validate();
  HlsDesign design;
  design.strategy = setup.strategy;
  design.clock_ns = setup.clock_ns;
  design.series7 = is_series7(find_device(setup.device).name);
  return design;
}

}  // namespace

std::string to_string(HlsStrategy strategy) { return strategy == HlsStrategy::latency ? "latency" : "resource"; }

HlsStrategy hls_strategy_from_string(const std::string& name) {
  const std::string lower = lower_case(name);
  if (lower == "latency") return HlsStrategy::latency;
  if (lower == "resource") return HlsStrategy::resource;
  throw ConfigError("unknown HLS strategy", {.where = {},
                                             .found = fmt::format("'{:.40}'", name),
                                             .expected = "latency or resource",
                                             .hint = suggest(lower, {"latency", "resource"})});
}

void HlsTargetSetup::validate() const {
  const auto check = [](const char* field, double value, double low, double high) {
    if (value >= low && value <= high) return;
    throw ConfigError("a setup of an HLS flow is out of range",
                      {.where = field, .found = fmt::format("{}", value), .expected = fmt::format("{} to {}", low, high), .hint = {}});
  };
  check("clock_ns", clock_ns, 0.1, 1000);
  check("reuse_factor", reuse_factor, 1, 1 << 20);
  check("weight_bits", weight_bits, 1, 32);
  check("sparsity", sparsity, 0, 0.999999);
  find_device(device);
}

HlsDesign hls_design(const space::ArchSpec& network, const HlsTargetSetup& setup) {
  HlsDesign design = empty_design(setup);
  int inputs = space::num_inputs(network);
  for (const space::DenseLayer& layer : space::dense_chain(network)) {
    const double weights = static_cast<double>(inputs) * layer.units;
    design.layers.push_back(
        {.inputs = static_cast<double>(inputs),
         .outputs = static_cast<double>(layer.units),
         .reuse_factor = static_cast<double>(circuit::nearest_legal_reuse_factor(setup.reuse_factor, inputs, layer.units)),
         .weight_bits = setup.weight_bits,
         .nonzeros = std::max(1.0, (1 - setup.sparsity) * weights)});
    inputs = layer.units;
  }
  return design;
}

HlsDesign hls_design(const fixed::FixedNet& network, const HlsTargetSetup& setup) {
  HlsDesign design = empty_design(setup);
  for (const fixed::Node& node : network.nodes) {
    const auto* dense = std::get_if<fixed::DenseOp>(&node.op);
    if (dense == nullptr) continue;
    double nonzeros = 0, digits = 0;
    std::uint32_t widest = 0;
    for (const std::int32_t weight : dense->weights) {
      nonzeros += weight != 0 ? 1 : 0;
      digits += static_cast<double>(circuit::canonical_signed_digits(weight).size());
      widest = std::max(widest, static_cast<std::uint32_t>(weight < 0 ? ~weight : weight));  // two's complement: -8 needs no more than 7
    }
    design.layers.push_back(
        {.inputs = static_cast<double>(dense->inputs),
         .outputs = static_cast<double>(dense->outputs),
         .reuse_factor = static_cast<double>(circuit::nearest_legal_reuse_factor(setup.reuse_factor, dense->inputs, dense->outputs)),
         .weight_bits = std::bit_width(widest) + 1,
         .nonzeros = nonzeros,
         .csd_digits = digits});
  }
  return design;
}

std::optional<bool> is_series7(const std::string& part) {
  const std::string lower = lower_case(part);
  if (lower.starts_with("xc7")) return true;
  const bool ultrascale_plus = lower.starts_with("xczu") || lower.starts_with("xck2") || lower.starts_with("xcu") ||
                               (lower.starts_with("xcvu") && lower.substr(0, lower.find('-')).ends_with("p"));
  if (ultrascale_plus) return false;
  return std::nullopt;
}

}  // namespace snac::cost
