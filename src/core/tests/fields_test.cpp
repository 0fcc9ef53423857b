#include "snac/core/fields.hpp"

#include <gtest/gtest.h>

namespace snac {
namespace {

enum class Colour { red, green };

struct Inner {
  double rate = 0.5;
  bool operator==(const Inner&) const = default;
};
struct Params {
  int trials = 10;
  std::uint64_t seed = 1;
  double clock_ns = 5;
  bool verbose = false;
  std::string name = "jets";
  Colour colour = Colour::red;
  std::vector<int> widths{1, 2};
  Inner inner;
  std::vector<std::pair<std::string, std::string>> objectives{{"accuracy", "max"}};
  bool operator==(const Params&) const = default;
};

void describe(Fields& f, Params& p) {
  f.integer("trials", p.trials, {.min = 1, .max = 1000000}, "how many");
  f.integer("seed", p.seed, {}, "seed");
  f.quantity("clock", p.clock_ns, "ns", {.min = 0.1}, "period");
  f.flag("verbose", p.verbose, "talk");
  f.text("name", p.name, "name");
  f.choice<Colour>("colour", p.colour, {{"red", Colour::red}, {"green", Colour::green}}, "colour");
  f.integers("widths", p.widths, {.min = 1}, "widths");
  f.section("inner", "nested", [&](Fields& s) { s.real("rate", p.inner.rate, {.min = 0, .max = 1}, "rate"); });
  f.mapping("objectives", p.objectives, "name: min | max", "objectives");
}

Params read(const std::string& yaml) {
  Params params;
  Fields fields = Fields::reader(parse_yaml(yaml, "t.yaml"), "t.yaml");
  describe(fields, params);
  fields.finish();
  return params;
}

std::string message(const std::string& yaml) {
  try {
    read(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Fields, empty_file_gives_defaults) { EXPECT_EQ(read(""), Params{}); }

TEST(Fields, every_kind_is_read) {
  const Params p = read(
      "trials: 1e3\nseed: 18446744073709551615\nclock: 2.5 ns\nverbose: true\nname: x\ncolour: green\n"
      "widths: [3, 4]\ninner: {rate: 1e-2}\nobjectives: {b: min, a: max}\n");
  EXPECT_EQ(p.trials, 1000);
  EXPECT_EQ(p.seed, 18446744073709551615ULL);
  EXPECT_EQ(p.clock_ns, 2.5);
  EXPECT_TRUE(p.verbose);
  EXPECT_EQ(p.colour, Colour::green);
  EXPECT_EQ(p.widths, (std::vector<int>{3, 4}));
  EXPECT_EQ(p.inner.rate, 0.01);
  EXPECT_EQ(p.objectives.front().first, "b");
}

TEST(Fields, what_is_written_reads_back_equal) {
  Params p;
  p.clock_ns = 1.0 / 3;
  p.colour = Colour::green;
  p.inner.rate = 0.1;
  YAML::Node out(YAML::NodeType::Map);
  Fields writer = Fields::writer(out);
  describe(writer, p);
  EXPECT_EQ(read(YAML::Dump(out)), p);
}

TEST(Fields, unknown_key_names_line_and_nearest) {
  const std::string text = message("name: x\ntrails: 5\n");
  EXPECT_NE(text.find("t.yaml:2: trails"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'trials'?"), std::string::npos) << text;
  EXPECT_NE(message("inner: {ratte: 1}").find("did you mean 'rate'?"), std::string::npos);
}

TEST(Fields, wrong_values_say_found_and_expected) {
  EXPECT_NE(message("trials: many").find("integer from 1 to 1000000"), std::string::npos);
  EXPECT_NE(message("trials: 0").find("found:    0"), std::string::npos);
  EXPECT_NE(message("trials: 1.5").find("'1.5'"), std::string::npos);
  EXPECT_NE(message("seed: -1").find("seed"), std::string::npos);
  EXPECT_NE(message("clock: 5 MHz").find("in ns"), std::string::npos);
  EXPECT_NE(message("clock: nan").find("number"), std::string::npos);
  EXPECT_NE(message("verbose: maybe").find("true or false"), std::string::npos);
  EXPECT_NE(message("colour: gren").find("did you mean 'green'?"), std::string::npos);
  EXPECT_NE(message("inner: 5").find("not a mapping"), std::string::npos);
  EXPECT_NE(message("trials: 1\ntrials: 2").find("twice"), std::string::npos);
  EXPECT_NE(message("a: [").find("t.yaml:"), std::string::npos);
}

TEST(Fields, documentation_lists_every_key) {
  std::vector<Fields::Entry> entries;
  Params p;
  Fields documenter = Fields::documenter(entries);
  describe(documenter, p);
  ASSERT_EQ(entries.size(), 10U);
  EXPECT_EQ(entries[8].path, "inner.rate");
  EXPECT_EQ(entries[8].value, "0.5");
}

TEST(Override, sets_nested_values_and_refuses_nonsense) {
  YAML::Node root = parse_yaml("inner: {rate: 0.5}\nname: x", "t");
  apply_override(root, "inner.rate=0.25");
  apply_override(root, "fresh.key=[1, 2]");
  EXPECT_EQ(root["inner"]["rate"].as<double>(), 0.25);
  EXPECT_EQ(root["fresh"]["key"].size(), 2U);
  EXPECT_THROW(apply_override(root, "novalue"), ConfigError);
  EXPECT_THROW(apply_override(root, "name.below=1"), ConfigError);
}

}  // namespace
}  // namespace snac
