#include "snac/nn/trainer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "nn_fixtures.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/nn/kernels_bf16.hpp"

namespace snac::nn {
namespace {

using space::Activation;

struct Split {
  data::Dataset data;
  std::vector<std::uint32_t> train, validation;
};

Split xor_split(std::size_t rows = 1500) {
  Split split{xor_like(rows), {}, {}};
  for (std::uint32_t i = 0; i < rows; ++i) (i % 5 == 0 ? split.validation : split.train).push_back(i);
  return split;
}

TrainParams quick_params() {
  TrainParams params;
  params.epochs = 20;
  params.batch = 32;
  params.learning_rate = 1e-2;
  params.early_stopping = 0;
  params.seed = 4;
  return params;
}

class TrainOnEveryIsa : public testing::TestWithParam<Isa> {
 protected:
  IsaGuard guard_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(isa, TrainOnEveryIsa, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(kernels_for(instance.param)->name); });

TEST_P(TrainOnEveryIsa, learns_an_easy_task_with_every_kind_of_layer) {
  const Split split = xor_split();
  for (const Activation activation : {Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu}) {
    for (const bool batch_norm : {false, true}) {
      Mlp mlp = random_mlp(space::mlp(4, {16, 8}, 2, activation, batch_norm, 0.02));
      const TrainResult result = train(mlp, split.data, split.train, split.validation, quick_params());
      EXPECT_GT(result.validation.accuracy, 0.95) << to_string(activation) << batch_norm;
      EXPECT_EQ(result.samples, 20 * 1200);
      const Score again = evaluate(mlp, split.data, split.validation);
      EXPECT_DOUBLE_EQ(again.loss, result.validation.loss);
      EXPECT_DOUBLE_EQ(again.accuracy, result.validation.accuracy);
    }
  }
}

TEST_P(TrainOnEveryIsa, learns_an_easy_task_on_grids) {
  const Split split = xor_split();
  for (const Activation activation : {Activation::relu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu}) {
    Mlp mlp = random_mlp(space::mlp(4, {16, 8}, 2, activation));
    const NetQuantizer quantizer = eight_bit_grids(mlp);
    const TrainResult result =
        train(mlp, split.data, split.train, split.validation, quick_params(), {.quantizer = &quantizer, .mask = nullptr});
    EXPECT_GT(result.validation.accuracy, 0.95) << to_string(activation);
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      for (const float weight : mlp.weights(l)) EXPECT_LE(std::fabs(static_cast<double>(weight)), quantizer.layers[l].weight.highest());
    }
  }
}

/// Recorded once. Instruction sets add in different orders, which over 30 steps moved the losses by 1e-7.
TEST_P(TrainOnEveryIsa, a_short_training_follows_the_recorded_losses) {
  const Split split = xor_split(400);
  TrainParams params = quick_params();
  params.epochs = 3;
  params.l1 = 1e-4;
  Mlp mlp = random_mlp(space::mlp(4, {16, 8}, 2, Activation::relu, true, 0.1));
  const TrainResult result = train(mlp, split.data, split.train, split.validation, params);
  const double train_losses[] = {0.65397821, 0.47088922, 0.37029106}, validation_losses[] = {0.82697084, 0.62516105, 0.55703893};
  ASSERT_EQ(result.history.size(), 3U);
  for (std::size_t e = 0; e < 3; ++e) {
    EXPECT_NEAR(result.history[e].train_loss / train_losses[e], 1, 1e-5);
    EXPECT_NEAR(result.history[e].validation_loss / validation_losses[e], 1, 1e-5);
  }
}

TEST_P(TrainOnEveryIsa, same_seed_gives_same_bits) {
  const Split split = xor_split(400);
  TrainParams params = quick_params();
  params.epochs = 3;
  const Mlp start = random_mlp(space::mlp(4, {16, 8}, 2, Activation::relu, true, 0.1));
  Mlp a = start, b = start, c = start;
  train(a, split.data, split.train, split.validation, params);
  train(b, split.data, split.train, split.validation, params);
  params.seed = 5;
  train(c, split.data, split.train, split.validation, params);
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.statistics, b.statistics);
  EXPECT_NE(a.parameters, c.parameters);
}

