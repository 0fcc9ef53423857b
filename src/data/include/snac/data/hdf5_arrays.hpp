// The arrays of numbers in a group of an HDF5 file and texts beside them, by name: for files that are no data set, such as the weights of a
// network.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace snac::data {

struct Hdf5Numbers {
  std::string name;                ///< path below the group, for instance "dense/vars/0"
  std::vector<std::size_t> shape;  ///< at least one dimension; values are row-major
  std::vector<float> values;
};

inline constexpr std::size_t kMaxHdf5Numbers = std::size_t{1} << 26;

/// All arrays of numbers below `group` ("layers"), sorted by name; single numbers and texts are left out. Links to other files are
/// not followed. The file is read in a child process, as the HDF5 library may crash on a damaged one.
/// @throws DataError for a missing or damaged file, a group that it does not have, or more than kMaxHdf5Numbers values.
std::vector<Hdf5Numbers> read_hdf5_arrays(const std::string& path, const std::string& group);

/// Attributes of the root group that are one text, in the order of `names`; empty where there is none. Read in a child process too.
/// @throws DataError for a missing or damaged file or an attribute of another kind.
std::vector<std::string> read_hdf5_texts(const std::string& path, const std::vector<std::string>& names);

}  // namespace snac::data
