// Checks and small helpers that every reader shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snac/data/dataset.hpp"
#include "snac/data/readers.hpp"

namespace snac::data {

/// a * b. @throws DataError at `where` if the product does not fit: the sizes in the file are damaged.
std::size_t checked_product(std::size_t a, std::size_t b, const std::string& where);

/// @throws DataError if `bytes` exceed the machine's memory.
void check_fits_memory(std::size_t bytes, const std::string& where);

/// "(3, 4)"
std::string shape_text(std::span<const std::size_t> shape);
std::string number_text(double value);
/// Bytes of a file made printable and cut to a few words, for messages.
std::string excerpt(std::string_view bytes, std::size_t length = 40);
/// "a, b, c", cut after a dozen.
std::string list_text(const std::vector<std::string>& names);

/// @throws DataError if a name from a file is empty, overlong, not UTF-8 or has control characters: it goes into records.
void check_name(const std::string& name, const char* what, const std::string& where);

/// pT, j1_etarel, delta R... -> pt, eta_rel, delta_r; unknown names stay as they are.
std::string canonical_column(std::string_view name);
/// x0, x1, ...
std::vector<std::string> numbered_columns(std::size_t count);
/// 0, 1, ...
std::vector<std::string> numbered_classes(std::size_t count);

/// The rows [first, last) of `rows` that the parameters ask for. @throws DataError if there are none.
struct RowRange {
  std::size_t first = 0, last = 0;
  std::size_t size() const noexcept { return last - first; }
};
RowRange wanted_rows(std::size_t rows, const ReadParams& params, const std::string& where);

/// Labels as bytes. @throws DataError naming the row for a value that is not an integer in [0, 255].
std::vector<std::uint8_t> labels_from_numbers(std::span<const double> values, const std::string& where);
/// Rows of one-hot values (rows, classes). @throws DataError naming the row that is not one-hot.
std::vector<std::uint8_t> labels_from_one_hot(std::span<const double> values, std::size_t classes, const std::string& where);

/// The class names that file and parameters agree on, for labels of the whole file.
/// @param file_names names the file gives; empty if it gives none
/// @param file_count number of classes the file gives (one-hot width), 0 if unknown
/// @throws DataError if they disagree or a label lies out of range.
std::vector<std::string> resolve_classes(const std::vector<std::string>& file_names, std::size_t file_count,
                                         std::span<const std::uint8_t> labels, const ReadParams& params, const std::string& where);

}  // namespace snac::data