TEST_P(TrainOnEveryIsa, pruned_weight_stays_zero) {
  const Split split = xor_split(400);
  for (const bool quantised : {false, true}) {
    Mlp mlp = random_mlp(space::mlp(4, {16, 8}, 2));
    const NetQuantizer quantizer = eight_bit_grids(mlp);
    std::vector<std::uint8_t> mask(mlp.parameters.size(), 1);
    for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
    TrainParams params = quick_params();
    params.epochs = 3;
    params.l1 = 1e-3;
    train(mlp, split.data, split.train, split.validation, params, {.quantizer = quantised ? &quantizer : nullptr, .mask = &mask});
    std::size_t others_at_zero = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] == 0) {
        ASSERT_EQ(mlp.parameters[i], 0.0F) << i;
      } else if (mlp.parameters[i] == 0.0F) {
        ++others_at_zero;
      }
    }
    EXPECT_LT(others_at_zero, 5U);
  }
}

TEST(Train, early_stopping_ends_and_restores_the_best_epoch) {
  Split split = xor_split(300);
  for (std::size_t i = 0; i < split.train.size(); i += 3) split.data.labels[split.train[i]] ^= 1;  // noise to overfit
  TrainParams params = quick_params();
  params.epochs = 200;
  params.early_stopping = 3;
  params.schedule = Schedule::constant;
  Mlp mlp = random_mlp(space::mlp(4, {64, 64}, 2, Activation::relu, true));
  const TrainResult result = train(mlp, split.data, split.train, split.validation, params);
  ASSERT_LT(result.history.size(), 200U);
  ASSERT_EQ(result.history.size(), static_cast<std::size_t>(result.best_epoch) + 4);
  for (const EpochLog& log : result.history) EXPECT_GE(log.validation_loss, result.validation.loss);
  EXPECT_EQ(result.history[static_cast<std::size_t>(result.best_epoch)].validation_loss, result.validation.loss);
  // Parameters and running statistics are those of the best epoch: they give its score.
  EXPECT_EQ(evaluate(mlp, split.data, split.validation).loss, result.validation.loss);
  EXPECT_NE(result.history.back().validation_loss, result.validation.loss);
}

TEST(Train, being_asked_changes_nothing_and_a_stop_ends_like_a_shorter_training) {
  const Split split = xor_split(500);
  TrainParams params = quick_params();
  params.epochs = 6;
  const auto trained = [&](int epochs, int stop_after, TrainResult& result) {
    params.epochs = epochs;
    Mlp mlp = random_mlp(space::mlp(4, {8}, 2, Activation::relu, true, 0.1));
    std::vector<int> asked;
    result = train(mlp, split.data, split.train, split.validation, params, {.should_stop = [&](const EpochLog& log) {
                     asked.push_back(log.epoch);
                     return log.epoch + 1 == stop_after;
                   }});
    EXPECT_EQ(asked.size(), result.history.size());
    return mlp;
  };
  TrainResult whole, stopped, shorter, silent;
  const Mlp asked = trained(6, 99, whole);
  Mlp unasked = random_mlp(space::mlp(4, {8}, 2, Activation::relu, true, 0.1));
  silent = train(unasked, split.data, split.train, split.validation, params);
  EXPECT_EQ(asked.parameters, unasked.parameters);
  EXPECT_EQ(asked.statistics, unasked.statistics);
  EXPECT_EQ(whole.history.size(), 6U);
  EXPECT_EQ(trained(6, 2, stopped).parameters, trained(2, 99, shorter).parameters);
  EXPECT_EQ(stopped.history.size(), 2U);
  EXPECT_EQ(stopped.validation.loss, shorter.validation.loss);
}

TEST(Train, without_restore_the_last_epoch_is_kept) {
  const Split split = xor_split(300);
  TrainParams params = quick_params();
  params.epochs = 4;
  params.restore_best = false;
  Mlp mlp = random_mlp(space::mlp(4, {16}, 2));
  const TrainResult result = train(mlp, split.data, split.train, split.validation, params);
  EXPECT_EQ(result.validation.loss, result.history.back().validation_loss);
  EXPECT_EQ(evaluate(mlp, split.data, split.validation).loss, result.history.back().validation_loss);
}

TEST(Train, validation_rows_may_be_left_out_only_if_nothing_needs_them) {
  const Split split = xor_split(300);
  TrainParams params = quick_params();
  params.epochs = 2;
  Mlp mlp = random_mlp(space::mlp(4, {16}, 2));
  EXPECT_THROW(train(mlp, split.data, split.train, {}, params), ConfigError);
  params.restore_best = false;
  EXPECT_THROW(train(mlp, split.data, split.train, {}, params), ConfigError);
  params.schedule = Schedule::constant;
  const TrainResult result = train(mlp, split.data, split.train, {}, params);
  EXPECT_EQ(result.best_epoch, -1);
  EXPECT_TRUE(std::isnan(result.validation.loss));
  params.early_stopping = 2;
  EXPECT_THROW(train(mlp, split.data, split.train, {}, params), ConfigError);
}

