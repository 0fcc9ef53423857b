#include "snac/fixed/fixed_net.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "random_net.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::fixed {
namespace {

/// 3 inputs -> dense 2 -> relu -> table: every kind of node of version 1 in a few lines of file. Also tests/data/fixed_net_v1.json.
FixedNet small_net() {
  FixedNet net;
  net.input = {{{"features", 3}},
               {{8, 4, true, Rounding::rnd_conv, Overflow::sat}, {6, 1, false}, {5, 5, true, Rounding::trn, Overflow::sat_sym}}};
  const FixedType hidden{4, 2, false, Rounding::rnd, Overflow::sat}, small{2, 2, false, Rounding::trn, Overflow::wrap}, out{6, 1, true};
  net.nodes = {
      {.name = "dense_1",
       .op = DenseOp{.inputs = 3,
                     .outputs = 2,
                     .weights = {5, 0, -3, 127, -128, 1},
                     .weight_fraction_bits = 4,
                     .bias = {-100, 9},
                     .bias_fraction_bits = 9},
       .inputs = {0},
       .output = {{{"units", 2}},
                  {{10, 4, true, Rounding::rnd_zero, Overflow::sat_zero}, {9, 3, true, Rounding::rnd_inf, Overflow::wrap}}}},
      {.name = "relu_1", .op = ReluOp{}, .inputs = {1}, .output = {{{"units", 2}}, {hidden}}},
      {.name = "cast_1", .op = CastOp{}, .inputs = {2}, .output = {{{"units", 2}}, {small}}},
      {.name = "tanh_1", .op = TableOp{.function = "tanh", .table = {0, 24, 31, -32}}, .inputs = {3}, .output = {{{"units", 2}}, {out}}}};
  net.preprocessing = {{"scaling", "robust"}, {"center", {0.1, -2.5, 0}}};
  net.class_names = {"gluon", "top"};
  return net;
}

std::string text_of(const FixedNet& net) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "net.json").string();
  save(net, path);
  return read_file(path);
}

FixedNet net_of(const std::string& text) { return fixed_net_from_json(parse_json(text, "net.json"), "net.json"); }

DenseOp& dense(FixedNet& net) { return std::get<DenseOp>(net.nodes[0].op); }
TableOp& table(FixedNet& net) { return std::get<TableOp>(net.nodes[3].op); }

TEST(FixedNet, size_of_tensors) {
  EXPECT_EQ((TensorType{{{"particles", 8}, {"features", 3}}, {}}.size()), 24U);
  EXPECT_EQ((TensorType{{{"a", 0}}, {}}.size()), 0U);
  EXPECT_EQ((TensorType{{{"a", -5}}, {}}.size()), 0U);
  EXPECT_EQ((TensorType{{{"a", 1 << 30}, {"b", 1 << 30}, {"c", 1 << 30}}, {}}.size()), std::numeric_limits<std::size_t>::max());
}

TEST(FixedNet, weights_are_counted) {
  const WeightCount count = count_weights(small_net());
  EXPECT_EQ(count.total, 6);
  EXPECT_EQ(count.nonzero, 5);
}

TEST(FixedNet, accumulator_ranges_by_hand) {
  const DenseOp op{
      .inputs = 2, .outputs = 2, .weights = {3, -2, 0, 0}, .weight_fraction_bits = 1, .bias = {10, -7}, .bias_fraction_bits = 4};
  // The first input has 1 fraction bit less than the accumulator's grid, the second none: 3*[-8,7]*2 - 2*[0,3] + 10.
  const TensorType input{{{"features", 2}}, {{4, 2, true}, {2, -1, false}}};
  EXPECT_EQ(accumulator_ranges(op, input), (std::vector<AccumulatorRange>{{-48 - 6 + 10, 42 + 10}, {-7, -7}}));
}

TEST(FixedNet, accumulator_ranges_check_what_they_are_given) {
  const DenseOp op{.inputs = 3, .outputs = 1, .weights = {1, 1, 1}, .weight_fraction_bits = 0, .bias = {0}, .bias_fraction_bits = 0};
  EXPECT_THROW(accumulator_ranges(op, {{{"features", 3}}, {}}), DataError);
  EXPECT_THROW(accumulator_ranges(op, {{{"features", 3}}, {{8, 8}, {8, 8}}}), DataError);
  EXPECT_THROW(accumulator_ranges(op, {{{"features", 3}}, {{200, 200}}}), DataError);
  EXPECT_THROW(accumulator_ranges(op, {{{"features", 2}}, {{8, 8}}}), DataError);
  EXPECT_NO_THROW(accumulator_ranges(op, {{{"features", 3}}, {{8, 8}}}));
}

