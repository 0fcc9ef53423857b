// Readers of vendor reports. The fixtures in tests/data/reports are ours, written in the layouts of the tools' versions they name.
#include "snac/toolchain/reports.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(SNAC_TOOLCHAIN_TEST_DATA) / "reports";

std::string text_of(const char* name) { return read_report(kFolder / name); }
template <class Reader>
auto read(Reader&& reader, const char* name) {
  return reader(text_of(name), name);
}

TEST(CsynthXml, figures_of_vivado_hls_have_their_units) {
  const HlsReport r = read(parse_csynth_xml, "vivado_hls_2019_csynth.xml");
  EXPECT_EQ(to_json(r), parse_json(R"({"tool": "Vivado HLS 2019.2", "top": "jets", "part": "xcvu13p-flga2577-2-e",
      "target_ns": 5.0, "uncertainty_ns": 0.62, "estimated_ns": 4.137,
      "latency_cycles": {"min": 11, "max": 13}, "interval_cycles": {"min": 1, "max": 1},
      "used": {"lut": 24871, "ff": 6034, "dsp": 21, "bram18": 4, "uram": 0},
      "available": {"lut": 1728000, "ff": 3456000, "dsp": 12288, "bram18": 5376, "uram": 1280}})",
                                   "expected"));
}

TEST(CsynthXml, what_vitis_hls_leaves_out_or_calls_undef_is_absent_not_zero) {
  const HlsReport r = read(parse_csynth_xml, "vitis_hls_2023_csynth.xml");
  EXPECT_EQ(r.tool, "Vitis HLS 2023.2");
  EXPECT_EQ(r.used.dsp, 0);
  EXPECT_EQ(r.used.bram18, std::nullopt);
  EXPECT_EQ(r.used.uram, std::nullopt);
  EXPECT_EQ(r.latency.min, 30);
  EXPECT_EQ(r.latency.max, std::nullopt);
  EXPECT_EQ(r.interval.max, std::nullopt);
  EXPECT_FALSE(to_json(r)["used"].contains("bram18"));
}

TEST(CsynthRpt, the_top_of_a_2018_report_is_read_not_its_instances) {
  const HlsReport r = read(parse_csynth_rpt, "vivado_hls_2018_csynth.rpt");
  EXPECT_EQ(to_json(r), parse_json(R"({"tool": "Vivado HLS 2018.3", "top": "jets", "part": "xcvu9p-flgb2104-2-i",
      "target_ns": 5.0, "uncertainty_ns": 0.62, "estimated_ns": 4.211,
      "latency_cycles": {"min": 14}, "interval_cycles": {"min": 1, "max": 1},
      "used": {"lut": 20462, "ff": 8012, "dsp": 61, "bram18": 2},
      "available": {"lut": 1182240, "ff": 2364480, "dsp": 6840, "bram18": 4320}})",
                                   "expected"));
}

TEST(CsynthRpt, a_2022_report_of_a_device_with_several_dies) {
  const HlsReport r = read(parse_csynth_rpt, "vitis_hls_2022_csynth.rpt");
  EXPECT_EQ(r.tool, "Vitis HLS 2022.2");
  EXPECT_EQ(r.estimated_ns, 3.605);
  EXPECT_EQ(r.latency.min, 9);
  EXPECT_EQ(r.latency.max, 10);
  EXPECT_EQ(r.used.lut, 14210);
  EXPECT_EQ(r.used.uram, 0);
  EXPECT_EQ(r.available.lut, 1728000) << "of the device, not of one die";
}

TEST(CsynthRpt, the_summary_report_gives_ranges_and_cells_with_shares) {
  const HlsReport r = read(parse_csynth_rpt, "vitis_hls_2024_summary.rpt");
  EXPECT_EQ(to_json(r), parse_json(R"({"tool": "Vitis HLS 2024.1", "top": "jets", "part": "xcvu13p-flga2577-2-e",
      "latency_cycles": {"min": 18, "max": 21}, "interval_cycles": {"min": 4, "max": 4},
      "used": {"lut": 14210, "ff": 4021, "dsp": 5, "bram18": 2}})",
                                   "expected"));
}

TEST(CosimRpt, the_language_that_ran_counts) {
  const CosimReport r = read(parse_cosim_rpt, "cosim.rpt");
  EXPECT_EQ(r.rtl, "Verilog");
  EXPECT_TRUE(r.passed);
  EXPECT_EQ(r.latency.min, 10);
  EXPECT_EQ(r.latency.max, 12);
  EXPECT_EQ(r.average_latency, 11);
  EXPECT_EQ(r.interval.max, 2);
  EXPECT_EQ(r.total_cycles, 111);
  const CosimReport failed = parse_cosim_rpt("|   Verilog|      Fail|   NA|   NA|   NA|   NA|   NA|   NA|\n", "old");
  EXPECT_FALSE(failed.passed);
  EXPECT_EQ(failed.latency.min, std::nullopt);
}

