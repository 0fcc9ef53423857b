// SQLite as a store: the file, its versions, locks, permissions and full disks.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "../migrations.hpp"
#include "raw_sqlite.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/store/store.hpp"
#include "studies.hpp"

namespace snac::store {

namespace {

/// Runs `body` in a child, where limits and users can be changed. @returns its exit code.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 99;
    try {
      code = body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Sqlite : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "study.db").string(); }
  TemporaryDirectory folder_{"snac_sqlite"};
};

TEST_F(Sqlite, a_new_file_carries_magic_version_and_write_ahead_log) {
  { open_sqlite(path()); }
  EXPECT_EQ(read_file(path()).substr(68, 4), "SNAC");
  EXPECT_EQ(RawSqlite(path()).value("SELECT version FROM snac_schema"), "2");
  EXPECT_EQ(RawSqlite(path()).value("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(RawSqlite(path()).value("PRAGMA integrity_check"), "ok");
}

TEST_F(Sqlite, opening_an_existing_study_does_not_write) {
  { open_sqlite(path())->open_study(kJets); }
  const std::string before = sha256_file(path());
  { EXPECT_EQ(open_sqlite(path())->find_study("jets"), kJets); }
  EXPECT_EQ(sha256_file(path()), before);
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal")) << "the last one to leave tidies up";
}

TEST_F(Sqlite, odd_paths_work) {
  for (const char* name :
       {"with space/a  b.db", "it's=1; x.db", "caf\xc3\xa9/\xe2\x82\xac.db", ":memory:", "file:x?mode=memory", "%41.db"}) {
    const auto file = folder_.path() / name;
    { open_sqlite(file.string())->open_study(kJets); }
    EXPECT_TRUE(std::filesystem::exists(file)) << name;
    EXPECT_EQ(open_sqlite(file.string())->find_study("jets"), kJets) << name;
  }
}

TEST_F(Sqlite, unusable_paths_are_errors_that_name_them) {
  write_file_atomically(folder_.path() / "plain", "x");
  for (const std::string& bad : {std::string(), folder_.path().string(), (folder_.path() / "plain" / "below.db").string(),
                                 (folder_.path() / "a\"b.db").string(), std::string("a\0b", 3), std::string("/proc/none/x.db")}) {
    try {
      open_sqlite(bad);
      FAIL() << "expected an IoError for " << bad;
    } catch (const IoError& error) {
      EXPECT_FALSE(error.text().found.empty());
      EXPECT_FALSE(error.text().expected.empty());
    }
  }
  EXPECT_THROW(open_sqlite(path(), 0), std::invalid_argument);
}

/// Version 1 as it was released: files like this exist for ever, so the text is never edited.
constexpr const char* kVersion1 = R"sql(
PRAGMA application_id = 1397637443;
CREATE TABLE snac_schema (version INTEGER NOT NULL);
INSERT INTO snac_schema VALUES (1);
CREATE TABLE study (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, config_hash TEXT NOT NULL, config TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE trial (study_id INTEGER NOT NULL REFERENCES study(id), number INTEGER NOT NULL CHECK (number >= 0),
  state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'failed')), genome TEXT NOT NULL, identity TEXT NOT NULL, attributes TEXT NOT NULL,
  reason TEXT NOT NULL, PRIMARY KEY (study_id, number), UNIQUE (study_id, identity)) WITHOUT ROWID;
CREATE TABLE trial_value (study_id INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, value NOT NULL CHECK (typeof(value) = 'real'),
  PRIMARY KEY (study_id, number, name), FOREIGN KEY (study_id, number) REFERENCES trial(study_id, number) ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE released_number (study_id INTEGER NOT NULL REFERENCES study(id), number INTEGER NOT NULL, PRIMARY KEY (study_id, number)) WITHOUT ROWID;
CREATE TABLE record (id INTEGER PRIMARY KEY, study_id INTEGER NOT NULL REFERENCES study(id), stage TEXT NOT NULL, record_key TEXT NOT NULL,
  value TEXT NOT NULL, UNIQUE (study_id, stage, record_key));
CREATE TABLE artefact (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL DEFAULT x'');
INSERT INTO study VALUES (1, 'jets', 'abc', '{"seed":1}', 'null');
INSERT INTO trial VALUES (1, 0, 'complete', '[3,1]', '3|1', '{"seconds":1.5}', '');
INSERT INTO trial_value VALUES (1, 0, 'accuracy', 0.625);
INSERT INTO trial VALUES (1, 1, 'failed', '[0,1]', '0|1', 'null', 'diverged');
INSERT INTO trial VALUES (1, 3, 'running', '[2,2]', '2|2', 'null', '');
INSERT INTO released_number VALUES (1, 2);
INSERT INTO record VALUES (1, 1, 'select', 'chosen', '[0]');
INSERT INTO artefact VALUES ('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', x'616263');
)sql";

TEST_F(Sqlite, a_file_of_version_1_is_read_and_continued) {
  RawSqlite(path()).run(kVersion1);
  const auto store = open_sqlite(path());
  EXPECT_EQ(store->find_study("jets"), kJets);
  const std::vector<Trial> expected{
      {.number = 0,
       .state = TrialState::complete,
       .genome = {3, 1},
       .identity = "3|1",
       .values = {{"accuracy", 0.625}},
       .attributes = {{"seconds", 1.5}},
       .reason = ""},
      {.number = 1,
       .state = TrialState::failed,
       .genome = {0, 1},
       .identity = "0|1",
       .values = {},
       .attributes = nullptr,
       .reason = "diverged"},
      {.number = 3, .state = TrialState::running, .genome = {2, 2}, .identity = "2|2", .values = {}, .attributes = nullptr, .reason = ""}};
  EXPECT_EQ(store->trials("jets"), expected);
  EXPECT_EQ(store->find_record("jets", "select", "chosen"), Json::array({0}));
  EXPECT_EQ(store->artefact("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "abc");
  StudyInfo described = kJets;
  described.parameters = {{.name = "width", .choices = {8, 16, 24, 48}, .conditions = {}},
                          {.name = "relu", .choices = {true, false, "soft"}, .conditions = {}}};
  described.objectives = {{.name = "accuracy", .maximise = true}};
  EXPECT_EQ(store->open_study(described), described);
  EXPECT_EQ(store->trials("jets"), expected);
  EXPECT_EQ(store->claim("jets", {1, 0}, "9"), 2);
  EXPECT_EQ(store->claim("jets", {1, 1}, "8"), 4);
  RawSqlite raw(path());
  EXPECT_EQ(raw.run("SELECT number || state FROM trials ORDER BY trial_id"),
            (std::vector<std::string>{"0COMPLETE", "1FAIL", "2RUNNING", "3RUNNING", "4RUNNING"}));
  EXPECT_EQ(raw.run("SELECT param_name || param_value FROM trial_params WHERE trial_id = 1 ORDER BY param_id"),
            (std::vector<std::string>{"width3.0", "relu1.0"}));
  EXPECT_EQ(raw.value("SELECT value FROM trial_values"), "0.625");
  EXPECT_EQ(raw.value("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(raw.value("SELECT count(*) FROM pragma_foreign_key_check"), "0");
  EXPECT_EQ(raw.value("SELECT count(*) FROM sqlite_master WHERE name IN ('trial', 'study', 'record', 'artefact')"), "0");
}

/// Columns, types and keys of all tables, without the text of the statements.
std::string schema_of(const std::string& path) {
  return RawSqlite(path).value(
      "SELECT group_concat(m.name || '.' || c.name || ':' || c.type || ':' || c.\"notnull\" || ':' || c.pk || ':' || ifnull(c.dflt_value, "
      "''), char(10))"
      " FROM (SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name) m JOIN pragma_table_info(m.name) c");
}

TEST_F(Sqlite, new_files_have_the_schema_that_was_released) {
  // Guards released migrations against edits. Version 1 is the text above, version 2 the hash.
  const std::string old_file = (folder_.path() / "old.db").string();
  RawSqlite(old_file).run(kVersion1);
  {
    soci::session sql(soci::sqlite3, "dbname=\"" + path() + "\"");
    migrate(sql, 0, {sqlite_migrations().front()}, "here");
  }
  EXPECT_EQ(schema_of(path()), schema_of(old_file));
  open_sqlite(old_file);
  EXPECT_EQ(sha256(schema_of(old_file)).substr(0, 16), "496b9afde31f425b") << schema_of(old_file);
}

TEST_F(Sqlite, migrations_run_once_in_order_and_stop_at_a_newer_database) {
  soci::session sql(soci::sqlite3, "dbname=\"" + path() + "\"");
  const std::vector<Migration> first{{1, {"CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (1)"}}};
  std::vector<Migration> second = first;
  second.push_back({2, {"ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7"}});
  second.push_back({3, {"INSERT INTO a VALUES (2, 8)"}});
  EXPECT_EQ(schema_version(sql, false, "here"), 0);
  migrate(sql, 0, first, "here");
  EXPECT_EQ(schema_version(sql, true, "here"), 1);
  migrate(sql, 1, second, "here");
  migrate(sql, 3, second, "here");
  EXPECT_EQ(schema_version(sql, true, "here"), 3);
  EXPECT_EQ(RawSqlite(path()).value("SELECT group_concat(x || y) FROM a"), "17,28");
  EXPECT_THROW(migrate(sql, 3, first, "here"), DataError);
}

TEST_F(Sqlite, a_newer_version_is_refused_and_left_as_it_is) {
  { open_sqlite(path())->open_study(kJets); }
  RawSqlite(path()).run("UPDATE snac_schema SET version = 999; PRAGMA wal_checkpoint(TRUNCATE);");
  const std::string before = sha256_file(path());
  try {
    open_sqlite(path());
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_EQ(error.text().where, path());
    EXPECT_NE(error.text().found.find("999"), std::string::npos);
    EXPECT_NE(error.text().hint.find("newer snac"), std::string::npos);
  }
  EXPECT_EQ(sha256_file(path()), before);
}

TEST_F(Sqlite, databases_of_other_programs_are_refused_and_left_as_they_are) {
  for (const char* statements :
       {"CREATE TABLE studies (study_id INTEGER)", "PRAGMA application_id = 7", "PRAGMA application_id = 7; CREATE TABLE t (x)"}) {
    std::filesystem::remove(path());
    RawSqlite(path()).run(statements);
    const std::string before = sha256_file(path());
    EXPECT_THROW(open_sqlite(path()), DataError) << statements;
    EXPECT_EQ(sha256_file(path()), before);
    EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
  }
}

TEST_F(Sqlite, a_database_locked_for_too_long_is_an_error_and_then_usable_again) {
  const auto store = open_sqlite(path(), 1);
  store->open_study(kJets);
  soci::session other(soci::sqlite3, "dbname=\"" + path() + "\"");
  other << "BEGIN IMMEDIATE";
  EXPECT_TRUE(store->trials("jets").empty()) << "readers do not wait";
  try {
    store->claim("jets", {1}, "a");
    FAIL() << "expected an IoError";
  } catch (const IoError& error) {
    EXPECT_EQ(error.text().where, path());
    EXPECT_NE(error.text().found.find("locked"), std::string::npos);
    EXPECT_NE(error.text().hint.find("another process"), std::string::npos);
  }
  other << "COMMIT";
  EXPECT_EQ(store->claim("jets", {1}, "a"), 0);
}

TEST_F(Sqlite, files_and_folders_without_permission_are_io_errors) {
  { open_sqlite(path())->open_study(kJets); }
  constexpr uid_t kNobody = 65534;
  const auto code = [&](const std::string& file) {
    return in_child([&] {
      if (::geteuid() == 0 && (::setegid(kNobody) != 0 || ::seteuid(kNobody) != 0 || ::setreuid(kNobody, kNobody) != 0)) return 50;
      try {
        open_sqlite(file);
      } catch (const IoError& error) {
        return error.text().found == "Permission denied" && !error.text().where.empty() && !error.text().hint.empty() ? 7 : 8;
      }
      return 0;
    });
  };
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  EXPECT_EQ(code(path()), 7) << "the journal cannot be written";
  EXPECT_EQ(code((folder_.path() / "new.db").string()), 7);
  EXPECT_EQ(code((folder_.path() / "sub" / "new.db").string()), 7);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path().c_str(), 0444), 0);
  EXPECT_EQ(code(path()), 7) << "read-only file";
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);
  EXPECT_EQ(code(path()), 0) << "the same user may work where permissions allow it";
}

TEST_F(Sqlite, a_full_disk_is_an_io_error_that_loses_nothing) {
  {
    const auto store = open_sqlite(path());
    store->open_study(kJets);
    store->claim("jets", {1}, "a");
  }
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);  // the write then fails with EFBIG, much as with ENOSPC
    const auto store = open_sqlite(path());
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit unlimited = limit;
    limit.rlim_cur = 150'000;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int failures = 0;
    for (int i = 0; i < 3; ++i) {
      try {
        store->transaction([&] {
          store->finish("jets", complete(0));
          store->put_artefact(std::string(1'000'000, static_cast<char>('a' + i)));
        });
        return 10;
      } catch (const IoError& error) {
        if (error.text().where != path() || error.text().found.empty() || error.text().hint.empty()) return 11;
        ++failures;
      }
      if (store->find_trial("jets", "a")->state != TrialState::running) return 12;
    }
    ::setrlimit(RLIMIT_FSIZE, &unlimited);
    store->put_artefact(std::string(1'000'000, 'z'));
    store->finish("jets", complete(0));
    return failures;
  });
  EXPECT_EQ(code, 3);
  EXPECT_EQ(RawSqlite(path()).value("PRAGMA integrity_check"), "ok");
  const auto store = open_sqlite(path());
  EXPECT_EQ(store->find_trial("jets", "a")->state, TrialState::complete);
  EXPECT_EQ(store->artefact(sha256(std::string(1'000'000, 'z'))).size(), 1'000'000u);
  EXPECT_THROW(store->artefact(sha256(std::string(1'000'000, 'a'))), DataError);
}

