// The architecture surrogate: LUT, FF, DSP, block RAM, latency and interval of our back-end before a network has weights, with an
// uncertainty, at a million estimates per second. Trained on networks that were trained, compressed and counted (surrogate_rows.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/cost/surrogate_rows.hpp"

namespace snac::cost {

struct SurrogateEstimate {
  double lut = 0, ff = 0, dsp = 0, bram18 = 0;
  double lut_error = 0, ff_error = 0;  ///< e of the 90 % interval [estimate / (1 + e), estimate * (1 + e)]
  int latency_cycles = 1;              ///< unrolled: a prediction, see the card; folded: formula plus a prediction
  int initiation_interval = 1;         ///< unrolled: 1, exact; folded: that of the layers' sizes, an upper bound with pruned units
  bool extrapolated = false;           ///< outside the range of the training rows: the errors are widened
};

/// Errors over some rows, in percent of the truth. Spearman's rank correlation; 1 if there is nothing to rank.
struct SurrogateError {
  double median_absolute = 0, mean_absolute = 0, p90_absolute = 0, bias = 0;
  double rank_correlation = 1;
};

/// Of one kind of hardware, unrolled or folded.
struct SurrogateEvaluation {
  int rows = 0, networks = 0;
  std::map<std::string, SurrogateError> error;  ///< "lut", "ff"; "dsp", "bram18" of rows that have some; "latency_cycles"
  double latency_exact = 0, latency_within_one = 0, interval_exact = 0;  ///< shares of rows
  double covered = 0;                                                    ///< share of LUTs within the 90 % interval
  int synthesised = 0;                                                   ///< rows with counts of Yosys
  SurrogateError synthesised_lut;                                        ///< against those
};
using SurrogateEvaluations = std::map<std::string, SurrogateEvaluation>;  ///< "unrolled", "folded"; kinds without rows are missing
Json to_json(const SurrogateEvaluations& evaluations);

struct SurrogateTraining {
  std::uint64_t seed = 1;
  int epochs = 400;
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};

/// Additive over the layers: a small network gives each layer's share from its sizes, its place, and the target. Immutable, thread-safe.
class ArchitectureSurrogate {
 public:
  ArchitectureSurrogate(ArchitectureSurrogate&&) noexcept;
  ArchitectureSurrogate& operator=(ArchitectureSurrogate&&) noexcept;
  ~ArchitectureSurrogate();

  /// Fits to four fifths of the networks, sets the intervals by a tenth, and evaluates on the last tenth; the networks' names decide.
  /// @throws DataError if a kind of hardware has some rows but fewer than 50 networks; Interrupted.
  static ArchitectureSurrogate train(const std::vector<SurrogateRows>& data, const SurrogateTraining& params);

  /// out[i] is the estimate of specs[i]. @throws ConfigError if a graph is not a chain of dense layers, the target is out of range,
  /// or the surrogate knows no such hardware (no folded rows); std::invalid_argument for spans of two lengths.
  void estimate(std::span<const space::ArchSpec> specs, const HardwareTarget& target, std::span<SurrogateEstimate> out) const;
  SurrogateEstimate estimate(const space::ArchSpec& spec, const HardwareTarget& target) const;
  /// What lies outside the training rows, in words: "inputs 512 (trained on 24 to 96)". Empty: nothing.
  std::vector<std::string> outside(const space::ArchSpec& spec, const HardwareTarget& target) const;

  bool knows_folded() const noexcept;
  /// "architecture surrogate 1a2b3c4d", by the content of the file.
  const std::string& source() const noexcept;
  /// On the networks that it never saw while it was trained.
  const SurrogateEvaluations& card() const noexcept;
  /// Collections it was trained on, as their files name them.
  const Json& origins() const noexcept;

  Json to_json() const;
  /// @throws DataError for another format or version, missing members, or values out of range.
  static ArchitectureSurrogate from_json(const Json& json, const std::string& where);
  /// @throws DataError, IoError.
  static ArchitectureSurrogate load(const std::string& path);
  /// The one that comes with the program: see docs/estimation.md for its data and errors.
  static const ArchitectureSurrogate& shipped();

 private:
  struct Impl;
  explicit ArchitectureSurrogate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

inline constexpr FileFormat kSurrogateFormat{"snac.architecture_surrogate", 1, 1};

/// @throws as ArchitectureSurrogate::estimate. Rows of hardware that the surrogate does not know are an error.
SurrogateEvaluations evaluate(const ArchitectureSurrogate& surrogate, const std::vector<SurrogateRow>& rows);

}  // namespace snac::cost
