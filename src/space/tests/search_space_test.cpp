#include "snac/space/search_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "snac/core/error.hpp"
#include "snac/core/fields.hpp"
#include "snac/core/rng.hpp"

namespace snac::space {
namespace {

constexpr const char* kPaper = R"(
family: mlp
layers: [4, 5, 6, 7, 8]
width: {1: [64, 120, 128], 2: [32, 60, 64], 3: [16, 32], 4: [32, 64], 5: [32, 64], 6: [32, 64], 7: [16, 32], 8: [32, 44, 64]}
)";
constexpr const char* kPaperRest = R"(
activation: [ReLU, Tanh, Sigmoid]
batch_norm: [true, false]
learning_rate: [0.0010, 0.0015, 0.0020]
l1: [0, 1e-6, 1e-5, 1e-4]
dropout: [0, 0.05, 0.1]
)";

/// Small spaces that use every form and every kind of condition.
const std::vector<std::string> kSpaces{
    "{layers: [0, 1, 2], width: [4, 8], activation: [relu, tanh], dropout: [0, 0.5]}",
    "{layers: [1, 2, 3], width: {1: [4, 8], 2: 16, 3: {min: 2, max: 4}}, activation: {per_layer: [relu, tanh]}}",
    "{layers: [1, 3], width: 8, batch_norm: [true, false], dropout: {values: [0, 0.1, 0.2], when: {batch_norm: false}},"
    " learning_rate: {values: [1e-3, 1e-2], when: {dropout: [0.1, 0.2]}}, l1: {values: [0, 1e-4], when: {learning_rate: 1e-2}}}",
    "{layers: [1, 2], width: [4, 8], activation: [relu, tanh], batch_norm: {per_layer: [true, false], when: {activation: tanh, width_1: "
    "8}},"
    " dropout: {per_layer: [0, 0.25], when: {layers: 2}}, batch: {values: [32, 64], when: {width_2: 4}}}",
    "{layers: [1, 2, 3], width: [4, 8], dropout: {per_layer: [0, 0.25], when: {width_2: 8}}, l1: {values: [0, 1e-3], when: {dropout_3: "
    "0.25}}}",
    "{layers: 2, width: 8}",
};

SearchSpace read(const std::string& yaml) { return SearchSpace::from_yaml(parse_yaml(yaml, "t.yaml"), 24, 5, "t.yaml: space"); }

int axis_index(const SearchSpace& space, const std::string& name) {
  for (std::size_t i = 0; i < space.axes().size(); ++i) {
    if (space.axes()[i].name == name) return static_cast<int>(i);
  }
  ADD_FAILURE() << "no axis " << name;
  return -1;
}

Genome random_genome(const SearchSpace& space, Rng& rng) {
  Genome genome;
  for (const std::int32_t size : space.cardinality())
    genome.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(size))));
  return genome;
}

/// Calls `visit` with every genome.
template <class Visit>
void each_genome(const SearchSpace& space, const Visit& visit) {
  const std::vector<std::int32_t> sizes = space.cardinality();
  Genome genome(sizes.size(), 0);
  while (true) {
    visit(genome);
    std::size_t i = 0;
    while (i < genome.size() && ++genome[i] == sizes[i]) genome[i++] = 0;
    if (i == genome.size()) return;
  }
}

std::string text(const Candidate& candidate) {
  Json json{{"arch", to_json(candidate.arch)}};
  if (candidate.training.learning_rate) json["learning_rate"] = *candidate.training.learning_rate;
  if (candidate.training.l1) json["l1"] = *candidate.training.l1;
  if (candidate.training.batch) json["batch"] = *candidate.training.batch;
  return json.dump();
}

TEST(SearchSpace, the_published_space_has_the_published_size) {
  EXPECT_EQ(read(kPaper).size(), 1404);
  EXPECT_EQ(read(std::string(kPaper) + kPaperRest).size(), 1404.0 * 3 * 2 * 3 * 4 * 3);
}

