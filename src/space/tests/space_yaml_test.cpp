// The forms that the `space:` section may take, and what is said about the ones it may not.
#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/fields.hpp"
#include "snac/core/rng.hpp"
#include "snac/space/search_space.hpp"

namespace snac::space {
namespace {

SearchSpace read(const std::string& yaml) { return SearchSpace::from_yaml(parse_yaml(yaml, "t.yaml"), 24, 5, "t.yaml: space"); }

/// The choices of one axis as texts.
std::vector<std::string> choices(const std::string& yaml, const std::string& axis) {
  const SearchSpace space = read(yaml);
  for (const SearchAxis& each : space.axes()) {
    if (each.name != axis) continue;
    std::vector<std::string> texts;
    for (const Choice& choice : each.choices) texts.push_back(to_string(choice));
    return texts;
  }
  return {"no such axis"};
}

std::vector<std::string> learning_rates(const std::string& form) {
  return choices("{layers: 1, width: 8, learning_rate: " + form + "}", "learning_rate");
}
std::vector<std::string> widths(const std::string& form) { return choices("{layers: 1, width: " + form + "}", "width_1"); }

std::string refusal(const std::string& yaml) {
  try {
    read(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

/// What is said about one more line in an otherwise good space.
std::string refused_line(const std::string& line) { return refusal("layers: [1, 2]\nwidth: [4, 8]\n" + line + "\n"); }

#define EXPECT_SAYS(message, part) EXPECT_NE((message).find(part), std::string::npos) << (message)

using Texts = std::vector<std::string>;

TEST(SpaceYaml, numbers_are_values_lists_or_ranges) {
  EXPECT_EQ(widths("16"), Texts{"16"});
  EXPECT_EQ(widths("[64, 8, 1e2]"), (Texts{"8", "64", "100"}));
  EXPECT_EQ(widths("{min: 4, max: 7}"), (Texts{"4", "5", "6", "7"}));
  EXPECT_EQ(widths("{min: 4, max: 17, step: 4}"), (Texts{"4", "8", "12", "16"}));
  EXPECT_EQ(widths("{min: 8, max: 128, count: 5, scale: log}"), (Texts{"8", "16", "32", "64", "128"}));
  EXPECT_EQ(widths("{min: 10, max: 20, count: 3}"), (Texts{"10", "15", "20"}));
  EXPECT_EQ(widths("{values: [8, 16]}"), (Texts{"8", "16"}));
  EXPECT_EQ(widths("{1: {min: 1, max: 2}}"), (Texts{"1", "2"}));
  EXPECT_EQ(learning_rates("0.002"), Texts{"0.002"});
  EXPECT_EQ(learning_rates("[2e-3, 0.001]"), (Texts{"0.001", "0.002"}));
  EXPECT_EQ(learning_rates("{min: 0.1, max: 0.5, step: 0.1}"), (Texts{"0.1", "0.2", "0.3", "0.4", "0.5"}));
  EXPECT_EQ(learning_rates("{min: 0.1, max: 0.49, step: 0.1}"), (Texts{"0.1", "0.2", "0.3", "0.4"}));
  EXPECT_EQ(learning_rates("{min: 1e-4, max: 1e-2, count: 5, scale: log}"),
            (Texts{"0.0001", "0.000316227766017", "0.001", "0.00316227766017", "0.01"}));
  EXPECT_EQ(learning_rates("{min: 1, max: 2, count: 3, scale: linear}"), (Texts{"1", "1.5", "2"}));
  EXPECT_EQ(learning_rates("{min: 0.3, max: 0.3, count: 1}"), Texts{"0.3"});
  EXPECT_EQ(learning_rates("{values: {min: 1, max: 2, count: 2}, when: {layers: 1}}"), (Texts{"1", "2"}));
}

TEST(SpaceYaml, words_are_read_in_any_case_and_keep_the_order_of_the_file) {
  EXPECT_EQ(choices("{layers: 1, width: 8, activation: [Sigmoid, RELU, tanh, Linear]}", "activation"),
            (Texts{"sigmoid", "relu", "tanh", "linear"}));
  EXPECT_EQ(choices("{layers: 1, width: 8, batch_norm: [True, false]}", "batch_norm"), (Texts{"true", "false"}));
  const SearchSpace space = read("{layers: 1, width: 8, batch_norm: [true, false]}");
  EXPECT_TRUE(space.axes()[0].ordered);
  EXPECT_FALSE(space.axes()[2].ordered);
}

TEST(SpaceYaml, per_layer_gives_an_axis_for_every_layer) {
  const std::string yaml = "{layers: [1, 2], width: 8, dropout: {per_layer: {1: [0, 0.1], 2: 0.2}}, activation: {per_layer: relu}}";
  EXPECT_EQ(choices(yaml, "dropout_1"), (Texts{"0", "0.1"}));
  EXPECT_EQ(choices(yaml, "dropout_2"), Texts{"0.2"});
  EXPECT_EQ(choices(yaml, "activation_2"), Texts{"relu"});
  EXPECT_EQ(choices(yaml, "dropout"), Texts{"no such axis"});
  const SearchSpace space = read(yaml);
  EXPECT_TRUE(space.axes()[1].conditions.empty()) << "the first layer always exists";
  EXPECT_EQ(space.axes()[2].conditions, (std::vector<Condition>{{0, {1}}}));
  EXPECT_EQ(space.axes()[4].parameter, Parameter::activation);
  EXPECT_EQ(space.axes()[4].layer, 2);
}

TEST(SpaceYaml, conditions_on_the_same_axis_are_merged) {
  const SearchSpace space = read("{layers: [1, 2, 3, 4], width: 8, dropout: {per_layer: [0, 0.1], when: {layers: [2, 3]}}}");
  const SearchAxis& dropout_3 = space.axes().back();
  EXPECT_EQ(dropout_3.name, "dropout_3") << "layer 4 never exists while there are 2 or 3 layers";
  EXPECT_EQ(dropout_3.conditions, (std::vector<Condition>{{0, {2}}}));
}

TEST(SpaceYaml, a_network_without_hidden_layers_has_no_axes_for_them) {
  const SearchSpace space = read("{layers: 0, width: [4, 8], activation: [relu, tanh], dropout: {per_layer: [0, 0.1]}, l1: [0, 1e-3]}");
  EXPECT_EQ(space.size(), 2);
  EXPECT_EQ(space.candidate({0, 1}).arch, mlp(24, {}, 5));
}

TEST(SpaceYaml, unknown_keys_name_line_and_nearest) {
  EXPECT_SAYS(refused_line("activations: relu"), "t.yaml:3: space.activations");
  EXPECT_SAYS(refused_line("activations: relu"), "did you mean 'activation'?");
  EXPECT_SAYS(refused_line("dropout: {valeus: [0, 1], when: {layers: 1}}"), "did you mean 'values'?");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, steps: 0.1}"), "did you mean 'step'?");
  EXPECT_SAYS(refused_line("family: mpl"), "did you mean 'mlp'?");
  EXPECT_SAYS(refused_line("layers: 3"), "t.yaml:3: space.layers");
  EXPECT_SAYS(refused_line("layers: 3"), "twice");
  EXPECT_SAYS(refused_line("learning_rate: {per_layer: 0.1}"), "space.learning_rate.per_layer");
  EXPECT_SAYS(refusal("{layers: 1, width: {per_layer: 8}}"), "space.width.per_layer");
}

TEST(SpaceYaml, depth_and_widths_must_be_given) {
  EXPECT_SAYS(refusal(""), "space.layers");
  EXPECT_SAYS(refusal("{width: 8}"), "space.layers");
  EXPECT_SAYS(refusal("{layers: 1}"), "space.width");
  EXPECT_SAYS(refusal("[1, 2]"), "not a mapping");
  EXPECT_SAYS(refusal("{layers: [1, 3], width: {1: 8, 3: 8}}"), "no choices for layer 2");
  EXPECT_SAYS(refusal("{layers: 1, width: {1: 8, 2: 8}}"), "remove this line, or add 2 to 'layers'");
  EXPECT_SAYS(refusal("layers: 1\nwidth:\n  1: 8\n  01: 9"), "t.yaml:4: space.width.1");
  EXPECT_SAYS(refusal("{layers: 1, width: {1: 8, one: 9}}"), "integer from 1 to 100");
  EXPECT_SAYS(refusal("{layers: 1, width: {0: 8, 1: 8}}"), "integer from 1 to 100");
}

TEST(SpaceYaml, wrong_choices_say_found_and_expected) {
  EXPECT_SAYS(refusal("layers: [1, 2]\nwidth: [4, 0]"), "t.yaml:2: space.width");
  EXPECT_SAYS(refusal("layers: [1, 2]\nwidth: [4, 0]"), "found:    '0'");
  EXPECT_SAYS(refusal("layers: [1, 2]\nwidth: [4, 0]"), "integer from 1 to 65536");
  EXPECT_SAYS(refusal("{layers: 1, width: 8.5}"), "'8.5'");
  EXPECT_SAYS(refusal("{layers: 1, width: 1e9}"), "'1e9'");
  EXPECT_SAYS(refusal("{layers: 1, width: wide}"), "'wide'");
  EXPECT_SAYS(refusal("{layers: 1, width: 0x10}"), "'0x10'");
  EXPECT_SAYS(refusal("{layers: 1, width: nan}"), "'nan'");
  EXPECT_SAYS(refusal("{layers: 1, width: }"), "nothing");
  EXPECT_SAYS(refusal("{layers: 1, width: []}"), "an empty list");
  EXPECT_SAYS(refusal("{layers: 1, width: [[1]]}"), "a list");
  EXPECT_SAYS(refusal("{layers: 1, width: {}}"), "'min' and 'max'");
  EXPECT_SAYS(refusal("{layers: 1, width: [8, 16, 8.0]}"), "8 twice");
  EXPECT_SAYS(refusal("{layers: 101, width: 8}"), "integer from 0 to 100");
  EXPECT_SAYS(refusal("{layers: -1, width: 8}"), "integer from 0 to 100");
  EXPECT_SAYS(refused_line("activation: [relu, thanh]"), "did you mean 'tanh'?");
  EXPECT_SAYS(refused_line("activation: [relu, ReLU]"), "relu twice");
  EXPECT_SAYS(refused_line("activation: {min: 1, max: 2}"), "a mapping");
  EXPECT_SAYS(refused_line("batch_norm: [true, true]"), "true twice");
  EXPECT_SAYS(refused_line("batch_norm: maybe"), "true or false");
  EXPECT_SAYS(refused_line("dropout: [0, 1]"), "number >= 0 and < 1");
  EXPECT_SAYS(refused_line("dropout: [0, -0.0]"), "0 twice");
  EXPECT_SAYS(refused_line("dropout: -0.1"), "number >= 0 and < 1");
  EXPECT_SAYS(refused_line("learning_rate: 0"), "number > 0");
  EXPECT_SAYS(refused_line("learning_rate: inf"), "number > 0");
  EXPECT_SAYS(refused_line("l1: -1e-5"), "number >= 0");
  EXPECT_SAYS(refused_line("batch: 0"), "integer from 1");
}

TEST(SpaceYaml, wrong_ranges_say_what_is_missing) {
  EXPECT_SAYS(refused_line("dropout: {min: 0, step: 0.1}"), "without 'min' and 'max'");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1}"), "neither 'step' nor 'count'");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, step: 0.1, count: 2}"), "together");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, step: 0.1, scale: log}"), "'scale' without 'count'");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, count: 2, scale: log}"), "logarithmic");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, count: 2, scale: cubic}"), "linear | log");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, count: 1}"), "at least 2");
  EXPECT_SAYS(refused_line("dropout: {min: 0.1, max: 0, count: 2}"), "min <= max");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.1, step: 0}"), "number > 0");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 1, step: 0.5}"), "number >= 0 and < 1");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.5, step: 1e-9}"), "at most 4096");
  EXPECT_SAYS(refused_line("dropout: {min: 0, max: 0.5, step: 1e-300}"), "at most 4096");
  EXPECT_SAYS(refused_line("batch: {min: 1, max: 3, count: 10}"), "smaller count");
  EXPECT_SAYS(refused_line("batch: {min: 1.5, max: 3}"), "integer from 1");
  EXPECT_SAYS(refused_line("batch: {min: 1, max: 3, step: 0.5}"), "integer >= 1");
  EXPECT_SAYS(refused_line("batch: {min: 1, max: 16777216}"), "at most 4096");
}

