#include "snac/data/preprocess.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "../scaling.hpp"
#include "snac/core/log.hpp"
#include "snac/core/rng.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

/// Jets with descending pT and zero padding: up to `slots` of (pt, eta_rel, phi_rel).
RawDataset random_jets(std::size_t rows, int slots, std::uint64_t seed) {
  Rng rng(seed);
  RawDataset data;
  data.slots = data.slots_in_file = slots;
  data.columns = {"pt", "eta_rel", "phi_rel"};
  data.class_names = {"g", "q", "W"};
  data.source = "jets";
  for (std::size_t i = 0; i < rows; ++i) {
    data.labels.push_back(static_cast<std::uint8_t>(i % 3));
    const std::size_t count = 1 + rng.below(static_cast<std::uint64_t>(slots));
    float pt = 400;
    for (std::size_t s = 0; s < static_cast<std::size_t>(slots); ++s) {
      pt *= static_cast<float>(rng.uniform(0.3, 1));
      const bool there = s < count;
      data.features.push_back(there ? pt : 0);
      data.features.push_back(there ? static_cast<float>(0.1 * rng.normal()) : 0);
      data.features.push_back(there ? static_cast<float>(0.1 * rng.normal()) : 0);
    }
  }
  return data;
}

RawDataset table(std::vector<float> column) {
  RawDataset data;
  data.source = "table.csv";
  data.columns = {"x"};
  data.labels.assign(column.size(), 0);
  data.class_names = {"a"};
  data.features = std::move(column);
  return data;
}

/// The published formulas, written without any sharing with the code under test: full sort, long double.
std::pair<double, double> center_scale_by_definition(Scaling scaling, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<long double>(values.size());
  const auto percentile = [&](long double q) {
    const long double at = q * (n - 1);
    const auto low = static_cast<std::size_t>(std::floor(at));
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return static_cast<double>(values[low] + (static_cast<long double>(values[high]) - values[low]) * (at - static_cast<long double>(low)));
  };
  long double sum = 0, squares = 0;
  for (const double x : values) sum += x;
  const long double mean = sum / n;
  for (const double x : values) squares += (x - mean) * (x - mean);
  const double spread = percentile(0.95L) - percentile(0.05L);
  switch (scaling) {
    case Scaling::robust:
      return {percentile(0.5L), spread};
    case Scaling::robust_fast:
      return {0, spread};
    case Scaling::standard:
      return {static_cast<double>(mean), static_cast<double>(std::sqrt(squares / n))};
    case Scaling::minmax:
      return {values.front(), values.back() - values.front()};
    case Scaling::none:
      return {0, 1};
  }
  return {};
}

constexpr Scaling kAll[] = {Scaling::robust, Scaling::robust_fast, Scaling::standard, Scaling::minmax, Scaling::none};

TEST(Scaling, quantiles_interpolate_as_numpy_does) {
  // numpy.quantile([1, 2, 3, 4, 10], q): position q * 4
  std::vector<float> values{10, 3, 1, 4, 2};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 0.5), 3);
  EXPECT_EQ(quantile(values, 0.25), 2);
  EXPECT_DOUBLE_EQ(quantile(values, 0.95), 8.8);  // 4 + 0.8 * 6
  EXPECT_DOUBLE_EQ(quantile(values, 0.05), 1.2);
  EXPECT_EQ(quantile(values, 1), 10);
  std::vector<float> one{5};
  EXPECT_EQ(quantile(one, 0.95), 5);
}

TEST(Scaling, hand_computed_numbers) {
  const std::vector<float> values{0, 10, 20, 30, 40};
  const auto fit = [&](Scaling scaling) {
    std::vector<float> copy = values;
    const CenterScale result = fit_scaling(scaling, copy);
    return std::pair(result.center, result.scale);
  };
  EXPECT_EQ(fit(Scaling::robust), std::pair(20.0, 36.0));  // q5 = 2, q95 = 38
  EXPECT_EQ(fit(Scaling::robust_fast), std::pair(0.0, 36.0));
  EXPECT_EQ(fit(Scaling::standard), std::pair(20.0, std::sqrt(200.0)));
  EXPECT_EQ(fit(Scaling::minmax), std::pair(0.0, 40.0));
  EXPECT_EQ(fit(Scaling::none), std::pair(0.0, 1.0));
}

