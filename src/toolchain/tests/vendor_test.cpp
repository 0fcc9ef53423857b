// The driver of vendor tools. No vendor tool can run here: shell scripts stand in for them on PATH. They test what the driver does
// (command line, limits, cancelling, failures, log, cache), not what the real tools do.
#include "snac/toolchain/vendor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "running.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"

namespace snac::toolchain {
namespace {

namespace fs = std::filesystem;

class Vendor : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("PATH");
    path_ = path != nullptr ? path : "";
    fs::create_directories(bin_);
    write_file_atomically(work_ / "run.tcl", "synth_design\n");
    write_file_atomically(work_ / "top.v", "module top; endmodule\n");
    // Only the stand-ins and the shell's own tools: a machine with the real ones gives the same result.
    ::setenv("PATH", (bin_.string() + ":/usr/bin:/bin").c_str(), 1);
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    request_interrupt(false);
  }

  /// A program that answers `version_flag` with `version` and else notes its arguments and runs `body`.
  void stand_in(const std::string& name, const std::string& version_flag, const std::string& version, const std::string& body) {
    const fs::path file = bin_ / name;
    write_file_atomically(file, "#!/bin/sh\nif [ \"$1\" = \"" + version_flag + "\" ]; then echo '" + version +
                                    "'; exit 0; fi\nprintf '%s\\n' \"$@\" > arguments\n" + body + "\n");
    fs::permissions(file, fs::perms::owner_all);
  }
  void vivado(const std::string& body) { stand_in("vivado", "-version", "vivado v2023.2 (64-bit)", body); }

