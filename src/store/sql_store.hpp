// Store over SQL that SQLite and PostgreSQL share. Internal to the module.
#pragma once

#include <map>
#include <memory>

#include "connection.hpp"
#include "snac/store/store.hpp"

namespace snac::store {

class SqlStore : public Store {
 public:
  /// The schema must be up to date.
  explicit SqlStore(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  StudyInfo open_study(const StudyInfo& wanted) override;
  std::optional<StudyInfo> find_study(const std::string& name) const override;
  std::vector<std::string> studies() const override;
  std::optional<std::int64_t> claim(const std::string& study, const std::vector<std::int32_t>& genome,
                                    const std::string& identity) override;
  void finish(const std::string& study, const Trial& trial) override;
  void amend(const std::string& study, const Trial& trial) override;
  bool reserve(const std::string& study) override;
  int release_running(const std::string& study) override;
  std::vector<Trial> trials(const std::string& study) const override;
  std::optional<Trial> find_trial(const std::string& study, const std::string& identity) const override;
  void put_record(const std::string& study, const std::string& stage, const std::string& key, const Json& value) override;
  std::optional<Json> find_record(const std::string& study, const std::string& stage, const std::string& key) const override;
  std::vector<std::pair<std::string, Json>> records(const std::string& study, const std::string& stage) const override;
  std::string put_artefact(const std::string& bytes) override;
  std::string artefact(const std::string& sha256) const override;
  void transaction(const std::function<void()>& body) override;

 private:
  /// What a study is to others, in a form that need not be read for each trial.
  struct Description {
    std::vector<Parameter> parameters;
    std::vector<Objective> objectives;
  };
  std::optional<StudyInfo> read_study(const std::string& name) const;
  void create_study(const StudyInfo& study, const std::string& config, const std::string& provenance);
  void describe(long long study, const StudyInfo& info);
  /// @param clause  locks the study's row
  long long study_id(const std::string& name, const std::string& clause = {}) const;
  const Description& description(long long study);
  struct Place {
    long long trial = 0, number = 0;
  };
  /// The lowest number that waits for a claim, or the next new one; the trial is running then.
  Place next_place(long long study);
  void write_params(long long study, long long trial_id, const std::vector<std::int32_t>& genome);
  /// Figures, objectives and attributes of an ended trial, replacing what stands there.
  void write_results(long long study, long long trial_id, const Trial& trial);
  /// @param trial_id  one trial; nothing = all of the study
  std::vector<Trial> read_trials(long long study, std::optional<long long> trial_id) const;

  std::unique_ptr<Connection> connection_;
  std::map<long long, Description> descriptions_;  ///< of studies that have one; used within transactions
};

}  // namespace snac::store
