// Foreign networks as classifiers of a study's data.
#include "snac/flow/imported_models.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/forward.hpp"

namespace snac::flow {
namespace {

nn::Mlp network(int outputs, space::Activation last) {
  space::ArchSpec spec = space::mlp(3, {4}, outputs);
  std::get<space::DenseLayer>(spec.nodes.back().layer).activation = last;
  Rng rng(5);
  nn::Mlp mlp = nn::make_mlp(spec, rng);
  for (float& b : mlp.biases(1)) b = static_cast<float>(rng.normal());
  return mlp;
}

std::vector<float> outputs(const nn::Mlp& mlp) {
  data::Dataset data;
  data.num_features = 3;
  data.num_classes = mlp.layers.back().outputs;
  data.features = {1, -2, 0.5F, -1, 0.25F, 3};
  data.labels = {0, 0};
  return nn::predict(mlp, data, std::vector<std::uint32_t>{0, 1});
}

TEST(ImportedModels, one_probability_becomes_two_logits) {
  for (const auto last : {space::Activation::sigmoid, space::Activation::linear}) {
    const nn::Mlp model = network(1, last);
    nn::Mlp linear = network(1, space::Activation::linear);
    const auto scores = outputs(linear), logits = outputs(as_classifier(model, 3, 2, "model"));
    ASSERT_EQ(logits.size(), 4U);
    for (std::size_t row = 0; row < 2; ++row) {
      EXPECT_EQ(logits[2 * row], 0);
      EXPECT_EQ(logits[2 * row + 1], scores[row]);
    }
  }
}

TEST(ImportedModels, a_last_sigmoid_is_taken_off_and_other_networks_stay) {
  EXPECT_EQ(outputs(as_classifier(network(3, space::Activation::sigmoid), 3, 3, "model")), outputs(network(3, space::Activation::linear)));
  const nn::Mlp plain = network(3, space::Activation::linear);
  EXPECT_EQ(as_classifier(plain, 3, 3, "model").parameters, plain.parameters);
}

TEST(ImportedModels, other_features_or_classes_are_refused) {
  EXPECT_THROW(as_classifier(network(3, space::Activation::linear), 4, 3, "model"), ConfigError);
  EXPECT_THROW(as_classifier(network(3, space::Activation::linear), 3, 5, "model"), ConfigError);
  EXPECT_THROW(as_classifier(network(1, space::Activation::linear), 3, 3, "model"), ConfigError);
}

}  // namespace
}  // namespace snac::flow
