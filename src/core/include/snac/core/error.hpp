// Errors that explain: what was found, where, what was expected, what to try.
// Wrong input throws a class below; a failure that a search expects is a value (result.hpp).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace snac {

/// Exit codes of the program (documented in docs/commands/README.md). One class of error, one code.
enum class ExitCode : int {
  ok = 0,
  internal = 1,      ///< a defect of ours
  usage = 2,         ///< wrong command line
  config = 3,        ///< wrong configuration or search space
  data = 4,          ///< data set missing, damaged or unusable
  tool = 5,          ///< an external tool is missing or failed
  io = 6,            ///< reading or writing failed (full disk, permissions)
  mismatch = 7,      ///< engines disagree: the model is not bit-exact
  no_result = 8,     ///< the run ended well but nothing satisfies the user's budgets
  interrupted = 130  ///< stopped by Ctrl-C; the run can be resumed
};

/// The parts of a message. Empty parts are left out of the text.
struct ErrorText {
  std::string where;     ///< file, key or place, for instance "study.yaml:12: search.trials"
  std::string found;     ///< what stands there
  std::string expected;  ///< what should stand there
  std::string hint;      ///< what to try
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string_view summary, ErrorText text = {});
  ExitCode code() const noexcept { return code_; }
  const std::string& summary() const noexcept { return summary_; }
  const ErrorText& text() const noexcept { return text_; }

 private:
  ExitCode code_;
  std::string summary_;
  ErrorText text_;
};

struct ConfigError : Error {
  explicit ConfigError(std::string_view summary, ErrorText text = {}) : Error(ExitCode::config, summary, std::move(text)) {}
};
struct DataError : Error {
  explicit DataError(std::string_view summary, ErrorText text = {}) : Error(ExitCode::data, summary, std::move(text)) {}
};
struct ToolError : Error {
  explicit ToolError(std::string_view summary, ErrorText text = {}) : Error(ExitCode::tool, summary, std::move(text)) {}
};
struct IoError : Error {
  explicit IoError(std::string_view summary, ErrorText text = {}) : Error(ExitCode::io, summary, std::move(text)) {}
};
/// Two engines gave different integers for the same input.
struct MismatchError : Error {
  explicit MismatchError(std::string_view summary, ErrorText text = {}) : Error(ExitCode::mismatch, summary, std::move(text)) {}
};
/// Ctrl-C or SIGTERM; raised at a safe point, after the work in hand was stored or given up.
struct Interrupted : Error {
  explicit Interrupted(std::string_view summary = "interrupted", ErrorText text = {})
      : Error(ExitCode::interrupted, summary, std::move(text)) {}
};

/// The known name nearest to `name` by edit distance (a name that contains it is near as well), or "" if none is near
/// (distance > max(2, length/3)).
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// "did you mean 'x'?" if a known name is near, else "known: a, b, c".
std::string suggest(std::string_view name, const std::vector<std::string>& known);

}  // namespace snac
