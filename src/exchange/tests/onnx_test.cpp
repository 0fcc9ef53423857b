// ONNX files: of our own writer, of the forms that exporters use, and malformed ones.
#include <cmath>
#include <functional>

#include "../onnx_graph.hpp"
#include "../proto.hpp"
#include "reading.hpp"
#include "snac/core/rng.hpp"
#include "snac/exchange/onnx_export.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::exchange {
namespace {

nn::Mlp random_mlp(const space::ArchSpec& spec, std::uint64_t seed) {
  Rng rng(seed);
  nn::Mlp mlp = nn::make_mlp(spec, rng);
  for (float& p : mlp.parameters) p += static_cast<float>(0.1 * rng.normal());
  for (float& s : mlp.statistics) s = static_cast<float>(0.5 + rng.uniform());
  return mlp;
}

std::vector<float> random_features(int count) {
  Rng rng(9);
  std::vector<float> features;
  for (int i = 0; i < count; ++i) features.push_back(static_cast<float>(rng.normal()));
  return features;
}

TEST(Onnx, float_models_keep_their_outputs) {
  for (const auto activation : {space::Activation::linear, space::Activation::relu, space::Activation::tanh, space::Activation::sigmoid,
                                space::Activation::leaky_relu}) {
    for (const bool batch_norm : {false, true}) {
      const nn::Mlp mlp = random_mlp(space::mlp(7, {6, 5}, 3, activation, batch_norm), 3);
      const FileOf file(to_onnx(mlp, {"a", "b", "c"}, {{"kind", "none"}}));
      const ImportedModel model = import_model(file.path());
      EXPECT_EQ(model.class_names, (std::vector<std::string>{"a", "b", "c"}));
      EXPECT_EQ(model.preprocessing, (Json{{"kind", "none"}}));
      const auto features = random_features(70), expected = outputs(mlp, features),
                 found = outputs(std::get<nn::Mlp>(model.network), features);
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << space::summary(mlp.spec);
    }
  }
}

TEST(Onnx, leaky_relu_keeps_its_slope_and_has_the_default_of_onnx) {
  for (const double slope : {0.01, 0.3}) {
    space::ArchSpec spec = space::mlp(7, {6}, 3, space::Activation::leaky_relu);
    std::get<space::DenseLayer>(spec.nodes[0].layer).negative_slope = slope;
    const nn::Mlp mlp = random_mlp(spec, 3);
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(to_onnx(mlp, {}, {{"kind", "none"}})));
    if (slope == 0.01) model.mutable_graph()->mutable_node(1)->clear_attribute();
    const FileOf file(model.SerializeAsString());
    const ImportedModel read = import_model(file.path());
    const auto& imported = std::get<nn::Mlp>(read.network);
    EXPECT_NEAR(imported.layers[0].negative_slope, slope, 1e-7);
    const auto features = random_features(70), expected = outputs(mlp, features), found = outputs(imported, features);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
  }
}

/// A model that tests change before they write it.
struct Draft {
  onnx::ModelProto model;
  explicit Draft(const std::string& bytes) { EXPECT_TRUE(model.ParseFromString(bytes)); }
  explicit Draft(OnnxGraph& graph) : Draft(graph.bytes()) {}
  onnx::GraphProto& graph() { return *model.mutable_graph(); }
  std::string refusal(const ImportParams& params = {}) const { return exchange::refusal(FileOf(model.SerializeAsString()).path(), params); }
};

Draft mlp_draft() { return Draft(to_onnx(random_mlp(space::mlp(4, {3}, 2), 1))); }

