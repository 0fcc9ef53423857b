#include "snac/compress/chain.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "snac/compress/lower.hpp"
#include "snac/fixed/interpreter.hpp"
#include "toy_problem.hpp"

namespace snac::compress {
namespace {

class ChainTest : public testing::Test {
 protected:
  ChainTest() : data_(clouds(900, 4)) {
    for (std::uint32_t i = 0; i < 600; ++i) train_.push_back(i);
    for (std::uint32_t i = 600; i < 900; ++i) validation_.push_back(i);
    Rng rng(1);
    trained_ = nn::make_mlp(space::mlp(4, {12}, 3, space::Activation::relu, true), rng);
    nn::train(trained_, data_, train_, validation_, {.epochs = 10, .batch = 32, .learning_rate = 0.01});
    input_ = {.data = &data_, .train_rows = train_, .validation_rows = validation_, .calibration = {.precision = {8, 8}}, .seed = 7};
    params_ = {.warmup_epochs = 2, .pruning = {.iterations = 3, .fraction = 0.3, .epochs = 2}, .batch = 32};
  }

  double accuracy(const ChainState& state) const {
    const auto net = lower(state.mlp, state.quantizer);
    const auto classes = fixed::argmax(fixed::run(net, fixed::quantize_inputs(net, data_.features)), 3);
    int right = 0;
    for (const auto row : validation_) right += classes[row] == data_.labels[row] ? 1 : 0;
    return right / 300.0;
  }

