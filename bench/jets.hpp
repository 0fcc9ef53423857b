// The data every benchmark trains on: jets, preprocessed as configs/jets_paper.yaml says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "snac/data/dataset.hpp"

namespace snac::bench {

struct Jets {
  data::Dataset train, test;
};

/// Eight constituents in random order, robust scaling fitted on the training file: 24 features, 5 classes.
Jets load_jets(const std::string& train_file, const std::string& test_file);

/// `count` distinct rows in random order (all rows if there are fewer): every run then gathers from the whole data set.
std::vector<std::uint32_t> random_rows(std::size_t rows, std::size_t count, std::uint64_t seed);

/// x_train.npy, y_train.npy, x_test.npy, y_test.npy: float32 (N,F) and uint8 (N), so that others train on the same numbers.
void export_npy(const Jets& jets, const std::filesystem::path& folder);

}  // namespace snac::bench
