// Samples of wa-hls4ml as JSON (arXiv:2511.05615, section 2.1.3).
#pragma once

#include "snac/cost/hls_reports.hpp"

namespace snac::cost {

/// Adds the samples that have dense layers only. Filters may name model_name, target_part, strategy, hls4ml_version, vivado_version.
/// @throws as read_hls_reports.
void read_wa_json(const std::string& text, const std::string& where, const std::vector<HlsFilter>& filters, HlsReports& out);

/// W of a type's text; empty if it is no fixed-point type.
std::optional<double> bits_of_type(std::string_view type);
/// Whether a text matches a pattern with * and ?.
bool matches_pattern(const std::string& pattern, const std::string& text);
/// The sizes of the layers in any order: what is taken for one network.
std::string network_shape(const std::vector<HlsLayer>& layers);

}  // namespace snac::cost
