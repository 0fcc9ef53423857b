#include "snac/compress/chain.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace snac::compress