TEST(SpaceYaml, conditions_that_make_no_sense_are_refused) {
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layer: 1}}"), "t.yaml:3: space.dropout.when");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layer: 1}}"), "did you mean 'layers'?");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {dropout: 0}}"), "a cycle");
  EXPECT_SAYS(refused_line("dropout: {per_layer: [0, 0.1], when: {dropout_1: 0}}"), "a cycle");
  EXPECT_SAYS(refused_line("l1: [0, 1]\ndropout: {values: [0, 0.1], when: {l1: 0}}"), "'l1', which is decided later");
  EXPECT_SAYS(refused_line("l1: [0, 1]\ndropout: {values: [0, 0.1], when: {l1: 0}}"), "give 'l1' a 'when' that names 'dropout'");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layers: 3}}"), "3, which 'layers' never is");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layers: two}}"), "integer");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layers: []}}"), "an empty list");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layers: {min: 1, max: 2}}}"), "a choice of 'layers'");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layers: 1, layers: 2}}"), "twice");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {}}"), "an empty mapping");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: 3}"), "'3'");
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: }"), "nothing");
  EXPECT_SAYS(refused_line("dropout: {when: {layers: 1}}"), "no 'values'");
  EXPECT_SAYS(refused_line("dropout: {values: 0, per_layer: 0}"), "together");
  EXPECT_SAYS(refused_line("dropout: {values: 0, when: {[1]: 2}}"), "no axis");
  EXPECT_SAYS(refusal("{layers: {values: [1, 2], when: {layers: 1}}, width: 8}"), "a network always has a depth");
  EXPECT_SAYS(refusal("{layers: [1, 2], width: {values: 8, when: {layers: 1}}}"), "a network always has a depth");
}