TEST_F(Sqlite, a_transaction_that_the_database_gave_up_is_not_continued) {
  { open_sqlite(path())->open_study(kJets); }
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto store = open_sqlite(path());
    const rlimit limit{.rlim_cur = 150'000, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int swallowed = 0;
    try {
      store->transaction([&] {
        store->claim("jets", {1}, "a");
        for (int i = 0; i < 20; ++i) {  // 20 MB do not fit into the cache, so that pages are written before the end
          try {
            store->put_artefact(std::string(1'000'000, static_cast<char>('a' + i)));
          } catch (const IoError&) {
            ++swallowed;
          }
        }
        store->claim("jets", {2}, "b");
      });
    } catch (const IoError&) {
      return store->trials("jets").empty() && swallowed > 0 ? 7 : 8;
    }
    return 9;
  });
  EXPECT_EQ(code, 7);
}

TEST_F(Sqlite, creating_a_database_on_a_full_disk_is_an_io_error) {
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 5000, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      open_sqlite(path());
    } catch (const IoError&) {
      return 7;
    }
    return 0;
  });
  EXPECT_EQ(code, 7);
  EXPECT_NO_THROW(open_sqlite(path())->open_study(kJets)) << "what was left behind is no obstacle";
}

}  // namespace
}  // namespace snac::store
