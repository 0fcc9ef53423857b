// SQLite as a store: how a file is opened and checked, and what its errors mean.
#include <fcntl.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <thread>

#include "migrations.hpp"
#include "snac/core/error.hpp"
#include "snac/store/store.hpp"
#include "sql_store.hpp"

namespace snac::store {
namespace fs = std::filesystem;
namespace {

constexpr int kApplicationId = 0x534e4143;  // "SNAC": the magic of our files, at byte 68 of the SQLite header

std::string system_reason(int error) { return std::strerror(error); }

class SqliteDialect : public Dialect {
 public:
  SqliteDialect(fs::path file, int busy_seconds) : file_(std::move(file)), busy_seconds_(busy_seconds) {}

  void begin(soci::session& sql, Access access) override { sql << (access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE"); }
  TransactionState state(soci::session& sql) const override {
    return sqlite_api::sqlite3_get_autocommit(handle(sql)) == 0 ? TransactionState::open : TransactionState::none;
  }
  std::string place() const override { return file_.string(); }
  // A file does not go away as a server does: no error of SQLite is a PassingError.
  std::unique_ptr<soci::session> reconnect(const std::string& /*doing*/, const PassingError& reason) override { throw reason; }
  bool committed(soci::session& /*sql*/) const override { return false; }

  bool reserve(soci::session& /*sql*/, long long study) override {
    const std::string path = file_.string() + ".lock-" + std::to_string(study);
    const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0) throw IoError("cannot lock a study", {.where = path, .found = system_reason(errno), .expected = {}, .hint = {}});
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock);
      return false;
    }
    locks_.push_back(lock);
    return true;
  }
  void release_reserved(soci::session& /*sql*/) noexcept override {
    for (const int lock : locks_) ::close(lock);  // the files stay: one that waits for them must not meet another file
    locks_.clear();
  }

  std::string now() const override { return "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"; }
  // A transaction that writes is the only one that does.
  std::string lock_study() const override { return ""; }
  std::string lock_trial() const override { return ""; }
  std::string lock_free() const override { return ""; }

  std::optional<std::string> read_content(soci::session& sql, const std::string& sha256) const override {
    soci::blob content(sql);
    sql << "SELECT content FROM snac_artefact WHERE sha256 = :sha256", soci::use(sha256), soci::into(content);
    if (!sql.got_data()) return std::nullopt;
    std::string bytes(content.get_len(), '\0');
    if (!bytes.empty()) content.read(0, bytes.data(), bytes.size());
    return bytes;
  }
  void write_content(soci::session& sql, const std::string& sha256, const std::string& bytes) const override {
    sql << "DELETE FROM snac_artefact WHERE sha256 = :sha256", soci::use(sha256);
    if (bytes.empty()) {  // SOCI binds an empty blob as NULL
      sql << "INSERT INTO snac_artefact (sha256) VALUES (:sha256)", soci::use(sha256);
      return;
    }
    soci::blob content(sql);
    content.write(0, bytes.data(), bytes.size());
    sql << "INSERT INTO snac_artefact (sha256, content) VALUES (:sha256, :content)", soci::use(sha256), soci::use(content);
  }

  std::exception_ptr translate(soci::session& sql, const soci::soci_error& error, const std::string& doing) const override {
    return translate(sqlite_api::sqlite3_system_errno(handle(sql)), error, doing);
  }

