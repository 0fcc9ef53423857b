#include "snac/flow/calibrate.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/cost/calibration_networks.hpp"
#include "snac/flow/local_search.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::flow {
namespace {

TEST(Calibrate, the_shipped_calibration_is_of_this_recipe) {
  EXPECT_EQ(cost::shipped_calibration().recipe, sha256(toolchain::yosys_recipe()))
      << "the recipe has changed: make the calibration anew with snac calibrate --output src/cost/calibration/yosys-0.23.json";
}

TEST(Calibrate, parameters_out_of_range_are_refused) {
  for (const CalibrateParams& params : {CalibrateParams{.networks = 11}, CalibrateParams{.large = -1}, CalibrateParams{.threads = -1}}) {
    EXPECT_THROW(params.validate(), ConfigError);
  }
}

TEST(Calibrate, a_second_run_finds_everything_in_the_cache) {
  const TemporaryDirectory folder;
  CalibrateParams params{.seed = 164, .networks = 12, .large = 0, .cache = folder.path().string()};
  const CalibrationRun first = calibrate(params);
  EXPECT_EQ(first.synthesised, 12);
  EXPECT_LT(first.calibration.card.ff.mean_absolute, 3);
  EXPECT_LT(first.calibration.card.lut.mean_absolute, 6);
  const CalibrationRun second = calibrate(params);
  EXPECT_EQ(second.synthesised, 0);
  EXPECT_EQ(cost::to_json(second.calibration), cost::to_json(first.calibration));
  EXPECT_EQ(samples_json(second), samples_json(first));
}

TEST(DesignCircuit, pipelining_follows_the_configuration) {
  const auto net = cost::calibration_networks(1, 1, 0).front().net;
  TargetConfig target;
  target.clock_ns = 3;
  target.pipelining = circuit::Pipelining::period;
  const CircuitDesign by_clock = design_circuit(net, pipeline_of(target));
  EXPECT_LE(by_clock.period_ns, 3);
  target.pipelining = circuit::Pipelining::stages;
  target.stages = by_clock.schedule.latency;
  const CircuitDesign by_stages = design_circuit(net, pipeline_of(target));
  EXPECT_LE(by_stages.schedule.latency, target.stages);
  EXPECT_LE(by_stages.period_ns, by_clock.period_ns);
  EXPECT_GT(by_stages.resources.lut, 0);
  EXPECT_EQ(by_stages.resources.source, "circuit, calibrated on Yosys 0.23");
  // The same logic on an older family needs more stages for the same clock.
  target.device = "xc7z020";
  target.pipelining = circuit::Pipelining::period;
  EXPECT_GT(design_circuit(net, pipeline_of(target)).schedule.latency, by_clock.schedule.latency);
}

}  // namespace
}  // namespace snac::flow
