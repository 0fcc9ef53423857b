// One database connection: a lock, nested transactions, errors in our words, and a server that goes away and comes back.
// Internal to the module.
#pragma once

#include <soci/soci.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "snac/core/error.hpp"

namespace snac::store {

/// What a transaction is for.
enum class Access {
  read,   ///< one consistent state of the database
  write,  ///< rows that statements lock themselves
  group   ///< reads and writes that nothing may come between: the only writer of the whole database
};

enum class TransactionState { none, open, failed };

/// A failure that another attempt may not meet. The transaction is undone, or its end is unknown if `committing`.
struct PassingError : IoError {
  PassingError(std::string_view summary, ErrorText text, bool disconnected_)
      : IoError(summary, std::move(text)), disconnected(disconnected_) {}
  bool disconnected;  ///< the connection is lost; otherwise other transactions were in the way
  bool committing = false;
};

/// What differs between databases.
class Dialect {
 public:
  virtual ~Dialect() = default;
  /// Begins a transaction that owns the right to do what `access` says from its first statement on.
  virtual void begin(soci::session& sql, Access access) = 0;
  virtual TransactionState state(soci::session& sql) const = 0;
  /// The error as a snac::Error (or std::logic_error for defects of ours). `doing` continues "cannot ...".
  virtual std::exception_ptr translate(soci::session& sql, const soci::soci_error& error, const std::string& doing) const = 0;
  virtual std::string place() const = 0;  ///< names the database in messages

  /// Another session, after the connection was lost. @throws IoError if the server does not come back.
  virtual std::unique_ptr<soci::session> reconnect(const std::string& doing, const PassingError& reason) = 0;
  /// Asked of a new session: whether the last transaction, which was lost while it ended, took effect.
  virtual bool committed(soci::session& sql) const = 0;

  /// Keeps a study for this connection. @returns false if another one has it.
  virtual bool reserve(soci::session& sql, long long study) = 0;
  virtual void release_reserved(soci::session& sql) noexcept = 0;

  virtual std::string now() const = 0;         ///< expression: the time in UTC, as Optuna's columns hold it
  virtual std::string lock_study() const = 0;  ///< clause: keeps others from adding trials, until the transaction ends
  virtual std::string lock_trial() const = 0;  ///< clause: keeps others from changing the trial
  virtual std::string lock_free() const = 0;   ///< clause: the same, passing over rows that others have locked
  virtual std::optional<std::string> read_content(soci::session& sql, const std::string& sha256) const = 0;
  /// Replaces what stands there.
  virtual void write_content(soci::session& sql, const std::string& sha256, const std::string& bytes) const = 0;
};

class Connection {
 public:
  Connection(std::unique_ptr<soci::session> sql, std::unique_ptr<Dialect> dialect);
  ~Connection();

  /// To be fetched anew in every transaction: a lost connection is replaced.
  soci::session& sql() { return *sql_; }
  Dialect& dialect() { return *dialect_; }
  std::string place() const { return dialect_->place(); }
  /// Runs `body` in a transaction: all or nothing, at any depth of nesting. A body may run several times (see PassingError).
  void run(Access access, const std::string& doing, const std::function<void()>& body);

 private:
  void attempt(Access access, const std::string& doing, const std::function<void()>& body);
  void require_transaction(const std::string& doing);
  void roll_back(const std::string& savepoint) noexcept;

  std::unique_ptr<soci::session> sql_;
  std::unique_ptr<Dialect> dialect_;
  std::recursive_mutex mutex_;
  int depth_ = 0;                        ///< transactions open
  std::optional<PassingError> passing_;  ///< met within the present transaction
  int process_;
};

}  // namespace snac::store
