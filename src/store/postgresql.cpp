// PostgreSQL as a store: how a server is reached and reached again, how writers wait for each other, and what errors mean.
#include "postgresql.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <regex>
#include <set>
#include <thread>

#include "address.hpp"
#include "connection.hpp"
#include "migrations.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "sql_store.hpp"

namespace snac::store {
namespace {

using Clock = std::chrono::steady_clock;
using soci::into;
using soci::use;

/// Advisory locks are pairs of numbers: this one and that of a study, or 0 for all writers.
constexpr int kLockSpace = 0x534e4143;

/// What libpq understands of an address, its own settings of the environment included.
class Settings {
 public:
  Settings(const std::string& address, int connect_seconds) : shown_(shown_address(address)) {
    const auto url = parse_url(address);
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse((url->scheme + "://" + url->rest).c_str(), &message), PQconninfoFree);
    PQfreemem(message);  // it may repeat parts of the password
    if (!parsed) throw unreadable("an address that PostgreSQL's library refuses");
    for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
      if (option->val != nullptr) values_[option->keyword] = option->val;
    }
    static const std::regex numbers("([0-9]{1,5}(,|$))*");
    if (const auto port = values_.find("port"); port != values_.end() && !std::regex_match(port->second, numbers))
      throw unreadable("port '" + port->second + "'");
    // A dead network must not hold a call for hours.
    const std::pair<const char*, std::string> defaults[] = {{"connect_timeout", std::to_string(connect_seconds)},
                                                            {"keepalives_idle", "20"},
                                                            {"keepalives_interval", "5"},
                                                            {"keepalives_count", "4"},
                                                            {"tcp_user_timeout", "40000"},
                                                            {"client_encoding", "UTF8"},
                                                            {"application_name", "snac"}};
    for (const auto& [key, value] : defaults) values_.emplace(key, value);
  }

  const std::string& shown() const noexcept { return shown_; }
  ConfigError unreadable(const std::string& found) const {
    return ConfigError("an address of a database cannot be read",
                       {.where = shown_,
                        .found = found,
                        .expected = "postgresql://user@host:port/database",
                        .hint = "write special characters of a password as %XX, or leave it to PGPASSWORD or ~/.pgpass"});
  }
  std::string text() const {
    std::string text;
    for (const auto& [key, value] : values_) {
      text += key + "='";
      for (const char c : value) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
      }
      text += "' ";
    }
    return text;
  }
  /// A message of the library without the password, on one line.
  std::string clean(std::string message) const {
    for (const char* key : {"password", "sslpassword"}) {
      const auto secret = values_.find(key);
      if (secret == values_.end() || secret->second.empty()) continue;
      for (std::size_t at = 0; (at = message.find(secret->second, at)) != std::string::npos; at += 3)
        message.replace(at, secret->second.size(), "***");
    }
    std::replace(message.begin(), message.end(), '\n', ' ');
    message.erase(message.find_last_not_of(' ') + 1);
    return message;
  }

 private:
  std::string shown_;
  std::map<std::string, std::string> values_;
};

PGconn* handle(soci::session& sql) { return static_cast<soci::postgresql_session_backend*>(sql.get_backend())->conn_; }

std::unique_ptr<soci::session> connect(const Settings& settings) {
  auto sql = std::make_unique<soci::session>(soci::postgresql, settings.text());
  *sql << "SET client_min_messages = warning";  // notices would go to the terminal
  return sql;
}

/// Whether a server listens at the address at all: its answer does not depend on users, passwords and databases.
bool answers(const Settings& settings) { return PQping(settings.text().c_str()) == PQPING_OK; }

[[noreturn]] void fail_to_connect(const Settings& settings, const std::string& message) {
  const std::string found = settings.clean(message);
  switch (PQping(settings.text().c_str())) {
    case PQPING_NO_ATTEMPT:
      throw settings.unreadable(found);
    case PQPING_OK:
      throw IoError("cannot open a study database",
                    {.where = settings.shown(),
                     .found = found,
                     .expected = "a user, a password and an existing database that the server accepts",
                     .hint = "check them (a password may also stand in PGPASSWORD or ~/.pgpass); 'createdb NAME' makes a database"});
    case PQPING_REJECT:
    case PQPING_NO_RESPONSE:
      break;
  }
  throw IoError("cannot open a study database", {.where = settings.shown(),
                                                 .found = found,
                                                 .expected = "a running PostgreSQL server",
                                                 .hint = "check host and port, and that the server runs"});
}

class PostgresqlDialect : public Dialect {
 public:
  PostgresqlDialect(Settings settings, OpenOptions options) : settings_(std::move(settings)), options_(std::move(options)) {}