TEST_P(TrainOnEveryIsa, not_a_number_is_never_a_result) {
  Split split = xor_split(300);
  const Mlp start = random_mlp(space::mlp(4, {16}, 2));
  const NetQuantizer quantizer = eight_bit_grids(start);
  TrainParams params = quick_params();
  params.epochs = 2;
  for (const NetQuantizer* grids : {static_cast<const NetQuantizer*>(nullptr), &quantizer}) {
    Split broken = split;
    broken.data.features[broken.train[7] * 4] = std::numeric_limits<float>::quiet_NaN();
    Mlp mlp = start;
    EXPECT_THROW(train(mlp, broken.data, broken.train, broken.validation, params, {.quantizer = grids, .mask = nullptr}), DivergedError);
    EXPECT_EQ(mlp.parameters, start.parameters);
  }
  params.learning_rate = 1e25;
  Mlp mlp = start;
  EXPECT_THROW(train(mlp, split.data, split.train, split.validation, params), DivergedError);
  EXPECT_EQ(mlp.parameters, start.parameters);
}

TEST(Train, an_interrupt_leaves_the_network_as_it_was) {
  const Split split = xor_split(300);
  const Mlp start = random_mlp(space::mlp(4, {16}, 2));
  Mlp mlp = start;
  request_interrupt(true);
  EXPECT_THROW(train(mlp, split.data, split.train, split.validation, quick_params()), Interrupted);
  request_interrupt(false);
  EXPECT_EQ(mlp.parameters, start.parameters);
}

TEST(Train, l1_pulls_weights_towards_zero) {
  const Split split = xor_split(400);
  double sums[2] = {};
  for (const int k : {0, 1}) {
    TrainParams params = quick_params();
    params.l1 = k == 0 ? 0 : 1e-2;
    Mlp mlp = random_mlp(space::mlp(4, {16}, 2));
    train(mlp, split.data, split.train, split.validation, params);
    for (std::size_t l = 0; l < 2; ++l) {
      for (const float weight : mlp.weights(l)) sums[k] += std::fabs(static_cast<double>(weight));
    }
  }
  EXPECT_LT(sums[1], 0.8 * sums[0]);
}

TEST(Train, l2_pulls_large_weights_towards_zero) {
  const Split split = xor_split(400);
  double squares[2] = {};
  for (const int k : {0, 1}) {
    TrainParams params = quick_params();
    params.l2 = k == 0 ? 0 : 1e-2;
    Mlp mlp = random_mlp(space::mlp(4, {16}, 2));
    train(mlp, split.data, split.train, split.validation, params);
    for (const float weight : mlp.weights(0)) squares[k] += std::pow(static_cast<double>(weight), 2);
  }
  EXPECT_LT(squares[1], 0.8 * squares[0]);
}

TEST_P(TrainOnEveryIsa, momentum_learns_an_easy_task) {
  const Split split = xor_split();
  TrainParams params = quick_params();
  params.optimizer = Optimizer::sgd;
  params.learning_rate = 0.05;
  Mlp mlp = random_mlp(space::mlp(4, {16, 8}, 2));
  EXPECT_GT(train(mlp, split.data, split.train, split.validation, params).validation.accuracy, 0.95);
}

TEST_P(TrainOnEveryIsa, bf16_learns_an_easy_task_or_says_why_it_cannot) {
  const Split split = xor_split();
  TrainParams params = quick_params();
  params.precision = Precision::bf16;
  for (const bool batch_norm : {false, true}) {
    Mlp mlp = random_mlp(space::mlp(4, {17, 8}, 2, Activation::relu, batch_norm, batch_norm ? 0.02 : 0));
    if (bf16_kernels() == nullptr) {
      try {
        train(mlp, split.data, split.train, split.validation, params);
        FAIL() << "trained in bf16 without its kernels";
      } catch (const ConfigError& error) {
        EXPECT_EQ(error.text().where, "precision");
        EXPECT_NE(error.text().expected.find("AVX512_BF16"), std::string::npos);
      }
      continue;
    }
    const TrainResult result = train(mlp, split.data, split.train, split.validation, params);
    EXPECT_GT(result.validation.accuracy, 0.95);
    EXPECT_DOUBLE_EQ(evaluate(mlp, split.data, split.validation).loss, result.validation.loss);  // single precision
  }
}