  VendorParams params(VendorTool tool = VendorTool::vivado) {
    VendorParams p;
    p.tool = tool;
    p.directory = work_;
    p.script = "run.tcl";
    p.inputs = {"top.v"};
    p.reports = {"util.rpt"};
    p.time_limit = std::chrono::seconds(60);
    return p;
  }
  std::string arguments() const { return read_file(work_ / "arguments"); }
  std::string failure(const VendorParams& p) {
    try {
      run_vendor_tool(p);
    } catch (const ToolError& error) {
      return error.what();
    }
    return "no error";
  }
  /// Waits for the number that a background child of the stand-in wrote.
  std::string background_child() const {
    for (int i = 0; i < 500; ++i) {
      std::error_code code;
      if (fs::exists(work_ / "child", code)) {
        const std::string text = read_file(work_ / "child");
        if (text.ends_with('\n')) return text.substr(0, text.size() - 1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return 0;
  }
  static constexpr const char* kEndless = "sleep 600 & echo $! > child.new; mv child.new child; wait";
  TemporaryDirectory temporary_;
  fs::path bin_ = temporary_.path() / "bin", work_ = temporary_.path() / "my network";  // blanks in names are usual
  std::string path_;
};

TEST_F(Vendor, a_missing_tool_is_named_with_all_its_programs_and_what_to_do) {
  ::setenv("PATH", bin_.c_str(), 1);
  for (const auto& [tool, words] : {std::pair{VendorTool::vivado, std::vector<std::string>{"'vivado'", "settings64.sh"}},
                                    {VendorTool::vitis, {"'vitis_hls', 'vitis-run', 'vivado_hls'", "settings64.sh"}},
                                    {VendorTool::quartus, {"'quartus_sh'", "quartus/bin"}}}) {
    EXPECT_TRUE(find_vendor_program(tool).empty());
    const std::string message = failure(params(tool));
    for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << message;
  }
}

TEST_F(Vendor, every_tool_gets_its_own_command_line) {
  vivado("echo used > util.rpt");
  VendorParams p = params();
  p.arguments = {"route"};
  const VendorRun run = run_vendor_tool(p);
  EXPECT_EQ(run.tool, "Vivado 2023.2");
  EXPECT_EQ(run.command, "vivado -mode batch -notrace -nojournal -log vivado.log -source run.tcl -tclargs route");
  EXPECT_EQ(arguments(), "-mode\nbatch\n-notrace\n-nojournal\n-log\nvivado.log\n-source\nrun.tcl\n-tclargs\nroute\n");
  EXPECT_EQ(run.reports.at("util.rpt"), "used\n");
  EXPECT_FALSE(run.cached);

  // Of several the one that is preferred.
  stand_in("vivado_hls", "-version", "Vivado(TM) HLS - High-Level Synthesis from C, C++ and OpenCL v2019.2 (64-bit)", "touch util.rpt");
  EXPECT_EQ(run_vendor_tool(params(VendorTool::vitis)).tool, "Vivado HLS 2019.2");
  EXPECT_EQ(arguments(), "-f\nrun.tcl\n");
  stand_in("vitis-run", "--version", "****** vitis-run v2024.2 (64-bit)", "touch util.rpt");
  EXPECT_EQ(run_vendor_tool(params(VendorTool::vitis)).tool, "Vitis HLS 2024.2");
  EXPECT_EQ(arguments(), "--mode\nhls\n--tcl\nrun.tcl\n");
  stand_in("vitis_hls", "-version", "Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v2022.2 (64-bit)", "touch util.rpt");
  EXPECT_EQ(run_vendor_tool(params(VendorTool::vitis)).tool, "Vitis HLS 2022.2");

  stand_in("quartus_sh", "--version", "Quartus Prime Shell\nVersion 22.1std.2 Build 922 07/20/2023 SC Lite Edition", "touch util.rpt");
  EXPECT_EQ(run_vendor_tool(params(VendorTool::quartus)).tool, "Quartus Prime 22.1std.2");
  EXPECT_EQ(arguments(), "-t\nrun.tcl\n");
}

TEST_F(Vendor, a_program_that_hides_its_version_is_named_by_its_folder) {
  stand_in("vivado", "-version", "hello", "touch util.rpt");
  const fs::path installed = temporary_.path() / "Xilinx" / "Vivado" / "2021.1" / "bin" / "vivado";
  fs::create_directories(installed.parent_path());
  fs::rename(bin_ / "vivado", installed);
  fs::create_symlink(installed, bin_ / "vivado");
  EXPECT_EQ(vendor_version(VendorTool::vivado), "Vivado 2021.1");
}

TEST_F(Vendor, the_log_is_handed_on_line_by_line_and_stays_in_the_folder) {
  vivado("printf 'INFO: one\\nprogress 10\\rprogress 20\\n\\n\\033[1mbold\\nlast'; touch util.rpt");
  std::vector<std::string> lines;
  VendorParams p = params();
  p.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  run_vendor_tool(p);
  EXPECT_EQ(lines, (std::vector<std::string>{"INFO: one", "progress 10", "progress 20", "?[1mbold", "last"}));
  EXPECT_NE(read_file(work_ / "snac_vivado.log").find("last"), std::string::npos);
}

TEST_F(Vendor, the_same_content_is_run_once) {
  vivado("echo x >> ../runs; echo used > util.rpt; echo timing > timing.rpt");
  VendorParams p = params();
  p.cache = temporary_.path() / "cache";
  p.optional_reports = {"timing.rpt", "never.rpt"};
  EXPECT_FALSE(run_vendor_tool(p).cached);
  fs::remove(work_ / "util.rpt");
  const VendorRun again = run_vendor_tool(p);
  EXPECT_TRUE(again.cached);
  EXPECT_EQ(again.reports, (std::map<std::string, std::string>{{"timing.rpt", "timing\n"}, {"util.rpt", "used\n"}}));
  EXPECT_EQ(read_file(work_ / "util.rpt"), "used\n") << "the reports are in the folder as after a run";
  const auto runs = [&] {
    const std::string text = read_file(temporary_.path() / "runs");
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(runs(), 1);

  write_file_atomically(work_ / "top.v", "module top(input clk); endmodule\n");
  EXPECT_FALSE(run_vendor_tool(p).cached);
  p.arguments = {"route"};
  EXPECT_FALSE(run_vendor_tool(p).cached);
  stand_in("vivado", "-version", "vivado v2024.1 (64-bit)", "echo x >> ../runs; echo used > util.rpt");
  EXPECT_FALSE(run_vendor_tool(p).cached);
  EXPECT_EQ(runs(), 4);

  for (const auto& entry : fs::recursive_directory_iterator(p.cache)) {
    if (entry.is_regular_file() && entry.path().filename() == "report_0") write_file_atomically(entry.path(), "damaged");
  }
  EXPECT_FALSE(run_vendor_tool(p).cached);
}

TEST_F(Vendor, a_failure_says_what_the_tool_calls_errors) {
  vivado("echo 'INFO: fine'; echo 'ERROR: [Synth 8-439] module top not found'; for i in $(seq 40); do echo noise; done; exit 1");
  std::string message = failure(params());
  EXPECT_NE(message.find("Synth 8-439"), std::string::npos) << message;
  EXPECT_NE(message.find("Vivado 2023.2"), std::string::npos) << message;
  EXPECT_EQ(message.find("noise"), std::string::npos) << message;
  EXPECT_NE(message.find("snac_vivado.log"), std::string::npos) << message;
  vivado("echo 'ERROR: [Common 17-345] A valid license was not found for feature Synthesis'; exit 1");
  message = failure(params());
  EXPECT_NE(message.find("XILINXD_LICENSE_FILE"), std::string::npos) << message;
}

TEST_F(Vendor, a_report_of_an_earlier_run_does_not_pass_for_this_ones) {
  vivado("exit 0");
  write_file_atomically(work_ / "util.rpt", "old\n");
  const std::string message = failure(params());
  EXPECT_NE(message.find("util.rpt"), std::string::npos) << message;
}

TEST_F(Vendor, at_the_time_limit_all_its_processes_end) {
  vivado(kEndless);
  VendorParams p = params();
  p.time_limit = std::chrono::seconds(1);
  const std::string message = failure(p);
  EXPECT_NE(message.find("out of time"), std::string::npos) << message;
  const std::string child = background_child();
  ASSERT_NE(child, "");
  EXPECT_TRUE(ends_soon(child));
}

TEST_F(Vendor, the_memory_of_all_its_processes_is_limited) {
  vivado("head -c 300000000 /dev/zero | tail -c 300000000 > /dev/null; sleep 60");
  VendorParams p = params();
  p.memory_limit_mib = 100;
  const std::string message = failure(p);
  EXPECT_NE(message.find("more than 100 MiB"), std::string::npos) << message;
}

TEST_F(Vendor, an_interrupt_ends_all_its_processes) {
  vivado(kEndless);
  std::string child;
  std::thread user([&] {
    child = background_child();
    request_interrupt(true);
  });
  EXPECT_THROW(run_vendor_tool(params()), Interrupted);
  user.join();
  ASSERT_NE(child, "");
  EXPECT_TRUE(ends_soon(child));
}

TEST_F(Vendor, names_outside_the_folder_are_refused) {
  vivado("touch util.rpt");
  for (const char* name : {"", "-x.tcl", "/etc/passwd", "../run.tcl"}) {
    VendorParams p = params();
    p.script = name;
    EXPECT_THROW(run_vendor_tool(p), ConfigError) << name;
    p = params();
    p.reports = {name};
    EXPECT_THROW(run_vendor_tool(p), ConfigError) << name;
  }
}

}  // namespace
}  // namespace snac::toolchain
