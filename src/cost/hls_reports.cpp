#include "snac/cost/hls_reports.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "hls_json.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/data/csv_table.hpp"

namespace snac::cost {
namespace {

constexpr double kLargestSize = 1 << 24, kLargestCount = 1e12;

std::size_t index_of(HlsTarget target) { return static_cast<std::size_t>(target); }

template <class E, std::size_t N>
E from_name(const std::string& name, const std::array<E, N>& all, const char* what) {
  std::vector<std::string> known;
  for (const E each : all) {
    if (to_string(each) == name) return each;
    known.push_back(to_string(each));
  }
  throw ConfigError(fmt::format("unknown {}", what),
                    {.where = {}, .found = fmt::format("'{:.40}'", name), .expected = {}, .hint = suggest(name, known)});
}

/// Reads the cells of one row; every error names the place.
class Row {
 public:
  Row(const data::CsvTable& table, std::size_t row) : table_(table), row_(row) {}

  /// The first of the columns that the table has; empty without one or for an empty cell.
  std::optional<double> number(std::initializer_list<const char*> columns, double low, double high) const {
    for (const char* column : columns) {
      if (!table_.has(column)) continue;
      const std::optional<double> value = table_.number(row_, column);
      if (value && !(*value >= low && *value <= high))
        fail(column, fmt::format("{}", *value), fmt::format("a number from {:g} to {:g}", low, high));
      return value;
    }
    return std::nullopt;
  }
  double needed(const char* column, double low, double high) const {
    table_.text(row_, column);  // the column must be there
    const std::optional<double> value = number({column}, low, high);
    if (!value) fail(column, "an empty cell", "a number");
    return *value;
  }
  std::string text(const char* column) const { return table_.has(column) ? table_.text(row_, column) : std::string(); }
  [[noreturn]] void fail(const char* column, const std::string& found, const std::string& expected) const {
    throw DataError("a report holds an impossible value",
                    {.where = table_.place(row_, column), .found = found.substr(0, 80), .expected = expected, .hint = {}});
  }
  std::string where() const {
    const std::string place = table_.place(row_, "");
    return place.substr(0, place.rfind(", column"));
  }

 private:
  const data::CsvTable& table_;
  std::size_t row_;
};

HlsDesign setting_of(const Row& row) {
  HlsDesign design;
  const std::string strategy = row.text("strategy");
  for (const HlsStrategy each : {HlsStrategy::latency, HlsStrategy::resource}) {
    std::string head = strategy.substr(0, to_string(each).size());
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (head == to_string(each)) design.strategy = each;
  }
  design.clock_ns = row.number({"clock_ns", "TargetClockPeriod_hls"}, 0.1, 1000);
  for (const char* column : {"part", "part_note"}) {
    if (!design.series7) design.series7 = is_series7(row.text(column));
  }
  return design;
}

/// Puts the figures of one stage into a sample if there are any.
void add_stage(HlsReports& out, HlsSample sample, HlsStage stage, const std::array<std::optional<double>, kNumHlsTargets>& truth) {
  const bool any = std::any_of(truth.begin(), truth.begin() + index_of(HlsTarget::cycles), [](const auto& t) { return t.has_value(); }) ||
                   (stage == HlsStage::c_synthesis && (truth[4] || truth[5]));
  if (!any) return;
  sample.stage = stage;
  sample.truth = truth;
  out.samples.push_back(std::move(sample));
}

void add_stages(HlsReports& out, const HlsSample& sample, const Row& row) {
  const auto count = [&](std::initializer_list<const char*> columns) { return row.number(columns, 0, kLargestCount); };
  const std::optional<double> cycles = count({"hls_latency_max", "latency_max"}), interval = count({"hls_ii_max", "ii_max"});
  add_stage(out, sample, HlsStage::c_synthesis,
            {count({"hls_lut"}), count({"hls_ff"}), count({"hls_dsp", "hls_dsp48"}), count({"hls_bram", "hls_bram18"}), cycles, interval});
  add_stage(out, sample, HlsStage::post_synthesis,
            {count({"post_lut"}), count({"post_ff"}), count({"post_dsp"}), count({"post_bram18"}), cycles, interval});
}

/// The layers of "16-64-32-5"; empty for anything else.
std::vector<HlsLayer> layers_from(const std::string& text, double reuse, std::optional<double> bits) {
  std::vector<HlsLayer> layers;
  double previous = 0;
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    int width = 0;
    const auto [stop, error] = std::from_chars(at, end, width);
    if (error != std::errc() || width < 1 || width > (1 << 20) || (stop < end && *stop != '-')) return {};
    if (previous > 0)
      layers.push_back({.inputs = previous, .outputs = static_cast<double>(width), .reuse_factor = reuse, .weight_bits = bits});
    previous = width;
    at = stop < end ? stop + 1 : end;
    if (stop < end && at == end) return {};
  }
  return layers;
}

void note(HlsReports& out, const std::string& where, std::size_t count, const std::string& what) {
  if (count > 0) out.notes.push_back(fmt::format("{}: {} rows left out: {}", where, count, what));
}

bool kept(const data::CsvTable& table, std::size_t row, const std::vector<HlsFilter>& filters) {
  return std::all_of(filters.begin(), filters.end(),
                     [&](const HlsFilter& f) { return matches_pattern(f.pattern, table.text(row, f.column)); });
}

void read_layers(const data::CsvTable& table, const std::vector<HlsFilter>& filters, HlsReports& out) {
  std::size_t other_kinds = 0;
  std::map<std::string, std::vector<HlsLayer>> projects;  // all layers of a project, to know its network
  std::vector<std::pair<HlsSample, std::string>> rows;
  std::vector<std::size_t> numbers;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const Row row(table, r);
    if (table.has("kind") && row.text("kind") != "dense_config") {
      ++other_kinds;
      continue;
    }
    HlsLayer layer{.inputs = row.needed("n_in", 1, kLargestSize), .outputs = row.needed("n_out", 1, kLargestSize)};
    const double weights = layer.inputs * layer.outputs;
    layer.reuse_factor = row.number({"reuse", "reuse_factor"}, 1, kLargestSize).value_or(1);
    for (const char* column : {"weight_t", "precision_note"}) {
      if (!layer.weight_bits) layer.weight_bits = bits_of_type(row.text(column));
    }
    if (const auto zeros = row.number({"n_zeros"}, 0, weights)) layer.nonzeros = weights - *zeros;
    layer.csd_digits = row.number({"csd_digits"}, 0, 64 * weights);
    const std::string project = table.has("project") ? row.text("source_repo") + "\n" + row.text("project") : fmt::format("row {}", r);
    projects[project].push_back(layer);
    if (!kept(table, r, filters)) continue;
    HlsSample sample{.design = setting_of(row), .level = HlsLevel::layer, .network = row.text("network"), .where = row.where()};
    sample.design.layers = {layer};
    rows.emplace_back(std::move(sample), project);
    numbers.push_back(r);
  }
  for (std::size_t k = 0; k < rows.size(); ++k) {
    auto& [sample, project] = rows[k];
    if (sample.network.empty()) sample.network = network_shape(projects.at(project));
    add_stages(out, sample, Row(table, numbers[k]));
  }
  note(out, table.where(), other_kinds, "not dense layers");
}

