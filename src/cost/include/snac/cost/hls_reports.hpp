// Figures that HLS flows reported for real networks and layers, read from tables of several kinds into one form.
// The stages are kept apart: an estimate after C-synthesis may be twice what logic synthesis finds.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "snac/cost/hls_design.hpp"

namespace snac::cost {

enum class HlsStage { c_synthesis, post_synthesis };              ///< the HLS compiler's estimate; counts after logic synthesis
enum class HlsLevel { layer, network };                           ///< what one sample is about
enum class HlsTarget { lut, ff, dsp, bram18, cycles, interval };  ///< bram18: blocks of 18 Kb; cycles: worst latency; interval: II

inline constexpr std::size_t kNumHlsTargets = 6;
inline constexpr std::array<HlsTarget, kNumHlsTargets> kHlsTargets{HlsTarget::lut,    HlsTarget::ff,     HlsTarget::dsp,
                                                                   HlsTarget::bram18, HlsTarget::cycles, HlsTarget::interval};

std::string to_string(HlsStage stage);    ///< "c-synthesis", "post-synthesis"
std::string to_string(HlsLevel level);    ///< "layer", "network"
std::string to_string(HlsTarget target);  ///< "LUT", "FF", "DSP", "BRAM18", "cycles", "II"
/// @throws ConfigError listing the names.
HlsStage hls_stage_from_string(const std::string& name);
HlsLevel hls_level_from_string(const std::string& name);
HlsTarget hls_target_from_string(const std::string& name);

struct HlsSample {
  HlsDesign design = {};
  HlsStage stage = HlsStage::c_synthesis;
  HlsLevel level = HlsLevel::layer;
  std::string network =
      {};                  ///< samples of one network are never split between fitting and testing: its shape, or the file's own name for it
  std::string where = {};  ///< "layers.csv: line 12"
  std::array<std::optional<double>, kNumHlsTargets> truth = {};  ///< by HlsTarget; >= 0
};

/// Keeps rows whose `column` matches a pattern with * and ?, for instance {"project", "*/DSP_reuse1"}.
struct HlsFilter {
  std::string column, pattern;
};

struct HlsReports {
  std::vector<HlsSample> samples;
  std::vector<std::string> notes;  ///< what was left out, and why: for people
};

/// Reads one file, told by its content:
///  - a table of layers (CSV): n_in, n_out and any of n_zeros, csd_digits, weight_t, strategy, reuse or reuse_factor, part, clock_ns,
///    hls_{lut,ff,dsp,bram,latency_max,ii_max}, post_{lut,ff,dsp,bram18}; with `kind`, rows other than dense_config are left out; rows of
///    one project (columns source_repo, project) are one network, as are projects of the same layer sizes;
///  - a table of networks (CSV): layers ("16-64-32-5") instead of n_in and n_out, n_zeros_total;
///  - wa-hls4ml (arXiv:2511.05615) as JSON: samples with model_config, hls_config and the reports; samples with other than dense layers
///    are left out; and as the CSV made of it (model_string, prec, rf, LUT_hls...).
/// A column `network` overrides what is taken for one network. Block RAM of wa-hls4ml after synthesis comes in 36 Kb blocks and is doubled.
/// @throws DataError naming file, line and column for missing columns, malformed or impossible values, or no usable row;
///         ConfigError for a filter on a column that is not there.
HlsReports read_hls_reports(const std::string& path, const std::vector<HlsFilter>& filters = {});
/// The same for a text. @param where names the file in messages
HlsReports parse_hls_reports(const std::string& text, const std::string& where, const std::vector<HlsFilter>& filters = {});

}  // namespace snac::cost