TEST(SpaceYaml, conditions_that_can_never_hold_are_refused) {
  EXPECT_SAYS(refused_line("dropout: {values: [0, 0.1], when: {layers: 1, width_2: 4}}"), "can never hold");
  EXPECT_SAYS(
      refused_line("batch_norm: {values: true, when: {layers: 1}}\ndropout: {values: [0, 0.1], when: {batch_norm: true, width_2: 4}}"),
      "t.yaml:4: space.dropout.when");
  EXPECT_SAYS(refused_line("activation: {per_layer: [relu, tanh], when: {layers: 1}}\nl1: {values: [0, 1], when: {activation_2: relu}}"),
              "'activation_2', which can never exist");
  EXPECT_EQ(refused_line("dropout: {values: [0, 0.1], when: {layers: 2, width_2: 4}}"), "no error");
}

TEST(SpaceYaml, sizes_of_input_and_output_are_checked) {
  const YAML::Node good = parse_yaml("{layers: 1, width: 8}", "t");
  EXPECT_THROW(SearchSpace::from_yaml(good, 0, 5, "t"), ConfigError);
  EXPECT_THROW(SearchSpace::from_yaml(good, 24, -1, "t"), ConfigError);
  EXPECT_THROW(SearchSpace::from_yaml(YAML::Node(YAML::NodeType::Undefined), 24, 5, "t"), ConfigError);
}