void read_networks(const data::CsvTable& table, const std::vector<HlsFilter>& filters, HlsReports& out) {
  std::size_t not_dense = 0;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const Row row(table, r);
    if (!kept(table, r, filters)) continue;
    const double reuse = row.number({"reuse", "reuse_factor"}, 1, kLargestSize).value_or(1);
    HlsSample sample{.design = setting_of(row), .level = HlsLevel::network, .network = row.text("network"), .where = row.where()};
    std::vector<HlsLayer>& layers = sample.design.layers;
    layers = layers_from(row.text("layers"), reuse, bits_of_type(row.text("weight_t")));
    if (layers.empty()) {
      ++not_dense;
      continue;
    }
    double weights = 0;
    for (const HlsLayer& layer : layers) weights += layer.inputs * layer.outputs;
    if (const auto zeros = row.number({"n_zeros_total"}, 0, weights)) {
      for (HlsLayer& layer : layers) layer.nonzeros = layer.inputs * layer.outputs * (1 - *zeros / weights);
    }
    if (sample.network.empty()) sample.network = network_shape(layers);
    add_stages(out, sample, row);
  }
  note(out, table.where(), not_dense, "'layers' is not a chain such as 16-64-32-5");
}

/// The CSV that wa-hls4ml makes of its JSON. Its columns are called *_hls for either stage: a count of block RAM that is not whole
/// can only be of logic synthesis, which counts blocks of 36 Kb.
void read_wa_csv(const data::CsvTable& table, const std::vector<HlsFilter>& filters, HlsReports& out) {
  std::size_t failed = 0, not_dense = 0;
  bool post = false, interval_is_latency = true;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const Row row(table, r);
    const double bram = row.number({"BRAM_18K_hls"}, 0, kLargestCount).value_or(0);
    post = post || bram != std::floor(bram);
    interval_is_latency =
        interval_is_latency && row.number({"IntervalMax_hls"}, 0, kLargestCount) == row.number({"WorstLatency_hls"}, 0, kLargestCount);
  }
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const Row row(table, r);
    if (!kept(table, r, filters)) continue;
    std::string success = row.text("hls_synth_success");
    if (!success.empty() && success != "TRUE" && success != "True" && success != "1") {
      ++failed;
      continue;
    }
    HlsSample sample{.design = setting_of(row), .level = HlsLevel::network, .network = row.text("network"), .where = row.where()};
    sample.design.layers = layers_from(row.text("model_string"), row.needed("rf", 1, kLargestSize), row.number({"prec"}, 1, 1024));
    if (sample.design.layers.empty()) {
      ++not_dense;
      continue;
    }
    if (sample.network.empty()) sample.network = network_shape(sample.design.layers);
    const auto count = [&](const char* column) { return row.number({column}, 0, kLargestCount); };
    std::optional<double> bram = count("BRAM_18K_hls");
    if (bram && post) *bram *= 2;
    add_stage(out, std::move(sample), post ? HlsStage::post_synthesis : HlsStage::c_synthesis,
              {count("LUT_hls"), count("FF_hls"), count("DSP_hls"), bram, count("WorstLatency_hls"),
               interval_is_latency ? std::nullopt : count("IntervalMax_hls")});
  }
  note(out, table.where(), failed, "synthesis failed");
  note(out, table.where(), not_dense, "'model_string' is not a chain such as 16-64-32-5");
  if (interval_is_latency)
    out.notes.push_back(fmt::format("{}: the initiation interval is the latency in every row and is not used", table.where()));
}

}  // namespace

