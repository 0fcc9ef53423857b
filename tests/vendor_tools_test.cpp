// Vendor tools in a study. None can run here: a shell script stands in for Vivado and leaves reports that were written for the tests of
// their readers (src/toolchain/tests/data/reports). So this tests that the study asks for, keeps and shows figures, not the figures.
#include <gtest/gtest.h>

#include <algorithm>

#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"

namespace snac::program {
namespace {

class VendorTools : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  /// PATH with the stand-in in front.
  Surroundings with_vivado() const {
    const std::string reports = SNAC_SOURCE_DIR "/src/toolchain/tests/data/reports/";
    const std::string file =
        write_text(folder_.path() / "bin" / "vivado",
                   "#!/bin/sh\nif [ \"$1\" = -version ]; then echo 'vivado v2023.2 (64-bit)'; exit 0; fi\n"
                   "echo run >> '" +
                       path("runs") + "'\ncp '" + reports + "utilization_ultrascale.rpt' snac_top_synth_utilization.rpt\ncp '" + reports +
                       "timing_not_met.rpt' snac_top_synth_timing.rpt\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return {.path = path("bin") + ":/usr/bin:/bin"};
  }
  std::int64_t runs() const {
    const std::string text = read_file(path("runs"));
    return std::count(text.begin(), text.end(), '\n');
  }
  TemporaryDirectory folder_;
};

TEST_F(VendorTools, a_study_without_the_tool_says_so_before_any_work) {
  const std::string config = write_toy_study(folder_.path(), "[icarus, vitis]");
  const Outcome outcome = run_toy(config, {}, {.path = "/usr/bin:/bin"});
  EXPECT_EQ(outcome.exit_code, static_cast<int>(ExitCode::tool));
  for (const char* word : {"'vitis_hls', 'vitis-run', 'vivado_hls'", "synth.tools", "settings64.sh"}) {
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
  }
  const Outcome trials = run({"front", "--config", config, "--all", "--csv"});
  EXPECT_EQ(std::count(trials.out.begin(), trials.out.end(), '\n'), 1) << "trials were trained:\n" << trials.out;
}

TEST_F(VendorTools, figures_are_kept_and_shown_with_their_source) {
  const std::string config = write_toy_study(folder_.path(), "[icarus, vivado]");
  const Outcome first = run_toy(config, {"--json"}, with_vivado());
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Json hardware = parse_json(first.out, "run --json")["hardware"][0];
  const Json& record = hardware["vendor"]["vivado"];
  EXPECT_EQ(record["source"], "Vivado 2023.2, synthesised");
  EXPECT_EQ(record["lut"], 6549);
  EXPECT_EQ(record["bram18"], 16);
  EXPECT_FALSE(record.contains("dsp")) << "the report has no DSP section";
  EXPECT_EQ(runs(), 1);

  const Outcome again = run_toy(config, {}, with_vivado());
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(runs(), 1) << "the record answers";
  EXPECT_NE(again.out.find("LUT (Vivado 2023.2, synthesised)"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("worst slack -0.250 ns at 2.5 ns (not met), 363.6 MHz"), std::string::npos) << again.out;
  EXPECT_NE(read_file(path("out/report.html")).find("Vivado 2023.2, synthesised"), std::string::npos);

  // Every engine of a stored model, training as well.
  const Outcome verified = run({"verify", "--config", config, "--model", hardware["model"].get<std::string>(), "--simulator", "icarus",
                                "--no-hls", "--vectors", "200", "--json"});
  ASSERT_EQ(verified.exit_code, 0) << verified.err;
  const Json json = parse_json(verified.out, "verify --json");
  std::vector<std::string> engines;
  for (const Json& engine : json["engines"]) engines.push_back(engine["engine"].get<std::string>().substr(0, 16));
  EXPECT_EQ(engines, (std::vector<std::string>{"FixedNet interpr", "QAT forward pass", "circuit interpre", "Verilog in Icaru"}));
  EXPECT_EQ(json["matrix"].size(), 4U);
  EXPECT_EQ(json["summary"], "bit-exact: 200/200");
  EXPECT_NE(json["absent"].dump().find("--no-hls"), std::string::npos);
}

TEST_F(VendorTools, a_design_of_dsp_slices_may_use_them) {
  const std::string config = write_toy_study(folder_.path(), "[]");
  const Outcome made = run_toy(config, {"--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string model = parse_json(made.out, "run --json")["hardware"][0]["directory"].get<std::string>() + "/fixed_net.json";
  const auto script = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"synth", "--model", model, "--output", path("rtl"), "--no-yosys", "--tool", "vivado"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = run(arguments, with_vivado());
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("Vivado 2023.2, synthesised"), std::string::npos) << outcome.out;
    return read_file(path("rtl/vivado/snac_top_vivado.tcl"));
  };
  EXPECT_NE(script({}).find("-max_dsp 0"), std::string::npos);
  EXPECT_EQ(script({"--reuse-factor", "4"}).find("-max_dsp"), std::string::npos);
  EXPECT_NE(script({"--reuse-factor", "4", "--multiplier", "lut"}).find("-max_dsp 0"), std::string::npos);
}

}  // namespace
}  // namespace snac::program
