// One database connection: a lock, nested transactions, and errors in our words. Internal to the module.
#pragma once

#include <soci/soci.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace snac::store {

/// What differs between databases.
class Dialect {
 public:
  virtual ~Dialect() = default;
  /// A transaction that writes must own the right to write from its first statement, or two of them could not be ordered.
  virtual std::string begin(bool writes) const = 0;
  /// False if the database gave up the transaction by itself (some do on a full disk).
  virtual bool in_transaction(soci::session& sql) const = 0;
  /// The error as a snac::Error (or std::logic_error for defects of ours). `doing` continues "cannot ...".
  virtual std::exception_ptr translate(soci::session& sql, const soci::soci_error& error, const std::string& doing) const = 0;
  virtual std::string place() const = 0;  ///< names the database in messages
};

class Connection {
 public:
  Connection(std::unique_ptr<soci::session> sql, std::unique_ptr<Dialect> dialect);

  soci::session& sql() { return *sql_; }
  std::string place() const { return dialect_->place(); }
  /// Runs `body` on one consistent state of the database.
  void read(const std::string& doing, const std::function<void()>& body) { run(false, doing, body); }
  /// Runs `body` in a transaction: all or nothing, at any depth of nesting.
  void write(const std::string& doing, const std::function<void()>& body) { run(true, doing, body); }

 private:
  void run(bool writes, const std::string& doing, const std::function<void()>& body);
  void require_transaction(const std::string& doing);
  void roll_back(const std::string& savepoint) noexcept;

  std::unique_ptr<soci::session> sql_;
  std::unique_ptr<Dialect> dialect_;
  std::recursive_mutex mutex_;
  int depth_ = 0;  ///< transactions open
  int process_;
};

}  // namespace snac::store
