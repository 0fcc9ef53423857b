// Calibration of the cost model: random networks are lowered, pipelined, synthesised and compared with what was counted on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/cost/calibration.hpp"

namespace snac::flow {

struct CalibrateParams {
  std::uint64_t seed = 1;
  int networks = 60;            ///< 12 or more; every third is held out
  int large = 3;                ///< held-out networks of 10,000-20,000 LUTs
  std::string family = "xcup";  ///< as in toolchain::YosysParams
  std::string cache = {};       ///< folder of finished syntheses, found again by the content of the Verilog and the recipe
  int threads = 0;              ///< 0 = all; syntheses at once
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

struct CalibrationRun {
  cost::Calibration calibration;
  std::vector<cost::CalibrationSample> samples;  ///< in order of the networks
  int synthesised = 0;                           ///< the others were in the cache
};

/// @throws ToolError if Yosys is missing or fails; Interrupted between syntheses: the finished ones stay in the cache.
CalibrationRun calibrate(const CalibrateParams& params);

/// All samples with their counts, for tables and plots.
Json samples_json(const CalibrationRun& run);

}  // namespace snac::flow
