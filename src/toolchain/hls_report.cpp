// C synthesis (XML and text) and C/RTL co-simulation.
#include <expat.h>

#include <algorithm>
#include <map>
#include <memory>

#include "report_text.hpp"
#include "snac/core/error.hpp"

namespace snac::toolchain {
namespace {

constexpr const char* kXml = "a C synthesis report in XML";
constexpr const char* kRpt = "a C synthesis report";
constexpr const char* kCosim = "a co-simulation report";

/// The texts of an XML file's leaves by their path below the root, "AreaEstimates/Resources/LUT": the first of each.
class XmlLeaves {
 public:
  XmlLeaves(const std::string& text, const std::string& where) {
    const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate(nullptr), XML_ParserFree);
    if (!parser) throw std::bad_alloc();
    parser_ = parser.get();
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(
        parser_, [](void* self, const XML_Char* name, const XML_Char**) { static_cast<XmlLeaves*>(self)->begin(name); },
        [](void* self, const XML_Char*) { static_cast<XmlLeaves*>(self)->end(); });
    XML_SetCharacterDataHandler(parser_, [](void* self, const XML_Char* data, int size) {
      static_cast<XmlLeaves*>(self)->add(data, static_cast<std::size_t>(size));
    });
    XML_SetStartDoctypeDeclHandler(parser_, [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
      static_cast<XmlLeaves*>(self)->stop("a document type, which reports do not have");
    });
    const bool good = XML_Parse(parser_, text.data(), static_cast<int>(text.size()), 1) == XML_STATUS_OK;
    if (good && reason_.empty()) return;
    throw DataError(std::string("cannot read ") + kXml, {.where = where + ":" + std::to_string(XML_GetCurrentLineNumber(parser_)),
                                                         .found = reason_.empty() ? XML_ErrorString(XML_GetErrorCode(parser_)) : reason_,
                                                         .expected = "the whole file as the tool wrote it",
                                                         .hint = "was the file cut off?"});
  }

  const std::string& root() const noexcept { return root_; }
  std::string_view operator[](const std::string& path) const {
    const auto found = leaves_.find(path);
    return found == leaves_.end() ? std::string_view() : trim(found->second);
  }

 private:
  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxText = 1000;  ///< of a leaf

  void begin(const char* name) {
    if (++depth_ > kMaxDepth) return stop("more than 64 elements inside each other");
    if (depth_ == 1) {
      root_ = name;
    } else {
      lengths_.push_back(path_.size());
      path_ += (path_.empty() ? "" : "/") + std::string(name);
    }
    text_.clear();
    leaf_ = true;
  }
  void end() {
    if (leaf_ && !path_.empty()) leaves_.emplace(path_, text_);
    leaf_ = false;
    if (--depth_ == 0) return;
    path_.resize(lengths_.back());
    lengths_.pop_back();
  }
  void add(const char* data, std::size_t size) {
    if (leaf_) text_.append(data, std::min(size, kMaxText - std::min(kMaxText, text_.size())));
  }
  void stop(const char* reason) {
    reason_ = reason;
    XML_StopParser(parser_, XML_FALSE);
  }

