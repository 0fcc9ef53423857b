// snac surrogate fit-hls, evaluate-hls, estimate-hls and rule4ml as a user runs them.
#include <gtest/gtest.h>

#include "program.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"

namespace snac::program {
namespace {

/// Layers whose LUTs are 20 per non-zero weight at 5 ns and a tenth more at 4 ns.
std::string layers(int first_network) {
  std::string text = "project,n_in,n_out,n_zeros,weight_t,strategy,reuse,part,clock_ns,hls_lut,hls_ff\n";
  for (int network = first_network; network < first_network + 5; ++network) {
    for (int layer = 1; layer <= 3; ++layer) {
      const int inputs = 10 * layer + network, outputs = 8 + 5 * layer, zeros = inputs * outputs / (2 + network % 3);
      const bool fast = network % 2 == 1;
      const int lut = (inputs * outputs - zeros) * (fast ? 22 : 20);
      text += "net" + std::to_string(network) + "," + std::to_string(inputs) + "," + std::to_string(outputs) + "," + std::to_string(zeros) +
              ",\"ap_fixed<8,2>\",latency,1,xcvu9p-flga2104-2L-e," + (fast ? "4" : "5") + "," + std::to_string(lut) + "," +
              std::to_string(lut / 2 + 50) + "\n";
    }
  }
  return text;
}

class SurrogateHls : public testing::Test {
 protected:
  std::string file(const char* name, const std::string& text) const {
    write_file_atomically(folder_.path() / name, text);
    return path(name);
  }
  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  TemporaryDirectory folder_;
};

TEST_F(SurrogateHls, fit_then_judge_then_estimate) {
  const std::string reports = file("a.csv", layers(0)), others = file("b.csv", layers(10)), fitted = path("hls.json");
  const Outcome fit = run({"surrogate", "fit-hls", "--reports", reports, "--output", fitted});
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  for (const char* part : {"x nonzeros", "this model", "SMAPE", "DSP: not fitted"})
    EXPECT_NE(fit.out.find(part), std::string::npos) << part << "\n" << fit.out;
  EXPECT_EQ(parse_json(read_file(fitted), fitted).at("sources").at(0).at("file"), "a.csv");

  const Outcome judged = run({"surrogate", "evaluate-hls", "--surrogate", fitted, "--reports", others, "--json"});
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const Json figures = parse_json(judged.out, "output").at("figures");
  ASSERT_EQ(figures.size(), 2u);
  EXPECT_EQ(figures[0].at("figure"), "LUT");
  EXPECT_EQ(figures[0].at("rows"), 15);
  EXPECT_LT(figures[0].at("smape_percent"), 10);

  const Outcome estimate = run({"surrogate", "estimate-hls", "--surrogate", fitted, "--network", "20-18-5", "--sparsity", "0.5", "--clock",
                                "2", "--device", "vu9p", "--json"});
  ASSERT_EQ(estimate.exit_code, 0) << estimate.err;
  const Json lut = parse_json(estimate.out, "output").at("figures").at(0);
  EXPECT_GT(lut.at("estimate"), 10 * (20 * 18 + 18 * 5));
  EXPECT_LT(lut.at("low"), lut.at("estimate"));
  EXPECT_NE(lut.at("outside").dump().find("clock_ns 2 (4 to 5)"), std::string::npos) << lut;
}

TEST_F(SurrogateHls, wrong_input_is_explained) {
  const std::string reports = file("a.csv", layers(0)), empty = file("empty.csv", ""), json = file("x.json", "{\"format\": \"x\"}");
  const auto expect = [](const std::vector<std::string>& arguments, int code, const std::vector<std::string>& parts) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
    for (const auto& part : parts) EXPECT_NE(outcome.err.find(part), std::string::npos) << part << "\n" << outcome.err;
  };
  expect({"surrogate"}, 2, {"a command is missing"});
  expect({"surrogate", "fit-hls", "--reports", path("none.csv")}, 6, {"none.csv"});
  expect({"surrogate", "fit-hls", "--reports", empty}, 4, {"empty.csv"});
  expect({"surrogate", "fit-hls", "--reports", reports, "--where", "project"}, 3, {"COLUMN=PATTERN"});
  expect({"surrogate", "fit-hls", "--reports", reports, "--where", "projekt=*"}, 3, {"did you mean 'project'"});
  expect({"surrogate", "fit-hls", "--reports", reports, "--where", "project=net0"}, 4, {"8 rows of 3 networks"});
  expect({"surrogate", "fit-hls", "--reports", reports, "--stage", "synth"}, 3, {"c-synthesis"});
  expect({"surrogate", "evaluate-hls", "--surrogate", json, "--reports", reports}, 4, {"x.json", "snac.hls_surrogate"});
  expect({"surrogate", "estimate-hls", "--surrogate", json}, 2, {"--network or --model"});
  expect({"surrogate", "rule4ml", "--folder", path("none"), "--network", "16-8-5"}, 4, {"none"});
  expect({"surrogate", "rule4ml", "--folder", folder_.path().string(), "--network", "16-8-"}, 3, {"16-8-", "24-64-32-5"});
}

}  // namespace
}  // namespace snac::program
