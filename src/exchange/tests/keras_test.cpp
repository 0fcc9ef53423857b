// Keras' files: made by Keras 2.15 and 3.15 (data/make_keras_models.py), and damaged.
#include <sstream>

#include "reading.hpp"
#include "snac/core/rng.hpp"

namespace snac::exchange {
namespace {

const std::string kData = SNAC_EXCHANGE_TEST_DATA "/";

class KerasFile : public testing::TestWithParam<const char*> {};

TEST_P(KerasFile, gives_what_keras_gave) {
  const std::string name = GetParam();
  const ImportedModel model = import_model(kData + name);
  EXPECT_TRUE(model.producer.starts_with("Keras ")) << model.producer;
  const auto& mlp = std::get<nn::Mlp>(model.network);
  EXPECT_EQ(space::summary(mlp.spec), "6-5-4-3 relu,tanh");
  std::istringstream rows(read_file(kData + name.substr(0, 6) + ".txt"));
  std::vector<float> features, expected;
  float value = 0;
  for (int i = 0; rows >> value; ++i) (i % 9 < 6 ? features : expected).push_back(value);
  const auto found = outputs(mlp, features);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
}

TEST_P(KerasFile, damaged_is_an_error) {
  const std::string name = GetParam(), bytes = read_file(kData + name);
  for (const std::size_t size : {std::size_t{9}, std::size_t{200}, bytes.size() / 2, bytes.size() - 30}) {
    const FileOf file(bytes.substr(0, size), name);
    EXPECT_NE(refusal(file.path()), "") << size;
  }
  Rng rng(1);
  for (int run = 0; run < 60; ++run) {
    std::string damaged = bytes;
    for (int k = 0; k < 8; ++k) damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    const FileOf file(damaged, name);
    refusal(file.path());  // an error or a model, no crash
  }
}

INSTANTIATE_TEST_SUITE_P(Import, KerasFile, testing::Values("keras2.h5", "keras3.h5", "keras3.keras"));

/// The file with one text in it replaced by another of the same length.
std::string with_text(const std::string& file, const std::string& from, const std::string& to) {
  std::string bytes = read_file(kData + file);
  EXPECT_EQ(from.size(), to.size());
  const std::size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) bytes.replace(at, to.size(), to);
  return bytes;
}

TEST(Keras, says_which_layer_it_cannot_read) {
  const FileOf other(with_text("keras2.h5", "\"class_name\": \"Dropout\"", "\"class_name\": \"Softsig\""), "a.h5");
  EXPECT_NE(refusal(other.path()).find("layer 'dropout' (Softsig)"), std::string::npos) << refusal(other.path());
  const FileOf units(with_text("keras2.h5", "\"units\": 4", "\"units\": 9"), "a.h5");
  EXPECT_NE(refusal(units.path()).find("9 units"), std::string::npos) << refusal(units.path());
  const FileOf activation(with_text("keras2.h5", "\"activation\": \"relu\"", "\"activation\": \"selu\""), "a.h5");
  EXPECT_NE(refusal(activation.path()).find("activation 'selu'"), std::string::npos) << refusal(activation.path());
}

}  // namespace
}  // namespace snac::exchange