// Such as "ap_fixed<8,2>", "fixed<4,*> (QKeras)", "ap_ufixed<16,8,AP_RND,AP_SAT> ...".
std::optional<double> bits_of_type(std::string_view type) {
  const std::size_t open = type.find("fixed<");
  if (open == std::string_view::npos) return std::nullopt;
  type.remove_prefix(open + 6);
  int bits = 0;
  const auto [end, error] = std::from_chars(type.data(), type.data() + type.size(), bits);
  if (error != std::errc() || end == type.data() || bits < 1 || bits > 1024) return std::nullopt;
  return bits;
}

std::string network_shape(const std::vector<HlsLayer>& layers) {
  std::vector<std::string> parts;
  for (const HlsLayer& layer : layers) parts.push_back(fmt::format("{:g}x{:g}", layer.inputs, layer.outputs));
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

bool matches_pattern(const std::string& pattern, const std::string& text) { return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0; }

std::string to_string(HlsStage stage) { return stage == HlsStage::c_synthesis ? "c-synthesis" : "post-synthesis"; }
std::string to_string(HlsLevel level) { return level == HlsLevel::layer ? "layer" : "network"; }
std::string to_string(HlsTarget target) {
  static constexpr std::array<const char*, kNumHlsTargets> kNames{"LUT", "FF", "DSP", "BRAM18", "cycles", "II"};
  return kNames[index_of(target)];
}
HlsStage hls_stage_from_string(const std::string& name) {
  return from_name(name, std::array{HlsStage::c_synthesis, HlsStage::post_synthesis}, "stage of synthesis");
}
HlsLevel hls_level_from_string(const std::string& name) {
  return from_name(name, std::array{HlsLevel::layer, HlsLevel::network}, "level of reports");
}
HlsTarget hls_target_from_string(const std::string& name) { return from_name(name, kHlsTargets, "figure of synthesis"); }

HlsReports parse_hls_reports(const std::string& text, const std::string& where, const std::vector<HlsFilter>& filters) {
  HlsReports out;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && (text[first] == '[' || text[first] == '{')) {
    read_wa_json(text, where, filters, out);
  } else {
    const data::CsvTable table = data::parse_csv_table(text, where);
    for (const HlsFilter& filter : filters) {
      if (table.has(filter.column)) continue;
      throw ConfigError("a filter names a column that is not there", {.where = where + ": line 1",
                                                                      .found = "'" + filter.column + "'",
                                                                      .expected = {},
                                                                      .hint = suggest(filter.column, table.columns())});
    }
    if (table.has("model_string"))
      read_wa_csv(table, filters, out);
    else if (table.has("layers"))
      read_networks(table, filters, out);
    else
      read_layers(table, filters, out);
  }
  if (out.samples.empty()) {
    std::string found = fmt::format("no row with figures{}", filters.empty() ? "" : " that the filters keep");
    for (const auto& each : out.notes) found += "; " + each;
    throw DataError("a file of reports has no usable rows",
                    {.where = where,
                     .found = found,
                     .expected = "rows with n_in, n_out (or layers) and hls_lut, hls_ff, ... or post_lut, ...; or samples of wa-hls4ml",
                     .hint = filters.empty() ? "" : "check the patterns of --where"});
  }
  return out;
}

HlsReports read_hls_reports(const std::string& path, const std::vector<HlsFilter>& filters) {
  return parse_hls_reports(read_file(path), path, filters);
}

}  // namespace snac::cost
