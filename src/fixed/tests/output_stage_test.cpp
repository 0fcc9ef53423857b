#include "snac/fixed/output_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "random_net.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::fixed {
namespace {

/// Logits as inputs: the stage alone.
FixedNet logits_of(int classes, const FixedType& type) {
  FixedNet net;
  net.input = {{{"class", classes}}, {type}};
  return net;
}

TEST(Argmax, the_first_of_equals_wins) {
  const FixedNet net = with_output(logits_of(5, {6, 4, true}), OutputKind::argmax);
  EXPECT_EQ(run(net, std::vector<std::int64_t>{3, 7, 7, -2, 7}), std::vector<std::int64_t>{1});
  EXPECT_EQ(run(net, std::vector<std::int64_t>{-32, -32, -32, -32, -32}), std::vector<std::int64_t>{0});
  EXPECT_EQ(run(net, std::vector<std::int64_t>{-32, -32, -32, -32, -31}), std::vector<std::int64_t>{4});
}

TEST(Argmax, values_on_different_grids_are_compared_as_numbers) {
  FixedNet net = logits_of(3, {});
  net.input.types = {{6, 4, true}, {8, 3, true}, {4, 6, false}};  // 2 and 5 fraction bits; multiples of 4
  net = with_output(net, OutputKind::argmax);
  EXPECT_EQ(run(net, std::vector<std::int64_t>{13, 103, 0}), std::vector<std::int64_t>{0});  // 3.25, 3.21875, 0
  EXPECT_EQ(run(net, std::vector<std::int64_t>{13, 105, 0}), std::vector<std::int64_t>{1});  // 3.28125
  EXPECT_EQ(run(net, std::vector<std::int64_t>{13, 105, 1}), std::vector<std::int64_t>{2});  // 4
  EXPECT_EQ(run(net, std::vector<std::int64_t>{16, 105, 1}), std::vector<std::int64_t>{0});  // 4, 3.28, 4
}

TEST(Argmax, the_index_type_is_as_narrow_as_the_classes_allow) {
  for (const auto& [classes, width] : {std::pair{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {8, 3}, {9, 4}}) {
    EXPECT_EQ(with_output(logits_of(classes, {6, 4, true}), OutputKind::argmax).output().type(0), (FixedType{width, width, false}));
  }
}

TEST(Argmax, class_names_count_classes) {
  FixedNet net = logits_of(3, {6, 4, true});
  net.class_names = {"a", "b", "c"};
  const FixedNet with_index = with_output(net, OutputKind::argmax);
  EXPECT_EQ(with_index.num_classes(), 3U);
  EXPECT_TRUE(logits_net(with_index) == net);
  EXPECT_EQ(classify(with_index, std::vector<std::int64_t>{2, 0}), (std::vector<int>{2, 0}));
}

double largest_error(int classes, const FixedType& type, int bits, double spread, std::uint64_t seed) {
  const FixedNet net = with_output(logits_of(classes, type), OutputKind::softmax, bits);
  Rng rng(seed);
  std::vector<std::int64_t> rows;
  for (int row = 0; row < 4000; ++row) {
    const double width = spread * rng.uniform();
    for (int c = 0; c < classes; ++c) rows.push_back(cast_real(width * rng.normal(), type));
  }
  const auto outputs = run(net, rows);
  double worst = 0;
  const auto count = static_cast<std::size_t>(classes);
  for (std::size_t row = 0; row < rows.size(); row += count) {
    double sum = 0;
    for (std::size_t c = 0; c < count; ++c) sum += std::exp(to_real(rows[row + c], type));
    for (std::size_t c = 0; c < count; ++c) {
      const double exact = std::exp(to_real(rows[row + c], type)) / sum;
      worst = std::max(worst, std::abs(exact - to_real(outputs[row + c], net.output().type(c))));
    }
  }
  return std::ldexp(worst, bits);
}

TEST(Softmax, is_within_two_units_of_the_real_one) {
  const FixedType narrow{8, 4, true, Rounding::rnd, Overflow::sat}, wide{16, 6, true, Rounding::rnd, Overflow::sat};
  double worst = 0;
  for (const int bits : {4, 6, 8, 10}) {
    for (const int classes : {2, 3, 5, 10, 32}) {
      if (bits == 10 && classes == 32) continue;  // the sum's table would be larger than it may be
      for (const FixedType& type : {narrow, wide}) {
        for (const double spread : {1.0, 8.0}) worst = std::max(worst, largest_error(classes, type, bits, spread, 7));
      }
    }
  }
  RecordProperty("largest_error_in_units", std::to_string(worst));
  EXPECT_LT(worst, 2);
  EXPECT_LT(largest_error(32, wide, 10, 8, 7), 4) << "a coarser sum";
  EXPECT_GT(worst, 0.5) << "rounding alone";
}

TEST(Softmax, one_class_and_equal_logits_are_what_they_must_be) {
  const FixedNet one = with_output(logits_of(1, {6, 4, true}), OutputKind::softmax, 8);
  EXPECT_EQ(run(one, std::vector<std::int64_t>{-32}), std::vector<std::int64_t>{255}) << "1 saturates";
  const FixedNet four = with_output(logits_of(4, {6, 4, true}), OutputKind::softmax, 8);
  EXPECT_EQ(run(four, std::vector<std::int64_t>{9, 9, 9, 9}), (std::vector<std::int64_t>{64, 64, 64, 64}));
}

TEST(OutputStage, is_kept_by_the_file_and_can_be_replaced) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "net.json").string();
  FixedNet net = logits_of(5, {8, 4, true, Rounding::rnd, Overflow::sat});
  net.nodes.push_back({"argmax", CastOp{}, {0}, net.input});  // a node that has the stage's usual name
  for (const OutputKind kind : {OutputKind::softmax, OutputKind::argmax, OutputKind::logits}) {
    const FixedNet staged = with_output(net, kind);
    EXPECT_EQ(output_kind(staged), kind);
    save(staged, path);
    EXPECT_TRUE(load_fixed_net(path) == staged);
    EXPECT_TRUE(with_output(staged, OutputKind::softmax, 6) == with_output(net, OutputKind::softmax, 6));
  }
}