TEST(VivadoUtilization, tiles_of_block_ram_are_two_blocks_and_luts_are_logic_and_memory) {
  const UtilizationReport r = read(parse_vivado_utilization, "utilization_series7.rpt");
  EXPECT_EQ(to_json(r), parse_json(R"({"tool": "Vivado 2020.1", "design": "jets", "device": "7z020clg400-1", "state": "Synthesized",
      "used": {"lut": 2061, "lut_logic": 2000, "lut_memory": 61, "srl": 61, "ff": 2500, "dsp": 66, "bram18": 5},
      "available": {"lut": 53200, "lut_logic": 53200, "lut_memory": 17400, "ff": 106400, "dsp": 220, "bram18": 280}})",
                                   "expected"));
}

TEST(VivadoUtilization, columns_are_found_by_their_headings_and_a_missing_section_is_absent) {
  const UtilizationReport r = read(parse_vivado_utilization, "utilization_ultrascale.rpt");
  EXPECT_EQ(r.tool, "Vivado 2023.2");
  EXPECT_EQ(r.state, "Routed");
  EXPECT_EQ(r.used.lut, 6549);
  EXPECT_EQ(r.used.lut_memory, 49);
  EXPECT_EQ(r.used.ff, 3120);
  EXPECT_EQ(r.used.bram18, 16);
  EXPECT_EQ(r.used.uram, 3);
  EXPECT_EQ(r.used.dsp, std::nullopt);
  EXPECT_EQ(r.available.lut, 1728000);
}

TEST(VivadoUtilization, the_hierarchy_gives_its_top) {
  const UtilizationReport r = read(parse_vivado_utilization, "utilization_hierarchy.rpt");
  EXPECT_EQ(to_json(r.used),
            parse_json(R"({"lut": 4120, "lut_logic": 4080, "lut_memory": 40, "srl": 32, "ff": 2011, "dsp": 6, "bram18": 5, "uram": 0})",
                       "expected"));
}

TEST(VivadoTiming, the_achieved_clock_is_the_period_without_the_slack) {
  const TimingReport r = read(parse_vivado_timing, "timing_not_met.rpt");
  EXPECT_EQ(r.tool, "Vivado 2023.2");
  EXPECT_EQ(r.period_ns, 2.5);
  EXPECT_EQ(r.wns_ns, -0.25);
  EXPECT_EQ(r.tns_ns, -12.345);
  EXPECT_EQ(r.whs_ns, 0.031);
  ASSERT_TRUE(r.achieved_mhz().has_value());
  EXPECT_NEAR(*r.achieved_mhz(), 1000 / 2.75, 1e-9);
}

TEST(VivadoTiming, without_paths_or_with_several_clocks_nothing_is_claimed) {
  const TimingReport r = read(parse_vivado_timing, "timing_no_paths.rpt");
  EXPECT_EQ(r.wns_ns, std::nullopt);
  EXPECT_EQ(r.whs_ns, std::nullopt);
  EXPECT_EQ(r.period_ns, std::nullopt);
  EXPECT_EQ(r.achieved_mhz(), std::nullopt);
}

TEST(QuartusSummary, the_fitter_says_modules_blocks_and_status) {
  const UtilizationReport r = read(parse_quartus_summary, "quartus_fit.summary");
  EXPECT_TRUE(r.successful);
  EXPECT_EQ(to_json(r), parse_json(R"({"tool": "Quartus Prime 22.1std.2", "design": "snac_top", "device": "10AX115N2F45E1SG",
      "state": "fit", "used": {"ff": 3150, "dsp": 0, "alm": 4540, "ram_blocks": 4, "memory_bits": 16384},
      "available": {"dsp": 1518, "alm": 427200, "ram_blocks": 2713, "memory_bits": 55562240}})",
                                   "expected"));
}

TEST(QuartusSummary, what_the_mapper_does_not_know_yet_is_absent) {
  const UtilizationReport r = read(parse_quartus_summary, "quartus_map.summary");
  EXPECT_EQ(r.state, "map");
  EXPECT_EQ(r.used.le, std::nullopt);
  EXPECT_EQ(r.used.ff, std::nullopt);
  EXPECT_EQ(r.used.memory_bits, 8192);
  EXPECT_EQ(r.used.dsp, 6);
  EXPECT_FALSE(parse_quartus_summary("Fitter Status : Failed - Wed Nov  5 10:11:34 2025\n", "failed").successful);
}

TEST(QuartusTiming, the_worst_corner_counts_and_pulse_widths_do_not) {
  const TimingReport r = read(parse_quartus_timing, "quartus_sta.summary");
  EXPECT_EQ(r.wns_ns, -0.31);
  EXPECT_EQ(r.tns_ns, -4.2);
  EXPECT_EQ(r.whs_ns, 0.021);
  EXPECT_EQ(r.achieved_mhz(), std::nullopt) << "the summary names no period";
}

