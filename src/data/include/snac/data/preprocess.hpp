// Selection, ordering and scaling. The fitted preprocessor travels with the model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/core/fields.hpp"
#include "snac/core/json.hpp"
#include "snac/data/dataset.hpp"
#include "snac/data/readers.hpp"

namespace snac::data {

enum class Scaling { robust, robust_fast, standard, minmax, none };
enum class ConstituentOrder {
  pt,       ///< the order of the file, which is pT-descending in the known layouts (a warning is logged if a jet is not)
  shuffled  ///< each jet's n kept constituents (padding included) in a seeded random order
};

struct PreprocessParams {
  int constituents = 0;  ///< leading n kept; 0 = all slots of the file
  double min_pt = 0;     ///< GeV; constituents with pT <= min_pt are dropped, then jets left with none; 0 = no cut
  ConstituentOrder order = ConstituentOrder::pt;
  std::vector<std::string> features = {};  ///< columns by name; empty = all columns of the file
  Scaling scaling = Scaling::robust;
  std::uint64_t seed = 1;  ///< of the shuffling
};
void describe(Fields& fields, PreprocessParams& params);

/// What to read so that these parameters can be applied, and nothing more: columns, leading constituents, pT cut.
ReadParams reading_for(const PreprocessParams& params, ReadParams base = {});

/// x -> (x - center) / scale per flat feature. Fitted per *column* over all jets and slots including zero padding,
/// as the published pipeline does: robust (x - median)/(q95 - q5), robust_fast x/(q95 - q5), standard (x - mean)/std,
/// minmax (x - min)/(max - min). Quantiles interpolate linearly as in NumPy, std divides by N; all in double precision.
/// A column without spread (its range, q95 - q5 or std is 0) keeps scale 1.
class Preprocessor {
 public:
  /// Fits on the training data only. @throws ConfigError (unknown column, more constituents than slots...), DataError.
  static Preprocessor fit(const PreprocessParams& params, const RawDataset& train);
  /// Applies selection, order and scaling. `stream` separates the shuffles of different sets ("train", "test").
  /// The shuffle of a jet depends on seed, stream and its row number only. Classes are matched by name: labels come out
  /// in the numbering of the training set. @throws DataError if the data do not fit the training data.
  Dataset apply(const RawDataset& raw, const std::string& stream) const;
  int num_features() const noexcept { return static_cast<int>(columns_.size()) * (slots_ > 0 ? slots_ : 1); }

  /// Features are flat: feature s * columns().size() + c is column c of constituent s.
  const std::vector<std::string>& columns() const noexcept { return columns_; }
  int slots() const noexcept { return slots_; }  ///< constituents; 0 for tables
  const std::vector<std::string>& class_names() const noexcept { return class_names_; }
  const std::vector<double>& center() const noexcept { return center_; }  ///< one per column
  const std::vector<double>& scale() const noexcept { return scale_; }    ///< one per column
  const PreprocessParams& params() const noexcept { return params_; }     ///< as fitted: 0 and empty are filled in

  Json to_json() const;
  static Preprocessor from_json(const Json& json, const std::string& where);

 private:
  PreprocessParams params_;
  int slots_ = 0;                     ///< constituents kept; 0 for tables
  std::vector<std::string> columns_;  ///< selected columns
  std::vector<std::string> class_names_;
  std::vector<double> center_, scale_;  ///< one per selected column
};

}  // namespace snac::data
