// Selection, ordering and scaling. The fitted preprocessor travels with the model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/core/fields.hpp"
#include "snac/core/json.hpp"
#include "snac/data/dataset.hpp"

namespace snac::data {

enum class Scaling { robust, robust_fast, standard, minmax, none };
enum class ConstituentOrder { pt, shuffled };

struct PreprocessParams {
  int constituents = 0;                            ///< leading n kept; 0 = all slots of the file
  double min_pt = 0;                               ///< GeV; constituents with pT <= min_pt are dropped (strict cut), then jets left with none
  ConstituentOrder order = ConstituentOrder::pt;   ///< shuffled: each jet's n kept constituents (padding included) in a seeded random order
  std::vector<std::string> features;               ///< columns by name; empty = all columns of the file
  Scaling scaling = Scaling::robust;
  std::uint64_t seed = 1;                          ///< of the shuffling
};
void describe(Fields& fields, PreprocessParams& params);

/// x -> (x - center) / scale per flat feature. Fitted per *column* over all jets and slots including zero padding,
/// as the published pipeline does: robust (x - median)/(q95 - q5), robust_fast x/(q95 - q5), standard (x - mean)/std,
/// minmax (x - min)/(max - min). A constant column keeps scale 1.
class Preprocessor {
 public:
  /// Fits on the training data only. @throws ConfigError (unknown column, more constituents than slots...), DataError.
  static Preprocessor fit(const PreprocessParams& params, const RawDataset& train);
  /// Applies selection, order and scaling. `stream` separates the shuffles of different sets ("train", "test").
  Dataset apply(const RawDataset& raw, const std::string& stream) const;
  int num_features() const noexcept;

  Json to_json() const;
  static Preprocessor from_json(const Json& json, const std::string& where);

 private:
  PreprocessParams params_;
  int slots_ = 0;                     ///< constituents kept; 0 for tables
  std::vector<std::string> columns_;  ///< selected columns
  std::vector<double> center_, scale_;  ///< one per selected column
};

}  // namespace snac::data
