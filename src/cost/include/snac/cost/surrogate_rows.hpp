// What the architecture surrogate learns from: networks that were trained, compressed and counted as hardware. A file of JSON lines, so
// that an interrupted collection goes on and files of several data sets can be joined.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "snac/circuit/folded.hpp"
#include "snac/core/json.hpp"
#include "snac/cost/estimator.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// All that decides a network's hardware before it has weights.
struct HardwareTarget {
  TargetPrecision precision;
  int reuse_factor = 1;  ///< 1 = unrolled; to circuit::kMaxReuseFactor
  circuit::Multiplier multiplier = circuit::Multiplier::dsp;
  fixed::OutputKind output = fixed::OutputKind::logits;
  int probability_bits = 8;  ///< of a softmax output
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

struct SurrogateRow {
  std::string network;  ///< rows of the same training; they stay on one side of every split
  space::ArchSpec arch;
  HardwareTarget target;
  double lut = 0, ff = 0, dsp = 0, bram18 = 0;  ///< counted on the circuit
  int latency_cycles = 0, initiation_interval = 1;
  std::optional<double> synthesised_lut, synthesised_ff;  ///< of some rows, by Yosys
};

struct SurrogateRows {
  Json origin;         ///< data set, configuration, seed and parameters of the collection: a row is a function of them and its number
  std::string source;  ///< of the counts: "circuit, calibrated on Yosys 0.23"
  std::vector<SurrogateRow> rows;
};

inline constexpr FileFormat kSurrogateRowsFormat{"snac.surrogate_rows", 1, 1};

/// The first line of a file, and one of its others; without line feeds.
std::string surrogate_rows_header(const Json& origin, const std::string& source);
std::string to_line(const SurrogateRow& row);
/// A last line without line feed is an unfinished write: left out.
/// @throws DataError naming file and line; IoError.
SurrogateRows load_surrogate_rows(const std::string& path);

}  // namespace snac::cost
