// Utilisation and timing of netlists: Vivado's reports, Quartus' summaries.
#include <algorithm>
#include <cmath>
#include <utility>

#include "report_text.hpp"

namespace snac::toolchain {
namespace {

constexpr const char* kUtilization = "a utilisation report of Vivado";
constexpr const char* kTiming = "a timing summary of Vivado";
constexpr const char* kSummary = "a summary of Quartus";
constexpr const char* kQuartusTiming = "a timing summary of Quartus";

/// "Vivado v.2023.2 (lin64) Build ..." -> "Vivado 2023.2".
std::string vivado_tool(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() < 2) return plain_name(text);
  std::string_view version = words[1];
  if (version.starts_with("v.")) version.remove_prefix(2);
  return plain_name(words[0]) + " " + plain_name(version);
}

/// The lines in front of every report of Vivado.
template <class Report>
void read_heading(const ReportLines& lines, Report& report) {
  if (report.tool.empty()) {
    if (const auto tool = lines.value_of("Tool Version")) report.tool = vivado_tool(*tool);
  }
  if (report.design.empty()) {
    if (const auto design = lines.value_of("Design")) report.design = plain_name(*design);
  }
  if (report.device.empty()) {
    if (const auto device = lines.value_of("Device")) report.device = plain_name(*device);
  }
}

/// Position of a heading, or nothing.
std::optional<std::size_t> column(const std::vector<std::string_view>& heading, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = std::find(heading.begin(), heading.end(), name);
    if (found != heading.end()) return static_cast<std::size_t>(found - heading.begin());
  }
  return {};
}

/// 36 Kbit tiles, of which one can be half used, in blocks of 18 Kbit.
Figure blocks_of(const ReportLines& lines, const RealFigure& tiles) {
  if (!tiles) return {};
  const double blocks = 2 * *tiles;
  if (blocks < 0 || blocks != std::floor(blocks) || blocks > 1e9) lines.fail("so many tiles of block RAM", "a multiple of 0.5");
  return static_cast<std::int64_t>(blocks);
}

/// Rows of the flat report are told by their first cell.
void read_site(const ReportLines& lines, std::string_view site, std::string_view cell, ReportedResources& r) {
  if (site.ends_with('*')) site.remove_suffix(1);
  if (site == "CLB LUTs" || site == "Slice LUTs") take(r.lut, lines.count(cell));
  if (site == "LUT as Logic") take(r.lut_logic, lines.count(cell));
  if (site == "LUT as Memory") take(r.lut_memory, lines.count(cell));
  if (site == "LUT as Shift Register") take(r.srl, lines.count(cell));
  if (site == "CLB Registers" || site == "Slice Registers" || site == "Registers") take(r.ff, lines.count(cell));
  if (site == "Block RAM Tile") take(r.bram18, blocks_of(lines, lines.real(cell)));
  if (site == "URAM") take(r.uram, lines.count(cell));
  if (site == "DSPs" || site == "DSP Slices") take(r.dsp, lines.count(cell));
}

/// The top's row of the report by hierarchy.
ReportedResources hierarchy_row(const ReportLines& lines, const std::vector<std::string_view>& heading,
                                const std::vector<std::string_view>& row) {
  const auto figure = [&](std::initializer_list<const char*> names) -> Figure {
    const auto at = column(heading, names);
    return at && *at < row.size() ? lines.count(row[*at]) : Figure();
  };
  ReportedResources r;
  r.lut = figure({"Total LUTs"});
  r.lut_logic = figure({"Logic LUTs"});
  r.srl = figure({"SRLs"});
  const Figure ram = figure({"LUTRAMs"});
  if (ram && r.srl) r.lut_memory = *ram + *r.srl;
  r.ff = figure({"FFs"});
  const Figure ramb36 = figure({"RAMB36"}), ramb18 = figure({"RAMB18"});
  if (ramb36 && ramb18) r.bram18 = 2 * *ramb36 + *ramb18;
  r.uram = figure({"URAM"});
  r.dsp = figure({"DSP Blocks", "DSP48 Blocks", "DSP Slices", "DSPs"});
  return r;
}

}  // namespace

UtilizationReport parse_vivado_utilization(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kUtilization);
  UtilizationReport report;
  std::vector<std::string_view> hierarchy;  // headings
  std::optional<std::size_t> used, available;
  while (lines.next()) {
    read_heading(lines, report);
    if (const auto state = lines.value_of("Design State"); state && report.state.empty()) report.state = plain_name(*state);
    const auto cells = lines.cells();
    if (cells.empty()) continue;
    if (cells.front() == "Site Type") {
      used = column(cells, {"Used"});
      available = column(cells, {"Available"});
    } else if (cells.front() == "Instance" && column(cells, {"Total LUTs"})) {
      hierarchy = cells;
    } else if (!hierarchy.empty() && report.used.empty()) {
      report.used = hierarchy_row(lines, hierarchy, cells);
    } else if (used && *used < cells.size()) {
      read_site(lines, cells.front(), cells[*used], report.used);
      if (available && *available < cells.size()) read_site(lines, cells.front(), cells[*available], report.available);
    }
  }
  if (!report.used.lut && report.used.lut_logic && report.used.lut_memory)
    report.used.lut = *report.used.lut_logic + *report.used.lut_memory;
  if (report.used.empty()) lines.not_a_report("a table with the columns 'Site Type' and 'Used', or 'Instance' and 'Total LUTs'");
  return report;
}