  void begin(soci::session& sql, Access access) override {
    transaction_ = 0;
    if (access == Access::read) {
      sql << "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
      return;
    }
    sql << "BEGIN";
    // A group is alone; single statements lock their rows and wait for groups only. The number tells later what became of it.
    std::string lock;
    sql << fmt::format("SELECT CAST(pg_advisory_xact_lock{}({}, 0) AS text), txid_current()", access == Access::group ? "" : "_shared",
                       kLockSpace),
        into(lock), into(transaction_);
  }

  TransactionState state(soci::session& sql) const override {
    switch (PQtransactionStatus(handle(sql))) {
      case PQTRANS_INTRANS:
        return TransactionState::open;
      case PQTRANS_INERROR:
        return TransactionState::failed;
      case PQTRANS_IDLE:
      case PQTRANS_ACTIVE:
      case PQTRANS_UNKNOWN:
        break;
    }
    return TransactionState::none;
  }

  std::string place() const override { return settings_.shown(); }

  std::exception_ptr translate(soci::session& sql, const soci::soci_error& error, const std::string& doing) const override {
    const auto* own = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    const std::string code = own ? own->sqlstate() : "";
    const std::string kind = code.substr(0, 2), summary = "cannot " + doing;
    ErrorText text{.where = place(), .found = settings_.clean(error.get_error_message()), .expected = {}, .hint = {}};
    if (PQstatus(handle(sql)) == CONNECTION_BAD || kind == "08" || code == "57P01" || code == "57P02" || code == "57P03") {
      text.expected = "a running PostgreSQL server";
      text.hint = "check the server and the network, and run again: nothing stored is lost";
      return std::make_exception_ptr(PassingError(summary, text, true));
    }
    if (code == "40P01" || code == "40001" || code == "55P03") {
      text.hint = "run again: nothing stored is lost";
      return std::make_exception_ptr(PassingError(summary, text, false));
    }
    if (code == "42501" || code == "25006") {
      text.expected = "a user and a server that may write";
      text.hint = "ask the owner of the database for the rights (tables, sequences, and CREATE in the schema for the first study)";
      return std::make_exception_ptr(IoError(summary, text));
    }
    if (kind == "53" || kind == "58" || kind == "57") {
      text.expected = "a server with room and connections to spare";
      text.hint = "free some and run again: nothing stored is lost";
      return std::make_exception_ptr(IoError(summary, text));
    }
    if (kind == "42" || kind == "XX") {  // a statement of ours met tables that are not ours, or damaged ones
      text.expected = "the tables of a study database";
      text.hint = "choose another database, or restore a copy of this one";
      return std::make_exception_ptr(DataError(summary, text));
    }
    if (kind == "22" || kind == "54") {
      text.expected = "values that PostgreSQL can hold";
      return std::make_exception_ptr(DataError(summary, text));
    }
    return std::make_exception_ptr(std::logic_error(summary + ": " + code + " " + text.found));
  }

  std::unique_ptr<soci::session> reconnect(const std::string& doing, const PassingError& reason) override {
    constexpr auto kFirstWait = std::chrono::milliseconds(100), kLongestWait = std::chrono::milliseconds(5000);
    constexpr int kRefusals = 5;  // by a server that answers: it may just be starting
    const auto begin = Clock::now(), end = begin + std::chrono::seconds(options_.patience_s);
    std::string found = reason.text().found;
    int refusals = 0;
    for (auto wait = kFirstWait; Clock::now() < end && refusals < kRefusals; wait = std::min(2 * wait, kLongestWait)) {
      say(fmt::format("lost the database {} ({}); trying again to {} for up to {} s", place(), found, doing,
                      std::chrono::duration_cast<std::chrono::seconds>(end - Clock::now()).count()));
      pause(wait);
      try {
        auto sql = connect(settings_);
        if (take_reserved(*sql)) {
          say(fmt::format("the database {} is back after {:.1f} s", place(), std::chrono::duration<double>(Clock::now() - begin).count()));
          return sql;
        }
        found = "the lost connection still holds the study";
      } catch (const soci::soci_error& error) {
        found = settings_.clean(error.get_error_message());
        refusals += answers(settings_);
      }
    }
    ErrorText text = reason.text();
    text.found = found;
    throw IoError(reason.summary(), text);
  }

  bool committed(soci::session& sql) const override {
    std::string status;
    sql << "SELECT COALESCE(txid_status(:transaction), '')", use(transaction_), into(status);
    return status == "committed";
  }

  bool reserve(soci::session& sql, long long study) override {
    const bool taken = try_lock(sql, study);
    if (taken) reserved_.insert(study);
    return taken;
  }
  void release_reserved(soci::session& /*sql*/) noexcept override {}  // the server does with the end of the connection

  std::string now() const override { return "timezone('utc', clock_timestamp())"; }
  std::string lock_study() const override { return " FOR NO KEY UPDATE OF s"; }
  std::string lock_trial() const override { return " FOR NO KEY UPDATE OF t"; }
  std::string lock_free() const override { return " FOR UPDATE OF t SKIP LOCKED"; }

