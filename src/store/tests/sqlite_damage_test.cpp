// Damaged files: an error that says so or the right data, never a crash and never wrong rows by accident of a flipped header.
#include <gtest/gtest.h>

#include "raw_sqlite.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/store/store.hpp"
#include "studies.hpp"

namespace snac::store {
namespace {

class SqliteDamage : public testing::Test {
 protected:
  /// A file of some hundred pages.
  SqliteDamage() {
    const auto store = open_sqlite(path());
    store->open_study(kJets);
    store->transaction([&] {
      for (int i = 0; i < 200; ++i) {
        const auto number = store->claim("jets", {i, i + 1}, "id-" + std::to_string(i));
        store->finish("jets", {.number = *number,
                               .state = TrialState::complete,
                               .genome = {},
                               .identity = {},
                               .values = {{"accuracy", i / 7.0}, {"lut", i}},
                               .attributes = {{"note", std::string(300, 'n')}},
                               .reason = {}});
      }
      artefact_ = store->put_artefact(std::string(50'000, 'w') + "marked" + std::string(50'000, 'w'));
      store->put_record("jets", "s", "k", 1);
    });
  }
  void SetUp() override {
    intact_ = read_file(path());
    trials_ = open_sqlite(path())->trials("jets");
    ASSERT_EQ(trials_.size(), 200u);
  }
  std::string path() const { return (folder_.path() / "study.db").string(); }
  void write(const std::string& bytes) const {
    std::filesystem::remove(path() + "-wal");
    std::filesystem::remove(path() + "-shm");
    write_file_atomically(path(), bytes);
  }
  /// Opens and reads everything; an error must be one of ours.
  bool reads_as_before() const {
    try {
      const auto store = open_sqlite(path());
      return store->trials("jets") == trials_ && store->find_record("jets", "s", "k") == Json(1) && !store->artefact(artefact_).empty();
    } catch (const Error& error) {
      EXPECT_FALSE(error.text().where.empty()) << error.what();
      EXPECT_FALSE(error.text().found.empty()) << error.what();
      return false;
    }
  }

  TemporaryDirectory folder_{"snac_damage"};
  std::string artefact_, intact_;
  std::vector<Trial> trials_;
};

TEST_F(SqliteDamage, files_that_are_no_databases_are_refused_and_left_as_they_are) {
  for (const std::string& bytes :
       {std::string("x"), std::string("a note, not a database\n"), std::string(10'000, '\0'), std::string(4096, 'x'),
        std::string("SQLite format 3"), std::string("SQLite format 4\0", 16) + intact_.substr(16), "x" + intact_.substr(1)}) {
    write(bytes);
    try {
      open_sqlite(path());
      FAIL() << "expected a DataError for " << bytes.substr(0, 20);
    } catch (const DataError& error) {
      EXPECT_EQ(error.text().where, path());
      EXPECT_FALSE(error.text().found.empty());
      EXPECT_FALSE(error.text().expected.empty());
      EXPECT_FALSE(error.text().hint.empty());
    }
    EXPECT_EQ(read_file(path()), bytes);
  }
}

TEST_F(SqliteDamage, every_flipped_byte_of_the_header_gives_an_error_or_the_right_data) {
  int refused = 0;
  for (std::size_t at = 0; at < 100; ++at) {
    std::string bytes = intact_;
    bytes[at] = static_cast<char>(~bytes[at]);
    write(bytes);
    try {
      const auto store = open_sqlite(path());
      EXPECT_EQ(store->trials("jets"), trials_) << "byte " << at;
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ExitCode::data || error.code() == ExitCode::io) << "byte " << at << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GE(refused, 16 + 4 + 4) << "magic, page size and application id at least";
}

TEST_F(SqliteDamage, a_truncated_file_is_refused) {
  Rng rng(3);
  std::vector<std::size_t> lengths{
      1, 99, 100, 4095, 4096, 8192, intact_.size() / 2 / 4096 * 4096, intact_.size() - 4096, intact_.size() - 1};
  while (lengths.size() < 40) lengths.push_back(1 + rng.below(intact_.size() - 1));
  for (const std::size_t length : lengths) {
    write(intact_.substr(0, length));
    EXPECT_THROW(open_sqlite(path()), DataError) << length << " of " << intact_.size();
  }
}

TEST_F(SqliteDamage, random_damage_never_crashes) {
  Rng rng(4);
  int refused = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bytes = intact_;
    if (round % 2) {  // a lost page
      const std::size_t page = 1 + rng.below(bytes.size() / 4096 - 1);
      for (std::size_t i = 0; i < 4096; ++i) bytes[page * 4096 + i] = round % 4 == 1 ? '\0' : static_cast<char>(rng.next());
    } else {
      for (int k = 0; k < 20; ++k) bytes[100 + rng.below(bytes.size() - 100)] = static_cast<char>(rng.next());
    }
    write(bytes);
    refused += !reads_as_before();
  }
  EXPECT_GE(refused, 40) << "most damage is noticed";
}

TEST_F(SqliteDamage, a_damaged_artefact_is_noticed_and_repaired_by_putting_it_again) {
  std::string bytes = intact_;
  bytes[bytes.find("marked")] = 'M';
  write(bytes);
  const auto store = open_sqlite(path());
  try {
    store->artefact(artefact_);
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_NE(error.text().where.find(artefact_), std::string::npos);
    EXPECT_NE(error.text().found, artefact_);
    EXPECT_EQ(error.text().expected, artefact_);
  }
  EXPECT_EQ(store->put_artefact(std::string(50'000, 'w') + "marked" + std::string(50'000, 'w')), artefact_);
  EXPECT_EQ(store->artefact(artefact_).size(), 100'006u);
}

TEST_F(SqliteDamage, damaged_cells_are_refused_with_the_trial_they_belong_to) {
  for (const char* change : {"UPDATE snac_trial SET genome = '[1.5]'", "UPDATE snac_trial SET genome = '[99999999999]'",
                             "UPDATE snac_trial SET attributes = '{'", "DELETE FROM snac_trial", "UPDATE trials SET state = 'PRUNED'"}) {
    write(intact_);
    RawSqlite(path()).run(std::string(change) + " WHERE trial_id = 18");
    try {
      open_sqlite(path())->trials("jets");
      FAIL() << "expected a DataError for " << change;
    } catch (const DataError& error) {
      EXPECT_NE(error.text().where.find("trial 17"), std::string::npos) << error.what();
    }
  }
}

TEST_F(SqliteDamage, missing_tables_are_refused) {
  RawSqlite(path()).run("DROP TABLE snac_record");
  const auto store = open_sqlite(path());
  EXPECT_THROW(store->put_record("jets", "s", "k", 1), DataError);
  write(intact_);
  RawSqlite(path()).run("DELETE FROM snac_schema");
  EXPECT_THROW(open_sqlite(path()), DataError);
  write(intact_);
  RawSqlite(path()).run("DROP TABLE snac_schema");
  EXPECT_THROW(open_sqlite(path()), DataError);
}

}  // namespace
}  // namespace snac::store
