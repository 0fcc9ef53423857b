// Seeded, stratified splits as index lists: data is never copied.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snac/data/dataset.hpp"

namespace snac::data {

/// Sorted row numbers of one training/validation division.
struct Split {
  std::vector<std::uint32_t> train, validation;
};

/// One split with round(fraction * n_c) validation rows of every class c.
/// @throws DataError if a class would be left without a training or a validation row.
Split stratified_split(std::span<const std::uint8_t> labels, int num_classes, double validation_fraction, std::uint64_t seed);

/// k splits; the validation parts are disjoint and cover everything; class shares equal to +-1 row.
/// @throws DataError if a class has fewer than k rows.
std::vector<Split> stratified_folds(std::span<const std::uint8_t> labels, int num_classes, int folds, std::uint64_t seed);

/// The given rows, in that order, with everything else as it is.
RawDataset take_rows(const RawDataset& raw, std::span<const std::uint32_t> rows);

/// Checks that at least two classes have rows. @throws DataError naming what was found.
void require_several_classes(const Dataset& data, const std::string& where);

}  // namespace snac::data