  std::optional<std::string> read_content(soci::session& sql, const std::string& sha256) const override {
    std::optional<std::string> bytes;
    std::string part;
    soci::statement select =
        (sql.prepare << "SELECT encode(content, 'hex') FROM snac_artefact WHERE sha256 = :sha256 ORDER BY part", use(sha256), into(part));
    select.execute();
    while (select.fetch()) {
      if (!bytes) bytes.emplace();
      const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
      for (std::size_t i = 0; i + 1 < part.size(); i += 2) *bytes += static_cast<char>(16 * digit(part[i]) + digit(part[i + 1]));
    }
    return bytes;
  }
  void write_content(soci::session& sql, const std::string& sha256, const std::string& bytes) const override {
    constexpr std::size_t kPart = std::size_t{8} << 20;  // a message of the protocol ends far above
    sql << "DELETE FROM snac_artefact WHERE sha256 = :sha256", use(sha256);
    int number = 0;
    for (std::size_t at = 0; at < bytes.size() || number == 0; at += kPart, ++number) {
      constexpr const char* kDigits = "0123456789abcdef";
      std::string hex;
      for (std::size_t i = at; i < std::min(bytes.size(), at + kPart); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        hex += kDigits[byte / 16];
        hex += kDigits[byte % 16];
      }
      sql << "INSERT INTO snac_artefact (sha256, part, content) VALUES (:sha256, :part, decode(:content, 'hex')) ON CONFLICT DO NOTHING",
          use(sha256), use(number), use(hex);
    }
  }

 private:
  void say(const std::string& text) const {
    if (options_.on_wait)
      options_.on_wait(text);
    else
      spdlog::warn("{}", text);
  }

  static void pause(std::chrono::milliseconds duration) {
    for (const auto end = Clock::now() + duration; Clock::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(20)))
      throw_if_interrupted();
  }

  static bool try_lock(soci::session& sql, long long study) {
    int taken = 0;
    sql << "SELECT CAST(pg_try_advisory_lock(:space, CAST(:study AS integer)) AS integer)", use(kLockSpace), use(study), into(taken);
    return taken != 0;
  }

  bool take_reserved(soci::session& sql) const {
    return std::all_of(reserved_.begin(), reserved_.end(), [&](long long study) { return try_lock(sql, study); });
  }

  Settings settings_;
  OpenOptions options_;
  std::set<long long> reserved_;
  long long transaction_ = 0;
};

bool has_table(soci::session& sql, const std::string& name) {
  int known = 0;
  // A query of the catalogue, not to_regclass: that may remember what was not there before a lock was waited for.
  sql << "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = :name", use(name), into(known);
  return known != 0;
}

/// Looks before it touches anything. @throws DataError
void prepare(soci::session& sql, const std::string& place) {
  const auto version = [&] { return schema_version(sql, has_table(sql, "snac_schema"), place); };
  const int newest = postgresql_migrations().back().version;
  if (version() == newest) return;
  sql << "BEGIN";
  sql << fmt::format("SELECT pg_advisory_xact_lock({}, 0)", kLockSpace);
  const int present = version();  // another process may have been faster
  std::string encoding;
  sql << "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()", into(encoding);
  if (encoding != "UTF8") {
    throw DataError("a database cannot hold studies", {.where = place,
                                                       .found = "encoding " + encoding,
                                                       .expected = "encoding UTF8",
                                                       .hint = "createdb --encoding UTF8 --template template0 NAME"});
  }
  if (present == 0 && has_table(sql, "version_info")) {
    int optuna = 0;
    std::string stamp;
    sql << "SELECT COALESCE(MAX(schema_version), 0) FROM version_info", into(optuna);
    if (has_table(sql, "alembic_version")) sql << "SELECT COALESCE(MAX(version_num), '') FROM alembic_version", into(stamp);
    check_optuna(optuna, stamp, place);
  }
  migrate(sql, present, postgresql_migrations(), place);
  sql << "COMMIT";
}

}  // namespace

std::unique_ptr<Store> open_postgresql(const std::string& address, const OpenOptions& options) {
  const Settings settings(address, options.connect_seconds);
  std::unique_ptr<soci::session> sql;
  try {
    sql = connect(settings);
  } catch (const soci::soci_error& error) {
    fail_to_connect(settings, error.get_error_message());
  }
  auto dialect = std::make_unique<PostgresqlDialect>(settings, options);
  const std::string doing = "open a study database";
  for (bool prepared = false; !prepared;) {
    try {
      prepare(*sql, settings.shown());
      prepared = true;
    } catch (const soci::soci_error& error) {
      try {
        std::rethrow_exception(dialect->translate(*sql, error, doing));
      } catch (const PassingError& reason) {  // it answered a moment ago
        sql = dialect->reconnect(doing, reason);
      }
    }
  }
  return std::make_unique<SqlStore>(std::make_unique<Connection>(std::move(sql), std::move(dialect)));
}

}  // namespace snac::store