  std::exception_ptr translate(int system_error, const soci::soci_error& error, const std::string& doing) const {
    const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    const int code = own ? own->result() & 0xff : SQLITE_ERROR;  // the low byte is the class of an extended code
    const std::string summary = "cannot " + doing;
    ErrorText text{.where = place(), .found = error.get_error_message(), .expected = {}, .hint = {}};
    switch (code) {
      case SQLITE_NOTADB:
        text.expected = "a study database (SQLite file)";
        text.hint = "choose another output folder, or move the file away";
        return std::make_exception_ptr(DataError(summary, text));
      case SQLITE_CORRUPT:
      case SQLITE_FORMAT:
        text.expected = "an undamaged SQLite file";
        text.hint = "restore a copy of the file; 'sqlite3 FILE .recover' may save intact rows";
        return std::make_exception_ptr(DataError(summary, text));
      case SQLITE_TOOBIG:
        text.expected = "values of at most 10^9 bytes";
        return std::make_exception_ptr(DataError(summary, text));
      case SQLITE_FULL:
        text.expected = "room on the disk";
        text.hint = "free some space and run again: nothing stored is lost";
        return std::make_exception_ptr(IoError(summary, text));
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        text.expected = "the database to be free within " + std::to_string(busy_seconds_) + " s";
        text.hint = "another process holds it: end that process and run again";
        return std::make_exception_ptr(IoError(summary, text));
      case SQLITE_READONLY:
      case SQLITE_PERM:
      case SQLITE_AUTH:
      case SQLITE_CANTOPEN:
        if (system_error != 0) text.found += ": " + system_reason(system_error);
        text.expected = "a file and folder that can be written";
        text.hint = "check the permissions, or choose another output folder";
        return std::make_exception_ptr(IoError(summary, text));
      case SQLITE_IOERR:
      case SQLITE_PROTOCOL:
        if (system_error != 0) text.found += ": " + system_reason(system_error);
        text.expected = "reads and writes that succeed";
        text.hint = "check the disk, its free space and the limits on file sizes; use a local disk";
        return std::make_exception_ptr(IoError(summary, text));
      case SQLITE_NOMEM:
        return std::make_exception_ptr(std::bad_alloc());
      case SQLITE_ERROR:  // a statement of ours met tables that are not ours
        text.expected = "the tables of a study database";
        text.hint = "restore a copy of the file, or choose another output folder";
        return std::make_exception_ptr(DataError(summary, text));
      default:
        return std::make_exception_ptr(std::logic_error(summary + ": " + text.found));
    }
  }

 private:
  static sqlite_api::sqlite3* handle(soci::session& sql) { return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_; }
  fs::path file_;
  int busy_seconds_;
  std::vector<int> locks_;  ///< descriptors of the studies kept
};

[[noreturn]] void fail_io(const fs::path& where, const std::string& found, const std::string& expected, const std::string& hint) {
  throw IoError("cannot open a study database", {.where = where.string(), .found = found, .expected = expected, .hint = hint});
}

/// Whatever the system can tell in clearer words than SQLite. The file itself is not opened here: closing it again would
/// drop the locks that other connections of this process hold on it (POSIX locks belong to the process).
fs::path checked_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos)
    fail_io(path, path.empty() ? "an empty path" : "a zero byte", "the path of a file", {});
  if (path.find('"') != std::string::npos) fail_io(path, "a double quote", "a path without double quotes", "choose another output folder");
  const fs::path file = fs::absolute(path);  // so that nothing is taken for a URI or ":memory:"
  const fs::path folder = file.parent_path();
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) fail_io(folder, code.message(), "a folder", "choose another output folder");
  if (fs::is_directory(file, code)) fail_io(file, "a folder", "a file", {});
  // The journal lives beside the file, so the folder must be writable even if the file exists.
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    fail_io(folder, system_reason(errno), "a folder that can be written", "choose a folder you may write to");
  if (::access(file.c_str(), F_OK) == 0 && ::access(file.c_str(), R_OK | W_OK) != 0) {
    fail_io(file, system_reason(errno), "a file that can be read and written", "check the permissions, or copy the file and open the copy");
  }
  return file;
}

[[noreturn]] void fail_damaged(const fs::path& file, const std::string& found) {
  throw DataError("a study database is damaged", {.where = file.string(),
                                                  .found = found,
                                                  .expected = "an undamaged SQLite file",
                                                  .hint = "restore a copy of the file; 'sqlite3 FILE .recover' may save intact rows"});
}

std::uintmax_t size_or_zero(const fs::path& file) {
  std::error_code code;
  const std::uintmax_t size = fs::file_size(file, code);
  return code ? 0 : size;
}

/// SQLite takes a file of one byte for an empty database, and reads a last page that is cut off as if zeros followed.
void refuse_cut_off(const fs::path& file, soci::session& sql) {
  constexpr std::uintmax_t kSmallestPage = 512;
  int page_size = 0;
  sql << "PRAGMA page_size", soci::into(page_size);
  const std::uintmax_t size = size_or_zero(file);
  const bool logged = size_or_zero(file.string() + "-wal") > 0;  // the log may hold the rest: a power cut while the file grew
  const bool whole =
      size == 0 || (size >= kSmallestPage && (logged || page_size <= 0 || size % static_cast<std::uintmax_t>(page_size) == 0));
  if (!whole) fail_damaged(file, std::to_string(size) + " bytes, which is no whole number of pages");
}

bool has_table(soci::session& sql, const std::string& name) {
  int tables = 0;
  sql << "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = :name", soci::use(name), soci::into(tables);
  return tables > 0;
}