TEST(Scaling, a_column_without_spread_keeps_scale_one) {
  for (const Scaling scaling : kAll) {
    const RawDataset constant = table({0.1f, 0.1f, 0.1f});
    const Preprocessor fitted = Preprocessor::fit({.scaling = scaling}, constant);
    EXPECT_EQ(fitted.scale()[0], 1);
    const float expected = scaling == Scaling::robust_fast || scaling == Scaling::none ? 0.1f : 0.0f;
    EXPECT_EQ(fitted.apply(constant, "train").features[0], expected);
  }
  std::vector<float> rare(100, 0.0f);
  rare[3] = 50;  // both quantiles are 0
  EXPECT_EQ(Preprocessor::fit({.scaling = Scaling::robust}, table(rare)).scale()[0], 1);
}

TEST(Preprocessor, every_scaling_agrees_with_an_independent_computation_over_slots_and_padding) {
  const RawDataset raw = random_jets(700, 6, 1);
  for (const Scaling scaling : kAll) {
    for (const int count : {3, 6}) {
      const Preprocessor fitted = Preprocessor::fit({.constituents = count, .scaling = scaling}, raw);
      const Dataset data = fitted.apply(raw, "train");
      ASSERT_EQ(data.num_features, count * 3);
      for (std::size_t c = 0; c < 3; ++c) {
        std::vector<double> column;
        for (std::size_t row = 0; row < raw.size(); ++row) {
          for (std::size_t s = 0; s < static_cast<std::size_t>(count); ++s)
            column.push_back(static_cast<double>(raw.features[(row * 6 + s) * 3 + c]));
        }
        const auto [center, scale] = center_scale_by_definition(scaling, column);
        // Sums of a few thousand doubles: relative error below 1e-12.
        EXPECT_NEAR(fitted.center()[c], center, 1e-12 * (1 + std::abs(center)));
        EXPECT_NEAR(fitted.scale()[c], scale, 1e-12 * scale);
        for (std::size_t i = 0; i < column.size(); ++i) {
          // Divided in double, rounded once to float: half an ulp.
          const double expected = (column[i] - center) / scale;
          ASSERT_NEAR(static_cast<double>(data.features[i * 3 + c]), expected, std::abs(expected) * 6.1e-8 + 1e-10);
        }
      }
    }
  }
}

TEST(Preprocessor, test_data_are_scaled_with_the_parameters_of_the_training_data) {
  const RawDataset train = table({0, 10, 20, 30, 40}), test = table({56, 20});
  const Dataset data = Preprocessor::fit({.scaling = Scaling::robust}, train).apply(test, "test");
  EXPECT_EQ(data.features, (std::vector<float>{1, 0}));
}

TEST(Preprocessor, the_cut_is_strict_and_drops_empty_jets_with_their_labels) {
  RawDataset raw = random_jets(3, 3, 1);
  raw.features = {9, 1, 1, 2, 5, 5, 1, 3, 3,   //
                  2, 7, 7, 1, 8, 8, 0, 0, 0,   // nothing above 2 GeV
                  5, 2, 2, 1, 4, 4, 3, 6, 6};  // not descending: the third survives
  raw.labels = {0, 1, 2};
  const PreprocessParams params{.constituents = 2, .min_pt = 2, .scaling = Scaling::none};
  const Dataset data = Preprocessor::fit(params, raw).apply(raw, "train");
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0, 2}));
  EXPECT_EQ(data.features, (std::vector<float>{9, 1, 1, 0, 0, 0, 5, 2, 2, 3, 6, 6}));
  EXPECT_EQ(data.num_classes, 3);
  // The dropped jet does not enter the fit either: pT of the others are 9, 0, 5, 3.
  EXPECT_EQ(Preprocessor::fit({.constituents = 2, .min_pt = 2, .scaling = Scaling::standard}, raw).center()[0], 4.25);
}

TEST(Preprocessor, without_a_cut_every_jet_stays) {
  RawDataset raw = random_jets(2, 2, 1);
  std::fill(raw.features.begin(), raw.features.begin() + 6, 0.0f);
  EXPECT_EQ(Preprocessor::fit({}, raw).apply(raw, "train").size(), 2u);
}

TEST(Preprocessor, a_cut_that_leaves_nothing_is_an_error) {
  const RawDataset raw = random_jets(5, 2, 1);
  expect_parts(message_of([&] { Preprocessor::fit({.min_pt = 1e6}, raw); }), {"jets", "1000000 GeV", "5 jets"});
  RawDataset soft = raw;
  for (auto& value : soft.features) value *= 1e-4f;
  expect_parts(message_of([&] { Preprocessor::fit({.min_pt = 1}, raw).apply(soft, "test"); }), {"leaves no jet"});
}