TEST(FixedNet, what_does_not_fit_together_is_explained) {
  const struct {
    const char* says;
    std::function<void(FixedNet&)> change;
  } cases[] = {
      {"input\n  found:    a shape without axes", [](FixedNet& net) { net.input.shape.clear(); }},
      {"axis 'features' of size 0", [](FixedNet& net) { net.input.shape[0].size = 0; }},
      {"axis 'features' of size -3", [](FixedNet& net) { net.input.shape[0].size = -3; }},
      {"at most 1048576 elements",
       [](FixedNet& net) {
         net.input.shape = {{"a", 1 << 30}, {"b", 1 << 30}};
       }},
      {"node 2 'cast_1': output\n  found:    1200000 elements in the values up to here",
       [](FixedNet& net) {
         net.input = {{{"a", 300000}}, {{8, 8, true}}};
         for (Node& node : net.nodes) {
           node.op = CastOp{};
           node.output = {{{"a", 300000}}, {{8, 8, true}}};
         }
       }},
      {"an axis without a name", [](FixedNet& net) { net.input.shape[0].name = ""; }},
      {"two axes 'a'",
       [](FixedNet& net) {
         net.input.shape = {{"a", 3}, {"a", 1}};
       }},
      {"0 types", [](FixedNet& net) { net.input.types.clear(); }},
      {"1 type, or 3: one per element", [](FixedNet& net) { net.input.types.pop_back(); }},
      {"total bits from 1 to 63", [](FixedNet& net) { net.input.types[0].width = 64; }},
      {"total bits from 1 to 63", [](FixedNet& net) { net.input.types[0].width = -2147483647; }},
      {"integer bits from -512 to 512", [](FixedNet& net) { net.nodes[1].output.types[0].integer_bits = 1000; }},
      {"a known rounding", [](FixedNet& net) { net.input.types[0].rounding = static_cast<Rounding>(9); }},
      {"node 1 '': name", [](FixedNet& net) { net.nodes[1].name = ""; }},
      {"node 1 'dense_1': name", [](FixedNet& net) { net.nodes[1].name = "dense_1"; }},
      {"0 values read", [](FixedNet& net) { net.nodes[1].inputs.clear(); }},
      {"2 values read",
       [](FixedNet& net) {
         net.nodes[1].inputs = {0, 1};
       }},
      {"node 1 'relu_1': inputs\n  found:    value 2\n  expected: 0 (the network's input) to 1",
       [](FixedNet& net) { net.nodes[1].inputs = {2}; }},
      {"value -1", [](FixedNet& net) { net.nodes[1].inputs = {-1}; }},
      {"the shape of the input, 3 elements", [](FixedNet& net) { net.nodes[1].inputs = {0}; }},
      {"the shape of the input, 2 elements",
       [](FixedNet& net) {
         net.nodes[2].output.shape = {{"a", 2}, {"b", 1}};
       }},
      {"4 inputs\n  expected: 3", [](FixedNet& net) { dense(net).inputs = 4; }},
      {"-3 inputs", [](FixedNet& net) { dense(net).inputs = -3; }},
      {"3 outputs\n  expected: 2", [](FixedNet& net) { dense(net).outputs = 3; }},
      {"-2 outputs", [](FixedNet& net) { dense(net).outputs = -2; }},
      {"5 weights", [](FixedNet& net) { dense(net).weights.pop_back(); }},
      {"1 values\n  expected: 2: one per output", [](FixedNet& net) { dense(net).bias.pop_back(); }},
      {"at least 9 = 5 of the inputs + 4 of the weights", [](FixedNet& net) { dense(net).bias_fraction_bits = 8; }},
      {"weight_fraction_bits\n  found:    2147483647", [](FixedNet& net) { dense(net).weight_fraction_bits = 2147483647; }},
      {"bias_fraction_bits\n  found:    -2147483648", [](FixedNet& net) { dense(net).bias_fraction_bits = -2147483647 - 1; }},
      {"output 1\n  found:    an accumulator that can leave 62 signed bits",
       [](FixedNet& net) { dense(net).bias[1] = std::int64_t{1} << 61; }},
      {"output 0\n  found:    an accumulator", [](FixedNet& net) { dense(net).bias[0] = std::numeric_limits<std::int64_t>::min(); }},
      {"output 0\n  found:    an accumulator", [](FixedNet& net) { dense(net).bias_fraction_bits = 70; }},
      {"output 0\n  found:    an accumulator", [](FixedNet& net) { dense(net).bias_fraction_bits = 2000; }},
      {"elements of types ufixed<2,2> and ufixed<3,2>",
       [](FixedNet& net) {
         net.nodes[2].output.types = {{2, 2, false}, {3, 2, false}};
       }},
      {"one type for all elements a table gives",
       [](FixedNet& net) {
         net.nodes[3].output.types = {{6, 1, true}, {6, 2, true}};
       }},
      {"at most 20 bits into a table",
       [](FixedNet& net) {
         net.nodes[2].output.types = {{63, 2, false}};
       }},
      {"3 entries\n  expected: 4", [](FixedNet& net) { table(net).table.pop_back(); }},
      {"entry 2 is 32\n  expected: -32 to 31", [](FixedNet& net) { table(net).table[2] = 32; }},
      {"1 names\n  expected: 2: one per class, or none", [](FixedNet& net) { net.class_names.pop_back(); }},
  };
  ASSERT_NO_THROW(small_net().validate());
  for (const auto& [says, change] : cases) {
    FixedNet net = small_net();
    change(net);
    try {
      net.validate("my_net.json");
      ADD_FAILURE() << "expected a DataError that says: " << says;
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << "expected '" << says << "', got: " << error.what();
      EXPECT_EQ(error.text().where.find("my_net.json: "), 0U) << error.what();
    }
  }
}

