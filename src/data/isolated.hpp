// Work on files we cannot trust with a library that may crash on them, in a child process: the HDF5 library (1.10)
// breaks memory or loops on about one in 400 damaged files. The child sends its results through a pipe; if it dies,
// the parent has an error to explain instead of a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace snac::data {

/// One end of a pipe: numbers, texts and blocks, in the order they are sent.
class PipeWriter {
 public:
  explicit PipeWriter(int file) : file_(file) {}
  void bytes(const void* data, std::size_t size);
  void number(std::uint64_t value) { bytes(&value, sizeof(value)); }
  void text(const std::string& value);
  void texts(const std::vector<std::string>& values);

 private:
  int file_;
};

class PipeReader {
 public:
  explicit PipeReader(int file) : file_(file) {}
  /// The functions throw PipeEnded if the other end is closed before all is there.
  struct PipeEnded {};
  void bytes(void* data, std::size_t size);
  std::uint64_t number();
  std::string text();
  std::vector<std::string> texts();

 private:
  int file_;
};

/// Runs `work` in a child process and `receive` here, which must take what `work` sends. A snac::Error that the child
/// throws is rethrown here. The child is gone when the function returns or throws.
/// @param cpu_seconds a child that needs more is taken to hang
/// @throws DataError at `where` if the child crashes or hangs; IoError if no process can be started.
void run_isolated(const std::function<void(PipeWriter&)>& work, const std::function<void(PipeReader&)>& receive, std::uint64_t cpu_seconds,
                  const std::string& where);

}  // namespace snac::data
