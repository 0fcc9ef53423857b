#include "snac/data/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "snac/core/rng.hpp"
#include "test_files.hpp"

namespace snac::data {
namespace {

/// Uneven classes in random order.
std::vector<std::uint8_t> random_labels(std::size_t rows, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint8_t> labels(rows);
  for (auto& label : labels) label = static_cast<std::uint8_t>(std::min(rng.below(5), rng.below(7)));
  return labels;
}

std::vector<std::size_t> counts(const std::vector<std::uint8_t>& labels, const std::vector<std::uint32_t>& rows) {
  std::vector<std::size_t> result(5);
  for (const std::uint32_t row : rows) ++result[labels[row]];
  return result;
}

std::vector<std::uint32_t> all_rows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

void expect_partition(const Split& split, std::size_t rows) {
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
  std::vector<std::uint32_t> all = split.train;
  all.insert(all.end(), split.validation.begin(), split.validation.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, all_rows(rows));  // disjoint and covering
}

TEST(Split, parts_are_disjoint_cover_everything_and_keep_class_shares) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::size_t rows = 200 + 37 * seed;
    const auto labels = random_labels(rows, seed);
    const auto total = counts(labels, all_rows(rows));
    for (const double fraction : {0.1, 0.25, 0.5, 0.8}) {
      const Split split = stratified_split(labels, 5, fraction, seed);
      expect_partition(split, rows);
      const auto held_out = counts(labels, split.validation);
      for (std::size_t c = 0; c < 5; ++c) {
        EXPECT_EQ(static_cast<long long>(held_out[c]), std::llround(fraction * static_cast<double>(total[c]))) << "class " << c;
      }
    }
  }
}

TEST(Split, folds_cover_everything_once_with_class_shares_and_sizes_equal_to_a_row) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const std::size_t rows = 150 + 41 * seed;
    const auto labels = random_labels(rows, seed);
    for (const int folds : {2, 3, 5}) {
      const auto splits = stratified_folds(labels, 5, folds, seed);
      ASSERT_EQ(splits.size(), static_cast<std::size_t>(folds));
      std::vector<std::uint32_t> held_out;
      std::size_t least = rows, most = 0;
      std::vector<std::size_t> least_of(5, rows), most_of(5, 0);
      for (const Split& split : splits) {
        expect_partition(split, rows);
        held_out.insert(held_out.end(), split.validation.begin(), split.validation.end());
        least = std::min(least, split.validation.size());
        most = std::max(most, split.validation.size());
        const auto share = counts(labels, split.validation);
        for (std::size_t c = 0; c < 5; ++c) {
          least_of[c] = std::min(least_of[c], share[c]);
          most_of[c] = std::max(most_of[c], share[c]);
        }
      }
      std::sort(held_out.begin(), held_out.end());
      EXPECT_EQ(held_out, all_rows(rows));
      EXPECT_LE(most - least, 1u);
      for (std::size_t c = 0; c < 5; ++c) EXPECT_LE(most_of[c] - least_of[c], 1u);
    }
  }
}

TEST(Split, same_seed_same_rows_and_other_seed_other_rows) {
  const auto labels = random_labels(500, 1);
  EXPECT_EQ(stratified_split(labels, 5, 0.2, 7).validation, stratified_split(labels, 5, 0.2, 7).validation);
  EXPECT_NE(stratified_split(labels, 5, 0.2, 7).validation, stratified_split(labels, 5, 0.2, 8).validation);
  EXPECT_EQ(stratified_folds(labels, 5, 3, 7)[1].validation, stratified_folds(labels, 5, 3, 7)[1].validation);
  EXPECT_NE(stratified_folds(labels, 5, 3, 7)[1].validation, stratified_folds(labels, 5, 3, 8)[1].validation);
}

TEST(Split, rows_of_a_class_are_drawn_evenly) {
  // Each of 40 rows is held out in a quarter of 400 splits: binomial, mean 100, sigma 8.7; 5 sigma = 44.
  const std::vector<std::uint8_t> labels(40, 0);
  std::vector<int> drawn(40);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    for (const std::uint32_t row : stratified_split(labels, 1, 0.25, seed).validation) ++drawn[row];
  }
  for (const int count : drawn) EXPECT_NEAR(count, 100, 44);
}

TEST(Split, classes_that_are_too_small_are_refused) {
  const std::vector<std::uint8_t> labels{0, 0, 0, 0, 1};
  expect_parts(message_of([&] { stratified_split(labels, 2, 0.25, 1); }), {"class 1", "1 rows"});
  expect_parts(message_of([&] { stratified_split(labels, 2, 0.9, 1); }), {"class 0", "4 rows, 4 of them"});
  expect_parts(message_of([&] {
                 stratified_split(std::vector<std::uint8_t>{1, 1, 2, 2}, 3, 0.5, 1);
               }),
               {"class 0", "0 rows", "count from 0"});
  expect_parts(message_of([&] { stratified_folds(labels, 2, 2, 1); }), {"class 1", "1 rows", "at least 2"});
  expect_parts(message_of([&] { stratified_split({}, 0, 0.5, 1); }), {"no rows"});
  expect_parts(message_of([&] { stratified_folds({}, 0, 2, 1); }), {"no rows"});
  expect_parts(message_of([&] { stratified_split(std::vector<std::uint8_t>{0, 3}, 2, 0.5, 1); }), {"row 1", "found:    3", "2 classes"});
}

TEST(Split, settings_out_of_range_are_refused) {
  const std::vector<std::uint8_t> labels{0, 0, 1, 1};
  for (const double fraction : {0.0, 1.0, -0.5, std::nan("")}) message_of<ConfigError>([&] { stratified_split(labels, 2, fraction, 1); });
  for (const int folds : {1, 0, -3}) message_of<ConfigError>([&] { stratified_folds(labels, 2, folds, 1); });
}

TEST(Split, one_class_is_not_a_classification_problem) {
  Dataset data;
  data.num_classes = 2;
  data.class_names = {"g", "q"};
  data.labels = {1, 1, 1};
  expect_parts(message_of([&] { require_several_classes(data, "train.h5"); }), {"train.h5", "3 rows, all of class 1 (q)"});
  data.labels.clear();
  expect_parts(message_of([&] { require_several_classes(data, "train.h5"); }), {"no rows"});
  data.labels = {1, 0};
  EXPECT_NO_THROW(require_several_classes(data, "train.h5"));
}

TEST(TakeRows, keeps_features_with_their_labels_in_the_order_asked_for) {
  RawDataset raw;
  raw.columns = {"a", "b"};
  raw.features = {1, 2, 3, 4, 5, 6};
  raw.labels = {0, 1, 2};
  const std::vector<std::uint32_t> rows{2, 0};
  const RawDataset part = take_rows(raw, rows);
  EXPECT_EQ(part.features, (std::vector<float>{5, 6, 1, 2}));
  EXPECT_EQ(part.labels, (std::vector<std::uint8_t>{2, 0}));
  EXPECT_EQ(part.columns, raw.columns);
}

}  // namespace
}  // namespace snac::data
