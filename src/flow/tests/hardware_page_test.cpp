// The page beside the Verilog is what an engineer builds the inputs from: its numbers must make the model's integers.
#include "snac/flow/hardware_page.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "snac/core/rng.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::flow {
namespace {

data::RawDataset raw_data(int slots) {
  Rng rng(5);
  data::RawDataset raw{.slots = slots,
                       .columns = {"energy|sum", "time"},
                       .features = {},
                       .labels = {},
                       .class_names = {"a", "b"},
                       .source = "test",
                       .sha256 = ""};
  for (int i = 0; i < 400; ++i) {
    raw.labels.push_back(static_cast<std::uint8_t>(i % 2));
    for (int s = 0; s < std::max(slots, 1); ++s) {
      raw.features.push_back(static_cast<float>(100 + 30 * rng.normal()));
      raw.features.push_back(static_cast<float>(-0.02 * rng.normal()));
    }
  }
  return raw;
}

fixed::FixedNet network(const data::RawDataset& raw, const data::Preprocessor& preprocessor, const std::vector<fixed::FixedType>& types) {
  const int inputs = static_cast<int>(raw.row_width());
  fixed::FixedNet net;
  net.input = {{{"feature", inputs}}, types};
  net.preprocessing = preprocessor.to_json();
  net.class_names = {"a", "b\nc"};
  fixed::DenseOp op{.inputs = inputs, .outputs = 2, .weights = {}, .weight_fraction_bits = 2, .bias = {1, -1}, .bias_fraction_bits = 12};
  for (int k = 0; k < 2 * inputs; ++k) op.weights.push_back(k % 5 - 2);
  net.nodes.push_back(
      {.name = "dense_1", .op = op, .inputs = {0}, .output = {{{"class", 2}}, {fixed::fixed_type_from_string("fixed<10,6,RND,SAT>")}}});
  net.validate();
  return net;
}

/// What the table of inputs says of each element.
struct InputRow {
  int offset, width, integer_bits;
  bool is_signed;
  double center, scale;
};

std::vector<InputRow> input_rows(const std::string& page) {
  const std::regex row(R"(\| \[(\d+) \+: (\d+)\] \| (u?)fixed<\d+,(-?\d+)[^>]*> \| .* \| ([-+.e\d]+) \| ([-+.e\d]+) \|)");
  std::vector<InputRow> rows;
  for (std::sregex_iterator it(page.begin(), page.end(), row), end; it != end; ++it) {
    const auto& m = *it;
    rows.push_back({std::stoi(m[1]), std::stoi(m[2]), std::stoi(m[4]), m[3].length() == 0, std::stod(m[5]), std::stod(m[6])});
  }
  return rows;
}

TEST(HardwarePage, its_formula_makes_the_integers_of_the_model_from_raw_features) {
  for (const int slots : {0, 2}) {
    const data::RawDataset raw = raw_data(slots);
    const auto preprocessor = data::Preprocessor::fit({.constituents = slots}, raw);
    std::vector<fixed::FixedType> types;
    for (const char* type : {"fixed<12,4,RND,SAT>", "fixed<7,0,RND,SAT>", "ufixed<5,1,RND,SAT>", "fixed<9,1,RND,SAT>"})
      types.push_back(fixed::fixed_type_from_string(type));
    types.resize(raw.row_width());
    const fixed::FixedNet net = network(raw, preprocessor, types);
    const auto rows = input_rows(hardware_page(net, design(net, StudyConfig{}), "m1", "snac_top", true));
    ASSERT_EQ(rows.size(), raw.row_width());
    const auto expected = fixed::quantize_inputs(net, preprocessor.apply(raw, "test").features);
    int offset = 0, different = 0;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      EXPECT_EQ(rows[k].offset, offset);
      offset += rows[k].width;
      const int fraction = rows[k].width - rows[k].integer_bits;
      const double low = rows[k].is_signed ? -std::exp2(rows[k].width - 1) : 0;
      const double high = std::exp2(rows[k].width - (rows[k].is_signed ? 1 : 0)) - 1;
      for (std::size_t r = 0; r < raw.size(); ++r) {
        const double x = raw.features[r * rows.size() + k];
        const double integer = std::clamp(std::floor((x - rows[k].center) / rows[k].scale * std::exp2(fraction) + 0.5), low, high);
        const double error = std::abs(integer - static_cast<double>(expected[r * rows.size() + k]));
        EXPECT_LE(error, 1);  // the model scales in single precision: ties may fall to the other side
        different += error > 0 ? 1 : 0;
      }
    }
    EXPECT_LE(different, 2) << slots;
  }
}

TEST(HardwarePage, names_outputs_as_the_output_stage_gives_them) {
  const data::RawDataset raw = raw_data(0);
  const auto preprocessor = data::Preprocessor::fit({}, raw);
  fixed::FixedNet net = network(raw, preprocessor, {fixed::fixed_type_from_string("fixed<12,4,RND,SAT>")});
  const auto page = [&](const fixed::FixedNet& shown, int reuse_factor = 1) {
    StudyConfig config;
    config.target.reuse_factor = reuse_factor;
    return hardware_page(shown, design(shown, config), "m1", "snac_top", true);
  };
  const auto has = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
  const std::string logits = page(net);
  EXPECT_TRUE(has(logits, "| [0 +: 10] | fixed<10,6,RND,SAT> | a |\n| [10 +: 10] | fixed<10,6,RND,SAT> | b c |\n")) << logits;
  EXPECT_TRUE(has(logits, "energy\\|sum")) << logits;
  EXPECT_FALSE(has(logits, "in_ready"));
  EXPECT_TRUE(has(logits, "--top-module testbench"));
  EXPECT_FALSE(has(hardware_page(net, design(net, StudyConfig{}), "m1", "snac_top", false), "testbench"));
  EXPECT_TRUE(has(page(net, 2), "`in_ready`, which comes at most every 2 cycles")) << page(net, 2);
  const std::string index = page(fixed::with_output(net, fixed::OutputKind::argmax, 8));
  EXPECT_TRUE(has(index, "is the index of the class") && has(index, "| 1 | b c |")) << index;
  EXPECT_TRUE(has(page(fixed::with_output(net, fixed::OutputKind::softmax, 8)), "Probabilities"));
  // A foreign model: no preprocessing, other rounding.
  net.preprocessing = nullptr;
  net.input.types = {fixed::fixed_type_from_string("fixed<12,4>")};
  const std::string foreign = page(net);
  EXPECT_TRUE(has(foreign, "does not say how its features were made") && has(foreign, "rounded and limited as its type says")) << foreign;
  // Preprocessing of another number of features is no help.
  net.preprocessing = data::Preprocessor::fit({.constituents = 2}, raw_data(2)).to_json();
  EXPECT_TRUE(has(page(net), "does not say how its features were made"));
}

}  // namespace
}  // namespace snac::flow