TEST(Preprocessor, columns_are_taken_by_name_in_the_order_asked_for) {
  RawDataset raw = random_jets(1, 2, 1);
  raw.features = {9, 1, 2, 8, 3, 4};
  const Preprocessor fitted = Preprocessor::fit({.features = {"phi_rel", "pt"}, .scaling = Scaling::none}, raw);
  EXPECT_EQ(fitted.apply(raw, "train").features, (std::vector<float>{2, 9, 4, 8}));
  RawDataset other = raw;  // another file has its columns in another order
  other.columns = {"phi_rel", "pt", "eta_rel"};
  EXPECT_EQ(fitted.apply(other, "test").features, (std::vector<float>{9, 1, 8, 3}));
}

std::vector<std::multiset<std::vector<float>>> slots_of(const Dataset& data, std::size_t slots) {
  std::vector<std::multiset<std::vector<float>>> result;
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::multiset<std::vector<float>> each;
    for (std::size_t s = 0; s < slots; ++s) {
      const auto row = data.row(i);
      each.insert({row.begin() + static_cast<std::ptrdiff_t>(3 * s), row.begin() + static_cast<std::ptrdiff_t>(3 * s + 3)});
    }
    result.push_back(each);
  }
  return result;
}

TEST(Preprocessor, shuffling_moves_whole_constituents_within_their_jet) {
  const RawDataset raw = random_jets(200, 8, 2);
  const PreprocessParams ordered{.constituents = 5};
  PreprocessParams shuffled = ordered;
  shuffled.order = ConstituentOrder::shuffled;
  const Dataset a = Preprocessor::fit(ordered, raw).apply(raw, "train");
  const Dataset b = Preprocessor::fit(shuffled, raw).apply(raw, "train");
  EXPECT_NE(a.features, b.features);
  EXPECT_EQ(slots_of(a, 5), slots_of(b, 5));
  EXPECT_EQ(a.labels, b.labels);
}

TEST(Preprocessor, the_shuffle_depends_on_seed_stream_and_row_only) {
  const RawDataset raw = random_jets(100, 8, 3);
  PreprocessParams params{.order = ConstituentOrder::shuffled, .scaling = Scaling::none};
  const Preprocessor fitted = Preprocessor::fit(params, raw);
  const Dataset all = fitted.apply(raw, "train");
  EXPECT_EQ(all.features, fitted.apply(raw, "train").features);
  EXPECT_NE(all.features, fitted.apply(raw, "test").features);
  params.seed = 2;
  EXPECT_NE(all.features, Preprocessor::fit(params, raw).apply(raw, "train").features);
  RawDataset fewer = raw;
  fewer.labels.resize(40);
  fewer.features.resize(40 * raw.row_width());
  const Dataset start = fitted.apply(fewer, "train");
  EXPECT_TRUE(std::equal(start.features.begin(), start.features.end(), all.features.begin()));
  RawDataset holes = raw;  // a dropped jet does not shift the others' numbers
  std::fill(holes.features.begin(), holes.features.begin() + 24, 0.0f);
  params.seed = 1;
  params.min_pt = 1e-6;
  const Dataset dropped = Preprocessor::fit(params, holes).apply(holes, "train");
  ASSERT_EQ(dropped.size(), 99u);
  EXPECT_TRUE(std::equal(dropped.features.begin(), dropped.features.end(), all.features.begin() + 24));
}

TEST(Preprocessor, every_slot_is_equally_likely_after_a_shuffle) {
  RawDataset raw = random_jets(8000, 8, 4);
  const Dataset data = Preprocessor::fit({.order = ConstituentOrder::shuffled, .scaling = Scaling::none}, raw).apply(raw, "train");
  std::map<std::size_t, int> place;  // of the leading constituent
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (std::size_t s = 0; s < 8; ++s) {
      if (data.row(i)[3 * s] == raw.features[i * 24]) ++place[s];
    }
  }
  // Binomial(8000, 1/8): sigma 29.6; 6 sigma = 178.
  for (std::size_t s = 0; s < 8; ++s) EXPECT_NEAR(place[s], 1000, 178);
}

