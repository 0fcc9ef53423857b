// What stands in Optuna's tables. That the real Optuna reads it: tests/peers.
#include "../optuna.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "raw_sqlite.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::store {
namespace {

TEST(Optuna, choices_become_the_narrowest_distribution_that_holds_them) {
  const auto text = [](const std::vector<Json>& choices) {
    return optuna_params({{.name = "p", .choices = choices, .conditions = {}}}, {0}).at(0).distribution;
  };
  const auto is = [](const std::string& distribution, const char* name, const Json& attributes) {
    const auto json = nlohmann::json::parse(distribution);
    EXPECT_EQ(json, (nlohmann::json{{"name", name}, {"attributes", nlohmann::json::parse(attributes.dump())}}));
  };
  is(text({4, 5, 6}), "IntDistribution", {{"low", 4}, {"high", 6}, {"step", 1}, {"log", false}});
  is(text({16, 32}), "IntDistribution", {{"low", 16}, {"high", 32}, {"step", 16}, {"log", false}});
  is(text({0.0, 0.1, 0.2, 0.3}), "FloatDistribution", {{"low", 0.0}, {"high", 0.3}, {"step", 0.1}, {"log", false}});
  for (const std::vector<Json>& choices :
       {std::vector<Json>{16, 32, 64}, {64, 32}, {7}, {"relu", "tanh"}, {true, false}, {0.001, 0.01, 0.1}})
    is(text(choices), "CategoricalDistribution", {{"choices", choices}});
}

TEST(Optuna, parameters_that_a_condition_switches_off_are_left_out) {
  const std::vector<Parameter> parameters{
      {.name = "layers", .choices = {1, 2}, .conditions = {}},
      {.name = "activation", .choices = {"relu", "tanh"}, .conditions = {{.parameter = 0, .allowed = {1}}}},
      {.name = "slope", .choices = {0.5, 2.0, 9.0}, .conditions = {{.parameter = 1, .allowed = {0}}}}};
  const auto params = [&](const std::vector<std::int32_t>& genome) {
    std::vector<std::pair<std::string, double>> values;
    for (const OptunaParam& param : optuna_params(parameters, genome)) values.emplace_back(param.name, param.value);
    return values;
  };
  using Values = std::vector<std::pair<std::string, double>>;
  EXPECT_EQ(params({0, 0, 2}), (Values{{"layers", 1}})) << "slope hangs on a parameter that does not exist";
  EXPECT_EQ(params({1, 1, 2}), (Values{{"layers", 2}, {"activation", 1}}));
  EXPECT_EQ(params({1, 0, 2}), (Values{{"layers", 2}, {"activation", 0}, {"slope", 2}})) << "a category counts by its index";
}

class OptunaTables : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "study.db").string(); }
  static StudyInfo study() {
    return {.name = "jets",
            .config_hash = "abc",
            .config = {},
            .provenance = {},
            .parameters = {{.name = "layers", .choices = {4, 5, 6}, .conditions = {}},
                           {.name = "activation", .choices = {"relu", "tanh"}, .conditions = {}}},
            .objectives = {{.name = "accuracy", .maximise = true}, {.name = "lut", .maximise = false}}};
  }
  static Trial ended(std::int64_t number, TrialState state, const std::map<std::string, double>& values) {
    return {.number = number,
            .state = state,
            .genome = {},
            .identity = {},
            .values = values,
            .attributes = {{"generation", 2}, {"constraints", {0.5, 0.0}}},
            .reason = state == TrialState::failed ? "diverged" : ""};
  }
  TemporaryDirectory folder_{"snac_optuna"};
};

TEST_F(OptunaTables, hold_trials_as_optuna_writes_them) {
  {
    const auto store = open_sqlite(path());
    store->open_study(study());
    for (int i = 0; i < 4; ++i) store->claim("jets", {i % 3, i % 2}, std::to_string(i));
    store->finish("jets", ended(0, TrialState::complete, {{"accuracy", 0.5}, {"lut", std::numeric_limits<double>::infinity()}, {"ff", 7}}));
    store->finish("jets", ended(1, TrialState::failed, {}));
    store->finish("jets", ended(2, TrialState::complete, {{"accuracy", 0.25}, {"lut", 10}}));
    EXPECT_EQ(store->release_running("jets"), 1);
    store->amend("jets", ended(2, TrialState::complete, {{"accuracy", 0.25}, {"lut", 12}}));
  }
  RawSqlite raw(path());
  EXPECT_EQ(raw.value("SELECT schema_version FROM version_info"), "12");
  EXPECT_EQ(raw.value("SELECT count(*) FROM alembic_version"), "0") << "the first Optuna to open the file enters its own";
  EXPECT_EQ(raw.run("SELECT direction FROM study_directions ORDER BY study_direction_id"),
            (std::vector<std::string>{"MAXIMIZE", "MINIMIZE"}));
  EXPECT_EQ(raw.value("SELECT value_json FROM study_system_attributes WHERE key = 'study:metric_names'"), R"(["accuracy","lut"])");
  EXPECT_EQ(raw.run("SELECT number || state FROM trials ORDER BY trial_id"),
            (std::vector<std::string>{"0COMPLETE", "1FAIL", "2COMPLETE", "3WAITING"}));
  EXPECT_EQ(
      raw.value(
          "SELECT count(*) FROM trials WHERE datetime_start LIKE '____-__-__ __:__:__.______' AND datetime_complete >= datetime_start"),
      "3");
  EXPECT_EQ(raw.run("SELECT objective || value_type || ifnull(value, '') FROM trial_values ORDER BY trial_id, objective"),
            (std::vector<std::string>{"0FINITE0.5", "1INF_POS", "0FINITE0.25", "1FINITE12.0"}));
  EXPECT_EQ(raw.run("SELECT param_name || param_value FROM trial_params WHERE trial_id = 3 ORDER BY param_id"),
            (std::vector<std::string>{"layers6.0", "activation0.0"}));
  EXPECT_EQ(raw.value("SELECT count(*) FROM trial_params WHERE trial_id = 4"), "0") << "a claim that was given back leaves nothing";
  EXPECT_EQ(raw.run("SELECT key || value_json FROM trial_system_attributes WHERE trial_id = 1 ORDER BY key"),
            (std::vector<std::string>{"NSGAIISampler:generation2", "constraints[0.5,0.0]", "nsga2:generation2"}));
  EXPECT_EQ(raw.run("SELECT key || value_json FROM trial_user_attributes WHERE trial_id < 3 ORDER BY trial_id, key"),
            (std::vector<std::string>{"accuracy0.5", "ff7.0", "reason\"diverged\""}));
}

