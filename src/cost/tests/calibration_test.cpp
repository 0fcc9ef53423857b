#include "snac/cost/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/cost/calibration_networks.hpp"

namespace snac::cost {
namespace {

using circuit::kNumLutSorts;

/// Networks whose LUTs are exactly these coefficients, up to rounding.
std::vector<CalibrationSample> samples_of(const circuit::LutCounts& truth, int count) {
  Rng rng(5);
  std::vector<CalibrationSample> samples;
  for (int k = 0; k < count; ++k) {
    CalibrationSample sample{.name = std::to_string(k), .held_out = k % 3 == 2, .mapping = {}};
    for (double& luts : sample.mapping.luts) luts = rng.chance(0.4) ? 100 + static_cast<double>(rng.below(5000)) : 0;
    sample.mapping.luts[0] += 100;
    sample.mapping.ff = 1000;
    sample.lut = std::llround(lut_of(sample.mapping, truth));
    sample.ff = k % 2 == 0 ? 1000 : 1250;
    samples.push_back(sample);
  }
  return samples;
}

TEST(Calibration, a_fit_finds_the_coefficients_behind_the_counts) {
  const circuit::LutCounts truth{1.0, 0.7, 0.9, 0.1, 1.3, 0.0, 2.0, 1.6, 1.1, 0.8};
  const Calibration calibration = fit_calibration(samples_of(truth, 60));
  for (std::size_t k = 0; k < kNumLutSorts; ++k)
    EXPECT_NEAR(calibration.lut_per_sort[k], truth[k], 0.03) << k;  // the pull towards raw is felt
  EXPECT_EQ(calibration.card.fitted, 40);
  EXPECT_EQ(calibration.card.held_out, 20);
  EXPECT_LT(calibration.card.lut.mean_absolute, 0.3);
  EXPECT_LT(calibration.card.lut_fitted.mean_absolute, 0.3);
  EXPECT_GT(calibration.card.lut_raw.mean_absolute, 5);
  // Every other network has a quarter more FF than counted: half of the held-out ones are 20 % off.
  EXPECT_NEAR(calibration.card.ff.mean_absolute, 10, 1e-9);
  EXPECT_NEAR(calibration.card.ff.bias, -10, 1e-9);
  EXPECT_NEAR(calibration.card.ff.worst_absolute, 20, 1e-9);
}

TEST(Calibration, coefficients_are_never_negative_and_sorts_without_data_stay_raw) {
  auto samples = samples_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 60);
  for (auto& sample : samples) {
    sample.lut = std::llround(sample.mapping.luts[0] * 0.5 - sample.mapping.luts[1] * 0.05 + 400);
    sample.mapping.luts[7] = 0;
  }
  const Calibration calibration = fit_calibration(samples);
  for (const double c : calibration.lut_per_sort) EXPECT_GE(c, 0);
  EXPECT_EQ(calibration.lut_per_sort[1], 0);
  EXPECT_EQ(calibration.lut_per_sort[7], raw_lut_per_sort()[7]);
}

TEST(Calibration, too_few_networks_are_refused) {
  const auto samples = samples_of(raw_lut_per_sort(), 60);
  EXPECT_THROW(fit_calibration({samples.begin(), samples.begin() + 6}), DataError);
  EXPECT_THROW(fit_calibration({}), DataError);
  auto empty = samples;
  empty[3].lut = 0;
  EXPECT_THROW(fit_calibration(empty), DataError);
}

TEST(Calibration, a_file_round_trip_keeps_everything) {
  Calibration calibration = fit_calibration(samples_of({1, 0.5, 1, 0, 1, 1, 1, 1, 1, 1}, 60));
  calibration.tool = "Yosys 0.99";
  calibration.recipe = "abc";
  calibration.families = "xcup";
  calibration.seed = 7;
  calibration.networks = 60;
  calibration.large = 2;
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "c.json").string();
  write_file_atomically(path, to_json(calibration).dump(2));
  const Calibration read = load_calibration(path);
  EXPECT_EQ(to_json(read), to_json(calibration));
  EXPECT_EQ(read.lut_per_sort, calibration.lut_per_sort);
  EXPECT_EQ(estimate({}, read).source, "circuit, calibrated on Yosys 0.99");
}

TEST(Calibration, files_of_another_kind_are_refused_with_the_reason) {
  const Json good = to_json(shipped_calibration());
  const auto refused = [&](auto&& change, const std::string& word) {
    Json bad = good;
    change(bad);
    try {
      calibration_from_json(bad, "file.json");
      ADD_FAILURE() << "accepted: " << word;
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused([](Json& j) { j["format"] = "snac.fixed_net"; }, "snac.calibration");
  refused([](Json& j) { j["version"] = 99; }, "99");
  refused([](Json& j) { j["lut_per_sort"].erase("sum"); }, "sum");
  refused([](Json& j) { j["lut_per_sort"]["invertor"] = 1; }, "inverter");
  refused([](Json& j) { j["lut_per_sort"]["sum"] = -0.1; }, "lut_per_sort: sum");
  refused([](Json& j) { j["lut_per_sort"]["sum"] = 1e9; }, "lut_per_sort: sum");
  refused([](Json& j) { j["lut_per_sort"]["sum"] = "one"; }, "sum");
  refused([](Json& j) { j.erase("card"); }, "card");
  refused([](Json& j) { j["card"]["lut_held_out"].erase("bias_percent"); }, "bias_percent");
  refused([](Json& j) { j["seed"] = -1; }, "seed");
  EXPECT_THROW(load_calibration("/nowhere/c.json"), IoError);
}

TEST(Calibration, the_shipped_one_keeps_what_the_documentation_promises) {
  const Calibration& shipped = shipped_calibration();
  EXPECT_EQ(shipped.tool, "Yosys 0.23");
  EXPECT_EQ(shipped.recipe.size(), 64U);
  EXPECT_GE(shipped.card.held_out, 15);
  EXPECT_LT(shipped.card.lut_raw.mean_absolute, 8);
  EXPECT_LT(shipped.card.lut.mean_absolute, 3);
  EXPECT_LT(shipped.card.ff.mean_absolute, 5);
}

TEST(CalibrationNetworks, are_the_same_every_time_and_differ_among_themselves) {
  const auto networks = calibration_networks(3, 30, 2);
  ASSERT_EQ(networks.size(), 32U);
  const auto longer = calibration_networks(3, 40, 2);
  std::set<std::string> names;
  int held_out = 0;
  for (std::size_t k = 0; k < networks.size(); ++k) {
    networks[k].net.validate(networks[k].name);
    names.insert(networks[k].name);
    held_out += networks[k].held_out;
    if (k < 30) {
      EXPECT_EQ(networks[k].net, longer[k].net);
    } else {
      EXPECT_EQ(networks[k].net, longer[k + 10].net);
    }
  }
  EXPECT_EQ(names.size(), 32U);
  EXPECT_EQ(held_out, 10 + 2);
  EXPECT_NE(networks[0].net, calibration_networks(4, 1, 0)[0].net);
}

}  // namespace
}  // namespace snac::cost
