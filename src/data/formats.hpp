// One reader per file format; read_dataset() finds the right one.
#pragma once

#include <string>
#include <vector>

#include "snac/core/json.hpp"
#include "snac/data/dataset.hpp"
#include "snac/data/readers.hpp"

namespace snac::data {

/// Attributes format and format_version of the HDF5 files we write.
inline constexpr FileFormat kDatasetFormat{"snac.dataset", 1, 1};

/// Reading that takes longer than this shows its progress.
inline constexpr double kQuietSeconds = 2;

/// Files of one HDF5 layout, concatenated. Read in a child process: a damaged file cannot harm this one.
RawDataset read_hdf5(const std::vector<std::string>& files, const std::string& source, const ReadParams& params);
RawDataset read_npz(const std::string& path, const ReadParams& params);
RawDataset read_npy_pair(const std::string& features, const std::string& labels, const ReadParams& params);
RawDataset read_csv(const std::string& path, const ReadParams& params);

}  // namespace snac::data