int version_of(soci::session& sql, const std::string& place) { return schema_version(sql, has_table(sql, "snac_schema"), place); }

/// @throws DataError if the tables are Optuna's, but of another version.
bool is_optuna(soci::session& sql, const std::string& place) {
  const auto& tables = optuna_tables();
  if (!std::all_of(tables.begin(), tables.end(), [&](const auto& name) { return has_table(sql, name); })) return false;
  int version = 0;
  std::string stamp;
  sql << "SELECT schema_version FROM version_info", soci::into(version);
  if (has_table(sql, "alembic_version")) sql << "SELECT COALESCE(MAX(version_num), '') FROM alembic_version", soci::into(stamp);
  check_optuna(version, stamp, place);
  return true;
}

/// Reads only. @throws DataError unless the file is empty or an intact study database that this program knows.
void inspect(soci::session& sql, const fs::path& file) {
  const std::string place = file.string();
  int application_id = 0, tables = 0;
  sql << "PRAGMA application_id", soci::into(application_id);
  sql << "SELECT COUNT(*) FROM sqlite_master", soci::into(tables);
  refuse_cut_off(file, sql);
  if (application_id == 0 && tables == 0) return;
  if (application_id != kApplicationId && !(application_id == 0 && is_optuna(sql, place))) {
    throw DataError("a file is not a study database",
                    {.where = place,
                     .found = "a SQLite database of another program (application id " + std::to_string(application_id) + ")",
                     .expected = "application id " + std::to_string(kApplicationId),
                     .hint = "choose another output folder, or move the file away"});
  }
  if (application_id == kApplicationId && !has_table(sql, "snac_schema")) fail_damaged(file, "no table snac_schema");
  const int version = version_of(sql, place), newest = sqlite_migrations().back().version;
  if (version > newest) {
    throw DataError("a study database was made by a newer version", {.where = place,
                                                                     .found = "schema version " + std::to_string(version),
                                                                     .expected = "schema version up to " + std::to_string(newest),
                                                                     .hint = "use a newer snac, or another output folder"});
  }
  std::string verdict;
  sql << "PRAGMA quick_check(1)", soci::into(verdict);
  if (verdict != "ok") fail_damaged(file, verdict);
}

void prepare(soci::session& sql, const fs::path& file) {
  const std::string place = file.string();
  sql << "BEGIN";  // one state for all questions, or a file that another process is creating looks foreign
  inspect(sql, file);
  sql << "COMMIT";
  std::string mode;
  // Readers never wait for the writer. Where shared memory is missing SQLite stays with a rollback journal: slower, as safe.
  sql << "PRAGMA journal_mode = WAL", soci::into(mode);
  // A finished trial survives even a power cut: one flush costs milliseconds, a trial seconds.
  sql << "PRAGMA synchronous = FULL";
  sql << "PRAGMA foreign_keys = ON";
  if (version_of(sql, place) == sqlite_migrations().back().version) return;
  sql << "BEGIN IMMEDIATE";
  sql << "PRAGMA application_id = " + std::to_string(kApplicationId);
  migrate(sql, version_of(sql, place), sqlite_migrations(), place);  // looks at the version again: another process may have been faster
  sql << "COMMIT";
}

bool is_busy(const soci::soci_error& error) {
  const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  return own && ((own->result() & 0xff) == SQLITE_BUSY || (own->result() & 0xff) == SQLITE_LOCKED);
}

}  // namespace

std::unique_ptr<Store> open_sqlite(const std::string& path, int busy_seconds) {
  if (busy_seconds < 1) throw std::invalid_argument("open_sqlite: busy_seconds must be at least 1");
  const fs::path file = checked_path(path);
  auto dialect = std::make_unique<SqliteDialect>(file, busy_seconds);
  const std::string doing = "open a study database";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(busy_seconds);
  while (true) {
    std::unique_ptr<soci::session> sql;
    try {
      sql = std::make_unique<soci::session>(soci::sqlite3, "dbname=\"" + file.string() + "\" timeout=" + std::to_string(busy_seconds));
      prepare(*sql, file);
      return std::make_unique<SqlStore>(std::make_unique<Connection>(std::move(sql), std::move(dialect)));
    } catch (const soci::soci_error& error) {
      // The change to WAL does not wait for others as statements do, so two processes that create a file may collide.
      if (!is_busy(error) || std::chrono::steady_clock::now() > deadline) {
        std::rethrow_exception(sql ? dialect->translate(*sql, error, doing) : dialect->translate(0, error, doing));
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace snac::store
