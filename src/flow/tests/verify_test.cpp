// The matrix of agreement.
#include "snac/flow/verify.hpp"

#include <gtest/gtest.h>

#include "../../fixed/tests/random_net.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::flow {
namespace {

constexpr int kRows = 50;

class Verify : public testing::Test {
 protected:
  Verify() {
    Rng rng(3);
    net_.input = {{{"features", 3}}, {fixed::FixedType{6, 2, true}}};
    net_.nodes.push_back({.name = "dense",
                          .op = fixed::random_dense(rng, net_.input, 4),
                          .inputs = {0},
                          .output = {{{"class", 4}}, {fixed::FixedType{10, 5, true, fixed::Rounding::trn, fixed::Overflow::sat}}}});
    net_.validate();
    inputs_ = random_inputs(net_, kRows, 1);
    params_.simulators = {};
    params_.directory = folder_.path().string();
  }
  Verification run(const std::function<std::vector<std::int64_t>()>& qat = nullptr) {
    return verify(net_, design(net_, {}), inputs_, params_, qat);
  }
  /// Results of an engine that is wrong in some rows.
  std::vector<std::int64_t> wrong_in(const std::vector<std::size_t>& rows, std::int64_t flip) const {
    auto raw = fixed::run(net_, inputs_);
    for (const std::size_t row : rows) raw[row * 4] ^= flip;
    return raw;
  }
  TemporaryDirectory folder_;
  fixed::FixedNet net_;
  std::vector<std::int64_t> inputs_;
  VerifyParams params_;
};

TEST_F(Verify, counts_the_rows_on_which_each_pair_differs) {
  // Two engines are wrong alike in row 7, and each in rows of its own.
  params_.external = {{"first", [&](auto) { return wrong_in({7, 9}, 1); }}, {"second", [&](auto) { return wrong_in({7, 20, 21}, 1); }}};
  const Verification result = run([&] { return wrong_in({7}, 2); });
  // FixedNet, QAT, circuit, first, second
  const std::vector<std::vector<std::int64_t>> expected{
      {0, 1, 0, 2, 3}, {1, 0, 1, 2, 3}, {0, 1, 0, 2, 3}, {2, 2, 2, 0, 3}, {3, 3, 3, 3, 0}};
  EXPECT_EQ(result.matrix, expected);
  EXPECT_FALSE(result.bit_exact());
  EXPECT_EQ(result.summary(), "bit-exact: 47/50");
  EXPECT_EQ(result.engines[3].engine, "first");
  EXPECT_EQ(result.engines[3].mismatches, 2);
}

TEST_F(Verify, a_simulator_shows_what_came_instead) {
  // The design is another network's: the same ports, other weights.
  fixed::FixedNet other = net_;
  std::get<fixed::DenseOp>(other.nodes[0].op).weights[0] += 40;
  params_.simulators = {"icarus"};
  const Verification result = verify(net_, design(other, {}), inputs_, params_);
  ASSERT_EQ(result.engines.size(), 3U);
  const auto a = fixed::run(net_, inputs_), b = fixed::run(other, inputs_);
  std::int64_t differ = 0;
  for (std::size_t row = 0; row < kRows; ++row) differ += !std::equal(a.begin() + row * 4, a.begin() + row * 4 + 4, b.begin() + row * 4);
  ASSERT_GT(differ, 0);
  EXPECT_EQ(result.matrix[0][1], differ);
  EXPECT_EQ(result.matrix[0][2], differ);
  EXPECT_EQ(result.matrix[1][2], 0) << "circuit and Verilog are of the same design";
  EXPECT_FALSE(result.bit_exact());
}

TEST_F(Verify, logits_that_the_output_stage_hides_count_as_different) {
  net_ = fixed::with_output(net_, fixed::OutputKind::argmax, 8);
  const fixed::FixedNet logits = fixed::logits_net(net_);
  auto raw = fixed::run(logits, inputs_);
  const auto exact = run([&] { return raw; });
  EXPECT_TRUE(exact.bit_exact()) << matrix_text(exact);
  for (std::int64_t& value : raw) value -= value > -512 ? 1 : 0;  // the same order almost everywhere
  EXPECT_EQ(run([&] { return raw; }).matrix[0][1], kRows);
}

TEST_F(Verify, text_and_json_name_the_absent_with_their_reasons) {
  params_.absent = {{"QONNX", "no Python with qonnx"}};
  const Verification result = run();
  const std::string text = matrix_text(result);
  EXPECT_NE(text.find("absent: QONNX: no Python with qonnx"), std::string::npos) << text;
  const Json json = verification_json(result);
  EXPECT_EQ(json["absent"][0]["reason"], "no Python with qonnx");
  EXPECT_EQ(json["matrix"], Json::parse("[[0,0],[0,0]]"));
  EXPECT_EQ(json["summary"], "bit-exact: 50/50");
}

TEST_F(Verify, an_engine_with_another_number_of_results_is_an_error) {
  params_.external = {{"short", [](auto) { return std::vector<std::int64_t>{1}; }}};
  EXPECT_THROW(run(), ToolError);
}

}  // namespace
}  // namespace snac::flow
