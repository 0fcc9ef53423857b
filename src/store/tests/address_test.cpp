// Addresses of databases.
#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/store/store.hpp"

namespace snac::store {
namespace {

TEST(Address, files_and_servers_are_told_apart) {
  for (const char* file : {"study.sqlite", "/a/b", "sqlite:///rel/a.db", "C:/x", "a b", "postgres"}) EXPECT_FALSE(is_server(file)) << file;
  for (const char* server : {"postgresql://h/d", "postgres://u:p@h:5/d", "postgresql+psycopg2://u@/d"})
    EXPECT_TRUE(is_server(server)) << server;
  EXPECT_EQ(sqlite_path("a/b.db"), "a/b.db");
  EXPECT_EQ(sqlite_path("sqlite:///a/b.db"), "a/b.db");
  EXPECT_EQ(sqlite_path("sqlite:////a/b.db"), "/a/b.db");
}

TEST(Address, unknown_ones_are_refused_with_the_forms_that_are_known) {
  for (const char* bad : {"mysql://h/d", "sqlite://", "sqlite:///", "postgre://h/d"}) {
    try {
      open(bad);
      FAIL() << bad;
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.text().where, bad);
      EXPECT_NE(error.text().expected.find("postgresql://user@host:port/database"), std::string::npos);
    }
  }
}

TEST(Address, passwords_are_not_shown) {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d"},
      {"postgres://u:se@cret:x@h/d?sslmode=require", "postgresql://u:***@h/d?sslmode=require"},
      {"postgresql://h:5432/d", "postgresql://h:5432/d"},
      {"postgresql://u@h/d?password=secret&x=1", "postgresql://u@h/d?password=***&x=1"},
      {"postgresql:///d?user=u&password=secret", "postgresql:///d?user=u&password=***"},
      {"/a/b@c:d", "/a/b@c:d"}};
  for (const auto& [address, shown] : cases) EXPECT_EQ(shown_address(address), shown);
}

TEST(Address, a_folder_says_where_its_database_is) {
  const TemporaryDirectory folder;
  const std::string run = folder.path().string();
  EXPECT_EQ(storage_at(run), run + "/study.sqlite");
  EXPECT_EQ(storage_at("postgresql://u@h/d"), "postgresql://u@h/d");
  EXPECT_EQ(storage_at(run + "/x.db"), run + "/x.db");
  note_storage(run, "postgresql://u:secret@h:5/d");
  EXPECT_EQ(storage_at(run), "postgresql://u@h:5/d");
  EXPECT_EQ(read_file(run + "/storage.json").find("secret"), std::string::npos);
  note_storage(run, "sub/x.db");
  EXPECT_EQ(storage_at(run), std::filesystem::absolute("sub/x.db").string());
  write_file_atomically(run + "/storage.json", "{}");
  EXPECT_THROW(storage_at(run), DataError);
  note_storage(run, "");
  EXPECT_EQ(storage_at(run), run + "/study.sqlite");
}

}  // namespace
}  // namespace snac::store
