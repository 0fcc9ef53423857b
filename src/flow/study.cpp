#include "snac/flow/study.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "snac/core/files.hpp"
#include "snac/core/log.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/flow/estimation.hpp"
#include "snac/flow/metrics.hpp"
#include "snac/nn/kernels.hpp"

namespace snac::flow {
namespace {

constexpr const char* kVersion = "0.1.0";

std::string hash_of(const YAML::Node& config, const std::vector<std::string>& sections) {
  YAML::Node part(YAML::NodeType::Map);
  for (const auto& section : sections) {
    if (config[section]) part[section] = config[section];
  }
  return sha256(YAML::Dump(part));
}

/// The axes of the space and what the search optimises, as other programs see them.
void describe(const space::SearchSpace& space, const SearchConfig& search, store::StudyInfo& info) {
  for (const space::SearchAxis& axis : space.axes()) {
    store::Parameter parameter{.name = axis.name, .choices = {}, .conditions = {}};
    for (const space::Choice& choice : axis.choices)
      parameter.choices.push_back(std::visit([](const auto& value) { return Json(value); }, choice));
    for (const space::Condition& condition : axis.conditions)
      parameter.conditions.push_back({.parameter = static_cast<std::size_t>(condition.axis), .allowed = condition.allowed});
    info.parameters.push_back(std::move(parameter));
  }
  for (const auto& [name, direction] : search.objectives)
    info.objectives.push_back({.name = name, .maximise = find_metric(name, "search.objectives").maximise});
}

}  // namespace

/// Two programs at work on one study would take each other's trials for abandoned ones.
class Study::Lock {
 public:
  /// @throws IoError if another program is at work in the folder.
  explicit Lock(const std::string& folder) {
    const std::string path = folder + "/.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) throw IoError("cannot lock the study", {.where = path, .found = std::strerror(errno), .expected = {}, .hint = {}});
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      throw IoError("another snac is at work on this study", {.where = folder,
                                                              .found = "a locked study",
                                                              .expected = "one program at a time",
                                                              .hint = "wait for it, or choose another folder with --set output=FOLDER"});
    }
  }
  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_ = -1;
};

Study::Study(StudyConfig config, StudyParts parts) : config_(std::move(config)) {
  threads_ = config_.threads > 0 ? config_.threads : hardware_threads();
  device_ = &cost::find_device(config_.target.device);

  data::ReadParams reading = data::reading_for(config_.data.preprocess, config_.data.read);
  data::RawDataset raw_train = data::read_dataset(config_.resolve(config_.data.train), reading);
  data::RawDataset raw_test;
  if (config_.data.test.empty()) {
    const auto split = data::stratified_split(raw_train.labels, static_cast<int>(raw_train.class_names.size()), config_.data.test_fraction,
                                              derive_seed(config_.seed, "test split"));
    raw_test = data::take_rows(raw_train, split.validation);
    raw_train = data::take_rows(raw_train, split.train);
  } else {
    reading.class_names = raw_train.class_names;
    raw_test = data::read_dataset(config_.resolve(config_.data.test), reading);
  }
  if (raw_train.columns != raw_test.columns || raw_train.class_names.size() < raw_test.class_names.size()) {
    throw DataError(
        "training and test file do not fit together",
        {.where = raw_train.source + " and " + raw_test.source,
         .found = std::to_string(raw_train.columns.size()) + " columns, " + std::to_string(raw_train.class_names.size()) + " classes and " +
                  std::to_string(raw_test.columns.size()) + " columns, " + std::to_string(raw_test.class_names.size()) + " classes",
         .expected = "the same columns and classes",
         .hint = {}});
  }
  preprocessor_ = std::make_unique<data::Preprocessor>(data::Preprocessor::fit(config_.data.preprocess, raw_train));
  train_ = preprocessor_->apply(raw_train, "train");
  test_ = preprocessor_->apply(raw_test, "test");
  data::require_several_classes(train_, raw_train.source);
  if (test_.size() == 0)
    throw DataError("the test set is empty", {.where = raw_test.source, .found = "no rows", .expected = "at least one", .hint = {}});
  if (config_.data.folds >= 2) {
    splits_ = data::stratified_folds(train_.labels, train_.num_classes, config_.data.folds, derive_seed(config_.seed, "folds"));
  } else {
    splits_ = {data::stratified_split(train_.labels, train_.num_classes, config_.data.fraction, derive_seed(config_.seed, "split"))};
  }
  if (config_.models.empty()) {
    space_ = std::make_unique<space::SearchSpace>(
        space::SearchSpace::from_yaml(config_.space, train_.num_features, train_.num_classes, config_.file + ": space"));
  }
  const EstimatorChoice estimator = choose_estimator(config_, space_ ? extreme_networks(*space_) : std::vector<space::ArchSpec>{});
  config_.target.estimator = estimator.estimator;
  estimation_ = std::make_unique<Estimation>(config_);
  if (space_ && !estimator.reason.empty()) spdlog::info("estimates before training {}", estimator.reason);

  if (parts == StudyParts::everything) open_store(raw_train, raw_test);
  const std::string candidates = space_ == nullptr       ? fmt::format("imported models: {}", config_.models.size())
                                 : space_->size() < 1e15 ? fmt::format("{:.0f} candidates in the space", space_->size())
                                                         : fmt::format("{:.3g} candidates in the space", space_->size());
  spdlog::info("{}: {} training, {} validation and {} test rows, {} features, {} classes; {}; {} threads, {} kernels", name(),
               splits_.front().train.size(), splits_.front().validation.size(), test_.size(), train_.num_features, train_.num_classes,
               candidates, threads_, nn::kernel_isa_name());
  if (space_ != nullptr) warn_of_short_trainings();
}

