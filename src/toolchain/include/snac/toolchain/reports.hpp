// Reports of vendor tools as figures: C synthesis (Vivado HLS, Vitis HLS), C/RTL co-simulation, utilisation and timing of Vivado,
// summaries of Quartus. A figure that a report does not have, or has as "-", "NA", "?" or "undef", is absent: never zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "snac/core/json.hpp"

namespace snac::toolchain {

/// Larger files are refused.
inline constexpr std::size_t kMaxReportBytes = std::size_t{256} << 20;

using Figure = std::optional<std::int64_t>;
using RealFigure = std::optional<double>;

struct ReportedResources {
  Figure lut;          ///< AMD: as logic and as memory together
  Figure lut_logic;    ///< AMD: of these as logic
  Figure lut_memory;   ///< AMD: of these as distributed RAM or shift register
  Figure srl;          ///< AMD: of these as shift register
  Figure ff;           ///< registers
  Figure dsp;          ///< AMD: slices; Quartus: DSP blocks, or 9-bit multipliers where the family has those
  Figure bram18;       ///< AMD: blocks of 18 Kbit; a 36 Kbit tile is two
  Figure uram;         ///< AMD
  Figure alm;          ///< Intel: adaptive logic modules
  Figure le;           ///< Intel, older families: logic elements
  Figure ram_blocks;   ///< Intel: M9K, M10K or M20K
  Figure memory_bits;  ///< Intel: of these blocks
  bool empty() const;
};

/// Resources of a netlist: report_utilization (flat or hierarchical; the top's row then), map or fit summary.
struct UtilizationReport {
  std::string tool;    ///< "Vivado 2023.2", "Quartus Prime 22.1std.2"
  std::string design;  ///< top module
  std::string device;
  std::string state;       ///< Vivado: "Synthesized", "Routed"; Quartus: "fit", "map"
  bool successful = true;  ///< Quartus: the status says so
  ReportedResources used, available;
};

struct TimingReport {
  std::string tool, design, device;
  RealFigure period_ns;  ///< of the clock; absent if there is none or more than one
  RealFigure wns_ns;     ///< worst setup slack; negative: not met
  RealFigure tns_ns;     ///< sum of the negative setup slacks
  RealFigure whs_ns;     ///< worst hold slack
  /// 1000 / (period - worst setup slack): the fastest clock that this netlist meets.
  RealFigure achieved_mhz() const;
};

struct Cycles {
  Figure min, max;
};

/// What C synthesis estimates.
struct HlsReport {
  std::string tool;  ///< "Vitis HLS 2023.2", "Vivado HLS 2020.1"
  std::string top, part;
  RealFigure target_ns, uncertainty_ns, estimated_ns;  ///< clock periods
  Cycles latency, interval;
  ReportedResources used, available;
};

struct CosimReport {
  std::string rtl;  ///< "Verilog", "VHDL"
  bool passed = false;
  Cycles latency, interval;
  RealFigure average_latency;
  Figure total_cycles;  ///< of all transactions
};

/// The readers take the text of a report and the name for messages. Sections may be missing, lines may end in CR LF, other tables may
/// stand around. @throws DataError naming file, line and reason: text that is no such report, binary or UTF-16, larger than
/// kMaxReportBytes, a table row that is cut off, a number that cannot be read or contradicts its place.
HlsReport parse_csynth_xml(const std::string& text, const std::string& where);  ///< <top>_csynth.xml, csynth.xml
HlsReport parse_csynth_rpt(const std::string& text, const std::string& where);  ///< <top>_csynth.rpt and the summary csynth.rpt
CosimReport parse_cosim_rpt(const std::string& text, const std::string& where);
UtilizationReport parse_vivado_utilization(const std::string& text, const std::string& where);
TimingReport parse_vivado_timing(const std::string& text, const std::string& where);
UtilizationReport parse_quartus_summary(const std::string& text, const std::string& where);  ///< .fit.summary, .map.summary
TimingReport parse_quartus_timing(const std::string& text, const std::string& where);        ///< .sta.summary; knows no period

/// A file's bytes. @throws IoError, DataError if it is larger than kMaxReportBytes.
std::string read_report(const std::filesystem::path& path);

/// Present figures only.
Json to_json(const ReportedResources& resources);
Json to_json(const UtilizationReport& report);
Json to_json(const TimingReport& report);
Json to_json(const HlsReport& report);
Json to_json(const CosimReport& report);

}  // namespace snac::toolchain
