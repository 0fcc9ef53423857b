// Whether a process of a number runs.
#pragma once

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace snac::toolchain {

/// True if the process runs; a zombie that nobody has collected yet does not.
inline bool is_running(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] != 'Z' && text[name_end + 2] != 'X';
}

inline bool ends_soon(const std::string& pid) {
  for (int attempt = 0; attempt < 200 && is_running(pid); ++attempt) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return !is_running(pid);
}

}  // namespace snac::toolchain
