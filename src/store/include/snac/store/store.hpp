// The record of a study: trials, stage results and artefacts. Plain rows; knows nothing of search or networks.
// One interface; SQLite and PostgreSQL behind it through SOCI. Optuna opens the same database (docs/adr/0023): trials,
// parameters and objectives stand in its tables, everything else in tables of ours beside them.
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
  std::int64_t number = 0;  ///< from 0, in order of claim; a number given back by release_running is given out again
  TrialState state = TrialState::running;
  std::vector<std::int32_t> genome;      ///< as bred (switched-off genes included)
  std::string identity;                  ///< key of the candidate: unique within a study
  std::map<std::string, double> values;  ///< every figure measured, by name; objectives among them. Kept to the last bit
  /// Architecture, seed, sources, timings. Two members mean something to Optuna and are shown to it: `generation` (integer, of an
  /// evolutionary search) and `constraints` (numbers, satisfied where <= 0).
  Json attributes;
  std::string reason;  ///< why it failed
  bool operator==(const Trial&) const = default;
};

/// A gene as other programs see it: a parameter that has one of some values.
struct Parameter {
  /// The parameter exists only while parameter `parameter`, an earlier one, exists and its gene is one of `allowed`.
  struct Condition {
    std::size_t parameter = 0;
    std::vector<std::int32_t> allowed;
    bool operator==(const Condition&) const = default;
  };
  std::string name;
  std::vector<Json> choices;          ///< of gene 0, 1, ...: numbers, truth values or texts, each once
  std::vector<Condition> conditions;  ///< all must hold
  bool operator==(const Parameter&) const = default;
};

/// One of the figures that a search optimises.
struct Objective {
  std::string name;
  bool maximise = false;
  bool operator==(const Objective&) const = default;
};

struct StudyInfo {
  std::string name;
  std::string config_hash;                 ///< of everything that determines results
  Json config;                             ///< the effective configuration
  Json provenance;                         ///< code version, compiler, CPU features, data hashes
  std::vector<Parameter> parameters = {};  ///< one per gene; empty = genomes mean nothing to others
  std::vector<Objective> objectives = {};  ///< with them a complete trial must have a value for each
  bool operator==(const StudyInfo&) const = default;
};

/// All operations are transactions: a kill at any moment leaves the old state or the new one.
/// One object may be used from several threads, and several processes may open the same database. An object does not
/// survive fork(): the child must open its own (@throws std::logic_error otherwise).
/// Numbers that are no numbers are refused, in figures (NaN) and in JSON (NaN and infinities, which it cannot hold), and so
/// are names that are not UTF-8 or hold a zero byte: @throws DataError. A study that does not exist: @throws ConfigError.
class Store {
 public:
  virtual ~Store() = default;

  /// Creates the study, or returns the stored one. Parameters and objectives are added to a study that was stored without.
  /// @throws ConfigError if it exists with another config_hash (says so, what differs, and that another study name or output
  /// folder is needed), or if another program made a study of that name.
  virtual StudyInfo open_study(const StudyInfo& wanted) = 0;
  virtual std::optional<StudyInfo> find_study(const std::string& name) const = 0;
  /// Names in order of creation.
  virtual std::vector<std::string> studies() const = 0;

  /// Claims a candidate: @returns its trial number, or nothing if the identity is known already (running or ended).
  virtual std::optional<std::int64_t> claim(const std::string& study, const std::vector<std::int32_t>& genome,
                                            const std::string& identity) = 0;
  /// Ends a running trial: stores state, values, attributes and reason under trial.number. Genome and identity stand since
  /// the claim; an identity given here must be the claimed one.
  /// @throws std::logic_error if the trial is not running or trial.state is no end.
  virtual void finish(const std::string& study, const Trial& trial) = 0;
  /// Replaces values and attributes of a trial that has ended; state, reason, genome and identity stand.
  /// @throws std::logic_error if it is running or unknown.
  virtual void amend(const std::string& study, const Trial& trial) = 0;
  /// Keeps the study for this object until it ends. @returns false if another one holds it (another process, anywhere).
  virtual bool reserve(const std::string& study) = 0;
  /// Gives back claims left by a dead process: running trials are deleted. Call it when no other process works on the study.
  /// The next claims take the freed numbers, lowest first, so that a resumed study numbers its trials as an undisturbed one.
  /// @returns how many.
  virtual int release_running(const std::string& study) = 0;
  /// In order of number.
  virtual std::vector<Trial> trials(const std::string& study) const = 0;
  virtual std::optional<Trial> find_trial(const std::string& study, const std::string& identity) const = 0;

