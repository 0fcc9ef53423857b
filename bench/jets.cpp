#include "jets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <string_view>

#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/readers.hpp"

namespace snac::bench {
namespace {

/// NPY version 1.0: magic, length of a header that ends in a newline and pads the data to 64 bytes, data.
void write_npy(const std::filesystem::path& path, const char* type, const std::string& shape, std::span<const std::byte> values) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  constexpr std::size_t kPrefix = 10, kAlignment = 64;
  header.append(kAlignment - 1 - (kPrefix + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size());
  write_file_atomically(path, file);
}

void export_one(const data::Dataset& data, const std::filesystem::path& folder, const std::string& name) {
  write_npy(folder / ("x_" + name + ".npy"), "<f4", fmt::format("{}, {}", data.size(), data.num_features),
            std::as_bytes(std::span(data.features)));
  write_npy(folder / ("y_" + name + ".npy"), "|u1", fmt::format("{},", data.size()), std::as_bytes(std::span(data.labels)));
}

}  // namespace

Jets load_jets(const std::string& train_file, const std::string& test_file) {
  data::PreprocessParams params;
  params.constituents = 8;
  params.order = data::ConstituentOrder::shuffled;
  params.scaling = data::Scaling::robust;
  const data::ReadParams reading = data::reading_for(params);
  const data::RawDataset raw = data::read_dataset(train_file, reading);
  const auto preprocessor = data::Preprocessor::fit(params, raw);
  return {preprocessor.apply(raw, "train"), preprocessor.apply(data::read_dataset(test_file, reading), "test")};
}

std::vector<std::uint32_t> random_rows(std::size_t rows, std::size_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  Rng rng(seed);
  rng.shuffle(std::span(all));
  all.resize(std::min(rows, count));
  return all;
}

void export_npy(const Jets& jets, const std::filesystem::path& folder) {
  ensure_writable_directory(folder);
  export_one(jets.train, folder, "train");
  export_one(jets.test, folder, "test");
}

}  // namespace snac::bench
