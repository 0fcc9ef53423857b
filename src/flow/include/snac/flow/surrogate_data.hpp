// Data for the architecture surrogate: candidates of a study's search space are trained on its data, compressed to many targets and
// counted as hardware.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/flow/study.hpp"

namespace snac::flow {

struct SurrogateDataParams {
  template <class T>
  struct Range {
    T low, high;
  };

  int networks = 500;      ///< trained, each of other choices of the space
  int targets = 4;         ///< compressions of each
  std::uint64_t seed = 1;  ///< of choices, targets and training
  Range<int> weight_bits{3, 10}, activation_bits{3, 10};
  Range<double> sparsity{0, 0.9};
  Range<int> adders_per_stage{1, 4};
  std::vector<int> reuse_factors{1};                ///< each target draws one
  double argmax_share = 0.1, softmax_share = 0.05;  ///< of the targets; the others give logits
  int synthesised = 0;                              ///< networks whose first target is also synthesised with Yosys
  /// @throws ConfigError naming field, value and range.
  void validate() const;
};
Json to_json(const SurrogateDataParams& params);

/// Appends to `path` what is missing of the networks: cost::SurrogateRows, in order. Candidates are trained and compressed as
/// search.training and search.circuit say. A network that diverges, or a target that leaves nothing of it, is left out with a warning.
/// The same study, parameters and file give the same bytes, however often interrupted; more networks continue a file.
/// @returns the rows written by this call.
/// @throws DataError if the file belongs to other data, configuration or parameters; ToolError; Interrupted between networks.
int generate_surrogate_data(const Study& study, const SurrogateDataParams& params, const std::string& path);

}  // namespace snac::flow
