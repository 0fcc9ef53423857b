#include "snac/compress/lower.hpp"

#include <gtest/gtest.h>

#include "snac/compress/calibrate.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/nn/forward.hpp"
#include "toy_problem.hpp"

namespace snac::compress {
namespace {

TEST(Lower, grids_and_types_are_each_others_inverse) {
  const nn::Grid unsigned_grid{.fraction_bits = 5, .min_raw = 0, .max_raw = 255};
  EXPECT_EQ(fixed::to_string(type_of(unsigned_grid)), fixed::to_string({8, 3, false, fixed::Rounding::rnd, fixed::Overflow::sat}));
  EXPECT_EQ(grid_of(type_of(unsigned_grid)), unsigned_grid);
  EXPECT_EQ(type_of({.fraction_bits = 7, .min_raw = -127, .max_raw = 127}).width, 8);
  EXPECT_THROW(type_of({.fraction_bits = 0, .min_raw = 0, .max_raw = 100}), std::invalid_argument);
}

TEST(Lower, integers_equal_the_exact_qat_forward_pass_on_every_row) {
  const auto data = clouds(500, 2);
  const auto rows = all_rows(data);
  int seed = 0;
  for (const auto activation :
       {space::Activation::relu, space::Activation::tanh, space::Activation::sigmoid, space::Activation::leaky_relu}) {
    for (const Precision precision : {Precision{8, 8}, Precision{4, 6}, Precision{2, 3}, Precision{12, 12}}) {
      Rng rng(static_cast<std::uint64_t>(++seed));
      nn::Mlp mlp = nn::make_mlp(space::mlp(4, {9, 7}, 3, activation, true), rng);
      for (float& b : mlp.biases(0)) b = static_cast<float>(rng.normal());
      mlp = nn::fold_batch_norm(mlp);
      const auto quantizer = calibrate(mlp, data, rows, {.precision = precision});
      const fixed::FixedNet net = lower(mlp, quantizer, data.class_names);
      const auto integers = fixed::run(net, fixed::quantize_inputs(net, data.features));
      EXPECT_EQ(integers, nn::predict_exact(mlp, quantizer, data, rows)) << space::to_string(activation) << " " << to_string(precision);
    }
  }
}

TEST(Lower, a_leaky_relu_keeps_its_slope) {
  const auto data = clouds(300, 2);
  const auto rows = all_rows(data);
  space::ArchSpec spec = space::mlp(4, {9}, 3, space::Activation::leaky_relu);
  std::get<space::DenseLayer>(spec.nodes[0].layer).negative_slope = 0.3;
  Rng rng(5);
  const nn::Mlp mlp = nn::make_mlp(spec, rng);
  const auto quantizer = calibrate(mlp, data, rows, {});
  const fixed::FixedNet net = lower(mlp, quantizer, data.class_names);
  EXPECT_EQ(fixed::run(net, fixed::quantize_inputs(net, data.features)), nn::predict_exact(mlp, quantizer, data, rows));
  const auto& table = std::get<fixed::TableOp>(net.nodes[1].op).table;
  const nn::Grid& pre = *quantizer.layers[0].pre_activation;
  EXPECT_EQ(table.front(), nn::quantize_raw(quantizer.layers[0].output[0], 0.3 * pre.lowest()));
}

TEST(Lower, batch_norm_must_be_folded_first) {
  Rng rng(1);
  const nn::Mlp mlp = nn::make_mlp(space::mlp(4, {5}, 3, space::Activation::relu, true), rng);
  const auto data = clouds(60, 2);
  const auto quantizer = calibrate(nn::fold_batch_norm(mlp), data, all_rows(data), {});
  EXPECT_THROW(lower(mlp, quantizer), std::invalid_argument);
}

}  // namespace
}  // namespace snac::compress
