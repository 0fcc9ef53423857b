// The configuration of a study: one YAML file. Every key is described once (describe()), which drives reading, show-config
// and the reference of keys.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <utility>
#include <vector>

#include "snac/circuit/cmvm.hpp"
#include "snac/circuit/folded.hpp"
#include "snac/circuit/schedule.hpp"
#include "snac/compress/chain.hpp"
#include "snac/compress/learned.hpp"
#include "snac/core/fields.hpp"
#include "snac/cost/estimator.hpp"
#include "snac/cost/rule4ml.hpp"
#include "snac/data/preprocess.hpp"
#include "snac/data/readers.hpp"
#include "snac/fixed/output_stage.hpp"
#include "snac/flow/hls.hpp"
#include "snac/flow/vendor.hpp"
#include "snac/nn/trainer.hpp"
#include "snac/search/nsga2.hpp"
#include "snac/search/rungs.hpp"

namespace snac::flow {

struct DataConfig {
  std::string train, test;  ///< as written; relative paths are relative to the configuration file
  data::ReadParams read;
  data::PreprocessParams preprocess;
  std::uint64_t max_rows = 0;
  double test_fraction = 0.2;
  int folds = 0;          ///< >= 2: k-fold scores; 0: one split by `fraction`
  double fraction = 0.2;  ///< validation share of the training file
};

/// Where estimates before training come from.
enum class Estimator {
  automatic,  ///< the surrogate for networks and targets it was trained on, else the sample: choose_estimator
  sample,     ///< circuits of drawn weights: cost::ArchitectureSampler, estimate_folded
  surrogate   ///< learnt from trained networks: cost::ArchitectureSurrogate
};

/// The predictors of rule4ml as further figures of a candidate: metrics rule4ml_*.
struct Rule4mlConfig {
  std::string folder;  ///< of its files, the user's; "" = not asked
  std::string device;  ///< "" = target.device
  cost::Rule4mlSetup::Strategy strategy = cost::Rule4mlSetup::Strategy::latency;
  cost::Rule4mlSetup::Model model = cost::Rule4mlSetup::Model::functional;
  bool softmax = true;
};

struct TargetConfig {
  std::string device = "xcvu13p";
  std::string devices;  ///< file of devices that the user defines; "" = none
  double clock_ns = 5;
  int reuse_factor = 1;                                       ///< 1 = unrolled
  circuit::Multiplier multiplier = circuit::Multiplier::dsp;  ///< with a reuse factor above 1
  circuit::Effort effort = circuit::Effort::normal;           ///< of sharing adders, unrolled designs
  int extra_depth = 0;                                        ///< adder levels per layer above the least possible; -1 = no limit
  circuit::Pipelining pipelining = circuit::Pipelining::levels;
  int adders_per_stage = 2;   ///< pipelining by levels
  int stages = 10;            ///< pipelining by stages
  bool keep_latency = false;  ///< with levels: hardware of a searched network has the latency that the search saw
  Estimator estimator = Estimator::automatic;
  std::string surrogate;          ///< for estimators before training: a file of 'snac surrogate train'; "" = the shipped one
  std::string calibration;        ///< of the cost model: a file of 'snac calibrate'; "" = the shipped one
  compress::Precision precision;  ///< for estimates before training
  fixed::FixedType input{12, 4, true, fixed::Rounding::rnd, fixed::Overflow::sat};
  double sparsity = 0.5;  ///< for estimates before training
  fixed::OutputKind output = fixed::OutputKind::logits;
  int probability_bits = 8;  ///< of a softmax output
  Rule4mlConfig rule4ml;
};

enum class Sampler { nsga2, random };
enum class TerminationRule { none, halving };

struct EarlyTerminationConfig {
  TerminationRule rule = TerminationRule::none;
  int min_epochs = 1;
  search::HalvingParams halving{.margin = 0.002};  ///< half the standard error of an accuracy of 0.6 on 16,000 rows
};

/// Where the global search has its hardware figures from.
enum class HardwareFigures {
  estimate,  ///< of the architecture, before training
  circuit    ///< of the trained candidate: shortly compressed, lowered and counted
};

/// The short compression of a trained candidate, to target.precision and target.sparsity; see trial_circuit.hpp.
struct CircuitConfig {
  int warmup_epochs = 0;
  int rounds = 1;  ///< of pruning
  int epochs = 2;  ///< after each round
  int batch = 128;
  double learning_rate = 2e-3;
  nn::Schedule schedule = nn::Schedule::cosine;
  compress::PruningScope scope = compress::PruningScope::layer;
  int logits_bits = 16;
  int table_index_bits = 10;
  circuit::Effort effort = circuit::Effort::quick;
};

struct SearchConfig {
  std::vector<std::pair<std::string, std::string>> objectives{{"accuracy", "max"}, {"average_resource", "min"}, {"clock_cycles", "min"}};
  std::vector<std::pair<std::string, std::string>> constraints;
  Sampler sampler = Sampler::nsga2;
  search::Nsga2Params nsga2;  ///< evaluations = trials; seed = the study's
  int trials = 100;
  EarlyTerminationConfig early_termination;
  HardwareFigures hardware = HardwareFigures::estimate;
  CircuitConfig circuit;
  int recalibrate = 0;  ///< with estimates: candidates per generation whose circuit corrects the estimates of all
  nn::TrainParams training;
};

enum class SelectionRule { best, cheapest, knee };

struct SelectionConfig {
  SelectionRule rule = SelectionRule::best;
  std::string by = "lut";
  std::vector<std::string> where = {};
  int count = 1;
};

struct BaselineConfig {
  std::vector<int> hidden;  ///< empty = no baseline
  nn::TrainParams training;
};

enum class LocalSearchMethod { pruning, learned, both };

struct CompressConfig {
  LocalSearchMethod method = LocalSearchMethod::pruning;
  std::vector<std::string> precisions{"8"};
  int folds = 0;  ///< >= 2: k-fold scores; 0: the first split of the study
  compress::ChainParams chain;
  compress::LearnedParams learned;
};

enum class YosysScope { whole, layers };

struct YosysConfig {
  YosysScope scope = YosysScope::whole;
  double time_limit_s = 3600;  ///< of a run; 0 = none
  int memory_limit_mib = 0;    ///< of a run; 0 = none
  std::string cache;           ///< "" = <output>/cache/yosys
};

struct SynthConfig {
  std::vector<std::string> tools{"verilator", "yosys"};
  int vectors = 10000;  ///< test rows simulated
  YosysConfig yosys;
  HlsConfig hls;        ///< if tools name hls or vitis
  VendorConfig vendor;  ///< if tools name vivado, vitis or quartus
};

struct StudyConfig {
  std::string study = "study";
  std::string output;   ///< folder of the study; "" = runs/<study>
  std::string storage;  ///< address of the study database; "" = study.sqlite in the output folder
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0 = all; never changes a result
  DataConfig data;
  TargetConfig target;
  std::vector<std::string> models;  ///< trained elsewhere, instead of a search; as written
  YAML::Node space;
  SearchConfig search;
  BaselineConfig baseline;
  SelectionConfig select;
  CompressConfig compress;
  SelectionConfig choose;
  SynthConfig synth;

  std::string file;       ///< where it was read from
  std::string directory;  ///< folder that relative data paths refer to

  std::string output_folder() const { return output.empty() ? "runs/" + study : output; }
  /// The path of a data file as the program opens it.
  std::string resolve(const std::string& path) const;
  /// The effective configuration, all defaults filled in, without the password of a database.
  YAML::Node to_yaml() const;
  Json to_json() const;
};

void describe(Fields& fields, StudyConfig& config);

/// Reads a file, applies "a.b=c" overrides, checks everything that can be checked without data.
/// @throws ConfigError
StudyConfig load_config(const std::string& path, const std::vector<std::string>& overrides = {});

/// Every key with type, default and help.
std::vector<Fields::Entry> config_reference();

}  // namespace snac::flow
