// QONNX files of ours: read back they give the same integers; what QONNX cannot say is refused with the reason. That the qonnx package and
// hls4ml give the same integers as well is tested in tests/peers.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "../proto.hpp"
#include "friendly_net.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/exchange/import.hpp"
#include "snac/exchange/qonnx_export.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"

namespace snac::exchange {
namespace {

using fixed::FixedNet;
using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

FixedNet import_bytes(const std::string& bytes) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "model.onnx").string();
  std::ofstream(path, std::ios::binary) << bytes;
  return std::get<FixedNet>(import_model(path).network);
}

std::vector<double> real_values(const std::vector<std::int64_t>& raw, const fixed::TensorType& type) {
  std::vector<double> values;
  for (std::size_t i = 0; i < raw.size(); ++i) values.push_back(fixed::to_real(raw[i], type.type(i % type.size())));
  return values;
}

/// Compared as real values: the imported network may keep them on another grid.
void expect_round_trip(const FixedNet& net, Rng& rng) {
  const FixedNet back = import_bytes(to_qonnx(net).bytes);
  EXPECT_EQ(back.class_names, net.class_names);
  EXPECT_EQ(back.preprocessing, net.preprocessing);
  const auto raw = fixed::random_inputs(rng, net, 40);
  const auto inputs = real_values(raw, net.input);
  std::vector<std::int64_t> back_raw;
  for (std::size_t i = 0; i < inputs.size(); ++i) back_raw.push_back(fixed::cast_real(inputs[i], back.input.type(i % back.input.size())));
  EXPECT_EQ(real_values(fixed::run(back, back_raw), back.output()), real_values(fixed::run(net, raw), net.output()));
}

/// One dense layer of unit weights over one input in eighths.
FixedNet one_layer(const FixedType& output) {
  FixedNet net;
  net.input = {{{"feature", 2}}, {FixedType{8, 5, true}}};
  fixed::DenseOp dense{
      .inputs = 2, .outputs = 2, .weights = {4, 0, 2, 2}, .weight_fraction_bits = 2, .bias = {0, 1}, .bias_fraction_bits = 6};
  net.nodes.push_back({"dense", dense, {0}, {{{"feature", 2}}, {output}}});
  return net;
}

std::string refusal(const FixedNet& net) {
  try {
    to_qonnx(net);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Qonnx, export_and_import_give_the_same_integers) {
  int exported = 0, per_element = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    Rng rng = Rng::stream(1, "qonnx", seed);
    const FixedNet net = fixed::friendly_net(rng);
    if (!refusal(net).empty()) continue;
    SCOPED_TRACE(seed);
    ++exported;
    for (const auto& node : net.nodes) per_element += node.output.types.size() > 1 ? 1 : 0;
    expect_round_trip(net, rng);
  }
  EXPECT_GT(exported, 400);
  EXPECT_GT(per_element, 50);
}

TEST(Qonnx, refuses_or_says_exactly_whatever_the_network_is) {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng = Rng::stream(2, "qonnx", seed);
    const FixedNet net = fixed::random_net(rng);
    SCOPED_TRACE(seed);
    if (const std::string reason = refusal(net); !reason.empty()) {
      EXPECT_NE(reason.find("found:"), std::string::npos) << reason;
      ++refused;
      continue;
    }
    expect_round_trip(net, rng);
  }
  EXPECT_GT(refused, 50);
}

TEST(Qonnx, every_rounding_is_exact) {
  for (int mode = 0; mode < 7; ++mode) {
    for (const bool is_signed : {false, true}) {
      const FixedNet net = one_layer({6, 5, is_signed, static_cast<Rounding>(mode), Overflow::sat});
      SCOPED_TRACE(fixed::to_string(net.nodes[0].output.types[0]));
      Rng rng(static_cast<std::uint64_t>(mode));
      expect_round_trip(net, rng);
      const bool known = is_signed ? mode == 0 || mode == 2 || mode == 5 || mode == 6 : true;
      EXPECT_EQ(to_qonnx(net).for_hls4ml, known) << "hls4ml reads ROUND and FLOOR";
    }
  }
}

