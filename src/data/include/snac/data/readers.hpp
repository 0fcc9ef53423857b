// Readers: a path in, a RawDataset out. The format is told by content, not by the file's name alone.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "snac/data/dataset.hpp"

namespace snac::data {

struct ReadParams {
  std::string label_column = "label";         ///< CSV: name of the label column; words or integers (words are sorted to classes)
  std::size_t max_rows = 0;                   ///< read at most so many rows; 0 = all
  int num_classes = 0;                        ///< 0 = the file says (class names, one-hot width) or the largest label + 1
  std::size_t first_row = 0;                  ///< rows before it are skipped
  std::vector<std::string> columns = {};      ///< feature columns kept, in this order; empty = all
  int max_constituents = 0;                   ///< particles: leading constituents kept per jet; 0 = all slots of the file
  double min_pt = 0;                          ///< GeV, particles: constituents with pT <= min_pt are removed *before* the leading
                                              ///< ones are kept, so the result is right even if a file is not pT-descending; 0 = no cut
  std::string dataset = {};                   ///< HDF5: read this array of features, for instance "hlf"; empty = by layout
  std::vector<std::string> class_names = {};  ///< the classes in label order, for instance of the training file; empty = the file says
};

/// Reads, by content:
///  - our HDF5: constituents (N,K,C) float16/float32, label (N); attributes `constituent_names` and `classes`;
///  - the published 150-particle LHC jet files: jetConstituentList (N,150,16), jets (N,>=6; columns [-6,-1) one-hot g,q,W,Z,t);
///  - plain HDF5 tables: features (N,F), label (N); attributes `feature_names` and `classes` if known;
///  - a folder of HDF5 files of one layout, concatenated in sorted order;
///  - NumPy .npz with x|X|features and y|Y|label|labels (optionally texts `columns`, `classes`); or "x.npy,y.npy"
///    (two paths joined by a comma); x may be (N,F) or (N,K,C); y integers (N) or one-hot (N,classes);
///  - CSV with a header line.
/// Only kept columns and slots are held in memory; NaN and infinity are looked for in these. Classes are those of the
/// whole file even if only some rows are read. Columns without names are x0, x1...; pT, etarel... become pt, eta_rel...
/// @throws DataError for a missing, truncated or corrupt file, wrong shapes or types, NaN or infinite features (row and
///         column named), labels out of range, no rows; ConfigError for a column or array that the file does not have.
RawDataset read_dataset(const std::string& path, const ReadParams& params = {});

/// Writes our HDF5 layout (particles as float16, tables as float32; shuffle + gzip); replaces atomically; same data, same
/// bytes. Used by `snac data sample`. Values are rounded to nearest even.
/// @throws IoError if it cannot be written; DataError if the data are inconsistent or a value does not fit float16.
void write_hdf5(const std::string& path, const RawDataset& data, const std::string& provenance);

}  // namespace snac::data
