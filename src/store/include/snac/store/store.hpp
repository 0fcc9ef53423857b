// The record of a study: trials, stage results and artefacts. Plain rows; knows nothing of search or networks.
// One interface; SQLite now, other databases behind the same interface through SOCI.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "snac/core/json.hpp"

namespace snac::store {

enum class TrialState { running, complete, failed };

struct Trial {
  std::int64_t number = 0;           ///< from 0, in order of claim
  TrialState state = TrialState::running;
  std::vector<std::int32_t> genome;  ///< as bred (switched-off genes included)
  std::string identity;              ///< key of the candidate: unique within a study
  std::map<std::string, double> values;  ///< every figure measured, by name; objectives among them
  Json attributes;                   ///< architecture, seed, sources, timings
  std::string reason;                ///< why it failed
};

struct StudyInfo {
  std::string name;
  std::string config_hash;  ///< of everything that determines results
  Json config;              ///< the effective configuration
  Json provenance;          ///< code version, compiler, CPU features, data hashes
};

/// All operations are transactions: a kill at any moment leaves the old state or the new one.
class Store {
 public:
  virtual ~Store() = default;

  /// Creates the study, or returns the stored one. @throws ConfigError if it exists with another config_hash (says so, and
  /// that another study name or output folder is needed).
  virtual StudyInfo open_study(const StudyInfo& wanted) = 0;
  virtual std::optional<StudyInfo> find_study(const std::string& name) const = 0;

  /// Claims a candidate: @returns its trial number, or nothing if the identity is known already (running or ended).
  virtual std::optional<std::int64_t> claim(const std::string& study, const std::vector<std::int32_t>& genome, const std::string& identity) = 0;
  /// Ends a running trial. @throws std::logic_error if it is not running.
  virtual void finish(const std::string& study, const Trial& trial) = 0;
  /// Gives back claims left by a dead process: running trials are deleted. @returns how many.
  virtual int release_running(const std::string& study) = 0;
  virtual std::vector<Trial> trials(const std::string& study) const = 0;
  virtual std::optional<Trial> find_trial(const std::string& study, const std::string& identity) const = 0;

  /// Results of later stages: one JSON per (stage, key), for instance ("local_search", "trial 12/w8a8/it3").
  /// Writing the same key again replaces it.
  virtual void put_record(const std::string& study, const std::string& stage, const std::string& key, const Json& value) = 0;
  virtual std::optional<Json> find_record(const std::string& study, const std::string& stage, const std::string& key) const = 0;
  /// In order of first writing.
  virtual std::vector<std::pair<std::string, Json>> records(const std::string& study, const std::string& stage) const = 0;

  /// Content-addressed bytes (weights, networks). @returns the SHA-256.
  virtual std::string put_artefact(const std::string& bytes) = 0;
  /// Verified on read. @throws DataError if missing or damaged.
  virtual std::string artefact(const std::string& sha256) const = 0;

  /// Makes several writes one transaction: all or nothing.
  virtual void transaction(const std::function<void()>& body) = 0;
};

/// Opens or creates a SQLite file. @throws IoError (unwritable folder, full disk), DataError (not a database, damaged,
/// made by a newer version: nothing is changed then).
std::unique_ptr<Store> open_sqlite(const std::string& path);

}  // namespace snac::store
