#include "snac/nn/checkpoint.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include "nn_fixtures.hpp"
#include "snac/nn/kernels_bf16.hpp"

namespace snac::nn {
namespace {

using space::Activation;

class Checkpoint : public testing::Test {
 protected:
  Checkpoint() {
    data_ = xor_like(300);
    for (std::uint32_t i = 0; i < 300; ++i) (i % 5 == 0 ? validation_ : train_).push_back(i);
    for (std::size_t i = 0; i < train_.size(); i += 3) data_.labels[train_[i]] ^= 1;  // noise, for the best epoch not to be the last
    params_.epochs = 6;
    params_.batch = 32;
    params_.learning_rate = 2e-2;
    params_.early_stopping = 0;
    params_.seed = 4;
  }

  static bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
  static void expect_same(const TrainResult& a, const TrainResult& b) {
    ASSERT_EQ(a.history.size(), b.history.size());
    for (std::size_t e = 0; e < a.history.size(); ++e) {
      const EpochLog &x = a.history[e], &y = b.history[e];
      EXPECT_EQ(x.epoch, y.epoch);
      EXPECT_EQ(x.learning_rate, y.learning_rate);
      EXPECT_EQ(x.train_loss, y.train_loss);
      EXPECT_TRUE(same(x.validation_loss, y.validation_loss));
      EXPECT_TRUE(same(x.validation_accuracy, y.validation_accuracy));
    }
    EXPECT_EQ(a.best_epoch, b.best_epoch);
    EXPECT_TRUE(same(a.validation.loss, b.validation.loss));
    EXPECT_TRUE(same(a.validation.accuracy, b.validation.accuracy));
    EXPECT_EQ(a.samples, b.samples);
  }

  /// Trains through, then goes on from the checkpoint of every epoch, each through its file.
  /// @returns the result of the whole training.
  TrainResult check(const space::ArchSpec& spec, TrainExtras extras = {}) {
    const Mlp start = random_mlp(spec);
    std::vector<std::vector<std::byte>> files;
    extras.on_epoch = [&](const TrainCheckpoint& checkpoint) { files.push_back(serialize(checkpoint)); };
    Mlp whole = start, plain = start;
    const TrainResult result = train(whole, data_, train_, validation_rows(), params_, extras);
    EXPECT_EQ(files.size(), result.history.size());
    extras.on_epoch = nullptr;
    expect_same(train(plain, data_, train_, validation_rows(), params_, extras), result);  // watching changes nothing
    EXPECT_EQ(plain.parameters, whole.parameters);
    for (std::size_t e = 0; e < files.size(); ++e) {
      const TrainCheckpoint checkpoint = deserialize_checkpoint(files[e], "checkpoint");
      extras.resume = &checkpoint;
      Mlp resumed = random_mlp(spec, 99);  // its values do not count
      const TrainResult again = train(resumed, data_, train_, validation_rows(), params_, extras);
      expect_same(again, result);
      EXPECT_EQ(resumed.parameters, whole.parameters) << "after epoch " << e + 1;
      EXPECT_EQ(resumed.statistics, whole.statistics) << "after epoch " << e + 1;
    }
    return result;
  }
  std::span<const std::uint32_t> validation_rows() const {
    return validate_ ? std::span<const std::uint32_t>(validation_) : std::span<const std::uint32_t>();
  }

