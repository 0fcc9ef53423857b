#include "snac/flow/calibrate.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

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

/// A program named yosys that reports the same cells for everything, in front of the real one. (That counts agree with the real one is
/// what codegen's tests and the shipped calibration show.)
class FakeYosys {
 public:
  FakeYosys() : path_(std::getenv("PATH")) {
    const std::string program = (folder_.path() / "yosys").string();
    write_file_atomically(program,
                          "#!/bin/sh\nif [ \"$1\" = -V ]; then echo 'Yosys 9.9 (fake)'; exit; fi\n"
                          "echo '{\"design\": {\"num_cells_by_type\": {\"LUT2\": 900, \"FDRE\": 70}}}' > snac_yosys_cells.json\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  }
  ~FakeYosys() { ::setenv("PATH", path_.c_str(), 1); }
  FakeYosys(const FakeYosys&) = delete;
  FakeYosys& operator=(const FakeYosys&) = delete;

 private:
  TemporaryDirectory folder_;
  std::string path_;
};

TEST(Calibrate, an_interrupted_or_longer_run_finds_finished_syntheses_in_the_cache) {
  const FakeYosys yosys;
  const TemporaryDirectory folder;
  CalibrateParams params{.seed = 164, .networks = 12, .large = 0, .cache = folder.path().string()};
  const CalibrationRun first = calibrate(params);
  EXPECT_EQ(first.synthesised, 12);
  EXPECT_EQ(first.calibration.tool, "Yosys 9.9");
  const CalibrationRun second = calibrate(params);
  EXPECT_EQ(second.synthesised, 0);
  EXPECT_EQ(cost::to_json(second.calibration), cost::to_json(first.calibration));
  EXPECT_EQ(samples_json(second), samples_json(first));
  std::filesystem::remove(*std::filesystem::directory_iterator(folder.path()));
  EXPECT_EQ(calibrate(params).synthesised, 1);
  params.networks = 13;
  EXPECT_EQ(calibrate(params).synthesised, 1);
  params.family = "xc7";
  EXPECT_EQ(calibrate(params).synthesised, 13) << "another family is another synthesis";
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