TEST(Preprocessor, json_round_trip_gives_identical_bits) {
  const RawDataset raw = random_jets(300, 6, 5);
  for (const Scaling scaling : kAll) {
    const PreprocessParams params{.constituents = 4,
                                  .min_pt = 1.1,
                                  .order = ConstituentOrder::shuffled,
                                  .features = {"eta_rel", "pt"},
                                  .scaling = scaling,
                                  .seed = 18446744073709551615ULL};
    const Preprocessor fitted = Preprocessor::fit(params, raw);
    const std::string text = fitted.to_json().dump(2);
    const Preprocessor back = Preprocessor::from_json(parse_json(text, "p.json"), "p.json");
    EXPECT_EQ(back.to_json().dump(2), text);
    EXPECT_EQ(bytes_of(back.apply(raw, "x").features), bytes_of(fitted.apply(raw, "x").features));
    EXPECT_EQ(back.apply(raw, "x").labels, fitted.apply(raw, "x").labels);
    EXPECT_EQ(back.num_features(), 8);
  }
}

TEST(Preprocessor, damaged_json_is_refused_with_the_key) {
  const Json good = Preprocessor::fit({}, random_jets(30, 2, 6)).to_json();
  const auto damage = [&](const char* key, const Json& value) {
    Json bad = good;
    bad[key] = value;
    return message_of([&] { Preprocessor::from_json(bad, "p.json"); });
  };
  expect_parts(damage("format", "snac.study"), {"p.json", "snac.preprocessor"});
  expect_parts(damage("version", 99), {"version 99"});
  expect_parts(damage("constituents", -1), {"constituents"});
  expect_parts(damage("constituents", 2000000000), {"constituents"});
  expect_parts(damage("order", "pr"), {"order", "'pr'", "did you mean 'pt'?"});
  expect_parts(damage("scaling", "rubost"), {"robust"});
  expect_parts(damage("seed", 1.5), {"seed"});
  expect_parts(damage("scale", Json::array({1, 0, 1})), {"scale", "positive"});
  expect_parts(damage("scale", Json::array({1, 1})), {"2 numbers", "3 numbers"});
  expect_parts(damage("center", Json::array({1, nullptr, 1})), {"center"});
  expect_parts(damage("columns", Json::array()), {"columns"});
  for (const auto& [key, value] : good.items()) {
    Json bad = good;
    bad.erase(key);
    expect_parts(message_of([&] { Preprocessor::from_json(bad, "p.json"); }), {"p.json", key});
  }
}

TEST(Preprocessor, wrong_settings_are_refused) {
  const RawDataset raw = random_jets(10, 4, 7);
  const auto refuse = [&](const PreprocessParams& params, const RawDataset& data) {
    return message_of<ConfigError>([&] { Preprocessor::fit(params, data); });
  };
  expect_parts(refuse({.constituents = 5}, raw), {"found:    5", "1 to 4"});
  expect_parts(refuse({.features = {"pt", "etarel"}}, raw), {"etarel", "did you mean 'eta_rel'?"});
  expect_parts(refuse({.features = {"pt", "pt"}}, raw), {"twice"});
  expect_parts(refuse({.min_pt = -1}, raw), {"min_pt"});
  expect_parts(refuse({.constituents = 1}, table({1, 2})), {"table.csv", "a table"});
  RawDataset unnamed = raw;
  unnamed.columns = {"x0", "x1", "x2"};
  expect_parts(refuse({.min_pt = 2}, unnamed), {"needs a column pt", "x0, x1, x2"});
}

TEST(Preprocessor, a_cut_after_constituents_were_left_out_is_refused) {
  RawDataset raw = random_jets(10, 4, 8);
  raw.slots_in_file = 150;
  expect_parts(message_of<ConfigError>([&] { Preprocessor::fit({.min_pt = 2}, raw); }), {"4 of 150", "reading_for"});
  raw.min_pt = 2;
  EXPECT_NO_THROW(Preprocessor::fit({.min_pt = 2}, raw));
  expect_parts(message_of<ConfigError>([&] { Preprocessor::fit({.min_pt = 3}, raw); }), {"2 GeV", "3 GeV"});
  expect_parts(message_of<ConfigError>([&] { Preprocessor::fit({}, raw); }), {"2 GeV", "0 GeV"});
}