TEST(SpaceYaml, reading_leaves_the_configuration_as_it_was) {
  const YAML::Node node = parse_yaml("{layers: [1, 2], width: {1: 4, 2: 8}, dropout: {per_layer: [0, 0.1], when: {layers: 2}}}", "t");
  const std::string before = YAML::Dump(node);
  const Json first = SearchSpace::from_yaml(node, 24, 5, "t: space").to_json();
  EXPECT_EQ(YAML::Dump(node), before);
  EXPECT_EQ(SearchSpace::from_yaml(node, 24, 5, "t: space").to_json(), first);
}

TEST(SpaceYaml, damaged_text_never_does_worse_than_a_config_error) {
  const std::string good =
      "layers: [1, 2]\nwidth: {1: [4, 8], 2: {min: 1, max: 3}}\nactivation: {per_layer: [relu, tanh], when: {layers: 2}}\n"
      "learning_rate: {values: {min: 1e-4, max: 1e-2, count: 3, scale: log}, when: {width_1: 8}}\n";
  const std::string alphabet = "[]{}:, &*!'\"\n-01.e~|>#%";
  Rng rng(3);
  int accepted = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string text = good;
    for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
      const auto at = static_cast<std::size_t>(rng.below(text.size()));
      if (rng.chance(0.5))
        text[at] = alphabet[static_cast<std::size_t>(rng.below(alphabet.size()))];
      else
        text.erase(at, 1 + static_cast<std::size_t>(rng.below(4)));
    }
    try {
      const SearchSpace space = read(text);
      EXPECT_GE(space.size(), 1) << text;
      ++accepted;
    } catch (const ConfigError&) {
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(SpaceYaml, a_value_that_contains_itself_is_refused) {
  EXPECT_NE(refusal("{layers: 1, width: &w [*w]}"), "no error");
  EXPECT_NE(refusal("{layers: 1, width: 8, dropout: &d {values: *d}}"), "no error");
  EXPECT_NE(refusal("{layers: 1, width: &w {1: *w}}"), "no error");
}

}  // namespace
}  // namespace snac::space
