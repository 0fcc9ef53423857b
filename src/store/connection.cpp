#include "connection.hpp"

#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace snac::store {

Connection::Connection(std::unique_ptr<soci::session> sql, std::unique_ptr<Dialect> dialect)
    : sql_(std::move(sql)), dialect_(std::move(dialect)), process_(::getpid()) {}

Connection::~Connection() {
  if (::getpid() == process_) dialect_->release_reserved(*sql_);
}

void Connection::require_transaction(const std::string& doing) {
  if (passing_) throw *passing_;  // whoever caught it cannot go on as if nothing had been
  if (dialect_->state(*sql_) == TransactionState::open) return;
  throw IoError("cannot " + doing, {.where = dialect_->place(),
                                    .found = "the database gave up the transaction after an earlier error",
                                    .expected = {},
                                    .hint = "start the transaction again"});
}

void Connection::run(Access access, const std::string& doing, const std::function<void()>& body) {
  if (::getpid() != process_) throw std::logic_error("a store was used in a forked process: open it again there");
  const std::lock_guard lock(mutex_);
  if (depth_ > 0) {
    attempt(access, doing, body);
    return;
  }
  constexpr int kCollisions = 20;  // transactions that wait for each other: the database ends one, which begins again
  for (int collisions = 0;;) {
    try {
      attempt(access, doing, body);
      return;
    } catch (const PassingError& error) {
      if (error.disconnected) {
        sql_ = dialect_->reconnect(doing, error);
        if (error.committing && dialect_->committed(*sql_)) return;
      } else if (++collisions == kCollisions) {
        throw;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(5 * collisions));
      }
    }
  }
}

void Connection::attempt(Access access, const std::string& doing, const std::function<void()>& body) {
  const bool outermost = depth_ == 0;
  const std::string savepoint = "snac_" + std::to_string(depth_);
  bool begun = false, committing = false;
  if (outermost) passing_.reset();
  try {
    if (outermost) {
      dialect_->begin(*sql_, access);
    } else {
      require_transaction(doing);
      *sql_ << "SAVEPOINT " + savepoint;
    }
    begun = true;
    ++depth_;
    body();
    require_transaction(doing);
    committing = outermost;
    *sql_ << (outermost ? "COMMIT" : "RELEASE SAVEPOINT " + savepoint);
    --depth_;
  } catch (const soci::soci_error& error) {
    const std::exception_ptr translated = dialect_->translate(*sql_, error, doing);  // before another statement hides the cause
    if (begun) --depth_;
    if (begun || outermost) roll_back(savepoint);
    try {
      std::rethrow_exception(translated);
    } catch (PassingError& passing) {
      passing.committing = committing;
      passing_ = passing;
      throw;
    }
  } catch (...) {
    if (begun) --depth_;
    if (begun || outermost) roll_back(savepoint);
    throw;
  }
}

void Connection::roll_back(const std::string& savepoint) noexcept {
  try {
    if (dialect_->state(*sql_) == TransactionState::none) return;
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