TEST_F(OptunaTables, what_optuna_adds_and_deletes_is_respected) {
  const auto store = open_sqlite(path());
  store->open_study(study());
  ASSERT_EQ(store->claim("jets", {0, 0}, "a"), 0);
  RawSqlite raw(path());
  raw.run(
      "INSERT INTO trials (study_id, number, state) VALUES (1, 1, 'WAITING'), (1, 2, 'RUNNING');"
      "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES (2, 'fixed_params', '{\"layers\": 4}')");
  EXPECT_EQ(store->claim("jets", {1, 0}, "b"), 3) << "a trial that a user put into the queue is not taken for a number given back";
  EXPECT_EQ(store->trials("jets").size(), 2u);
  EXPECT_EQ(store->release_running("jets"), 2) << "only ours";
  EXPECT_EQ(raw.value("SELECT state FROM trials WHERE number = 2"), "RUNNING");
  // Optuna deletes studies without foreign keys, and SQLite gives their numbers to the next study.
  raw.run("DELETE FROM study_directions; DELETE FROM study_system_attributes; DELETE FROM trials; DELETE FROM studies");
  EXPECT_TRUE(store->studies().empty());
  const auto again = open_sqlite(path());
  StudyInfo other = study();
  other.name = "other";
  EXPECT_EQ(again->open_study(other), other);
  EXPECT_TRUE(again->trials("other").empty());
}

/// The tables that Optuna 5.0 makes, without its indexes.
constexpr const char* kOptuna = R"sql(
CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version VARCHAR(256), PRIMARY KEY (version_info_id), CHECK (version_info_id = 1));
CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL, study_id INTEGER NOT NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id), UNIQUE (study_id, objective));
CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, "key"));
CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER, "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, "key"));
CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL, datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id));
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, "key"));
CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER, "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, "key"));
CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT, distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name));
CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL, value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective));
CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, step INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_intermediate_value_id), UNIQUE (trial_id, step));
CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, heartbeat DATETIME NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id));
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num));
INSERT INTO version_info VALUES (1, 12, '5.0.0');
INSERT INTO alembic_version VALUES ('v3.2.0.a');
INSERT INTO studies VALUES (1, 'theirs');
INSERT INTO trials VALUES (1, 0, 1, 'COMPLETE', NULL, NULL);
)sql";

TEST_F(OptunaTables, a_file_that_optuna_made_takes_our_studies_beside_its_own) {
  RawSqlite(path()).run(kOptuna);
  const auto store = open_sqlite(path());
  EXPECT_TRUE(store->studies().empty());
  EXPECT_EQ(store->open_study(study()), study());
  EXPECT_EQ(store->claim("jets", {0, 0}, "a"), 0);
  StudyInfo theirs = study();
  theirs.name = "theirs";
  try {
    store->open_study(theirs);
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_NE(error.text().where.find("'theirs'"), std::string::npos);
    EXPECT_NE(error.text().found.find("Optuna"), std::string::npos);
  }
  EXPECT_EQ(RawSqlite(path()).value("SELECT group_concat(study_name) FROM studies"), "theirs,jets");
  EXPECT_EQ(RawSqlite(path()).value("SELECT version_num FROM alembic_version"), "v3.2.0.a");
}

TEST_F(OptunaTables, those_of_another_version_are_refused_and_left_as_they_are) {
  for (const char* change : {"UPDATE version_info SET schema_version = 11", "UPDATE alembic_version SET version_num = 'v9.0.0.a'"}) {
    std::filesystem::remove(path());
    RawSqlite(path()).run(std::string(kOptuna) + change);
    const std::string before = sha256_file(path());
    EXPECT_THROW(open_sqlite(path()), DataError) << change;
    EXPECT_EQ(sha256_file(path()), before);
  }
}

}  // namespace
}  // namespace snac::store
