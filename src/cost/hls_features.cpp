#include "hls_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace snac::cost {
namespace {

using Optional = std::optional<double>;

Optional times(Optional a, Optional b) { return a && b ? Optional(*a * *b) : std::nullopt; }

/// The sum over the layers; empty if one of them does not say.
Optional sum(const HlsDesign& design, const std::function<Optional(const HlsLayer&)>& of) {
  double total = 0;
  for (const HlsLayer& layer : design.layers) {
    const Optional value = of(layer);
    if (!value) return std::nullopt;
    total += *value;
  }
  return total;
}

double macs_of(const HlsLayer& layer) { return layer.inputs * layer.outputs; }

/// The mean over the layers by multiply-accumulates.
Optional mean(const HlsDesign& design, const std::function<Optional(const HlsLayer&)>& of) {
  double total = 0, weight = 0;
  for (const HlsLayer& layer : design.layers) {
    const Optional value = of(layer);
    if (!value) return std::nullopt;
    total += macs_of(layer) * *value;
    weight += macs_of(layer);
  }
  return weight > 0 ? Optional(total / weight) : std::nullopt;
}

/// ln max(value, 1/2): a layer may have lost all its weights.
Optional logarithm(Optional value) { return value ? Optional(std::log(std::max(*value, 0.5))) : std::nullopt; }

struct Named {
  const char* name;
  std::function<Optional(const HlsDesign&)> of;
};

const std::vector<Named>& bases() {
  static const std::vector<Named> all{
      {"one", [](const HlsDesign&) { return Optional(1.0); }},
      {"nonzeros", [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return l.nonzeros; }); }},
      {"macs", [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return Optional(macs_of(l)); }); }},
      {"csd_digits", [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return l.csd_digits; }); }},
      {"nonzero_bits", [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return times(l.nonzeros, l.weight_bits); }); }},
      {"mac_bits", [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return times(macs_of(l), l.weight_bits); }); }},
      {"multipliers",
       [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return Optional(std::ceil(macs_of(l) / l.reuse_factor)); }); }},
      {"nonzero_multipliers",
       [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return times(l.nonzeros, 1 / l.reuse_factor); }); }},
      {"total_reuse", [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return Optional(l.reuse_factor); }); }},
      {"largest_reuse",
       [](const HlsDesign& d) {
         double largest = 0;
         for (const HlsLayer& layer : d.layers) largest = std::max(largest, layer.reuse_factor);
         return Optional(largest);
       }},
      {"adder_levels",
       [](const HlsDesign& d) { return sum(d, [](const HlsLayer& l) { return Optional(1 + std::ceil(std::log2(l.inputs))); }); }},
  };
  return all;
}

const std::vector<Named>& conditions() {
  static const std::vector<Named> all{
      {"clock_ns", [](const HlsDesign& d) { return logarithm(d.clock_ns); }},
      {"nonzeros_per_input",
       [](const HlsDesign& d) { return mean(d, [](const HlsLayer& l) { return logarithm(times(l.nonzeros, 1 / l.inputs)); }); }},
      {"outputs", [](const HlsDesign& d) { return mean(d, [](const HlsLayer& l) { return logarithm(l.outputs); }); }},
      {"weight_bits", [](const HlsDesign& d) { return mean(d, [](const HlsLayer& l) { return logarithm(l.weight_bits); }); }},
      {"reuse_factor", [](const HlsDesign& d) { return mean(d, [](const HlsLayer& l) { return logarithm(l.reuse_factor); }); }},
      {"resource_strategy",
       [](const HlsDesign& d) { return d.strategy ? Optional(*d.strategy == HlsStrategy::resource ? 1.0 : 0.0) : std::nullopt; }},
      {"series7", [](const HlsDesign& d) { return d.series7 ? Optional(*d.series7 ? 1.0 : 0.0) : std::nullopt; }},
      {"inputs", [](const HlsDesign& d) { return mean(d, [](const HlsLayer& l) { return logarithm(l.inputs); }); }},
      {"digits_per_nonzero",
       [](const HlsDesign& d) {
         return mean(d, [](const HlsLayer& l) {
           return l.csd_digits && l.nonzeros && *l.nonzeros > 0 ? logarithm(*l.csd_digits / *l.nonzeros) : std::nullopt;
         });
       }},
      {"layers", [](const HlsDesign& d) { return logarithm(static_cast<double>(d.layers.size())); }},
  };
  return all;
}

bool is_flag(std::size_t condition) {
  const std::string name = conditions()[condition].name;
  return name == "resource_strategy" || name == "series7";
}

std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> names;
  for (const Named& each : all) names.emplace_back(each.name);
  return names;
}

HlsValues values_of(const std::vector<Named>& all, const HlsDesign& design) {
  HlsValues values;
  for (const Named& each : all) values.push_back(each.of(design));
  return values;
}

}  // namespace

const std::vector<std::string>& hls_base_names() {
  static const std::vector<std::string> names = names_of(bases());
  return names;
}
HlsValues hls_bases(const HlsDesign& design) { return values_of(bases(), design); }

const std::vector<std::string>& hls_condition_names() {
  static const std::vector<std::string> names = names_of(conditions());
  return names;
}
HlsValues hls_conditions(const HlsDesign& design) { return values_of(conditions(), design); }

const std::vector<std::vector<std::size_t>>& hls_condition_sets() {
  static const std::vector<std::vector<std::size_t>> sets{{}, {0}, {0, 1, 2}, {0, 1, 2, 3, 4, 5, 6}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  return sets;
}

std::string hls_condition_text(std::size_t condition, double value) {
  return fmt::format("{:.4g}", is_flag(condition) ? value : std::exp(value));
}

}  // namespace snac::cost