TEST(SearchSpace, the_shipped_configurations_hold_the_spaces_they_promise) {
  const auto shipped = [](const char* name) {
    return SearchSpace::from_yaml(load_yaml_file(std::string(SNAC_SOURCE_DIR "/configs/") + name)["space"], 24, 5,
                                  std::string(name) + ": space");
  };
  EXPECT_EQ(shipped("jets_paper.yaml").to_json(), read(std::string(kPaper) + kPaperRest).to_json());
  EXPECT_EQ(shipped("jets_quick.yaml").size(), (9.0 + 18 + 36 + 72) * 2 * 2 * 3 * 3 * 2);
}

TEST(SearchSpace, the_published_baseline_and_the_smallest_network_are_in_it) {
  const SearchSpace space = read(kPaper);
  const auto arch = [&](const char* values) { return space.candidate(space.genome_from(parse_json(values, "test"), "test")).arch; };
  const ArchSpec baseline = arch(R"({"layers": 8, "width_1": 120, "width_2": 60, "width_3": 32, "width_4": 64, "width_5": 64, "width_6": 64,
                                     "width_7": 32, "width_8": 44})");
  EXPECT_EQ(baseline, mlp(24, {120, 60, 32, 64, 64, 64, 32, 44}, 5));
  EXPECT_EQ(macs(baseline), 25916);
  std::int64_t smallest = macs(baseline);
  each_genome(space, [&](const Genome& genome) {
    if (genome == space.identity(genome)) smallest = std::min(smallest, macs(space.candidate(genome).arch));
  });
  EXPECT_EQ(smallest, 4768);
}