TEST(Preprocessor, data_of_another_kind_are_refused) {
  const RawDataset raw = random_jets(10, 4, 9);
  const Preprocessor fitted = Preprocessor::fit({}, raw);
  RawDataset other = random_jets(10, 3, 9);
  expect_parts(message_of([&] { fitted.apply(other, "test"); }), {"3 constituents", "at least 4"});
  expect_parts(message_of([&] { fitted.apply(table({1, 2}), "test"); }), {"a table"});
  other = raw;
  other.features[0] = std::numeric_limits<float>::infinity();
  expect_parts(message_of([&] { fitted.apply(other, "test"); }), {"row 0", "column pt", "inf"});
}

TEST(Preprocessor, classes_are_matched_by_name) {
  const Preprocessor fitted = Preprocessor::fit({}, random_jets(9, 2, 10));
  RawDataset other = random_jets(9, 2, 10);
  other.class_names = {"W", "g"};
  for (auto& label : other.labels) label = label % 2;
  const Dataset data = fitted.apply(other, "test");
  EXPECT_EQ(data.labels[0], 2);
  EXPECT_EQ(data.labels[1], 0);
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"g", "q", "W"}));
  other.class_names = {"0", "1"};  // a file without names: the numbers count
  EXPECT_EQ(fitted.apply(other, "test").labels, other.labels);
  other.class_names = {"g", "top"};
  expect_parts(message_of([&] { fitted.apply(other, "test"); }), {"'top'", "g, q, W"});
}

TEST(Preprocessor, reading_for_reads_just_what_is_needed) {
  const ReadParams read = reading_for({.constituents = 8, .min_pt = 2, .features = {"eta_rel"}}, {.label_column = "kind", .max_rows = 9});
  EXPECT_EQ(read.columns, (std::vector<std::string>{"eta_rel", "pt"}));
  EXPECT_EQ(read.max_constituents, 8);
  EXPECT_EQ(read.min_pt, 2);
  EXPECT_EQ(read.label_column, "kind");
  EXPECT_EQ(read.max_rows, 9u);
  EXPECT_TRUE(reading_for({}).columns.empty());
}

TEST(Preprocessor, reading_part_of_a_file_gives_the_same_data_as_reading_all_of_it) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "a.h5").string();
  write_hdf5(path, random_jets(500, 20, 11), "");
  const PreprocessParams params{.constituents = 5, .min_pt = 20, .features = {"eta_rel", "phi_rel"}};
  const RawDataset all = read_dataset(path), part = read_dataset(path, reading_for(params));
  EXPECT_LT(part.features.size(), all.features.size() / 3);
  const Preprocessor a = Preprocessor::fit(params, all), b = Preprocessor::fit(params, part);
  EXPECT_EQ(a.to_json(), b.to_json());
  EXPECT_EQ(a.apply(all, "t").features, b.apply(part, "t").features);
  EXPECT_EQ(a.apply(all, "t").labels, b.apply(part, "t").labels);
}

TEST(Preprocessor, jets_out_of_order_are_reported) {
  RawDataset raw = random_jets(4, 3, 12);
  std::swap(raw.features[0], raw.features[3]);
  raw.features[3] += 1;
  std::ostringstream text;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)));
  (void)Preprocessor::fit({}, raw).apply(raw, "train");
  spdlog::set_default_logger(before);
  expect_parts(text.str(), {"jets: 1 of 4 jets"});
}

TEST(Preprocessor, settings_are_read_from_yaml_and_written_back) {
  PreprocessParams params;
  Fields fields = Fields::reader(
      parse_yaml("constituents: {count: 8, order: shuffled, min_pt: 2 GeV}\nfeatures: [pt]\nscaling: robust_fast", "t"), "t");
  describe(fields, params);
  fields.finish();
  EXPECT_EQ(params.constituents, 8);
  EXPECT_EQ(params.order, ConstituentOrder::shuffled);
  EXPECT_EQ(params.min_pt, 2);
  EXPECT_EQ(params.features, (std::vector<std::string>{"pt"}));
  EXPECT_EQ(params.scaling, Scaling::robust_fast);
  YAML::Node out(YAML::NodeType::Map);
  Fields writer = Fields::writer(out);
  describe(writer, params);
  PreprocessParams back;
  Fields again = Fields::reader(parse_yaml(YAML::Dump(out), "t"), "t");
  describe(again, back);
  EXPECT_EQ(back.min_pt, 2);
  EXPECT_EQ(back.order, ConstituentOrder::shuffled);
  PreprocessParams wrong;
  Fields bad = Fields::reader(parse_yaml("scaling: standart", "t"), "t");
  expect_parts(message_of<ConfigError>([&] { describe(bad, wrong); }), {"standard"});
}

}  // namespace
}  // namespace snac::data