TimingReport parse_vivado_timing(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kTiming);
  TimingReport report;
  enum class Section { other, design, clocks } section = Section::other;
  bool found = false, in_table = false;
  int clocks = 0;
  while (lines.next()) {
    read_heading(lines, report);
    const std::string_view line = trim(lines.line());
    if (line.starts_with('|')) {
      if (line.find_first_not_of("|- ") == std::string_view::npos) continue;  // the rule below a title
      section = line == "| Design Timing Summary" ? Section::design : line == "| Clock Summary" ? Section::clocks : Section::other;
      in_table = false;
      continue;
    }
    if (section == Section::other) continue;
    const auto words = words_of(line);
    if (words.empty() || line.find_first_not_of('-') == std::string_view::npos) continue;
    const bool is_rule = line.find_first_not_of("- ") == std::string_view::npos;
    if (is_rule) {
      in_table = true;
    } else if (!in_table) {
      continue;
    } else if (section == Section::design && !found) {
      // WNS, TNS, failing and total endpoints, WHS, ...
      if (words.size() < 2) lines.fail("'" + plain_name(line) + "'", "the figures below WNS(ns) and TNS(ns)");
      report.wns_ns = lines.real(words[0]);
      report.tns_ns = lines.real(words[1]);
      if (words.size() >= 5) report.whs_ns = lines.real(words[4]);
      found = true;
      section = Section::other;
    } else if (section == Section::clocks) {
      // "clk    {0.000 2.500}        5.000           200.000"
      const std::size_t brace = line.rfind('}');
      if (brace == std::string_view::npos) continue;
      const auto after = words_of(line.substr(brace + 1));
      if (after.empty()) lines.fail("'" + plain_name(line) + "'", "a period behind the waveform");
      report.period_ns = lines.real(after[0]);
      ++clocks;
    }
  }
  if (!found) lines.not_a_report("'| Design Timing Summary' with a row of figures");
  if (clocks != 1) report.period_ns.reset();
  return report;
}

UtilizationReport parse_quartus_summary(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kSummary);
  UtilizationReport report;
  bool known = false;
  while (lines.next()) {
    for (const auto& [key, state] :
         {std::pair{"Fitter Status", "fit"}, {"Analysis & Synthesis Status", "map"}, {"Synthesis Status", "map"}}) {
      if (const auto status = lines.value_of(key)) {
        known = true;
        report.state = state;
        report.successful = status->starts_with("Successful");
      }
    }
    if (!known) continue;
    for (const char* key : {"Quartus Prime Version", "Quartus II Version", "Quartus II 64-Bit Version"}) {
      if (const auto version = lines.value_of(key)) {
        const std::string name = key;
        report.tool = name.substr(0, name.find(" Version")) + " " + plain_name(version->substr(0, version->find(' ')));
      }
    }
    if (const auto top = lines.value_of("Top-level Entity Name")) report.design = plain_name(*top);
    if (const auto device = lines.value_of("Device")) report.device = plain_name(*device);
    static constexpr std::pair<const char*, Figure ReportedResources::*> kFigures[]{
        {"Logic utilization (in ALMs)", &ReportedResources::alm},
        {"Total logic elements", &ReportedResources::le},
        {"Total registers", &ReportedResources::ff},
        {"Total dedicated logic registers", &ReportedResources::ff},
        {"Total block memory bits", &ReportedResources::memory_bits},
        {"Total memory bits", &ReportedResources::memory_bits},
        {"Total RAM Blocks", &ReportedResources::ram_blocks},
        {"Total DSP Blocks", &ReportedResources::dsp},
        {"Embedded Multiplier 9-bit elements", &ReportedResources::dsp},
    };
    for (const auto& [key, member] : kFigures) {
      const auto value = lines.value_of(key);
      if (!value) continue;
      take(report.used.*member, lines.count(*value));
      if (const std::size_t slash = value->find(" / "); slash != std::string_view::npos) {
        take(report.available.*member, lines.count(value->substr(slash + 3)));
      }
    }
  }
  if (!known) lines.not_a_report("a line 'Fitter Status : ...' or 'Analysis & Synthesis Status : ...'");
  return report;
}

TimingReport parse_quartus_timing(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kQuartusTiming);
  TimingReport report;
  bool known = false;
  RealFigure TimingReport::*slack = nullptr;  // of the block at hand
  bool is_setup = false;
  const auto lower = [](RealFigure& figure, const RealFigure& value) {
    if (value && (!figure || *value < *figure)) figure = value;
  };
  while (lines.next()) {
    if (const auto type = lines.value_of("Type")) {  // "Slow 900mV 100C Model Setup 'clk'"
      is_setup = type->find("Model Setup") != std::string_view::npos;
      slack = is_setup ? &TimingReport::wns_ns : type->find("Model Hold") != std::string_view::npos ? &TimingReport::whs_ns : nullptr;
      known = true;
    }
    if (slack == nullptr) continue;
    if (const auto value = lines.value_of("Slack")) lower(report.*slack, lines.real(*value));
    if (const auto value = lines.value_of("TNS"); value && is_setup) lower(report.tns_ns, lines.real(*value));
  }
  if (!known) lines.not_a_report("blocks of 'Type', 'Slack' and 'TNS'");
  return report;
}

}  // namespace snac::toolchain
