#include "snac/flow/design_record.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "snac/cost/calibration_networks.hpp"

namespace snac::flow {
namespace {

fixed::FixedNet some_network() { return cost::calibration_networks(3, 3, 0).front().net; }

double sum(const Json& layers, const char* figure) {
  double total = 0;
  for (const Json& layer : layers) total += layer[figure].get<double>();
  return total;
}

TEST(DesignRecord, layers_of_a_circuit_add_up_to_the_whole_and_stages_hold_its_registers) {
  StudyConfig config;
  const Design whole = design(some_network(), config);
  const Json record = design_record(whole, config);
  EXPECT_EQ(record["source"], whole.resources().source);
  ASSERT_GE(record["layers"].size(), 2U);
  EXPECT_NEAR(sum(record["layers"], "lut"), whole.resources().lut, 1e-6 * whole.resources().lut);
  EXPECT_EQ(sum(record["layers"], "ff"), whole.resources().ff);
  const circuit::Schedule& schedule = whole.unrolled()->schedule;
  ASSERT_EQ(record["stages"].size(), static_cast<std::size_t>(schedule.latency));
  EXPECT_EQ(sum(record["stages"], "register_bits"), static_cast<double>(schedule.register_bits));
  double slowest = 0, operations = 0;
  for (const Json& stage : record["stages"]) slowest = std::max(slowest, stage["delay_ns"].get<double>());
  EXPECT_DOUBLE_EQ(slowest, whole.unrolled()->period_ns);
  for (const Json& layer : record["layers"]) {
    if (!layer.contains("operations")) continue;
    const auto counts = layer["operations"].get<std::vector<int>>();
    EXPECT_EQ(counts.size(), layer["last_cycle"].get<std::size_t>() - layer["first_cycle"].get<std::size_t>() + 1);
    EXPECT_TRUE(counts.front() > 0 && counts.back() > 0);
    EXPECT_LT(layer["last_cycle"].get<int>(), whole.latency());
    operations = std::accumulate(counts.begin(), counts.end(), operations);
  }
  EXPECT_GE(operations, static_cast<double>(whole.unrolled()->cost.adders));
}

TEST(DesignRecord, layers_of_a_folded_design_follow_each_other_and_add_up) {
  StudyConfig config;
  config.target.reuse_factor = 4;
  const Design whole = design(some_network(), config);
  const Json record = design_record(whole, config);
  EXPECT_EQ(record["source"], "folded circuit");
  EXPECT_EQ(record["initiation_interval"], whole.initiation_interval());
  EXPECT_FALSE(record.contains("stages"));
  for (const char* figure : {"lut", "ff", "dsp", "bram18"}) EXPECT_NEAR(sum(record["layers"], figure), record[figure].get<double>(), 1e-6);
  int next = -1;
  for (const Json& layer : record["layers"]) {
    EXPECT_GE(layer["lut"].get<double>(), 0);
    if (!layer.contains("first_cycle")) continue;
    EXPECT_TRUE(next < 0 || layer["first_cycle"] == next) << layer;
    next = layer["last_cycle"].get<int>() + 1;
  }
  EXPECT_EQ(next, whole.latency());
}

}  // namespace
}  // namespace snac::flow
