// Dataset: what training and evaluation see. Row-major float features and integer labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace snac::data {

struct Dataset {
  int num_features = 0;
  int num_classes = 0;
  std::vector<float> features;       ///< (N, num_features) row-major
  std::vector<std::uint8_t> labels;  ///< (N), each < num_classes
  std::vector<std::string> class_names;

  std::size_t size() const noexcept { return labels.size(); }
  std::span<const float> row(std::size_t i) const {
    const auto width = static_cast<std::size_t>(num_features);
    return {features.data() + i * width, width};
  }
};

/// A data set as it stands in a file: before selection and scaling.
/// Either particles (slots > 0): features are (N, slots, columns), zero-padded slots at the end;
/// or a plain table (slots == 0): features are (N, columns).
struct RawDataset {
  int slots = 0;
  std::vector<std::string> columns;  ///< for instance pt, eta_rel, phi_rel; or the CSV header
  std::vector<float> features;
  std::vector<std::uint8_t> labels;
  std::vector<std::string> class_names;
  std::string source;     ///< path(s), for messages and records
  std::string sha256;     ///< of the file content; of several files: of their hashes, one per line
  int slots_in_file = 0;  ///< constituents the file holds per jet; more than `slots` if the reader kept only the leading ones
  double min_pt = 0;      ///< GeV; the pT cut the reader has made already; 0 = none

  std::size_t size() const noexcept { return labels.size(); }
  std::size_t row_width() const noexcept { return columns.size() * static_cast<std::size_t>(slots > 0 ? slots : 1); }
};

}  // namespace snac::data
