// Readers: a path in, a RawDataset out. The format is told by content, not by the file's name alone.
#pragma once

#include <cstddef>
#include <string>

#include "snac/data/dataset.hpp"

namespace snac::data {

struct ReadParams {
  std::string label_column = "label";  ///< CSV: name of the label column; words or integers (words are sorted to classes)
  std::size_t max_rows = 0;            ///< read only the first rows; 0 = all
  int num_classes = 0;                 ///< 0 = the file says (class names, one-hot width) or the largest label + 1
};

/// Reads, by content:
///  - our HDF5: constituents (N,K,C) float16/float32, label (N); attributes name columns and classes;
///  - the published 150-particle LHC jet files: jetConstituentList (N,150,16), jets (N,>=6; columns [-6,-1) one-hot g,q,W,Z,t);
///    a folder of such files is read in sorted order;
///  - plain HDF5 tables: features (N,F), label (N);
///  - NumPy .npz with x|X|features and y|label|labels; or "x.npy,y.npy" (two paths joined by a comma);
///    x may be (N,F) or (N,K,C); y integers (N) or one-hot (N,classes);
///  - CSV with a header line.
/// @throws DataError for a missing, truncated or corrupt file, wrong shapes or types, NaN or infinite features (row and
///         column named), labels out of range, no rows.
RawDataset read_dataset(const std::string& path, const ReadParams& params = {});

/// Writes our HDF5 layout (float16 features, gzip); returns nothing, replaces atomically. Used by `snac data sample`.
/// @throws IoError.
void write_hdf5(const std::string& path, const RawDataset& data, const std::string& provenance);

}  // namespace snac::data