TEST(Qonnx, class_index_and_pruned_rows_survive) {
  FixedNet net = one_layer({6, 4, true, Rounding::rnd, Overflow::sat});
  std::get<fixed::DenseOp>(net.nodes[0].op).weights = {4, -3, 0, 0};
  net = fixed::with_output(net, fixed::OutputKind::argmax);
  Rng rng(3);
  expect_round_trip(net, rng);
  EXPECT_TRUE(import_bytes(to_qonnx(net).bytes).gives_index());
  auto& dense = std::get<fixed::DenseOp>(net.nodes[0].op);
  dense.weights = {0, 0, 0, 0};
  dense.bias = {0, 0};
  expect_round_trip(net, rng);
}

TEST(Qonnx, elements_of_different_width_saturate_at_their_own_ends) {
  FixedNet net = one_layer({8, 4, false, Rounding::rnd, Overflow::sat});
  net.nodes[0].output.types = {{8, 4, false, Rounding::rnd, Overflow::sat}, {3, 2, false, Rounding::rnd, Overflow::sat}};
  net.input.types = {FixedType{8, 5, true}, FixedType{8, 4, true}};
  fixed::DenseOp second{.inputs = 2, .outputs = 1, .weights = {3, -5}, .weight_fraction_bits = 1, .bias = {7}, .bias_fraction_bits = 6};
  net.nodes.push_back({"second", second, {1}, {{{"feature", 1}}, {FixedType{12, 8, true, Rounding::trn, Overflow::sat}}}});
  Rng rng(4);
  expect_round_trip(net, rng);
  EXPECT_TRUE(to_qonnx(net).for_hls4ml);
}

TEST(Qonnx, says_why_it_refuses) {
  const FixedNet logits = one_layer({6, 4, true, Rounding::rnd, Overflow::sat});
  EXPECT_NE(refusal(fixed::with_output(logits, fixed::OutputKind::softmax, 6)).find("--output-stage logits"), std::string::npos);
  EXPECT_NE(refusal(one_layer({4, 2, true, Rounding::trn, Overflow::wrap})).find("WRAP"), std::string::npos);
  EXPECT_EQ(refusal(one_layer({16, 10, true, Rounding::trn, Overflow::wrap})), "") << "wide enough never to wrap";
  FixedNet wide = logits;
  wide.input.types = {FixedType{20, 10, true}};
  auto& dense = std::get<fixed::DenseOp>(wide.nodes[0].op);
  dense.weights = {255, 1, 2, 2};
  dense.bias_fraction_bits = 12;
  EXPECT_NE(refusal(wide).find("2^24"), std::string::npos);
  FixedNet falling = logits;
  falling.nodes.push_back({"table", fixed::TableOp{"falling", {}}, {1}, {{{"feature", 2}}, {FixedType{4, 4, true}}}});
  for (int i = 0; i < 64; ++i) std::get<fixed::TableOp>(falling.nodes[1].op).table.push_back(i < 32 ? 1 : 0);
  EXPECT_NE(refusal(falling).find("falls"), std::string::npos);
}

TEST(Qonnx, names_suit_hls4ml) {
  Rng rng(5);
  FixedNet net = one_layer({6, 4, false, Rounding::rnd, Overflow::sat});
  net.nodes[0].name = "a.b/c-1";
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(to_qonnx(net).bytes));
  std::set<std::string> names;
  for (const auto& node : model.graph().node()) {
    EXPECT_TRUE(names.insert(node.name()).second) << node.name();
    EXPECT_EQ(node.name().find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), std::string::npos)
        << node.name();
  }
  std::set<std::string> described;
  for (const auto* infos : {&model.graph().value_info(), &model.graph().input(), &model.graph().output()}) {
    for (const auto& info : *infos) EXPECT_TRUE(described.insert(info.name()).second) << info.name();
  }
  for (const auto& node : model.graph().node()) {
    for (const auto& input : node.input()) EXPECT_TRUE(described.contains(input)) << input;
  }
}

}  // namespace
}  // namespace snac::exchange