/// x -> scaling, product, sum, and so on in the words of several exporters.
TEST(Onnx, reads_the_forms_that_exporters_use) {
  OnnxGraph graph("forms");
  graph.input("x", 0, 3);
  graph.node("Sub", {"x", graph.constant("mean", {1, 3}, {1, 2, 3})}, "centred");
  graph.node("Div", {"centred", graph.constant("deviation", {3}, {2, 4, 8})}, "scaled");
  graph.node("Identity", {graph.constant("w_t", {2, 3}, {1, 2, 3, -1, 0.5F, 0})}, "w_same");
  graph.node("Transpose", {"w_same"}, "w");
  graph.node("MatMul", {"scaled", "w"}, "product");
  graph.node("Add", {graph.constant("b", {2}, {0.5F, -0.5F}), "product"}, "sum");
  graph.node("Relu", {"sum"}, "active");
  graph.node("Dropout", {"active"}, "kept");
  graph.node("Gemm", {"kept", graph.constant("w2", {2, 2}, {1, 2, 3, 4}), graph.constant("b2", {1, 2}, {1, 1})}, "gemm",
             {{"alpha", 2.0F}, {"beta", 0.5F}});
  graph.node("Neg", {"gemm"}, "negative");
  graph.node("Softmax", {"negative"}, "y", {{"axis", std::int64_t{-1}}});
  graph.output("y", 0, 2);
  const FileOf file(graph.bytes());
  const ImportedModel model = import_model(file.path());
  const std::vector<float> x{2, 4, 7};
  const double a = std::max(0.0, 0.5 + 1 * 0.5 + 2 * 0.5 + 3 * 0.5), b = std::max(0.0, -0.5 - 0.5 + 0.25);
  const auto found = outputs(std::get<nn::Mlp>(model.network), x);
  EXPECT_NEAR(found[0], -(2 * (a * 1 + b * 3) + 0.5), 1e-5);
  EXPECT_NEAR(found[1], -(2 * (a * 2 + b * 4) + 0.5), 1e-5);
  EXPECT_EQ(model.notes.size(), 2U) << "the scaling was folded, the softmax taken off";
}

TEST(Onnx, quantize_and_dequantize_are_types) {
  OnnxGraph graph("qdq");
  graph.input("x", 1, 2);
  const std::string scale = graph.constant("scale", {}, {0.125F});
  graph.node("QuantizeLinear", {"x", scale, "zero"}, "xi");
  graph.node("DequantizeLinear", {"xi", scale, "zero"}, "xq");
  graph.node("DequantizeLinear", {"wi", graph.constant("w_scale", {}, {0.25F})}, "w");
  graph.node("MatMul", {"xq", "w"}, "y");
  graph.output("y", 1, 1);
  Draft draft(graph);
  auto& zero = *draft.graph().add_initializer();
  zero.set_name("zero");
  zero.set_data_type(onnx::TensorProto::INT8);
  zero.add_int32_data(0);
  auto& weights = *draft.graph().add_initializer();
  weights.set_name("wi");
  weights.set_data_type(onnx::TensorProto::INT8);
  weights.add_dims(2);
  weights.add_dims(1);
  weights.set_raw_data(std::string("\x03\xFF", 2));
  const FileOf file(draft.model.SerializeAsString());
  const auto net = std::get<fixed::FixedNet>(import_model(file.path()).network);
  EXPECT_EQ(fixed::to_string(net.input.type(0)), "fixed<8,5,RND_CONV,SAT>");
  const auto y = fixed::run(net, fixed::quantize_inputs(net, std::vector<float>{1.0625F, 100}));
  EXPECT_EQ(fixed::to_real(y[0], net.output().type(0)), 0.75 * 1 - 0.25 * 15.875) << "half to even, then saturated";
  draft.graph().mutable_initializer(0)->set_raw_data(std::string("\xCD\xCC\xCC\x3D", 4));  // 0.1
  EXPECT_NE(draft.refusal().find("no power of two"), std::string::npos) << draft.refusal();
  EXPECT_EQ(draft.refusal({.as_float = true}), "");
}