TEST(FixedNet, a_pruned_weight_on_an_input_of_another_scale_does_no_harm) {
  FixedNet net = small_net();
  net.input.types[1] = {6, 400, false};  // its weights would leave 62 bits; both are zero
  dense(net).weights[4] = 0;
  EXPECT_NO_THROW(net.validate());
  dense(net).weights[4] = 1;
  EXPECT_THROW(net.validate(), DataError);
}

TEST(FixedNet, file_round_trip) {
  Rng rng(31);
  for (int n = 0; n < 40; ++n) {
    const FixedNet net = random_net(rng);
    const std::string text = text_of(net);
    const FixedNet back = net_of(text);
    ASSERT_TRUE(back == net) << text;
    ASSERT_EQ(text_of(back), text);
  }
}

TEST(FixedNet, extreme_integers_survive_the_file) {
  FixedNet net = small_net();
  net.input.types = {{1, 1, true}};
  dense(net).weights = {std::numeric_limits<std::int32_t>::min(), 0, std::numeric_limits<std::int32_t>::max(), 0, 0, 0};
  dense(net).bias[1] = -(std::int64_t{1} << 61);
  EXPECT_TRUE(net_of(text_of(net)) == net);
}

TEST(FixedNet, reads_a_file_from_an_older_release) {
  const std::string path = SNAC_FIXED_TEST_DATA "/fixed_net_v1.json";
  const FixedNet net = load_fixed_net(path);
  EXPECT_TRUE(net == small_net());
  // x = (1.25, 0.5, -3): dense = (0.390625 + 0.5625 - 0.1953125, 9.921875 - 4 - 0.1875 + 0.017578125).
  EXPECT_EQ(Interpreter(net).trace(std::vector<std::int64_t>{20, 16, -3}),
            (std::vector<std::vector<std::int64_t>>{{20, 16, -3}, {48, -144}, {3, 0}, {0, 0}, {0, 0}}));
}

