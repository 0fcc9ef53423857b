#include "postgresql_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace snac::store {
namespace fs = std::filesystem;

namespace {

/// Debian keeps the server's programs out of the path, one folder per version.
std::string find_programs() {
  std::string found;
  std::error_code code;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", code)) {
    const fs::path folder = version.path() / "bin";
    if (fs::exists(folder / "initdb", code) && fs::exists(folder / "postgres", code) && folder.string() > found) found = folder.string();
  }
  return found;
}

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Connection connect(const std::string& address) { return {PQconnectdb(address.c_str()), PQfinish}; }

}  // namespace

PostgresqlServer::PostgresqlServer() : programs_(find_programs()), owner_(::getpid()) {
  if (programs_.empty()) {
    reason_ = "PostgreSQL is not installed: scripts/setup --test";
    return;
  }
  const std::string data = (folder_.path() / "data").string();
  if (::geteuid() == 0) {  // PostgreSQL refuses to run as root
    const passwd* nobody = ::getpwnam("nobody");
    if (nobody == nullptr || ::chown(folder_.path().c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
      reason_ = "PostgreSQL cannot run as root, and there is no user 'nobody'";
      return;
    }
  }
  if (run("initdb", {"-D", data, "-U", "snac", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"}) != 0) {
    reason_ = "PostgreSQL's initdb failed: " + read_file(folder_.path() / "log");
    return;
  }
  // One user has a password.
  write_file_atomically(fs::path(data) / "pg_hba.conf", "local all guarded scram-sha-256\nlocal all all trust\n");
  fs::permissions(fs::path(data) / "pg_hba.conf", fs::perms::owner_all | fs::perms::group_read | fs::perms::others_read);
  start();
}

PostgresqlServer::~PostgresqlServer() {
  if (owner_ == ::getpid()) stop();
}

void PostgresqlServer::execute(const std::string& program, const std::vector<std::string>& arguments) const {
  const int log = ::open((folder_.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (::geteuid() == 0) {
    const passwd* nobody = ::getpwnam("nobody");
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody->pw_gid) != 0 || ::setuid(nobody->pw_uid) != 0) ::_exit(98);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test program that is killed leaves no server behind
  if (::chdir("/") != 0) ::_exit(97);
  const std::string path = programs_ + "/" + program;
  std::vector<char*> list{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) list.push_back(const_cast<char*>(argument.c_str()));
  list.push_back(nullptr);
  ::execv(path.c_str(), list.data());
  ::_exit(99);
}

int PostgresqlServer::run(const std::string& program, const std::vector<std::string>& arguments) const {
  const pid_t child = ::fork();
  if (child == 0) execute(program, arguments);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void PostgresqlServer::start() {
  const std::string folder = folder_.path().string();
  const pid_t child = ::fork();
  if (child == 0) {
    execute("postgres", {"-D", folder + "/data", "-k", folder, "-h", "", "-F", "-c", "max_connections=60", "-c", "shared_buffers=32MB",
                         "-c", "full_page_writes=off", "-c", "max_wal_size=256MB"});
  }
  server_ = child;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (PQping(address("postgres").c_str()) != PQPING_OK) {
    int status = 0;
    if (::waitpid(server_, &status, WNOHANG) == server_ || std::chrono::steady_clock::now() > end) {
      reason_ = "PostgreSQL does not start: " + read_file(folder_.path() / "log");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PostgresqlServer::stop() {
  if (server_ < 0) return;
  ::kill(server_, SIGINT);
  int status = 0;
  ::waitpid(server_, &status, 0);
  server_ = -1;
}

std::string PostgresqlServer::address(const std::string& name, const std::string& user) const {
  return "postgresql://" + user + "@/" + name + "?host=" + folder_.path().string();
}

std::string PostgresqlServer::database(const std::string& name) {
  if (value("postgres", "SELECT count(*) FROM pg_database WHERE datname = '" + name + "'") == "0")
    value("postgres", "CREATE DATABASE " + name);
  return address(name);
}

std::string PostgresqlServer::value(const std::string& database, const std::string& statement) const {
  const Connection connection = connect(address(database));
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), statement.c_str()), PQclear);
  const auto status = PQresultStatus(result.get());
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << statement << ": " << PQerrorMessage(connection.get());
  if (status != PGRES_TUPLES_OK) return {};
  if (PQntuples(result.get()) != 1) return std::to_string(PQntuples(result.get())) + " rows";
  return PQgetvalue(result.get(), 0, 0);
}

PostgresqlServer& postgresql_server() {
  static PostgresqlServer server;
  return server;
}

}  // namespace snac::store