struct Reader {
  const char* fixture;
  std::function<Json(const std::string&)> read;
};
void PrintTo(const Reader& reader, std::ostream* out) { *out << reader.fixture; }

template <class Function>
Reader reader(const char* fixture, Function&& function) {
  return {fixture, [function](const std::string& text) { return to_json(function(text, "some.rpt")); }};
}

class EveryReader : public testing::TestWithParam<Reader> {
 protected:
  std::string text() const { return text_of(GetParam().fixture); }
  /// The message of the DataError that the text gives.
  std::string refusal(const std::string& text) const {
    try {
      GetParam().read(text);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_P(EveryReader, what_is_no_such_report_is_refused_with_file_and_reason) {
  for (const std::string& text :
       {std::string(), std::string("hello\n"), std::string("PNG\r\n\x1a\n\0\0", 9), std::string("\xff\xfe<\0p\0", 6),
        std::string("{\"lut\": 5}"), std::string(100000, '|'), std::string(100000, '<')}) {
    const std::string message = refusal(text);
    EXPECT_NE(message.find("some.rpt"), std::string::npos) << message;
  }
  EXPECT_NE(refusal(std::string("a\0b", 3)).find("binary"), std::string::npos);
  EXPECT_NE(refusal("\xfe\xff").find("UTF-16"), std::string::npos);
}

TEST_P(EveryReader, windows_line_ends_and_a_byte_order_mark_change_nothing) {
  std::string windows = "\xef\xbb\xbf";
  for (const char c : text()) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(GetParam().read(windows), GetParam().read(text()));
}

/// A file that is cut off anywhere is refused or gives some of the whole's figures, never others.
TEST_P(EveryReader, a_cut_report_gives_no_wrong_figure) {
  const std::string whole = text();
  const Json all = GetParam().read(whole).flatten();
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    Json some;
    try {
      some = GetParam().read(whole.substr(0, size)).flatten();
    } catch (const DataError&) {
      ++refused;
      continue;
    }
    for (const auto& [path, value] : some.items()) {
      if (value.is_number()) {
        EXPECT_EQ(value, all.value(path, Json())) << path << " after " << size << " bytes";
      }
    }
  }
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Reports, EveryReader,
    testing::Values(reader("vivado_hls_2019_csynth.xml", parse_csynth_xml), reader("vitis_hls_2022_csynth.rpt", parse_csynth_rpt),
                    reader("vitis_hls_2024_summary.rpt", parse_csynth_rpt), reader("cosim.rpt", parse_cosim_rpt),
                    reader("utilization_series7.rpt", parse_vivado_utilization),
                    reader("utilization_hierarchy.rpt", parse_vivado_utilization), reader("timing_not_met.rpt", parse_vivado_timing),
                    reader("quartus_fit.summary", parse_quartus_summary), reader("quartus_sta.summary", parse_quartus_timing)),
    [](const auto& each) {
      std::string name = each.param.fixture;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return c == '.'; }, '_');
      return name;
    });

TEST(CsynthXml, no_document_type_no_deep_nesting_no_unreadable_number) {
  const auto refused = [](const std::string& text, const std::string& reason) {
    try {
      parse_csynth_xml(text, "x.xml");
      ADD_FAILURE() << "accepted: " << text.substr(0, 100);
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  };
  refused("<!DOCTYPE p [<!ENTITY a \"b\">]><profile>&a;</profile>", "document type");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  refused(deep, "64 elements");
  refused("<html></html>", "<html>");
  refused("<profile><AreaEstimates><Resources><LUT>many</LUT></Resources></AreaEstimates></profile>", "many");
  refused("<profile><AreaEstimates><Resources><LUT>-5</LUT></Resources></AreaEstimates></profile>", "-5");
  refused("<profile><AreaEstimates><Resources><LUT>99999999999999999999</LUT></Resources></AreaEstimates></profile>", "9999");
}

TEST(Report, a_huge_file_is_refused_unread) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "huge.rpt";
  write_file_atomically(file, "x");
  std::filesystem::resize_file(file, kMaxReportBytes + 1);  // a hole: it takes no room
  try {
    read_report(file);
    FAIL() << "read";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("huge.rpt"), std::string::npos) << error.what();
  }
}

TEST(VivadoUtilization, numbers_that_cannot_be_are_refused) {
  for (const char* row :
       {"| CLB LUTs | -3 |", "| CLB LUTs | 3.5 |", "| CLB LUTs | 1e9 |", "| Block RAM Tile | 0.25 |", "| CLB LUTs | 12"}) {
    EXPECT_THROW(parse_vivado_utilization("| Site Type | Used |\n" + std::string(row) + "\n", "u.rpt"), DataError) << row;
  }
}

}  // namespace
}  // namespace snac::toolchain
