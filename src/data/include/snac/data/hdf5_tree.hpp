// A small HDF5 file of foreign layout, read whole: the weights of a model. Read in a child process, since the HDF5 library may crash on
// damaged files.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace snac::data {

struct NumberArray {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< row-major
};

struct Hdf5Tree {
  std::map<std::string, NumberArray> arrays;  ///< every array of numbers by its path, "layers/dense/vars/0"
  std::map<std::string, std::string> texts;   ///< attributes of the root group that were asked for and are there, by name
};

/// Arrays of texts and records and single numbers are left out.
/// @param texts  names of the root group's attributes to read, one text each
/// @throws DataError if the file is missing, damaged, no HDF5, or holds more than `max_values` numbers or 10,000 objects.
Hdf5Tree read_hdf5_tree(const std::string& path, const std::vector<std::string>& texts, std::size_t max_values);

}  // namespace snac::data