  XML_Parser parser_ = nullptr;
  int depth_ = 0;
  bool leaf_ = false;
  std::string root_, path_, text_, reason_;
  std::vector<std::size_t> lengths_;
  std::map<std::string, std::string> leaves_;
};

/// Before 2020.2 the tool was Vivado HLS. The XML does not say.
std::string hls_tool(std::string_view version) {
  if (version.empty()) return {};
  const std::string plain = plain_name(version.substr(0, version.find(' ')));
  return (plain < "2020.2" ? "Vivado HLS " : "Vitis HLS ") + plain;
}

/// Columns of a table by its heading.
struct ResourceColumns {
  std::map<std::string, std::size_t> at;
  explicit ResourceColumns(const std::vector<std::string_view>& heading) {
    for (std::size_t i = 0; i < heading.size(); ++i) at.emplace(std::string(heading[i]), i);
  }
  bool has(const char* name) const { return at.contains(name); }
  std::string_view cell(const std::vector<std::string_view>& row, const char* name) const {
    const auto found = at.find(name);
    return found == at.end() || found->second >= row.size() ? std::string_view() : row[found->second];
  }
};

ReportedResources resources_of(const ReportLines& lines, const ResourceColumns& columns, const std::vector<std::string_view>& row) {
  ReportedResources r;
  r.lut = lines.count(columns.cell(row, "LUT"));
  r.ff = lines.count(columns.cell(row, "FF"));
  r.dsp = lines.count(columns.cell(row, "DSP"));
  if (!r.dsp) r.dsp = lines.count(columns.cell(row, "DSP48E"));
  r.bram18 = lines.count(columns.cell(row, "BRAM_18K"));
  if (!r.bram18) r.bram18 = lines.count(columns.cell(row, "BRAM"));
  r.uram = lines.count(columns.cell(row, "URAM"));
  return r;
}

/// A summary's row of the top: columns as named in its two lines of headings, "Latency (cycles)", "Interval".
void read_summary_row(const ReportLines& lines, const std::vector<std::string>& names, const std::vector<std::string_view>& row,
                      HlsReport& report) {
  std::vector<std::string_view> views(names.begin(), names.end());
  const ResourceColumns columns(views);
  report.latency = lines.cycles(columns.cell(row, "Latency (cycles)"));
  report.interval = lines.cycles(columns.cell(row, "Interval"));
  report.used = resources_of(lines, columns, row);
}

}  // namespace

HlsReport parse_csynth_xml(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kXml);  // refuses what is no text, reads numbers
  const XmlLeaves xml(text, where);
  if (xml.root() != "profile" && xml.root() != "Report") {
    throw DataError(
        std::string("this is not ") + kXml,
        {.where = where, .found = "<" + plain_name(xml.root()) + ">", .expected = "<profile> as in <top>_csynth.xml", .hint = {}});
  }
  HlsReport report;
  report.tool = hls_tool(xml["ReportVersion/Version"]);
  report.top = plain_name(xml["UserAssignments/TopModelName"]);
  report.part = plain_name(xml["UserAssignments/Part"]);
  report.target_ns = lines.real(xml["UserAssignments/TargetClockPeriod"]);
  report.uncertainty_ns = lines.real(xml["UserAssignments/ClockUncertainty"]);
  const std::string performance = "PerformanceEstimates/", overall = performance + "SummaryOfOverallLatency/";
  report.estimated_ns = lines.real(xml[performance + "SummaryOfTimingAnalysis/EstimatedClockPeriod"]);
  report.latency = {lines.count(xml[overall + "Best-caseLatency"]), lines.count(xml[overall + "Worst-caseLatency"])};
  report.interval = {lines.count(xml[overall + "Interval-min"]), lines.count(xml[overall + "Interval-max"])};
  const auto area = [&](const std::string& group) {
    const auto figure = [&](const char* name) { return lines.count(xml["AreaEstimates/" + group + "/" + name]); };
    ReportedResources r;
    r.lut = figure("LUT");
    r.ff = figure("FF");
    r.dsp = figure("DSP");
    take(r.dsp, figure("DSP48E"));
    r.bram18 = figure("BRAM_18K");
    r.uram = figure("URAM");
    return r;
  };
  report.used = area("Resources");
  report.available = area("AvailableResources");
  return report;
}

