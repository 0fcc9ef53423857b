#include "machine.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "snac/core/thread_pool.hpp"
#include "snac/nn/kernels.hpp"

namespace snac::bench {
namespace {

/// The first value of a key in a file of "key : value" or "key=value" lines.
std::string value_of(const char* file, const std::string& key, char separator) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(separator);
    if (colon == std::string::npos) continue;
    const std::size_t end = line.find_last_not_of(" \t", colon - 1);
    if (colon == 0 || end == std::string::npos || line.substr(0, end + 1) != key) continue;
    const std::size_t begin = line.find_first_not_of(" \t\"", colon + 1);
    if (begin == std::string::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t\"") + 1 - begin);
  }
  return {};
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  std::string text;
  std::array<char, 256> buffer{};
  while (pipe && std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe.get()) != nullptr) text += buffer.data();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string cache(int name) {
  const long bytes = sysconf(name);
  return bytes > 0 ? std::to_string(bytes / 1024) + " KiB" : "unknown";
}

}  // namespace

Json machine() {
  std::array<double, 3> load{};
  if (getloadavg(load.data(), 3) < 1) load[0] = -1;
  return Json{{"cpu", Json{{"vendor", value_of("/proc/cpuinfo", "vendor_id", ':')},
                           {"family", value_of("/proc/cpuinfo", "cpu family", ':')},
                           {"model", value_of("/proc/cpuinfo", "model", ':')},
                           {"cores", hardware_threads()},
                           {"l1d", cache(_SC_LEVEL1_DCACHE_SIZE)},
                           {"l2", cache(_SC_LEVEL2_CACHE_SIZE)},
                           {"l3", cache(_SC_LEVEL3_CACHE_SIZE)}}},
              {"kernels", nn::kernel_isa_name()},
              {"system", value_of("/etc/os-release", "PRETTY_NAME", '=')},
              {"compiler", SNAC_COMPILER},
              {"flags", SNAC_FLAGS},
              {"commit", output_of("git -C '" SNAC_SOURCE_DIR "' describe --always --dirty --exclude='*' 2>/dev/null")},
              {"load_average", load[0]}};
}

}  // namespace snac::bench