TEST(Onnx, a_quantised_model_without_input_type_asks_for_it) {
  OnnxGraph graph("noin");
  graph.input("x", 1, 2);
  graph.node("MatMul", {"x", graph.constant("w", {2, 1}, {0.5F, -0.25F})}, "s");
  graph.node("Quant", {"s", graph.constant("scale", {}, {0.25F}), graph.constant("zero", {}, {0}), graph.constant("bits", {}, {6})}, "y",
             {{"signed", std::int64_t{1}}, {"narrow", std::int64_t{0}}, {"rounding_mode", std::string("ROUND")}}, kQuantDomain);
  graph.output("y", 1, 1);
  const Draft draft(graph);
  EXPECT_NE(draft.refusal().find("--input"), std::string::npos) << draft.refusal();
  EXPECT_EQ(draft.refusal({.input = fixed::FixedType{8, 4, true}}), "");
}

TEST(Onnx, external_data_are_read_from_the_models_folder_only) {
  Draft draft = mlp_draft();
  auto& weights = *draft.graph().mutable_initializer(0);
  const std::string bytes = weights.raw_data();
  weights.clear_raw_data();
  weights.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& location = *weights.add_external_data();
  location.set_key("location");
  location.set_value("weights.bin");
  auto& offset = *weights.add_external_data();
  offset.set_key("offset");
  offset.set_value("4");
  const FileOf file(draft.model.SerializeAsString());
  EXPECT_NE(refusal(file.path()).find("weights.bin"), std::string::npos);
  std::ofstream(file.folder() / "weights.bin", std::ios::binary) << "----" << bytes;
  EXPECT_EQ(refusal(file.path()), "");
  for (const char* outside : {"../weights.bin", "/etc/passwd", ""}) {
    location.set_value(outside);
    EXPECT_NE(draft.refusal().find("external data"), std::string::npos) << outside;
  }
  location.set_value("weights.bin");
  offset.set_value("99999999999999999999");
  EXPECT_NE(draft.refusal().find("offset"), std::string::npos);
}

// ---- malformed ----

TEST(OnnxRefusals, truncated_anywhere) {
  const std::string bytes = to_onnx(random_mlp(space::mlp(4, {3}, 2), 1));
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) refusal(FileOf(bytes.substr(0, size)).path());
  EXPECT_NE(refusal(FileOf(bytes.substr(0, bytes.size() - 3)).path()), "");
  EXPECT_NE(refusal(FileOf("").path()), "");
  EXPECT_NE(refusal(FileOf("not a model").path()), "");
  EXPECT_NE(refusal("/no/such/model.onnx"), "");
}

struct Malformed {
  const char* name;
  std::function<void(onnx::GraphProto&)> change;
  const char* said;
};
void PrintTo(const Malformed& m, std::ostream* out) { *out << m.name; }

class MalformedOnnx : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedOnnx, is_refused_with_node_and_reason) {
  Draft draft = mlp_draft();
  ASSERT_EQ(draft.refusal(), "");
  GetParam().change(draft.graph());
  EXPECT_NE(draft.refusal().find(GetParam().said), std::string::npos) << draft.refusal();
}

