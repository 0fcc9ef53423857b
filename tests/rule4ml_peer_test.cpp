// Our reader of rule4ml's predictors against what rule4ml itself and the SNAC-Pack paper publish. The predictors are fetched from the
// Python package index into a temporary folder and never kept: they are under the GPL-3.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "snac/core/files.hpp"
#include "snac/cost/rule4ml.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::cost {
namespace {

namespace fs = std::filesystem;

class Rule4mlPeer : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("SNAC_PEERS") == nullptr) GTEST_SKIP() << "fetches packages: SNAC_PEERS=1 ctest -L peers";
    if (toolchain::find_program("python3").empty()) GTEST_SKIP() << "python3 is not installed";
  }
  /// The unpacked wheel of a release; empty if it cannot be had.
  fs::path fetch(const std::string& release) {
    const fs::path folder = folder_.path() / release;
    const std::vector<std::vector<std::string>> commands{
        {"python3", "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder.string(), "rule4ml==" + release},
        {"python3", "-m", "zipfile", "-e", (folder / ("rule4ml-" + release + "-py3-none-any.whl")).string(), folder.string()}};
    for (const auto& command : commands) {
      const auto result = toolchain::run_process(command, {.time_limit = std::chrono::minutes(2)});
      reason_ = toolchain::command_line(command) + ": " + toolchain::log_tail(result.output);
      if (result.exit_code != 0) return {};
    }
    return folder;
  }
  TemporaryDirectory folder_;
  std::string reason_;
};

/// The 105 numbers of the table in the package's own description: 3 precisions x 7 reuse factors x 5 figures.
std::vector<double> published_table(const fs::path& folder) {
  const std::string text = read_file(folder / "rule4ml-0.1.1.dist-info" / "METADATA");
  const std::regex cell("<td>([0-9.]+)</td>");
  std::vector<double> values;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), cell); it != std::sregex_iterator(); ++it)
    values.push_back(std::stod((*it)[1].str()));
  return values;
}

double two_decimals(double value) { return std::round(100 * value) / 100; }

TEST_F(Rule4mlPeer, its_own_table_and_table_2_of_the_paper_are_reproduced) {
  const fs::path folder = fetch("0.1.1");
  if (folder.empty()) GTEST_SKIP() << reason_;
  const Rule4ml rule4ml((folder / "rule4ml" / "models" / "weights").string());
  EXPECT_EQ(rule4ml.source(), "rule4ml v1");

  const std::vector<double> table = published_table(folder);
  ASSERT_EQ(table.size(), 105u);
  const std::vector<space::ArchSpec> jets{space::mlp(16, {32, 32, 32}, 5)};
  std::size_t at = 0;
  for (const int bits : {2, 8, 16}) {
    for (const int reuse : {1, 2, 4, 8, 16, 32, 64}) {
      const Rule4mlEstimate e = rule4ml.predict(jets, {.device = "pynq-z2", .weight_bits = bits, .reuse_factor = reuse}).front();
      for (const double ours : {e.percent.bram, e.percent.dsp, e.percent.ff, e.percent.lut, e.clock_cycles})
        EXPECT_DOUBLE_EQ(two_decimals(ours), table[at++]) << bits << " bits, reuse " << reuse << ", value " << at;
    }
  }

  const std::vector<space::ArchSpec> paper{space::mlp(24, {120, 60, 32, 64, 64, 64, 32, 44}, 5), space::mlp(24, {128, 32, 16, 32}, 5)};
  const std::vector<Rule4mlEstimate> estimates = rule4ml.predict(paper, {.device = "alveo-u200"});
  EXPECT_DOUBLE_EQ(two_decimals(estimates[0].average_resource_percent), 7.10);
  EXPECT_DOUBLE_EQ(two_decimals(estimates[0].clock_cycles), 183.74);
  EXPECT_DOUBLE_EQ(two_decimals(estimates[1].average_resource_percent), 3.12);
  EXPECT_DOUBLE_EQ(two_decimals(estimates[1].clock_cycles), 72.24);
  EXPECT_FALSE(estimates[0].initiation_interval.has_value());
}

/// No figures are published for these predictors; the reference values were computed from the same files with another program.
TEST_F(Rule4mlPeer, second_generation_gives_the_counts_of_an_independent_evaluation) {
  const fs::path folder = fetch("0.2.0");
  if (folder.empty()) GTEST_SKIP() << reason_;
  const Rule4ml rule4ml((folder / "rule4ml" / "models" / "weights" / "v2" / "mlp").string());
  EXPECT_EQ(rule4ml.source(), "rule4ml v2");
  EXPECT_EQ(rule4ml.devices().size(), 4u);
  const std::vector<space::ArchSpec> paper{space::mlp(24, {120, 60, 32, 64, 64, 64, 32, 44}, 5), space::mlp(24, {128, 32, 16, 32}, 5)};
  const std::vector<Rule4mlEstimate> e = rule4ml.predict(paper, {.device = "xcvu13p"});
  struct Expected {
    double bram36, dsp, ff, lut, cycles, interval;
  };
  const std::array<Expected, 2> expected{Expected{8.3, 6.5, 15479, 125435, 212.08, 3.74}, Expected{2.2, 16.9, 6089, 48815, 159.22, 2.60}};
  for (std::size_t k = 0; k < e.size(); ++k) {
    EXPECT_NEAR(e[k].resources.bram18 / 2, expected[k].bram36, 0.051);
    EXPECT_NEAR(e[k].resources.dsp, expected[k].dsp, 0.051);
    EXPECT_NEAR(e[k].resources.ff, expected[k].ff, 0.51);
    EXPECT_NEAR(e[k].resources.lut, expected[k].lut, 0.51);
    EXPECT_NEAR(e[k].clock_cycles, expected[k].cycles, 0.0051);
    ASSERT_TRUE(e[k].initiation_interval.has_value());
    EXPECT_NEAR(*e[k].initiation_interval, expected[k].interval, 0.0051);
  }
  const Rule4ml first((folder / "rule4ml" / "models" / "weights" / "v1" / "mlp").string());
  EXPECT_EQ(first.source(), "rule4ml v1");
  EXPECT_DOUBLE_EQ(two_decimals(first.predict(paper, {}).front().average_resource_percent), 7.10);
}

}  // namespace
}  // namespace snac::cost
