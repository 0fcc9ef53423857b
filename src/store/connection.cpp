#include "connection.hpp"

#include <unistd.h>

#include <stdexcept>

#include "snac/core/error.hpp"

namespace snac::store {

Connection::Connection(std::unique_ptr<soci::session> sql, std::unique_ptr<Dialect> dialect)
    : sql_(std::move(sql)), dialect_(std::move(dialect)), process_(::getpid()) {}

void Connection::require_transaction(const std::string& doing) {
  if (dialect_->in_transaction(*sql_)) return;
  throw IoError("cannot " + doing, {.where = dialect_->place(),
                                    .found = "the database gave up the transaction after an earlier error",
                                    .expected = {},
                                    .hint = "start the transaction again"});
}

void Connection::run(bool writes, const std::string& doing, const std::function<void()>& body) {
  if (::getpid() != process_) throw std::logic_error("a store was used in a forked process: open it again there");
  const std::lock_guard lock(mutex_);
  const bool outermost = depth_ == 0;
  const std::string savepoint = "snac_" + std::to_string(depth_);
  bool begun = false;
  try {
    if (!outermost) require_transaction(doing);
    *sql_ << (outermost ? dialect_->begin(writes) : "SAVEPOINT " + savepoint);
    begun = true;
    ++depth_;
    body();
    require_transaction(doing);
    *sql_ << (outermost ? "COMMIT" : "RELEASE SAVEPOINT " + savepoint);
    --depth_;
  } catch (const soci::soci_error& error) {
    const std::exception_ptr translated = dialect_->translate(*sql_, error, doing);  // before another statement hides the cause
    if (begun) roll_back(savepoint);
    std::rethrow_exception(translated);
  } catch (...) {
    if (begun) roll_back(savepoint);
    throw;
  }
}

void Connection::roll_back(const std::string& savepoint) noexcept {
  --depth_;
  try {
    if (!dialect_->in_transaction(*sql_)) return;
    if (depth_ == 0) {
      *sql_ << "ROLLBACK";
    } else {
      *sql_ << "ROLLBACK TO SAVEPOINT " + savepoint;
      *sql_ << "RELEASE SAVEPOINT " + savepoint;
    }
  } catch (...) {  // the first error is the one to report; the database drops the transaction when the connection ends
  }
}

}  // namespace snac::store