onnx::NodeProto& add_node(onnx::GraphProto& graph, const char* op, std::vector<std::string> inputs, const char* output) {
  auto& node = *graph.add_node();
  node.set_op_type(op);
  for (const auto& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

INSTANTIATE_TEST_SUITE_P(
    Import, MalformedOnnx,
    testing::Values(
        Malformed{"cycle", [](auto& g) { g.mutable_node(0)->set_input(0, "logits"); }, "cycle"},
        Malformed{"self_cycle", [](auto& g) { g.mutable_node(1)->set_input(0, g.node(1).output(0)); }, "cycle"},
        Malformed{"unknown_operation", [](auto& g) { g.mutable_node(1)->set_op_type("Erf"); }, "(Erf)"},
        Malformed{"dangling_input", [](auto& g) { g.mutable_node(0)->set_input(0, "nowhere"); }, "nowhere"},
        Malformed{"missing_weights", [](auto& g) { g.mutable_node(0)->set_input(1, ""); }, "no constant weights"},
        Malformed{"no_inputs", [](auto& g) { g.mutable_node(0)->clear_input(); }, "not folded"},
        Malformed{"no_outputs", [](auto& g) { g.mutable_node(0)->clear_output(); }, "nothing gives"},
        Malformed{"no_output_of_the_graph", [](auto& g) { g.clear_output(); }, "outputs none"},
        Malformed{"output_of_no_node", [](auto& g) { g.mutable_output(0)->set_name("other"); }, "no node gives"},
        Malformed{"huge_axis", [](auto& g) { g.mutable_initializer(0)->set_dims(0, std::int64_t{1} << 60); }, "elements"},
        Malformed{"huge_product",
                  [](auto& g) {
                    g.mutable_initializer(0)->set_dims(0, 1 << 25);
                    g.mutable_initializer(0)->set_dims(1, 1 << 25);
                  },
                  "elements"},
        Malformed{"negative_axis", [](auto& g) { g.mutable_initializer(0)->set_dims(0, -3); }, "-3"},
        Malformed{"many_axes",
                  [](auto& g) {
                    for (int i = 0; i < 100; ++i) g.mutable_initializer(0)->add_dims(1);
                  },
                  "axes"},
        Malformed{"too_few_values", [](auto& g) { g.mutable_initializer(0)->set_raw_data("1234"); }, "4 bytes"},
        Malformed{"strings_as_weights", [](auto& g) { g.mutable_initializer(0)->set_data_type(onnx::TensorProto::STRING); },
                  "type number 8"},
        Malformed{"integers_as_weights", [](auto& g) { g.mutable_initializer(0)->set_data_type(onnx::TensorProto::INT64); }, "int64"},
        Malformed{"weights_not_a_matrix",
                  [](auto& g) {
                    g.mutable_initializer(0)->clear_dims();
                    g.mutable_initializer(0)->add_dims(12);
                  },
                  "weights of shape (12)"},
        Malformed{"weights_that_do_not_fit",
                  [](auto& g) {
                    g.mutable_node(0)->mutable_attribute(0)->set_i(0);
                    g.mutable_node(0)->mutable_input()->RemoveLast();
                  },
                  "weights for 3 inputs"},
        Malformed{"bias_that_does_not_fit", [](auto& g) { g.mutable_node(0)->set_input(2, "bias_2"); }, "a bias of 2 elements"},
        Malformed{"not_a_number",
                  [](auto& g) { g.mutable_initializer(1)->set_raw_data(std::string("\0\0\xC0\x7F", 4) + std::string(8, '\0')); }, "nan"},
        Malformed{"wrong_attribute", [](auto& g) { g.mutable_node(0)->mutable_attribute(0)->clear_i(); }, "'transB' that is no integer"},
        Malformed{"branch",
                  [](auto& g) {
                    add_node(g, "Add", {"Gemm_1", "logits"}, "z");
                    g.mutable_output(0)->set_name("z");
                  },
                  "another node reads"},
        Malformed{"two_values_of_a_name", [](auto& g) { g.mutable_node(1)->set_output(0, g.node(0).output(0)); }, "second value"},
        Malformed{"two_initialisers_of_a_name", [](auto& g) { g.mutable_initializer(1)->set_name(g.initializer(0).name()); },
                  "two initialisers"},
        Malformed{"input_of_texts",
                  [](auto& g) { g.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::STRING); },
                  "type number 8"},
        Malformed{"input_without_type", [](auto& g) { g.mutable_input(0)->clear_type(); }, "no tensor"},
        Malformed{"huge_input",
                  [](auto& g) {
                    g.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_value(
                        std::int64_t{1} << 62);
                  },
                  "axis of"},
        Malformed{"many_nodes",
                  [](auto& g) {
                    for (int i = 0; i < 5000; ++i) add_node(g, "Identity", {"logits"}, ("i" + std::to_string(i)).c_str());
                  },
                  "nodes"},
        Malformed{"slope",
                  [](auto& g) {
                    g.mutable_node(1)->set_op_type("LeakyRelu");
                    auto& alpha = *g.mutable_node(1)->add_attribute();
                    alpha.set_name("alpha");
                    alpha.set_type(onnx::AttributeProto::FLOAT);
                    alpha.set_f(-0.5F);
                  },
                  "slope -0.5"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace snac::exchange
