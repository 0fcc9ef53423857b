// Studies whose record is elsewhere: another SQLite file, a database server.
#include <gtest/gtest.h>

#include <iostream>

#include "../src/store/tests/postgresql_server.hpp"
#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::program {
namespace {

/// Without the last line, which names the folder.
std::string table_of(const std::string& out) { return out.substr(0, out.rfind('\n', out.size() - 2)); }

TEST(Storage, a_study_kept_elsewhere_gives_the_same_table_and_is_found_by_every_command) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const Outcome plain = run_toy(config);
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  const Outcome front = run({"front", "--config", config, "--csv"});
  ASSERT_EQ(front.exit_code, 0) << front.err;
  std::vector<std::string> storages{"sqlite:///" + (folder.path() / "elsewhere/studies.db").string()};
  store::PostgresqlServer& server = store::postgresql_server();
  if (server.reason().empty())
    storages.push_back(server.database("toy"));
  else
    std::cerr << server.reason() << ": files only\n";
  for (std::size_t k = 0; k < storages.size(); ++k) {
    const std::string output = (folder.path() / ("out" + std::to_string(k))).string();
    const std::vector<std::string> here{"--set", "storage=" + storages[k], "--set", "output=" + output};
    const Outcome outcome = run_toy(config, here);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(table_of(outcome.out), table_of(plain.out)) << storages[k];
    EXPECT_FALSE(std::filesystem::exists(output + "/study.sqlite"));
    const Outcome again = run({"run", "--config", config, here[0], here[1], here[2], here[3]});
    EXPECT_EQ(again.out, outcome.out) << again.err;
    EXPECT_EQ(again.err.find("took"), std::string::npos) << "progress shows work:\n" << again.err;
    EXPECT_EQ(run({"front", "--config", config, "--csv", here[0], here[1], here[2], here[3]}).out, front.out);
    const Outcome report = run({"report", output});
    EXPECT_EQ(report.exit_code, 0) << report.err;
    EXPECT_TRUE(std::filesystem::exists(output + "/report.html"));
    // The same study with another seed, from another folder.
    const Outcome refused = run_toy(config, {here[0], here[1], "--set", "output=" + output + "x", "--set", "seed=77"});
    EXPECT_EQ(refused.exit_code, static_cast<int>(ExitCode::config)) << refused.err;
    EXPECT_NE(refused.err.find("seed"), std::string::npos) << refused.err;
  }
}

TEST(Storage, passwords_of_servers_are_neither_shown_nor_stored) {
  const TemporaryDirectory folder;
  const std::string config = write_toy_study(folder.path());
  const std::vector<std::string> here{"--set", "storage=postgresql://u:topsecret@127.0.0.1:1/d"};
  const Outcome shown = run({"show-config", "--config", config, here[0], here[1]});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("postgresql://u:***@127.0.0.1:1/d"), std::string::npos) << shown.out;
  const Outcome outcome = run_toy(config, here);
  EXPECT_EQ(outcome.exit_code, static_cast<int>(ExitCode::io));
  EXPECT_NE(outcome.err.find("a running PostgreSQL server"), std::string::npos) << outcome.err;
  for (const Outcome& one : {shown, outcome}) EXPECT_EQ((one.out + one.err).find("topsecret"), std::string::npos);
  EXPECT_EQ(run_toy(config, {"--set", "storage=mysql://h/d"}).exit_code, static_cast<int>(ExitCode::config));
}

}  // namespace
}  // namespace snac::program
