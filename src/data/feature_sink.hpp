// From the rows of a file to the columns and constituents that are kept, the same way for every format.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "snac/data/dataset.hpp"
#include "snac/data/readers.hpp"

namespace snac::data {

class FeatureSink {
 public:
  /// Sets slots, columns, slots_in_file and min_pt of `out`, which must outlive the sink.
  /// @param slots   constituents per row in the file; 0 for a table
  /// @param columns of the file
  /// @throws ConfigError for a column the file does not have; DataError for columns named twice.
  FeatureSink(int slots, std::vector<std::string> columns, const ReadParams& params, const std::string& where, RawDataset& out);

  /// Leading slots the rows given to append() must have: all if a pT cut may reach further down.
  std::size_t slots_needed() const noexcept { return slots_needed_; }
  /// False if no kept value depends on the column.
  bool wants(std::size_t column) const noexcept { return wanted_[column]; }
  /// @throws DataError if so many kept rows do not fit into memory.
  void check_size(std::size_t rows) const;
  /// Checks the size and makes room.
  void reserve(std::size_t rows);
  /// Rows as (rows, slots_needed or 1, all columns of the file). @throws DataError naming row and column of NaN or infinity.
  void append(std::span<const float> block, std::size_t first_row, const std::string& where);

 private:
  void append_table_row(const float* row, std::size_t number, const std::string& where);
  void append_jet(const float* jet, std::size_t number, const std::string& where);
  [[noreturn]] void fail_value(float value, std::size_t row, std::size_t slot, std::size_t column, const std::string& where) const;

  RawDataset& out_;
  std::vector<std::string> file_columns_;
  std::vector<std::size_t> kept_;  ///< column numbers of the file, in the order kept
  std::vector<bool> wanted_;
  std::size_t slots_needed_ = 0, pt_ = 0;
  bool particles_ = false;
};

}  // namespace snac::data