TEST(OutputStage, unknown_kinds_and_sizes_are_explained) {
  try {
    output_kind_from_string("argmx", "target.output");
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.text().hint, "did you mean 'argmax'?");
  }
  EXPECT_THROW(with_output(logits_of(3, {6, 4, true}), OutputKind::softmax, 1), ConfigError);
  EXPECT_THROW(with_output(logits_of(3, {6, 4, true}), OutputKind::softmax, 17), ConfigError);
}

TEST(OutputStage, nets_that_do_not_fit_together_are_refused) {
  const FixedNet argmax = with_output(logits_of(5, {8, 4, true}), OutputKind::argmax);
  const FixedNet softmax = with_output(logits_of(5, {8, 4, true}), OutputKind::softmax);
  const auto stage = [](FixedNet& net) -> SoftmaxOp& { return std::get<SoftmaxOp>(net.nodes.back().op); };
  const struct {
    const char* says;
    const FixedNet& net;
    std::function<void(FixedNet&)> change;
  } cases[] = {
      {"that holds 4", argmax,
       [](FixedNet& net) {
         net.nodes.back().output.types = {{2, 2, false}};
       }},
      {"without fraction bits", argmax,
       [](FixedNet& net) {
         net.nodes.back().output.types = {{8, 4, false}};
       }},
      {"1: the index", argmax, [](FixedNet& net) { net.nodes.back().output = net.input; }},
      {"bits on the finest grid", argmax,
       [](FixedNet& net) {
         net.input.types = {{40, 40, true}, {40, 40, true}, {40, 0, true}, {8, 4, true}, {8, 4, true}};
       }},
      {"the shape of the input", softmax, [](FixedNet& net) { net.nodes.back().output.shape[0].size = 4; }},
      {"an unsigned saturating type", softmax, [&](FixedNet& net) { stage(net).difference.is_signed = true; }},
      {"an unsigned saturating type", softmax, [&](FixedNet& net) { stage(net).sum.overflow = Overflow::wrap; }},
      {"an unsigned saturating type", softmax, [&](FixedNet& net) { stage(net).sum.width = 21; }},
      {"entries", softmax, [&](FixedNet& net) { stage(net).inverse.pop_back(); }},
      {"no negative entry", softmax, [&](FixedNet& net) { stage(net).exponential[3] = -1; }},
      {"62 signed bits", softmax, [&](FixedNet& net) { stage(net).exponential[3] = std::int64_t{1} << 60; }},
      {"62 signed bits", softmax, [&](FixedNet& net) { stage(net).inverse[3] = std::int64_t{1} << 60; }},
      {"fraction bits", softmax, [&](FixedNet& net) { stage(net).inverse_fraction_bits = 5000; }},
  };
  for (const auto& [says, good, change] : cases) {
    FixedNet net = good;
    change(net);
    try {
      net.validate();
      ADD_FAILURE() << "expected a DataError that says: " << says;
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << "expected '" << says << "', got: " << error.what();
    }
  }
}

}  // namespace
}  // namespace snac::fixed
