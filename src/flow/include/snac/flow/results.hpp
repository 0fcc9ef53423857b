// The whole run and its closing table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snac/flow/global_search.hpp"
#include "snac/flow/hardware.hpp"
#include "snac/flow/local_search.hpp"

namespace snac::flow {

enum class Stage { search, compress, hardware };

struct RunResult {
  std::vector<TrialResult> trials;
  std::vector<std::size_t> search_front;    ///< indices into trials
  std::vector<std::string> search_metrics;  ///< that search_front is the front of
  std::vector<CompressedModel> compressed;
  std::vector<std::size_t> compressed_front;    ///< indices into compressed
  std::vector<std::string> compressed_metrics;  ///< that compressed_front is the front of
  std::vector<HardwareResult> hardware;
  std::optional<Baseline> baseline;
  std::string select_reason, choose_reason;
};

/// The metrics that span the front of compressed models.
std::vector<std::string> compressed_metrics(const StudyConfig& config);

/// All stages up to `last`; does only what the store does not hold yet.
RunResult run(Study& study, Stage last);

/// Metrics that span the fronts. Empty: the study's objectives; accuracy, LUT and cycles (with a reuse factor also DSP).
struct FrontMetrics {
  std::vector<std::string> search, compressed;
};

/// What the store holds so far, without data or work; works beside a running search. @throws ConfigError if there is no such study, or a
/// metric is unknown or was not measured.
RunResult stored_results(const StudyConfig& config, const FrontMetrics& metrics = {});

/// A compressed model of the store by its name, "m12-w8a8-p3", with the output stage of the configuration.
/// @throws ConfigError if there is no such study or model.
fixed::FixedNet stored_network(const StudyConfig& config, const std::string& name);

/// The figures of a compressed model of the store. @throws ConfigError as stored_network().
Values stored_values(const StudyConfig& config, const std::string& name);

/// A trained float network of the store by the name of its trial, "m12". @throws ConfigError as stored_network().
nn::Mlp stored_float_network(const StudyConfig& config, const std::string& name);

/// The training side of a compressed model: weights and grids.
struct TrainedModel {
  nn::Mlp mlp;
  nn::NetQuantizer quantizer;
};
/// @throws ConfigError as stored_network.
TrainedModel stored_weights(const StudyConfig& config, const std::string& name);

/// What the global search trained, and what early termination spared it.
struct TrainingEffort {
  std::int64_t epochs = 0;        ///< trained, over all trials and folds
  std::int64_t saved_epochs = 0;  ///< of stopped trials, not trained
  int stopped = 0;                ///< trials
  double saved_share() const;     ///< of all epochs
};
TrainingEffort training_effort(std::span<const TrialResult> trials, const StudyConfig& config);

/// Tables for people.
std::string trials_table(const RunResult& result, const StudyConfig& config);
std::string compressed_table(const RunResult& result, const StudyConfig& config);
std::string final_table(const RunResult& result, const Study& study);
/// The same as data.
Json to_json(const RunResult& result, const Study& study);

}  // namespace snac::flow
