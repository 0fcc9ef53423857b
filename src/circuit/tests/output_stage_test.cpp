// Output stages: circuit = interpreter.
#include "snac/fixed/output_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "random_net.hpp"
#include "snac/circuit/logic_cost.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/circuit/simulate.hpp"
#include "snac/fixed/interpreter.hpp"

namespace snac::circuit {
namespace {

using namespace testing;

TEST(OutputStages, agree_with_the_interpreter_behind_random_networks) {
  int tried = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng = Rng::stream(seed, "output stages");
    const FixedNet plain = random_net(rng, 9);
    if (plain.output().types.front().width > 40) continue;  // exact sums: a key or a difference may leave 62 bits
    const auto kind = seed % 2 == 0 ? fixed::OutputKind::argmax : fixed::OutputKind::softmax;
    const FixedNet net = fixed::with_output(plain, kind, between(rng, 2, 9));
    const auto inputs = random_inputs(rng, net.input, 60);
    ASSERT_EQ(simulate(lower(net), inputs), fixed::run(net, inputs)) << "seed " << seed;
    ++tried;
  }
  EXPECT_GT(tried, 250);
}

TEST(OutputStages, argmax_is_right_on_every_input_of_small_types) {
  for (int classes = 1; classes <= 5; ++classes) {
    FixedNet net;
    net.input = vector_of(classes, FixedType{2, 1, true});
    net = fixed::with_output(net, fixed::OutputKind::argmax);
    std::vector<std::int64_t> rows, expected;
    for (int code = 0; code < 1 << (2 * classes); ++code) {
      std::vector<std::int64_t> row;
      for (int c = 0; c < classes; ++c) row.push_back(((code >> (2 * c)) & 3) - 2);
      expected.push_back(std::max_element(row.begin(), row.end()) - row.begin());
      rows.insert(rows.end(), row.begin(), row.end());
    }
    EXPECT_EQ(fixed::run(net, rows), expected) << classes << " classes";
    EXPECT_EQ(simulate(lower(net), rows), expected) << classes << " classes";
  }
}

TEST(OutputStages, argmax_is_one_maximum_less_than_classes) {
  for (const int classes : {2, 3, 5, 8}) {
    FixedNet net;
    net.input = vector_of(classes, FixedType{8, 4, true});
    const Circuit circuit = lower(fixed::with_output(net, fixed::OutputKind::argmax));
    const auto maxima =
        std::count_if(circuit.nodes().begin(), circuit.nodes().end(), [](const auto& n) { return n.kind == Kind::maximum; });
    EXPECT_EQ(maxima, classes - 1);
  }
}

TEST(OutputStages, pruned_and_equal_logits_cost_no_comparison) {
  FixedNet net;
  net.input = vector_of(2, FixedType{6, 4, true});
  const DenseOp op{2, 3, {1, 2, 1, 2, 0, 0}, 0, {0, 0, -1000}, 2};
  net.nodes.push_back(make_node("dense", op, 0, vector_of(3, FixedType{14, 12, true})));
  net = fixed::with_output(net, fixed::OutputKind::argmax);
  const Circuit circuit = lower(net);
  Rng rng(3);
  const auto inputs = random_inputs(rng, net.input, 100);
  EXPECT_EQ(simulate(circuit, inputs), fixed::run(net, inputs));
  EXPECT_EQ(fixed::run(net, inputs), std::vector<std::int64_t>(100, 0)) << "equal logits: the first";
}

}  // namespace
}  // namespace snac::circuit