  data::Dataset data_;
  std::vector<std::uint32_t> train_, validation_;
  nn::Mlp trained_;
  ChainInput input_;
  ChainParams params_;
};

TEST_F(ChainTest, starts_from_the_trained_weights_and_keeps_accuracy) {
  params_.warmup_epochs = 0;
  const ChainState state = begin_chain(trained_, input_, params_);
  EXPECT_EQ(state.mlp.parameters, nn::fold_batch_norm(trained_).parameters);
  const double before = nn::evaluate(trained_, data_, validation_).accuracy;
  EXPECT_GT(before, 0.85);
  EXPECT_GT(accuracy(state), before - 0.02);
}

TEST_F(ChainTest, pruned_weights_stay_zero_and_survivors_rewind) {
  ChainState state = begin_chain(trained_, input_, params_);
  const ChainState first = state;
  params_.pruning.epochs = 0;
  state = next_iteration(state, input_, params_);
  EXPECT_NEAR(sparsity(state.mlp, state.mask), 0.3, 0.02);
  for (std::size_t k = 0; k < state.mask.size(); ++k) {
    EXPECT_EQ(state.mlp.parameters[k], state.mask[k] != 0 ? first.rewind_point.parameters[k] : 0.0F);
  }
  params_.pruning.epochs = 2;
  const ChainState second = next_iteration(state, input_, params_);
  EXPECT_NEAR(sparsity(second.mlp, second.mask), 1 - 0.7 * 0.7, 0.03);
  for (std::size_t k = 0; k < second.mask.size(); ++k) {
    if (second.mask[k] == 0) {
      EXPECT_EQ(second.mlp.parameters[k], 0.0F);
    }
    if (state.mask[k] == 0) {
      EXPECT_EQ(second.mask[k], 0);
    }
  }
  EXPECT_GT(accuracy(second), 0.75);
}

TEST_F(ChainTest, rewind_choices_differ_only_in_the_starting_weights) {
  params_.pruning.epochs = 0;
  params_.pruning.rewind = Rewind::start;
  const ChainState start = next_iteration(begin_chain(trained_, input_, params_), input_, params_);
  const auto folded = nn::fold_batch_norm(trained_);
  for (std::size_t k = 0; k < start.mask.size(); ++k) {
    if (start.mask[k] != 0) {
      EXPECT_EQ(start.mlp.parameters[k], folded.parameters[k]);
    }
  }
  params_.pruning.rewind = Rewind::none;
  const ChainState begun = begin_chain(trained_, input_, params_);
  EXPECT_TRUE(begun.rewind_point.parameters.empty());
  const ChainState none = next_iteration(begun, input_, params_);
  for (std::size_t k = 0; k < none.mask.size(); ++k) {
    if (none.mask[k] != 0) {
      EXPECT_EQ(none.mlp.parameters[k], begun.mlp.parameters[k]);
    }
  }
}

TEST_F(ChainTest, same_seed_gives_the_same_weights) {
  const ChainState a = next_iteration(begin_chain(trained_, input_, params_), input_, params_);
  const ChainState b = next_iteration(begin_chain(trained_, input_, params_), input_, params_);
  EXPECT_EQ(a.mlp.parameters, b.mlp.parameters);
  input_.seed = 8;
  EXPECT_NE(next_iteration(begin_chain(trained_, input_, params_), input_, params_).mlp.parameters, a.mlp.parameters);
}

TEST_F(ChainTest, pruning_in_float_and_quantising_each_round_keeps_the_mask) {
  params_.order = Order::prune_then_quantise;
  params_.quantise_epochs = 2;
  ChainState state = begin_chain(trained_, input_, params_);
  for (int round = 1; round <= 3; ++round) {
    state = next_iteration(state, input_, params_);
    EXPECT_FALSE(state.quantised());
    EXPECT_NEAR(sparsity(state.mlp, state.mask), 1 - std::pow(0.7, round), 0.03);
    const ChainState point = quantise(state, input_, params_);
    ASSERT_TRUE(point.quantised());
    EXPECT_EQ(point.iteration, round);
    EXPECT_EQ(point.mask, state.mask);
    for (std::size_t k = 0; k < point.mask.size(); ++k) {
      if (point.mask[k] == 0) {
        EXPECT_EQ(point.mlp.parameters[k], 0.0F);
      }
    }
    EXPECT_NE(point.mlp.parameters, state.mlp.parameters) << "quantisation-aware epochs change weights";
    EXPECT_EQ(quantise(state, input_, params_).mlp.parameters, point.mlp.parameters);
    EXPECT_GT(accuracy(point), 0.75);
    EXPECT_THROW(quantise(point, input_, params_), std::invalid_argument);
  }
}

TEST_F(ChainTest, float_pruning_does_not_depend_on_the_precision) {
  params_.order = Order::prune_then_quantise;
  const ChainState eight = next_iteration(begin_chain(trained_, input_, params_), input_, params_);
  input_.calibration.precision = {2, 3};
  const ChainState two = next_iteration(begin_chain(trained_, input_, params_), input_, params_);
  EXPECT_EQ(eight.mlp.parameters, two.mlp.parameters);
  EXPECT_EQ(eight.mask, two.mask);
}

TEST_F(ChainTest, rewinds_to_the_initialisation_when_it_is_known) {
  params_.pruning.epochs = 0;
  params_.pruning.rewind = Rewind::initialisation;
  EXPECT_THROW(begin_chain(trained_, input_, params_), std::invalid_argument);
  Rng rng(1);
  const nn::Mlp other = nn::make_mlp(space::mlp(4, {11}, 3, space::Activation::relu, true), rng);
  input_.initial = &other;
  EXPECT_THROW(begin_chain(trained_, input_, params_), std::invalid_argument);
  Rng same(1);
  const nn::Mlp initial = nn::make_mlp(trained_.spec, same);
  input_.initial = &initial;
  for (const Order order : {Order::combined, Order::prune_then_quantise}) {
    params_.order = order;
    const ChainState begun = begin_chain(trained_, input_, params_);
    const ChainState state = next_iteration(begun, input_, params_);
    const auto folded = nn::fold_batch_norm(initial);
    for (std::size_t k = 0; k < state.mask.size(); ++k) {
      EXPECT_EQ(state.mlp.parameters[k], state.mask[k] != 0 ? folded.parameters[k] : 0.0F);
    }
    EXPECT_NE(begun.mlp.parameters, folded.parameters) << "iteration 0 is the trained network";
  }
}

TEST_F(ChainTest, ternary_weights_train_and_prune) {
  input_.calibration.precision = {2, 4};
  params_.pruning.epochs = 4;
  const ChainState state = next_iteration(begin_chain(trained_, input_, params_), input_, params_);
  for (const auto& node : lower(state.mlp, state.quantizer).nodes) {
    for (const auto weight : std::get<fixed::DenseOp>(node.op).weights) EXPECT_LE(std::abs(weight), 1);
  }
  EXPECT_GT(accuracy(state), 0.6);
}

TEST_F(ChainTest, weights_that_are_no_numbers_end_the_chain) {
  trained_.weights(0)[3] = std::nanf("");
  for (const Order order : {Order::combined, Order::prune_then_quantise}) {
    params_.order = order;
    EXPECT_THROW(begin_chain(trained_, input_, params_), nn::DivergedError);
  }
}

}  // namespace
}  // namespace snac::compress