  /// Results of later stages: one JSON per (stage, key), for instance ("local_search", "trial 12/w8a8/it3").
  /// Writing the same key again replaces it.
  virtual void put_record(const std::string& study, const std::string& stage, const std::string& key, const Json& value) = 0;
  virtual std::optional<Json> find_record(const std::string& study, const std::string& stage, const std::string& key) const = 0;
  /// In order of first writing.
  virtual std::vector<std::pair<std::string, Json>> records(const std::string& study, const std::string& stage) const = 0;

  /// Content-addressed bytes (weights, networks), up to 10^9. @returns the SHA-256. Putting bytes again repairs a damaged copy.
  virtual std::string put_artefact(const std::string& bytes) = 0;
  /// Verified on read. @throws DataError if missing or damaged.
  virtual std::string artefact(const std::string& sha256) const = 0;

  /// Makes several writes one transaction: all or nothing. Nested calls join the outer one: they take effect when it does;
  /// an exception from a nested body undoes that body, and the outer one too unless the outer body catches it.
  /// Other threads' calls on this object wait meanwhile. A database server may be lost and found again meanwhile: the outermost
  /// body then runs again from its beginning.
  virtual void transaction(const std::function<void()>& body) = 0;
};

/// How a database is opened.
struct OpenOptions {
  int busy_seconds = 30;     ///< SQLite: how long a call waits while another process writes, >= 1
  int patience_s = 600;      ///< PostgreSQL: how long a call waits for a server that went away, >= 0
  int connect_seconds = 10;  ///< PostgreSQL: how long one attempt to connect may take, >= 2
  /// Called with a sentence while a call waits for a server, and when it has come back; empty = the log.
  std::function<void(const std::string&)> on_wait = {};
};

/// Opens or creates a study database: "postgresql://user@host:port/database" (a database that exists; whatever libpq takes, the
/// driver names of SQLAlchemy are ignored), "sqlite:///path" or the path of a SQLite file (its folder is created).
/// A database that Optuna made is taken over: studies of ours stand beside its own then.
/// @throws ConfigError (an address that cannot be read), IoError (no such server, folder that cannot be written, full disk,
/// locked too long, no rights), DataError (not a database, damaged, not ours, made by a newer version: nothing is changed then).
/// Keep SQLite files on a local disk: network file systems do not lock reliably.
std::unique_ptr<Store> open(const std::string& address, const OpenOptions& options = {});

/// True for the address of a database server, false for a file.
bool is_server(const std::string& address);
/// The file that a SQLite address means. @throws ConfigError for the address of a server.
std::string sqlite_path(const std::string& address);
/// The address as it may be shown and stored: without a password.
std::string shown_address(const std::string& address);

/// The database in a study's folder, unless note_storage() says otherwise.
inline constexpr const char* kDatabaseFile = "study.sqlite";
/// Notes in a study's folder that its database is at `address`, without its password; "" = kDatabaseFile.
void note_storage(const std::string& folder, const std::string& address);
/// The address that a user means by the folder of a study, a file or an address. @throws DataError for a damaged note.
std::string storage_at(const std::string& run);

/// open() for a SQLite file.
std::unique_ptr<Store> open_sqlite(const std::string& path, int busy_seconds = 30);

}  // namespace snac::store
