// Store over SQL that SQLite and PostgreSQL share. Internal to the module.
#pragma once

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
  long long study_id(const std::string& name) const;
  long long next_number(long long study);
  std::vector<Trial> read_trials(long long study, long long first, long long last) const;
  std::optional<std::string> content_of(const std::string& sha256) const;

  std::unique_ptr<Connection> connection_;
};

}  // namespace snac::store
