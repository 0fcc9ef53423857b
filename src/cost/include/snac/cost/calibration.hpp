// A calibration of the cost model: how many LUTs each sort of logic takes under one synthesis recipe, fitted by 'snac calibrate'
// on random networks, with the errors on networks it was not fitted to. Data in a file; one is shipped with the program.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "snac/circuit/mapping.hpp"
#include "snac/core/json.hpp"
#include "snac/cost/resources.hpp"

namespace snac::cost {

/// What synthesis said of one network, beside what was counted on its circuit.
struct CalibrationSample {
  std::string name;
  bool held_out = false;
  circuit::Mapping mapping;
  std::int64_t lut = 0, ff = 0, srl = 0;  ///< of the tool
};

/// Errors of the model on some networks, in percent of the tool's count.
struct ModelError {
  double mean_absolute = 0, worst_absolute = 0, bias = 0;
};

/// Errors on held-out networks: what an estimate may claim.
struct CalibrationCard {
  int fitted = 0, held_out = 0;  ///< networks
  ModelError lut_raw;            ///< one LUT per LUT counted, resets free
  ModelError lut;                ///< with the coefficients of the file
  ModelError lut_fitted;         ///< the same on the networks fitted to
  ModelError ff;                 ///< counted, no coefficients
};

struct Calibration {
  std::string tool;      ///< "Yosys 0.23"
  std::string recipe;    ///< SHA-256 of the synthesis recipe
  std::string families;  ///< what the recipe's counts hold for
  std::uint64_t seed = 0;
  int networks = 0, large = 0;  ///< calibration_networks(seed, networks, large)
  circuit::LutCounts lut_per_sort{};
  CalibrationCard card;
};

/// One LUT for each counted, none for what a register does by its reset.
circuit::LutCounts raw_lut_per_sort() noexcept;

/// LUTs of a mapping by coefficients.
double lut_of(const circuit::Mapping& mapping, const circuit::LutCounts& lut_per_sort) noexcept;

/// LUT and FF of a circuit, with the source "circuit, calibrated on <tool>".
Resources estimate(const circuit::Mapping& mapping, const Calibration& calibration);

/// Fits the coefficients to the samples that are not held out: least mean absolute relative error, none negative; sorts that hardly
/// occur stay near one LUT each. Fills in the card. The other fields are left to the caller.
/// @throws DataError without samples on both sides or with a network of no LUTs.
Calibration fit_calibration(const std::vector<CalibrationSample>& samples);

inline constexpr FileFormat kCalibrationFormat{"snac.calibration", 1, 1};
Json to_json(const Calibration& calibration);
/// @throws DataError for another format or version, a missing or unknown sort of LUT or a number out of range.
Calibration calibration_from_json(const Json& json, const std::string& where);
/// @throws DataError, IoError.
Calibration load_calibration(const std::string& path);
/// The file src/cost/calibration/yosys-0.23.json as of the program's build.
const Calibration& shipped_calibration();

}  // namespace snac::cost