  data::Dataset data_;
  std::vector<std::uint32_t> train_, validation_;
  TrainParams params_;
  bool validate_ = true;
};

TEST_F(Checkpoint, resumes_to_the_same_bits_on_every_instruction_set) {
  for (const Isa isa : available_isas()) {
    const IsaGuard guard(isa);
    check(space::mlp(4, {16, 9}, 2, Activation::relu, true, 0.1));
  }
}
TEST_F(Checkpoint, resumes_with_each_schedule_and_early_stopping) {
  params_.epochs = 12;
  for (const Schedule schedule : {Schedule::constant, Schedule::cosine, Schedule::plateau}) {
    params_.schedule = schedule;
    params_.plateau_patience = 1;
    for (const int patience : {0, 3}) {
      params_.early_stopping = patience;
      const TrainResult result = check(space::mlp(4, {32, 32}, 2, Activation::tanh));
      if (schedule == Schedule::constant && patience == 3) {
        EXPECT_LT(result.history.size(), 12U);
      }
      if (schedule == Schedule::plateau) {
        EXPECT_LT(result.history.back().learning_rate, params_.learning_rate);
      }
    }
  }
}
TEST_F(Checkpoint, resumes_with_momentum_and_penalties) {
  params_.optimizer = Optimizer::sgd;
  params_.l1 = 1e-4;
  params_.l2 = 1e-4;
  check(space::mlp(4, {16}, 2, Activation::leaky_relu));
}
TEST_F(Checkpoint, resumes_on_grids_and_with_a_mask) {
  const space::ArchSpec spec = space::mlp(4, {16, 9}, 2, Activation::relu, false, 0.1);
  const Mlp mlp = random_mlp(spec);
  const NetQuantizer quantizer = eight_bit_grids(mlp);
  std::vector<std::uint8_t> mask(mlp.parameters.size(), 1);
  for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
  check(spec, {.quantizer = &quantizer});
  check(spec, {.mask = &mask});
  check(spec, {.quantizer = &quantizer, .mask = &mask});
}
TEST_F(Checkpoint, resumes_in_bf16) {
  params_.precision = Precision::bf16;
  for (const Isa isa : available_isas()) {
    const IsaGuard guard(isa);
    if (bf16_kernels() != nullptr) check(space::mlp(4, {17, 9}, 2, Activation::relu, true, 0.1));
  }
}
TEST_F(Checkpoint, resumes_without_validation_and_without_restoring) {
  params_.restore_best = false;
  check(space::mlp(4, {16}, 2));
  params_.schedule = Schedule::constant;
  validate_ = false;
  EXPECT_EQ(check(space::mlp(4, {16}, 2)).best_epoch, -1);
}

TEST_F(Checkpoint, a_training_may_go_on_for_more_epochs_unless_the_schedule_depends_on_them) {
  const Mlp start = random_mlp(space::mlp(4, {16}, 2));
  for (const Schedule schedule : {Schedule::plateau, Schedule::cosine}) {
    params_.schedule = schedule;
    params_.epochs = 2;
    TrainCheckpoint last;
    Mlp mlp = start, resumed = start;
    train(mlp, data_, train_, validation_, params_, {.on_epoch = [&](const TrainCheckpoint& checkpoint) { last = checkpoint; }});
    params_.epochs = 4;
    if (schedule == Schedule::cosine) {
      EXPECT_THROW(train(resumed, data_, train_, validation_, params_, {.resume = &last}), ConfigError);
      continue;
    }
    mlp = start;
    expect_same(train(resumed, data_, train_, validation_, params_, {.resume = &last}), train(mlp, data_, train_, validation_, params_));
    EXPECT_EQ(resumed.parameters, mlp.parameters);
    params_.epochs = 1;
    EXPECT_THROW(train(resumed, data_, train_, validation_, params_, {.resume = &last}), ConfigError);
  }
}

TEST_F(Checkpoint, another_training_is_refused_by_the_name_of_what_differs) {
  const Mlp start = random_mlp(space::mlp(4, {16}, 2));
  TrainCheckpoint last;
  Mlp mlp = start;
  train(mlp, data_, train_, validation_, params_, {.on_epoch = [&](const TrainCheckpoint& checkpoint) { last = checkpoint; }});
  const auto where = [&](const Mlp& network, const data::Dataset& data, const TrainParams& params, TrainExtras extras) {
    Mlp trained = network;
    extras.resume = &last;
    try {
      train(trained, data, train_, validation_, params, extras);
    } catch (const ConfigError& error) {
      EXPECT_EQ(trained.parameters, network.parameters);
      return error.text().where;
    }
    return std::string("accepted");
  };
  EXPECT_EQ(where(start, data_, params_, {}), "accepted");
  TrainParams params = params_;
  params.l1 = 1e-5;
  EXPECT_EQ(where(start, data_, params, {}), "l1");
  params = params_;
  params.optimizer = Optimizer::sgd;
  EXPECT_EQ(where(start, data_, params, {}), "optimizer");
  data::Dataset changed = data_;
  changed.features[4 * train_[3]] += 1;
  EXPECT_EQ(where(start, changed, params_, {}), "training rows");
  changed = data_;
  changed.labels[validation_[3]] ^= 1;
  EXPECT_EQ(where(start, changed, params_, {}), "validation rows");
  const NetQuantizer quantizer = eight_bit_grids(start);
  EXPECT_EQ(where(start, data_, params_, {.quantizer = &quantizer}), "grids");
  const std::vector<std::uint8_t> mask(start.parameters.size(), 1);
  EXPECT_EQ(where(start, data_, params_, {.mask = &mask}), "mask");
  EXPECT_EQ(where(random_mlp(space::mlp(4, {17}, 2)), data_, params_, {}), "architecture");
  const IsaGuard guard(kernels_for(Isa::automatic) == kernels_for(Isa::portable) ? Isa::reference : Isa::portable);
  EXPECT_EQ(where(start, data_, params_, {}), "instruction set");
}

TEST_F(Checkpoint, vectors_of_another_size_are_refused) {
  const Mlp start = random_mlp(space::mlp(4, {16}, 2));
  TrainCheckpoint last;
  Mlp mlp = start;
  train(mlp, data_, train_, validation_, params_, {.on_epoch = [&](const TrainCheckpoint& checkpoint) { last = checkpoint; }});
  for (auto member : {&TrainCheckpoint::first_moment, &TrainCheckpoint::second_moment, &TrainCheckpoint::best_parameters}) {
    TrainCheckpoint broken = last;
    (broken.*member).pop_back();
    EXPECT_THROW(train(mlp, data_, train_, validation_, params_, {.resume = &broken}), std::invalid_argument);
    EXPECT_THROW(deserialize_checkpoint(serialize(broken), "checkpoint"), DataError);
  }
}

/// The checksum of the format, set anew: what lies behind it must hold on its own.
void seal(std::vector<std::byte>& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (std::size_t i = 0; i + 8 < bytes.size(); ++i) hash = (hash ^ std::to_integer<std::uint64_t>(bytes[i])) * 0x100000001b3ULL;
  for (std::size_t i = 0; i < 8; ++i) bytes[bytes.size() - 8 + i] = static_cast<std::byte>(hash >> (8 * i));
}

/// Written by version 1 of the format; later readers must keep reading it.
TEST_F(Checkpoint, a_file_of_version_1_is_readable) {
  std::vector<std::byte> bytes;
  const auto raw = [&](std::string_view part) {
    for (const char c : part) bytes.push_back(static_cast<std::byte>(c));
  };
  const auto number = [&](std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
  };
  const auto real = [&](double value) { number(std::bit_cast<std::uint64_t>(value), 8); };
  const auto floats = [&](const std::vector<float>& values) {
    number(values.size(), 8);
    for (const float value : values) number(std::bit_cast<std::uint32_t>(value), 4);
  };
  Mlp mlp = make_empty_mlp(space::mlp(1, {}, 1));
  mlp.parameters = {1, -2};
  raw(std::string_view("SNACTRN\0\1\0\0\0", 12));
  number(13, 4);
  raw(R"({"seed": "1"})");
  const std::vector<std::byte> model = serialize(mlp);
  number(model.size(), 8);
  bytes.insert(bytes.end(), model.begin(), model.end());
  floats({3, 4});
  floats({5, 6});
  floats({7, 8});
  floats({});
  number(9, 8);
  for (const double value : {0.25, 0.5, 0.75, 0.125}) real(value);
  number(1, 4);
  number(1000, 8);
  for (const double value : {1.5, 0.01, 0.3}) real(value);
  number(2, 4);
  real(0.2);
  number(3, 4);
  number(1, 8);
  for (const double value : {0.02, 0.6, 0.7, 0.8}) real(value);
  bytes.resize(bytes.size() + 8);
  seal(bytes);
  const TrainCheckpoint checkpoint = deserialize_checkpoint(bytes, "old");
  EXPECT_EQ(checkpoint.settings, (std::map<std::string, std::string>{{"seed", "1"}}));
  EXPECT_EQ(checkpoint.mlp.parameters, mlp.parameters);
  EXPECT_EQ(checkpoint.first_moment, (std::vector<float>{3, 4}));
  EXPECT_EQ(checkpoint.second_moment, (std::vector<float>{5, 6}));
  EXPECT_EQ(checkpoint.best_parameters, (std::vector<float>{7, 8}));
  EXPECT_EQ(checkpoint.steps, 9U);
  EXPECT_EQ(checkpoint.best_score.loss, 0.25);
  EXPECT_EQ(checkpoint.progress.validation.accuracy, 0.125);
  EXPECT_EQ(checkpoint.progress.best_epoch, 0);
  EXPECT_EQ(checkpoint.progress.samples, 1000);
  EXPECT_EQ(checkpoint.schedule.rate, 0.01);
  EXPECT_EQ(checkpoint.schedule.waited, 2);
  EXPECT_EQ(checkpoint.stopping.waited, 3);
  ASSERT_EQ(checkpoint.progress.history.size(), 1U);
  EXPECT_EQ(checkpoint.progress.history[0].validation_accuracy, 0.8);
  EXPECT_EQ(serialize(checkpoint).size(), bytes.size() - 1);  // without the blank in the settings
}

TEST_F(Checkpoint, damaged_files_are_refused_and_never_crash) {
  std::vector<std::byte> bytes;
  params_.epochs = 2;
  Mlp mlp = random_mlp(space::mlp(4, {3}, 2));
  train(mlp, data_, train_, validation_, params_, {.on_epoch = [&](const TrainCheckpoint& checkpoint) { bytes = serialize(checkpoint); }});
  EXPECT_THROW(deserialize_checkpoint(serialize(mlp), "model"), DataError);  // another kind of file
  Rng rng(1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::vector<std::byte> damaged = bytes;
    damaged[i] ^= static_cast<std::byte>(1 + rng.below(255));
    EXPECT_THROW(deserialize_checkpoint(damaged, "checkpoint"), DataError) << i;
    EXPECT_THROW(deserialize_checkpoint(std::span(bytes).first(i), "checkpoint"), DataError) << i;
  }
  int refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<std::byte> damaged = bytes;
    for (std::uint64_t k = 0; k <= rng.below(3); ++k) damaged[rng.below(damaged.size())] = static_cast<std::byte>(rng.below(256));
    if (rng.chance(0.3)) damaged.resize(12 + rng.below(damaged.size() - 12));
    seal(damaged);
    try {
      const TrainCheckpoint read = deserialize_checkpoint(damaged, "checkpoint");
      EXPECT_EQ(read.first_moment.size(), read.mlp.parameters.size());  // another value of a float: a sound checkpoint
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace snac::nn