TEST(FixedNet, one_row_of_weights_is_one_line_of_the_file) {
  const std::string text = text_of(small_net());
  EXPECT_NE(text.find("[5,0,-3],\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[127,-128,1]\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("{\n \"format\": \"snac.fixed_net\",\n \"version\": 2,\n"), 0U) << text;
}

TEST(FixedNet, damaged_files_are_explained) {
  const struct {
    const char* says;
    std::function<void(Json&)> change;
  } cases[] = {
      {"did you mean 'class_names'?", [](Json& json) { json["class_name"] = 1; }},
      {"did you mean 'weights'?", [](Json& json) { json["nodes"][0]["op"]["weight"] = 1; }},
      {"unknown member 'table'", [](Json& json) { json["nodes"][1]["op"]["table"] = 1; }},
      {"unknown member 'kind'",
       [](Json& json) {
         json["nodes"][1].erase("op");
         json["nodes"][1]["kind"] = "relu";
       }},
      {"no member 'op'", [](Json& json) { json["nodes"][1].erase("op"); }},
      {"did you mean 'dense'?", [](Json& json) { json["nodes"][0]["op"]["kind"] = "denze"; }},
      {"no member 'input'", [](Json& json) { json.erase("input"); }},
      {"no member 'nodes'", [](Json& json) { json.erase("nodes"); }},
      {"nodes\n  found:    a JSON object", [](Json& json) { json["nodes"] = Json::object(); }},
      {"node 0", [](Json& json) { json["nodes"][0] = 7; }},
      {"did you mean 'RND'?", [](Json& json) { json["input"]["types"][0] = "fixed<8,2,RNDD>"; }},
      {"total bits W = '99'", [](Json& json) { json["input"]["types"][0] = "fixed<99,2>"; }},
      {"types\n  found:    a number", [](Json& json) { json["input"]["types"][0] = 8; }},
      {"row 1: item 2\n  found:    2147483648\n  expected: an integer of 32 bits",
       [](Json& json) { json["nodes"][0]["op"]["weights"][1][2] = 2147483648; }},
      {"row 1: item 2\n  found:    1.5", [](Json& json) { json["nodes"][0]["op"]["weights"][1][2] = 1.5; }},
      {"row 1\n  found:    2 weights\n  expected: 3", [](Json& json) { json["nodes"][0]["op"]["weights"][1].erase(0); }},
      {"1 rows\n  expected: 2", [](Json& json) { json["nodes"][0]["op"]["weights"].erase(0); }},
      {"row 0\n  found:    a number", [](Json& json) { json["nodes"][0]["op"]["weights"][0] = 5; }},
      {"bias: item 1\n  found:    18446744073709551615",
       [](Json& json) { json["nodes"][0]["op"]["bias"][1] = std::numeric_limits<std::uint64_t>::max(); }},
      {"table: item 0\n  found:    null", [](Json& json) { json["nodes"][3]["op"]["table"][0] = nullptr; }},
      {"inputs: item 0", [](Json& json) { json["nodes"][0]["inputs"][0] = std::int64_t{1} << 40; }},
      {"0 outputs\n  expected: 2",
       [](Json& json) {
         json["nodes"][0]["op"]["inputs"] = 1000000000;
         json["nodes"][0]["op"]["outputs"] = 0;
         json["nodes"][0]["op"]["weights"] = Json::array();
       }},
      {"one per output", [](Json& json) { json["nodes"][0]["op"]["outputs"] = 2000000000; }},
      {"class_names", [](Json& json) { json["class_names"][0] = 4; }},
      {"version 3", [](Json& json) { json["version"] = 3; }},
      {"format 'snac.other'", [](Json& json) { json["format"] = "snac.other"; }},
  };
  const Json good = to_json(small_net());
  ASSERT_NO_THROW(fixed_net_from_json(good, "net.json"));
  for (const auto& [says, change] : cases) {
    Json json = good;
    change(json);
    try {
      fixed_net_from_json(json, "net.json");
      ADD_FAILURE() << "expected a DataError that says: " << says;
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << "expected '" << says << "', got: " << error.what();
      EXPECT_EQ(error.text().where.find("net.json"), 0U) << error.what();
    }
  }
}

TEST(FixedNet, a_file_cut_anywhere_is_refused) {
  const std::string text = text_of(small_net());
  ASSERT_TRUE(text.ends_with("}\n"));
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    ASSERT_THROW(net_of(text.substr(0, size)), DataError) << "cut after " << size << " bytes";
  }
}

TEST(FixedNet, a_file_with_changed_bytes_is_refused_or_valid) {
  const std::string text = text_of(small_net());
  Rng rng(32);
  int valid = 0, refused = 0;
  for (int n = 0; n < 4000; ++n) {
    std::string damaged = text;
    for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
      const std::size_t at = rng.below(damaged.size());
      switch (rng.below(4)) {
        case 0:
          damaged[at] = static_cast<char>(rng.below(256));
          break;
        case 1:
          damaged[at] = "0123456789-,.[]{}\":eE"[rng.below(21)];
          break;
        case 2:
          damaged.erase(at, 1 + rng.below(8));
          break;
        default:
          damaged.insert(at, damaged.substr(rng.below(damaged.size()), 1 + rng.below(12)));
          break;
      }
    }
    try {
      const FixedNet net = net_of(damaged);
      Rng inputs(n);
      run(net, random_inputs(inputs, net, 3));
      ++valid;
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(valid, 50);
  EXPECT_GT(refused, 2000);
}

TEST(FixedNet, a_deep_file_is_refused) {
  std::string text = text_of(small_net());
  const std::size_t at = text.find("\"robust\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 8, std::string(200000, '[') + std::string(200000, ']'));
  EXPECT_THROW(net_of(text), DataError);
}

TEST(FixedNet, what_cannot_be_written_is_refused_and_leaves_no_file) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "net.json").string();
  FixedNet net = small_net();
  net.nodes[0].name = "\xFF";
  EXPECT_THROW(save(net, path), DataError);
  net = small_net();
  net.preprocessing["center"][0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(save(net, path), DataError);
  net = small_net();
  dense(net).bias.clear();
  EXPECT_THROW(save(net, path), DataError);
  net = small_net();
  for (int depth = 0; depth < 500; ++depth) net.preprocessing = Json::array({net.preprocessing});
  EXPECT_THROW(save(net, path), DataError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_THROW(load_fixed_net(path), IoError);
}

}  // namespace
}  // namespace snac::fixed
