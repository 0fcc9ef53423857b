// The NumPy array format, versions 1 to 3 (numpy.lib.format, NEP 1), read as a stream.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "byte_source.hpp"
#include "element.hpp"

namespace snac::data {

struct NpyHeader {
  ElementType type;
  std::size_t text_width = 0;  ///< bytes per text for the types U and S, else 0
  bool wide_text = false;      ///< U: four bytes per character
  bool fortran = false;        ///< first index runs fastest
  std::vector<std::size_t> shape;
  std::size_t count = 1;  ///< number of elements
};

/// Reads magic and header; on return the source stands at the first element and holds exactly the declared bytes.
/// @throws DataError for another file, a damaged header, an unknown type, or a size that is not the declared one.
NpyHeader read_npy_header(ByteSource& source);

/// Calls `take(block, first_row)` with whole rows in row-major order, a few megabytes at a time (Fortran order: all at once).
void read_npy_rows(ByteSource& source, const NpyHeader& header, const std::function<void(std::span<const float>, std::size_t)>& take);
/// All values in row-major order.
std::vector<double> read_npy_numbers(ByteSource& source, const NpyHeader& header);
/// A one-dimensional array of texts, as UTF-8.
std::vector<std::string> read_npy_texts(ByteSource& source, const NpyHeader& header);

}  // namespace snac::data