HlsReport parse_csynth_rpt(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kRpt);
  HlsReport report;
  bool known = false, clock_next = false, latency_table = false, latency_read = false;
  std::vector<std::string> summary;            // headings of a summary report's table
  std::optional<ResourceColumns> utilisation;  // of the table "* Summary:"
  bool summary_read = false, used_read = false, available_read = false;
  while (lines.next()) {
    if (const auto title = lines.line().find("HLS Report for '"); title != std::string_view::npos && !known) {
      known = true;
      report.tool = lines.line().find("Vivado HLS") != std::string_view::npos ? "Vivado HLS" : "Vitis HLS";
    }
    if (lines.line().find("Synthesis Summary Report of '") != std::string_view::npos && !known) {
      known = true;
      report.tool = "Vitis HLS";
    }
    if (known && report.top.empty()) {
      const std::size_t quote = lines.line().find('\'');
      const std::string_view name = lines.line().substr(std::min(quote + 1, lines.line().size()));
      report.top = plain_name(name.substr(0, name.find('\'')));
    }
    if (!known) continue;
    if (const auto version = lines.value_of("Version"); version && report.tool.find(' ') == report.tool.rfind(' ')) {
      report.tool += " " + plain_name(version->substr(0, version->find(' ')));
    }
    if (const auto part = lines.value_of("Target device"); part && report.part.empty()) report.part = plain_name(*part);

    const auto cells = lines.cells();
    if (cells.empty()) {
      // Rules of dashes stand inside tables; any other line ends one.
      if (!trim(lines.line()).starts_with('+')) latency_table = clock_next = false;
      continue;
    }
    const bool is_clock_heading = cells.size() == 4 && cells[0] == "Clock" && cells[1] == "Target";
    if (is_clock_heading) {
      clock_next = true;
    } else if (clock_next && cells.size() == 4) {
      take(report.target_ns, lines.real(cells[1]));
      take(report.estimated_ns, lines.real(cells[2]));
      take(report.uncertainty_ns, lines.real(cells[3]));
      clock_next = false;
    } else if (!latency_read && cells.front().starts_with("Latency") && cells.size() >= 3) {
      latency_table = true;  // "min | max | min | max | min | max | Type" follows
    } else if (latency_table && (cells.size() == 7 || cells.size() == 5) && cells[0] != "min") {
      // min and max of cycles, since 2019 of time as well, of the interval; the type of the pipeline.
      report.latency = {lines.count(cells[0]), lines.count(cells[1])};
      report.interval = {lines.count(cells[cells.size() - 3]), lines.count(cells[cells.size() - 2])};
      latency_read = true;
      latency_table = false;
    } else if (!utilisation && cells.front() == "Name" && ResourceColumns(cells).has("LUT")) {
      utilisation.emplace(cells);
    } else if (utilisation && cells.front() == "Total" && !used_read) {
      report.used = resources_of(lines, *utilisation, cells);
      used_read = true;
    } else if (utilisation && cells.front() == "Available" && !available_read) {
      report.available = resources_of(lines, *utilisation, cells);
      available_read = true;
    } else if (!summary_read && cells.front() == "Modules") {
      summary.assign(cells.begin(), cells.end());
    } else if (!summary_read && !summary.empty() && cells.size() == summary.size()) {
      if (cells.front() == "& Loops") {
        for (std::size_t i = 0; i < cells.size(); ++i) summary[i] = std::string(trim(summary[i] + " " + std::string(cells[i])));
      } else if (cells.front().starts_with('+') || cells.front().starts_with('*')) {
        read_summary_row(lines, summary, cells, report);
        summary_read = true;
      }
    }
  }
  if (!known) lines.not_a_report("a line \"== Vitis HLS Report for 'top'\" or \"== Synthesis Summary Report of 'top'\"");
  return report;
}

CosimReport parse_cosim_rpt(const std::string& text, const std::string& where) {
  ReportLines lines(text, where, kCosim);
  CosimReport report;
  bool found = false;
  while (lines.next()) {
    const auto cells = lines.cells();
    if (cells.size() < 2 || (cells[0] != "Verilog" && cells[0] != "VHDL") || cells[1] == "NA") continue;
    if (found && cells[0] != "Verilog") continue;  // of two languages Verilog is what else is looked at
    found = true;
    report = {};
    report.rtl = cells[0];
    if (cells[1] != "Pass" && cells[1] != "Fail") lines.fail("the status '" + plain_name(cells[1]) + "'", "Pass or Fail");
    report.passed = cells[1] == "Pass";
    if (cells.size() >= 8) {
      report.latency = {lines.count(cells[2]), lines.count(cells[4])};
      report.average_latency = lines.real(cells[3]);
      report.interval = {lines.count(cells[5]), lines.count(cells[7])};
    }
    if (cells.size() >= 9) report.total_cycles = lines.count(cells[8]);
  }
  if (!found) lines.not_a_report("a row of Verilog or VHDL with the status Pass or Fail");
  return report;
}

}  // namespace snac::toolchain
