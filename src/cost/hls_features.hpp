// What the surrogate of HLS flows sees of a design: counts that a figure may be proportional to, and what changes the proportion.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snac/cost/hls_design.hpp"

namespace snac::cost {

/// Values by the order of the names; empty where the design does not state what is needed.
using HlsValues = std::vector<std::optional<double>>;

/// Counts, summed over the layers (or the largest of them): "one", "nonzeros", "macs", "csd_digits", "multipliers", ...
const std::vector<std::string>& hls_base_names();
HlsValues hls_bases(const HlsDesign& design);

/// Conditions, natural logarithms unless they are 0 or 1; for several layers the mean by multiply-accumulates.
const std::vector<std::string>& hls_condition_names();
HlsValues hls_conditions(const HlsDesign& design);
/// Sets of conditions that a fit may choose from, each a superset of the one before: indices into hls_condition_names.
const std::vector<std::vector<std::size_t>>& hls_condition_sets();
/// A value as a person reads it: clock 3.33 ns instead of its logarithm.
std::string hls_condition_text(std::size_t condition, double value);

}  // namespace snac::cost
