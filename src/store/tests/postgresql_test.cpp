// PostgreSQL as a store: addresses, rights, versions, and a server that goes away.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "postgresql_server.hpp"
#include "snac/core/error.hpp"
#include "snac/store/store.hpp"
#include "studies.hpp"

namespace snac::store {
namespace {

class Postgresql : public testing::Test {
 protected:
  void SetUp() override {
    if (!server_.reason().empty()) GTEST_SKIP() << server_.reason();
    name_ = std::string("pg_") + sha256(testing::UnitTest::GetInstance()->current_test_info()->name()).substr(0, 16);
    address_ = server_.database(name_);
  }
  std::string value(const std::string& statement) const { return server_.value(name_, statement); }
  /// What the error says; its class must be E.
  template <class E>
  static std::string refusal(const std::string& address) {
    try {
      open(address, {.connect_seconds = 2});
    } catch (const E& error) {
      EXPECT_FALSE(error.text().expected.empty());
      EXPECT_FALSE(error.text().hint.empty());
      return error.what();
    }
    ADD_FAILURE() << "opened " << shown_address(address);
    return {};
  }
  PostgresqlServer& server_ = postgresql_server();
  std::string name_, address_;
};

TEST_F(Postgresql, has_the_types_and_tables_of_optuna) {
  open(address_)->open_study(kJets);
  EXPECT_EQ(
      value("SELECT string_agg(t.typname || ':' || e.enumlabel, ' ' ORDER BY t.typname, e.enumsortorder) FROM pg_enum e JOIN pg_type t "
            "ON t.oid = e.enumtypid WHERE t.typname IN ('studydirection', 'trialstate')"),
      "studydirection:NOT_SET studydirection:MINIMIZE studydirection:MAXIMIZE trialstate:RUNNING trialstate:COMPLETE "
      "trialstate:PRUNED trialstate:FAIL trialstate:WAITING");
  EXPECT_EQ(value("SELECT data_type FROM information_schema.columns WHERE table_name = 'trial_values' AND column_name = 'value'"),
            "double precision");
  EXPECT_EQ(value("SELECT schema_version FROM version_info"), "12");
  EXPECT_EQ(value("SELECT version FROM snac_schema"), "2");
}

TEST_F(Postgresql, servers_users_and_databases_that_are_not_there_are_errors_that_do_not_wait) {
  EXPECT_NE(refusal<IoError>("postgresql://u:topsecret@/d?host=/nowhere").find("running PostgreSQL server"), std::string::npos);
  EXPECT_NE(refusal<IoError>("postgresql://127.0.0.1:1/d").find("running PostgreSQL server"), std::string::npos);
  EXPECT_NE(refusal<IoError>(server_.address("no_such_database")).find("no_such_database"), std::string::npos);
  EXPECT_NE(refusal<IoError>(server_.address(name_, "no_such_user")).find("no_such_user"), std::string::npos);
  EXPECT_NE(refusal<ConfigError>("postgresql://u:topsecret@h/%zz").find("u:***@h"), std::string::npos);
  EXPECT_NE(refusal<ConfigError>("postgresql://u:topsecret@h:port/d").find("u:***@h"), std::string::npos);
}

TEST_F(Postgresql, a_wrong_password_is_refused_and_never_shown) {
  value("CREATE ROLE guarded LOGIN PASSWORD 'right'");
  value("GRANT ALL ON SCHEMA public TO guarded");
  EXPECT_NO_THROW(open(server_.address(name_, "guarded:right")));
  const std::string refused = refusal<IoError>(server_.address(name_, "guarded:topsecret"));
  EXPECT_NE(refused.find("password"), std::string::npos);
  EXPECT_EQ(refused.find("topsecret"), std::string::npos) << refused;
}

TEST_F(Postgresql, users_who_may_not_write_are_told_so_and_nothing_changes) {
  value("CREATE ROLE reader LOGIN");
  const std::string reader = server_.address(name_, "reader");
  EXPECT_NE(refusal<IoError>(reader).find("rights"), std::string::npos) << "no tables yet, and no right to make them";
  EXPECT_EQ(value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
  open(address_)->open_study(kJets);
  value("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
  const auto store = open(reader);
  EXPECT_EQ(store->find_study("jets"), kJets) << "reading is enough for a report";
  EXPECT_THROW(store->claim("jets", {}, "a"), IoError);
  EXPECT_TRUE(store->trials("jets").empty());
  value("ALTER DATABASE " + name_ + " SET default_transaction_read_only = on");
  EXPECT_THROW(open(address_)->claim("jets", {}, "a"), IoError);
}

TEST_F(Postgresql, a_newer_version_and_other_programs_tables_are_refused) {
  open(address_)->open_study(kJets);
  value("UPDATE snac_schema SET version = 999");
  EXPECT_NE(refusal<DataError>(address_).find("newer snac"), std::string::npos);
  value("DELETE FROM snac_schema");
  EXPECT_NE(refusal<DataError>(address_).find("0 rows"), std::string::npos);
  const std::string other = server_.database(name_ + "_b");
  server_.value(name_ + "_b", "CREATE TABLE studies (id INTEGER)");
  EXPECT_NE(refusal<DataError>(other).find("study database"), std::string::npos);
  EXPECT_EQ(server_.value(name_ + "_b", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1") << "nothing was added";
}

TEST_F(Postgresql, deleting_a_study_as_optuna_does_deletes_ours) {
  const auto store = open(address_);
  store->open_study(kJets);
  store->claim("jets", {}, "a");
  store->put_record("jets", "s", "k", 1);
  value("DELETE FROM trials");
  value("DELETE FROM studies");
  for (const char* table : {"snac_study", "snac_trial", "snac_record"}) EXPECT_EQ(value(std::string("SELECT count(*) FROM ") + table), "0");
}

TEST_F(Postgresql, calls_wait_for_a_server_that_restarts_and_go_on) {
  std::atomic<int> said = 0;
  const auto store = open(address_, {.patience_s = 60, .on_wait = [&](const std::string& text) {
                                       EXPECT_NE(text.find(shown_address(address_)), std::string::npos);
                                       ++said;
                                     }});
  store->open_study(kJets);
  ASSERT_TRUE(store->reserve("jets"));
  ASSERT_EQ(store->claim("jets", {}, "a"), 0);
  server_.stop();
  std::thread waiting([&] { store->finish("jets", complete(0)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  server_.start();  // by the thread that lives on: the server ends with it
  waiting.join();
  EXPECT_GE(said, 2);
  EXPECT_EQ(store->find_trial("jets", "a")->state, TrialState::complete);
  EXPECT_FALSE(open(address_)->reserve("jets")) << "what was kept is kept again";
}

TEST_F(Postgresql, a_group_of_results_begins_again_when_its_connection_is_cut) {
  const auto store = open(address_, {.patience_s = 60, .on_wait = [](const std::string&) {}});
  store->open_study(kJets);
  int runs = 0;
  store->transaction([&] {
    store->claim("jets", {}, "a");
    if (++runs == 1) {
      value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'snac' AND datname = '" + name_ + "'");
      try {  // whoever hides the error cannot go on with half a group
        store->put_record("jets", "s", "k", 1);
      } catch (const Error&) {
      }
    }
    store->put_record("jets", "s", "runs", runs);
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(store->trials("jets").size(), 1u);
  EXPECT_EQ(store->find_record("jets", "s", "runs"), Json(2));
}

TEST_F(Postgresql, a_server_that_stays_away_is_an_error_after_the_time_that_was_given) {
  const auto store = open(address_, {.patience_s = 1, .on_wait = [](const std::string&) {}});
  store->open_study(kJets);
  server_.stop();
  EXPECT_THROW(store->claim("jets", {}, "a"), IoError);
  server_.start();
  EXPECT_EQ(store->claim("jets", {}, "a"), 0) << "usable afterwards";
}

/// Connections are cut at random while trials are claimed and finished, some of them as their transaction ends.
TEST_F(Postgresql, cut_connections_neither_lose_nor_repeat_a_trial) {
  open(address_)->open_study(kJets);
  constexpr int kTrials = 150;
  std::atomic<int> own = 0;
  std::atomic<bool> working = true;
  std::vector<std::thread> workers;
  for (int w = 0; w < 3; ++w) {
    workers.emplace_back([&, w] {
      const auto store = open(address_, {.patience_s = 60, .on_wait = [](const std::string&) {}});
      for (int i = 0; i < kTrials; ++i) {
        const int candidate = (i + 50 * w) % kTrials;
        const auto number = store->claim("jets", {candidate}, std::to_string(candidate));
        if (!number) continue;
        store->finish("jets", complete(*number));
        ++own;
      }
    });
  }
  std::thread cutter([&] {
    while (working) {
      value(
          "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE application_name = 'snac' AND datname = '" +
          name_ + "' AND state <> 'idle' ORDER BY random() LIMIT 1) one");
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
    }
  });
  for (auto& worker : workers) worker.join();
  working = false;
  cutter.join();
  EXPECT_EQ(own, kTrials);
  const auto trials = open(address_)->trials("jets");
  ASSERT_EQ(trials.size(), static_cast<std::size_t>(kTrials));
  for (std::size_t n = 0; n < trials.size(); ++n) {
    EXPECT_EQ(trials[n].number, static_cast<std::int64_t>(n));
    EXPECT_EQ(trials[n].state, TrialState::complete);
  }
}

}  // namespace
}  // namespace snac::store