void Study::warn_of_short_trainings() const {
  constexpr std::size_t kFewSteps = 200;  // Adam at usual rates has hardly begun
  const auto epochs = static_cast<std::size_t>(config_.search.training.epochs),
             batch = static_cast<std::size_t>(config_.search.training.batch);
  const std::size_t rows = splits_.front().train.size(), steps = epochs * ((rows + batch - 1) / batch);
  if (steps >= kFewSteps) return;
  spdlog::warn(
      "candidates are trained for {} steps only ({} epochs of {} rows in batches of {}): too few to tell them apart by accuracy. Raise "
      "search.epochs or lower search.batch, and the same under compress",
      steps, epochs, rows, batch);
}

void Study::open_store(const data::RawDataset& raw_train, const data::RawDataset& raw_test) {
  ensure_writable_directory(folder());
  lock_ = std::make_unique<Lock>(folder());
  store_ = store::open(storage_of(config_));
  YAML::Node effective = config_.to_yaml();
  // More trials continue a search; other paths to the same data are the same data.
  effective["search"].remove("trials");
  for (const char* key : {"train", "test"}) effective["data"].remove(key);
  // Without the rule its parameters mean nothing, and studies older than it go on.
  if (config_.search.early_termination.rule == TerminationRule::none) effective["search"].remove("early_termination");
  if (config_.search.hardware == HardwareFigures::estimate) {
    for (const char* key : {"hardware", "circuit"}) effective["search"].remove(key);
  }
  if (config_.target.pipelining == circuit::Pipelining::levels) {
    for (const char* key : {"pipelining", "stages"}) effective["target"].remove(key);
  }
  effective["target"].remove("devices");  // where the device's figures stand; they change shares only
  if (!config_.target.keep_latency) effective["target"].remove("keep_latency");
  if (config_.target.estimator == Estimator::sample) {
    for (const char* key : {"estimator", "surrogate"}) effective["target"].remove(key);
  } else {
    effective["target"]["surrogate"] = estimation_->source();  // by content, whatever its file is called
  }
  if (config_.target.rule4ml.folder.empty()) effective["target"].remove("rule4ml");
  if (config_.search.recalibrate == 0) effective["search"].remove("recalibrate");
  if (config_.target.reuse_factor == 1) effective["target"].remove("multiplier");
  if (config_.target.calibration.empty()) effective["target"].remove("calibration");
  const Json provenance{{"snac", kVersion},
                        {"compiler", __VERSION__},
                        {"kernels", nn::kernel_isa_name()},
                        {"train", {{"file", raw_train.source}, {"sha256", raw_train.sha256}, {"rows", train_.size()}}},
                        {"test", {{"file", raw_test.source}, {"sha256", raw_test.sha256}, {"rows", test_.size()}}}};
  std::string model_hashes;
  for (const auto& path : config_.models) model_hashes += sha256_file(config_.resolve(path));
  const std::vector<std::string> sections = config_.models.empty() ? std::vector<std::string>{"seed", "data", "target", "space", "search"}
                                                                   : std::vector<std::string>{"seed", "data", "target"};
  const std::string hash = sha256(hash_of(effective, sections) + raw_train.sha256 + raw_test.sha256 + model_hashes);
  store::StudyInfo info{.name = name(), .config_hash = hash, .config = config_.to_json(), .provenance = provenance};
  if (space_ != nullptr) describe(*space_, config_.search, info);
  store_->open_study(info);
  store::note_storage(folder(), config_.storage);
  if (config_.storage.empty()) return;
  // Programs with other output folders may work in the same database.
  if (!store_->reserve(name())) {
    throw IoError("another snac is at work on this study", {.where = store::shown_address(config_.storage) + ": study '" + name() + "'",
                                                            .found = "a study that another program keeps",
                                                            .expected = "one program at a time",
                                                            .hint = "wait for it, or choose another study name"});
  }
}

Study::~Study() = default;

const space::SearchSpace& Study::space() const {
  if (space_ != nullptr) return *space_;
  throw ConfigError("a study of imported models has no search space", {.where = config_.file + ": models",
                                                                       .found = "models instead of a space",
                                                                       .expected = "a search space",
                                                                       .hint = "use a study with 'space'"});
}

std::string stage_key(const StudyConfig& config, const std::string& stage, const std::vector<std::string>& sections) {
  YAML::Node effective = config.to_yaml();
  // Where no vendor tool runs its settings mean nothing, and studies older than them go on.
  if (vendor_tools(config.synth.tools).empty()) effective["synth"].remove("vendor");
  return stage + ":" + hash_of(effective, sections).substr(0, 16);
}

std::string storage_of(const StudyConfig& config) {
  return config.storage.empty() ? config.output_folder() + "/" + store::kDatabaseFile : config.storage;
}

std::string shown_storage(const StudyConfig& config) { return store::shown_address(storage_of(config)); }

}  // namespace snac::flow
