// Estimates of an HLS flow by the predictors of rule4ml (Rahimifar et al. 2024, arXiv:2408.05314): small MLPs over the sizes of the
// layers, one per figure. The files are the user's: nothing of rule4ml, which is under the GPL-3, is part of this program.
// They see neither weights nor sparsity nor a precision per layer, and were trained at 10 ns (first generation) or 5 to 10 ns.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snac/cost/hls_design.hpp"
#include "snac/cost/resources.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::cost {

/// How the network is shown to the predictors, and what it is meant to run on.
struct Rule4mlSetup {
  using Strategy = HlsStrategy;
  /// A Keras model of the functional kind has an entry for its input, a sequential one has not: the predictions differ.
  enum class Model { functional, sequential };
  enum class Reuse {
    nearest,  ///< a dense layer takes the legal reuse factor nearest to the one asked for, as rule4ml and hls4ml do
    exact     ///< a layer for which the reuse factor is not legal is refused
  };

  std::string device = "xcvu9p";  ///< as find_device knows it; rule4ml knows four (Rule4ml::devices)
  int weight_bits = 8;            ///< W of fixed<W,I>, 1..32; trained on 2..16. I does not matter to the predictors
  int reuse_factor = 1;           ///< 1..2^20
  Strategy strategy = Strategy::latency;
  Model model = Model::functional;
  Reuse reuse = Reuse::nearest;
  bool softmax = true;  ///< a softmax behind the logits, unless the last layer has an activation of its own

  /// @throws ConfigError naming field, value and range; for the device as find_device.
  void validate() const;
};

/// In percent of the device.
struct Rule4mlPercent {
  double lut = 0, ff = 0, dsp = 0, bram = 0;
};

struct Rule4mlEstimate {
  Resources resources;                             ///< source: "rule4ml v1" or "rule4ml v2"
  Rule4mlPercent percent;                          ///< may exceed 100
  double average_resource_percent = 0;             ///< mean of the four: the papers' objective
  double clock_cycles = 0;                         ///< latency
  std::optional<double> initiation_interval = {};  ///< cycles; second generation only
};

/// Loaded predictors. Immutable, so any number of threads may use one.
class Rule4ml {
 public:
  /// Reads a folder as rule4ml keeps it: of release 0.1 (BRAM_MLP_config.json, BRAM_MLP.weights.h5, ...) or of release 0.2
  /// ("v1/mlp", "v2/mlp": BRAM.config.json, BRAM.weights.h5, ...). Needed: bram, dsp, ff, lut, cycles; interval if it is there.
  /// @throws DataError for a missing or damaged file, another kind of network (graph networks), shapes that disagree, or a figure
  ///         that no file or two files predict.
  explicit Rule4ml(const std::string& folder);
  ~Rule4ml();
  Rule4ml(Rule4ml&&) noexcept;
  Rule4ml& operator=(Rule4ml&&) noexcept;

  /// One estimate per network, in the same order; each depends on its network alone. The v1 predictors give percent of the board,
  /// the v2 ones counts; the block RAM of v2 counts blocks of 36 Kb and is returned as twice as many BRAM18.
  /// @throws ConfigError for a device without a board in the predictors, a setup out of range, a network that is no chain of dense
  ///         layers, or an activation that the predictors do not know (leaky_relu).
  std::vector<Rule4mlEstimate> predict(std::span<const space::ArchSpec> networks, const Rule4mlSetup& setup) const;

  /// Boards that all loaded predictors know, as "alveo-u200 (xcu200, xcvu9p)".
  std::vector<std::string> devices() const;
  /// "rule4ml v1" or "rule4ml v2".
  const std::string& source() const noexcept;
  /// SHA-256 over the files read: for the record of a study.
  const std::string& sha256() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace snac::cost