TEST(SearchSpace, axes_stand_in_the_canonical_order_whatever_the_file_says) {
  const SearchSpace space =
      read("{batch: 64, l1: 0, dropout: 0, learning_rate: 0.1, activation: relu, width: 8, batch_norm: {per_layer: true}, layers: [2, 1]}");
  std::vector<std::string> names;
  for (const SearchAxis& axis : space.axes()) names.push_back(axis.name);
  EXPECT_EQ(names, (std::vector<std::string>{"layers", "width_1", "width_2", "activation", "batch_norm_1", "batch_norm_2", "dropout",
                                             "learning_rate", "l1", "batch"}));
  EXPECT_EQ(space.cardinality(), (std::vector<std::int32_t>{2, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(SearchSpace, axes_of_a_layer_exist_only_if_the_network_is_deep_enough) {
  const SearchSpace space = read("{layers: [1, 2, 3], width: [4, 8], activation: {per_layer: [relu, tanh]}}");
  Genome genome = space.genome_from(
      parse_json(R"({"layers": 2, "width_1": 4, "width_2": 8, "activation_1": "tanh", "activation_2": "relu"})", "t"), "t");
  EXPECT_TRUE(space.is_active(genome, axis_index(space, "activation_2")));
  EXPECT_FALSE(space.is_active(genome, axis_index(space, "activation_3")));
  EXPECT_FALSE(space.is_active(genome, axis_index(space, "width_3")));
  const ArchSpec arch = space.candidate(genome).arch;
  EXPECT_EQ(summary(arch), "24-4-8-5 tanh,relu");
  genome[static_cast<std::size_t>(axis_index(space, "width_3"))] = 1;
  EXPECT_EQ(space.candidate(genome).arch, arch);
}

TEST(SearchSpace, choices_reach_the_network_and_the_training) {
  const SearchSpace space = read(std::string(kPaper) + kPaperRest + "batch: [128, 256]");
  const Json values = parse_json(R"({"layers": 4, "width_1": 64, "width_2": 32, "width_3": 16, "width_4": 32, "activation": "sigmoid",
    "batch_norm": true, "dropout": 0.05, "learning_rate": 0.0015, "l1": 0.000001, "batch": 256})",
                                 "t");
  const Candidate candidate = space.candidate(space.genome_from(values, "t"));
  EXPECT_EQ(candidate.arch, mlp(24, {64, 32, 16, 32}, 5, Activation::sigmoid, true, 0.05));
  EXPECT_EQ(candidate.training, (TrainingGenes{0.0015, 1e-6, 256}));
  EXPECT_EQ(space.describe(space.genome_from(values, "t")), values);
}

TEST(SearchSpace, a_switched_off_axis_leaves_the_default) {
  const SearchSpace space = read(
      "{layers: [1, 2], width: 4, activation: {values: tanh, when: {layers: 2}}, batch_norm: {values: true, when: {layers: 2}},"
      " dropout: {values: 0.5, when: {layers: 2}}, learning_rate: {values: 0.1, when: {layers: 2}},"
      " l1: {values: 0.1, when: {layers: 2}}, batch: {values: 32, when: {layers: 2}}}");
  const Candidate off = space.candidate(space.genome_from({{"layers", 1}, {"width_1", 4}}, "t"));
  EXPECT_EQ(off.arch, mlp(24, {4}, 5, Activation::relu, false, 0));
  EXPECT_EQ(off.training, TrainingGenes{});
  Genome on(space.axes().size(), 0);
  on[0] = 1;
  EXPECT_EQ(space.candidate(on).arch, mlp(24, {4, 4}, 5, Activation::tanh, true, 0.5));
  EXPECT_EQ(space.candidate(on).training, (TrainingGenes{0.1, 0.1, 32}));
}

TEST(SearchSpace, equal_identities_and_equal_candidates_are_the_same_thing) {
  for (const std::string& yaml : kSpaces) {
    const SearchSpace space = read(yaml);
    std::map<Genome, std::string> by_identity;
    std::set<std::string> candidates;
    each_genome(space, [&](const Genome& genome) {
      const std::string candidate = text(space.candidate(genome));
      const auto [known, fresh] = by_identity.try_emplace(space.identity(genome), candidate);
      EXPECT_EQ(known->second, candidate) << yaml;
      candidates.insert(candidate);
    });
    EXPECT_EQ(candidates.size(), by_identity.size()) << yaml;
    EXPECT_EQ(space.size(), static_cast<double>(candidates.size())) << yaml;
  }
}

TEST(SearchSpace, identity_activity_and_description_agree_on_random_genomes) {
  Rng rng(7);
  std::vector<std::string> spaces = kSpaces;
  spaces.push_back(std::string(kPaper) + kPaperRest);
  for (const std::string& yaml : spaces) {
    const SearchSpace space = read(yaml);
    for (int trial = 0; trial < 200; ++trial) {
      const Genome genome = random_genome(space, rng);
      const Genome identity = space.identity(genome);
      EXPECT_EQ(space.identity(identity), identity);
      EXPECT_EQ(space.candidate(genome), space.candidate(identity));
      const Json described = space.describe(genome);
      EXPECT_EQ(described, space.describe(identity));
      for (std::size_t i = 0; i < genome.size(); ++i) {
        const bool active = space.is_active(genome, static_cast<int>(i));
        EXPECT_EQ(active, space.is_active(identity, static_cast<int>(i)));
        EXPECT_EQ(active, described.contains(space.axes()[i].name));
        EXPECT_EQ(identity[i], active ? genome[i] : 0);
      }
      EXPECT_EQ(space.genome_from(parse_json(described.dump(), "t"), "t"), identity);
    }
  }
}

/// A random key of a space, with the condition kept apart from the text: the oracle of the next test.
struct RandomKey {
  std::string name, values;
  bool per_layer = false;
  std::map<std::string, std::set<std::string>> when;

  std::string text() const {
    std::string condition;
    for (const auto& [axis, allowed] : when) {
      std::string list;
      for (const std::string& choice : allowed) list += (list.empty() ? "" : ", ") + choice;
      condition += (condition.empty() ? "" : ", ") + axis + ": [" + list + "]";
    }
    return name + ": {" + (per_layer ? "per_layer: " : "values: ") + values + (condition.empty() ? "" : ", when: {" + condition + "}") +
           "}\n";
  }

  /// Does the condition hold for this genome of a space whose earlier keys are the same?
  bool holds(const SearchSpace& space, const Genome& genome) const {
    const Json described = space.describe(genome);
    return std::all_of(when.begin(), when.end(), [&](const auto& line) {
      if (!described.contains(line.first)) return false;
      const auto axis = static_cast<std::size_t>(axis_index(space, line.first));
      return line.second.count(to_string(space.axes()[axis].choices[static_cast<std::size_t>(genome[axis])])) > 0;
    });
  }
};

/// Up to six keys after `layers` and `width`, each with a condition on axes of the earlier ones more often than not.
std::vector<RandomKey> random_keys(Rng& rng) {
  std::vector<std::pair<std::string, std::vector<std::string>>> axes{
      {"layers", {"1", "2"}}, {"width_1", {"4", "8"}}, {"width_2", {"4", "8"}}};
  std::vector<RandomKey> keys;
  const std::vector<std::pair<std::string, std::vector<std::string>>> names{{"activation", {"relu", "tanh"}},
                                                                            {"batch_norm", {"true", "false"}},
                                                                            {"dropout", {"0", "0.5"}},
                                                                            {"learning_rate", {"0.1", "0.2"}},
                                                                            {"l1", {"0", "0.1"}}};
  for (const auto& [name, choices] : names) {
    if (rng.chance(0.3)) continue;
    RandomKey key{
        .name = name, .values = "[" + choices[0] + ", " + choices[1] + "]", .per_layer = name[0] != 'l' && rng.chance(0.4), .when = {}};
    for (std::uint64_t conditions = rng.below(4); conditions > 0; --conditions) {
      const auto& [axis, allowed] = axes[static_cast<std::size_t>(rng.below(axes.size()))];
      key.when[axis] = {allowed[static_cast<std::size_t>(rng.below(2))]};
    }
    keys.push_back(key);
    if (!key.per_layer)
      axes.emplace_back(name, choices);
    else
      for (const char* layer : {"_1", "_2"}) axes.emplace_back(name + layer, choices);
  }
  return keys;
}

TEST(SearchSpace, random_spaces_agree_with_a_literal_reading_of_their_conditions) {
  Rng rng(11);
  int accepted = 0, impossible = 0;
  for (int trial = 0; trial < 80; ++trial) {
    const std::vector<RandomKey> keys = random_keys(rng);
    std::string text = "layers: [1, 2]\nwidth: [4, 8]\n";
    std::optional<SearchSpace> space = read(text);
    for (const RandomKey& key : keys) {
      bool possible = false;
      each_genome(*space, [&](const Genome& genome) { possible = possible || key.holds(*space, genome); });
      text += key.text();
      try {
        space = read(text);
        EXPECT_TRUE(possible) << text;
      } catch (const ConfigError& error) {
        const bool never = std::string(error.what()).find("never") != std::string::npos;
        EXPECT_TRUE(never && !possible) << text << error.what();
        space.reset();
        ++impossible;
        break;
      }
    }
    if (!space) continue;
    ++accepted;
    std::set<Genome> identities;
    std::vector<bool> seen(space->axes().size(), false);
    each_genome(*space, [&](const Genome& genome) {
      const Json described = space->describe(genome);
      for (const RandomKey& key : keys) {
        const bool holds = key.holds(*space, genome);
        for (std::size_t i = 0; i < genome.size(); ++i) {
          const SearchAxis& axis = space->axes()[i];
          seen[i] = seen[i] || described.contains(axis.name);
          if (axis.name.substr(0, key.name.size()) != key.name) continue;
          EXPECT_EQ(described.contains(axis.name), holds && axis.layer <= genome[0] + 1) << text << axis.name;
        }
      }
      identities.insert(space->identity(genome));
    });
    EXPECT_EQ(space->size(), static_cast<double>(identities.size())) << text;
    EXPECT_TRUE(keys.empty() || std::find(seen.begin(), seen.end(), false) == seen.end()) << text << "an axis that never exists";
  }
  EXPECT_GT(accepted, 20);
  EXPECT_GT(impossible, 10);
}

TEST(SearchSpace, a_deep_space_with_conditions_is_counted_quickly) {
  // Twenty layers that each may be relu or tanh, and one axis that needs all of them to be relu: 2^20 networks, one of them twice.
  std::string when;
  for (int layer = 1; layer <= 20; ++layer) when += (layer > 1 ? ", " : "") + std::string("activation_") + std::to_string(layer) + ": relu";
  const SearchSpace space =
      read("{layers: 20, width: 8, activation: {per_layer: [relu, tanh]}, l1: {values: [0, 1e-3], when: {" + when + "}}}");
  EXPECT_EQ(space.size(), 1048577);
  EXPECT_EQ(read("{layers: {min: 90, max: 100}, width: {min: 1, max: 4000}}").size(), std::numeric_limits<double>::infinity());
}

TEST(SearchSpace, genomes_of_the_wrong_shape_are_refused) {
  const SearchSpace space = read("{layers: [1, 2], width: [4, 8]}");
  for (const Genome& wrong : {Genome{}, Genome{0, 0}, Genome{0, 0, 0, 0}, Genome{2, 0, 0}, Genome{0, -1, 0}, Genome{0, 0, 2}}) {
    EXPECT_THROW(space.candidate(wrong), std::invalid_argument);
    EXPECT_THROW(space.identity(wrong), std::invalid_argument);
    EXPECT_THROW(space.describe(wrong), std::invalid_argument);
    EXPECT_THROW(space.is_active(wrong, 0), std::invalid_argument);
  }
  EXPECT_THROW(space.is_active({0, 0, 0}, 3), std::invalid_argument);
  EXPECT_THROW(space.is_active({0, 0, 0}, -1), std::invalid_argument);
}

TEST(SearchSpace, foreign_records_are_refused_with_the_place) {
  const SearchSpace space = read("{layers: [1, 2], width: [4, 8], activation: [relu, tanh], batch_norm: [true, false]}");
  const Json good{{"layers", 1}, {"width_1", 4}, {"activation", "tanh"}, {"batch_norm", true}};
  EXPECT_EQ(space.genome_from(good, "t"), (Genome{0, 0, 0, 1, 0}));
  const auto refusal = [&](const char* key, const Json& value) -> std::string {
    Json json = good;
    json[key] = value;
    try {
      space.genome_from(json, "trial 7");
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(refusal("width_1", 5).find("trial 7: width_1"), std::string::npos);
  EXPECT_NE(refusal("width_1", 5).find("4, 8"), std::string::npos);
  EXPECT_EQ(refusal("width_1", 4.0), "no error");
  EXPECT_NE(refusal("width_1", "4").find("\"4\""), std::string::npos);
  EXPECT_NE(refusal("width_1", true).find("true"), std::string::npos);
  EXPECT_NE(refusal("width_2", 4).find("does not exist in this network"), std::string::npos);
  EXPECT_NE(refusal("layers", 2).find("trial 7: width_2"), std::string::npos);
  EXPECT_NE(refusal("activation", "ReLU").find("relu, tanh"), std::string::npos);
  EXPECT_NE(refusal("batch_norm", 1).find("true, false"), std::string::npos);
  EXPECT_NE(refusal("widht_1", 4).find("did you mean 'width_1'?"), std::string::npos);
  EXPECT_NE(refusal("layers", Json::array()).find("[]"), std::string::npos);
  EXPECT_NE(refusal("layers", nullptr).find("null"), std::string::npos);
  EXPECT_NE(refusal("activation", std::string("\xff\xfe")).find("trial 7: activation"), std::string::npos);
  EXPECT_THROW(space.genome_from(Json(3), "t"), DataError);
  EXPECT_THROW(space.genome_from(Json::object(), "t"), DataError);
}

TEST(SearchSpace, the_json_form_is_fixed) {
  const SearchSpace space =
      read("{layers: [2, 1], width: {1: 4, 2: [8, 16]}, activation: [Tanh, RELU], l1: {values: [0, 1e-6], when: {activation: relu}}}");
  EXPECT_EQ(space.to_json().dump(),
            R"({"family":"mlp","inputs":24,"outputs":5,"axes":[{"name":"layers","choices":[1,2]},{"name":"width_1","choices":[4]},)"
            R"({"name":"width_2","choices":[8,16],"when":{"layers":[2]}},{"name":"activation","choices":["tanh","relu"]},)"
            R"({"name":"l1","choices":[0.0,1e-06],"when":{"activation":["relu"]}}]})");
}

TEST(SearchSpace, the_json_form_does_not_depend_on_how_the_numbers_were_written) {
  EXPECT_EQ(read("{layers: {min: 1, max: 3}, width: {1: 8, 2: 8, 3: 8}, dropout: {min: 0, max: 0.3, step: 0.1}}").to_json(),
            read("{width: 8, dropout: [0.3, 0.1, 0.2, 0.0], layers: [3, 2, 1]}").to_json());
}

}  // namespace
}  // namespace snac::space