TEST(Train, bf16_with_a_quantizer_is_refused) {
  const IsaGuard guard(Isa::reference);
  const Split split = xor_split(100);
  Mlp mlp = random_mlp(space::mlp(4, {16}, 2));
  const NetQuantizer quantizer = eight_bit_grids(mlp);
  TrainParams params = quick_params();
  params.precision = Precision::bf16;
  EXPECT_THROW(train(mlp, split.data, split.train, split.validation, params, {.quantizer = &quantizer}), ConfigError);
}

TEST(Train, odd_sizes_work) {
  const Split split = xor_split(130);  // 104 training rows
  for (const int batch : {1, 7, 64, 104, 128}) {
    TrainParams params = quick_params();
    params.epochs = 2;
    params.batch = batch;
    Mlp mlp = random_mlp(space::mlp(4, {1, 17}, 2, Activation::relu, true));
    EXPECT_EQ(train(mlp, split.data, split.train, split.validation, params).samples, 208);
  }
}

TEST(Train, batch_norm_with_a_quantizer_is_refused) {
  const Split split = xor_split(100);
  Mlp mlp = random_mlp(space::mlp(4, {16}, 2, Activation::relu, true));
  const NetQuantizer quantizer = eight_bit_grids(mlp);
  EXPECT_THROW(train(mlp, split.data, split.train, split.validation, quick_params(), {.quantizer = &quantizer, .mask = nullptr}),
               std::invalid_argument);
}

TEST(Train, rows_and_data_that_do_not_fit_are_refused) {
  const Split split = xor_split(100);
  Mlp mlp = random_mlp(space::mlp(4, {16}, 2)), wider = random_mlp(space::mlp(5, {16}, 2));
  EXPECT_THROW(train(mlp, split.data, {}, split.validation, quick_params()), ConfigError);
  EXPECT_THROW(train(wider, split.data, split.train, split.validation, quick_params()), DataError);
  const std::vector<std::uint32_t> beyond{0, 100};
  EXPECT_THROW(train(mlp, split.data, beyond, split.validation, quick_params()), std::invalid_argument);
  EXPECT_THROW(train(mlp, split.data, split.train, beyond, quick_params()), std::invalid_argument);
}

TEST(Train, bad_parameters_name_their_field) {
  const auto field_of = [](auto change) {
    TrainParams params;
    change(params);
    try {
      params.validate();
    } catch (const ConfigError& error) {
      return error.text().where;
    }
    return std::string("accepted");
  };
  EXPECT_EQ(field_of([](TrainParams&) {}), "accepted");
  EXPECT_EQ(field_of([](TrainParams& p) { p.epochs = 0; }), "epochs");
  EXPECT_EQ(field_of([](TrainParams& p) { p.batch = 0; }), "batch");
  EXPECT_EQ(field_of([](TrainParams& p) { p.learning_rate = 0; }), "learning_rate");
  EXPECT_EQ(field_of([](TrainParams& p) { p.learning_rate = std::nan(""); }), "learning_rate");
  EXPECT_EQ(field_of([](TrainParams& p) { p.l1 = -1; }), "l1");
  EXPECT_EQ(field_of([](TrainParams& p) { p.l2 = -1; }), "l2");
  EXPECT_EQ(field_of([](TrainParams& p) { p.momentum = 1; }), "momentum");
  EXPECT_EQ(field_of([](TrainParams& p) { p.plateau_factor = 0; }), "plateau_factor");
  EXPECT_EQ(field_of([](TrainParams& p) { p.plateau_patience = 0; }), "plateau_patience");
  EXPECT_EQ(field_of([](TrainParams& p) { p.min_learning_rate = -1; }), "min_learning_rate");
  EXPECT_EQ(field_of([](TrainParams& p) { p.early_stopping = -1; }), "early_stopping");
}

TEST(Train, parameters_are_read_from_a_configuration) {
  TrainParams params;
  Fields fields = Fields::reader(
      parse_yaml("{epochs: 7, schedule: cosine, l1: 1e-5, l2: 1e-6, restore_best: false, optimizer: sgd, momentum: 0.5, precision: bf16}",
                 "test"),
      "test");
  describe(fields, params);
  fields.finish();
  EXPECT_EQ(params.epochs, 7);
  EXPECT_EQ(params.schedule, Schedule::cosine);
  EXPECT_EQ(params.l1, 1e-5);
  EXPECT_FALSE(params.restore_best);
  EXPECT_EQ(params.l2, 1e-6);
  EXPECT_EQ(params.optimizer, Optimizer::sgd);
  EXPECT_EQ(params.momentum, 0.5);
  EXPECT_EQ(params.precision, Precision::bf16);
}

}  // namespace
}  // namespace snac::nn
