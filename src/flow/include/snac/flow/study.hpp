// A study at work: configuration, store, data and splits, opened together and checked against each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "snac/cost/device.hpp"
#include "snac/data/dataset.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/split.hpp"
#include "snac/flow/config.hpp"
#include "snac/flow/estimation.hpp"
#include "snac/space/search_space.hpp"
#include "snac/store/store.hpp"

namespace snac::flow {

/// What of a study is opened.
enum class StudyParts {
  everything,
  data  ///< no store: nothing is written, nothing is locked; store() must not be called
};

class Study {
 public:
  /// Reads the data, fits preprocessing on the training file, opens or creates the store in the output folder and locks it.
  /// @throws ConfigError, DataError, IoError; nothing is changed in an existing study then.
  explicit Study(StudyConfig config, StudyParts parts = StudyParts::everything);
  ~Study();

  const StudyConfig& config() const noexcept { return config_; }
  const std::string& name() const noexcept { return config_.study; }
  int threads() const noexcept { return threads_; }
  const cost::Device& device() const noexcept { return *device_; }
  /// @throws ConfigError for a study of imported models, which has none.
  const space::SearchSpace& space() const;
  const data::Dataset& train() const noexcept { return train_; }
  const data::Dataset& test() const noexcept { return test_; }
  const data::Preprocessor& preprocessor() const noexcept { return *preprocessor_; }
  /// One split, or one per fold. The local search uses the first.
  const std::vector<data::Split>& splits() const noexcept { return splits_; }
  store::Store& store() const noexcept { return *store_; }
  const Estimation& estimation() const noexcept { return *estimation_; }
  std::string folder() const { return config_.output_folder(); }

 private:
  class Lock;
  void warn_of_short_trainings() const;
  void open_store(const data::RawDataset& raw_train, const data::RawDataset& raw_test);
  StudyConfig config_;
  int threads_ = 1;
  const cost::Device* device_ = nullptr;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<space::SearchSpace> space_;
  data::Dataset train_, test_;
  std::unique_ptr<data::Preprocessor> preprocessor_;
  std::vector<data::Split> splits_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Estimation> estimation_;
};

/// A stage's records are kept per content of the configuration sections that determine them: "stage:hash".
std::string stage_key(const StudyConfig& config, const std::string& stage, const std::vector<std::string>& sections);
/// The address of the study's database, and the same without a password.
std::string storage_of(const StudyConfig& config);
std::string shown_storage(const StudyConfig& config);

}  // namespace snac::flow
