#include "snac/nn/kernels.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernel_tables.hpp"
#include "snac/core/error.hpp"

namespace snac::nn {
namespace {

constexpr std::array<std::pair<const char*, Isa>, 4> kNames{
    {{"reference", Isa::reference}, {"portable", Isa::portable}, {"avx2", Isa::avx2}, {"avx512", Isa::avx512}}};

bool processor_has(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == Isa::avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  return isa == Isa::reference || isa == Isa::portable;
}

const Kernels* best_kernels() {
  for (const Isa isa : {Isa::avx512, Isa::avx2}) {
    if (const Kernels* table = kernels_for(isa)) return table;
  }
  return detail::portable_kernels();
}

const Kernels* initial_kernels() {
  const char* wanted = std::getenv("SNAC_KERNELS");
  if (wanted == nullptr || *wanted == '\0') return best_kernels();
  std::vector<std::string> known;
  for (const auto& [name, isa] : kNames) {
    known.emplace_back(name);
    if (known.back() != wanted) continue;
    if (const Kernels* table = kernels_for(isa)) return table;
    throw ConfigError("this processor lacks the chosen instruction set",
                      {.where = "environment variable SNAC_KERNELS",
                       .found = wanted,
                       .expected = std::string(best_kernels()->name) + " or a plainer one",
                       .hint = "unset SNAC_KERNELS"});
  }
  throw ConfigError("unknown instruction set", {.where = "environment variable SNAC_KERNELS",
                                                .found = std::string(wanted).substr(0, 80),
                                                .expected = "reference, portable, avx2 or avx512",
                                                .hint = suggest(std::string(wanted).substr(0, 80), known)});
}

std::atomic<const Kernels*>& current() {
  static std::atomic<const Kernels*> table{initial_kernels()};
  return table;
}

}  // namespace

const Kernels* kernels_for(Isa isa) {
  if (isa == Isa::automatic) return best_kernels();
  if (!processor_has(isa)) return nullptr;
  switch (isa) {
    case Isa::reference:
      return detail::reference_kernels();
    case Isa::avx2:
      return detail::avx2_kernels();
    case Isa::avx512:
      return detail::avx512_kernels();
    default:
      return detail::portable_kernels();
  }
}

const Kernels& kernels() { return *current().load(std::memory_order_acquire); }

void set_kernel_isa(Isa isa) {
  const Kernels* table = kernels_for(isa);
  if (table == nullptr) throw std::invalid_argument("set_kernel_isa: this processor lacks the instruction set");
  current().store(table, std::memory_order_release);
}

const Bf16Kernels* bf16_kernels_for(Isa isa) {
  if (kernels_for(isa) == nullptr) return nullptr;
  if (isa == Isa::automatic) {
    return kernels_for(isa) == kernels_for(Isa::avx512) ? bf16_kernels_for(Isa::avx512) : nullptr;
  }
  if (isa == Isa::reference) return detail::reference_bf16_kernels();
#if defined(__x86_64__)
  if (isa == Isa::avx512 && __builtin_cpu_supports("avx512bf16")) return detail::avx512_bf16_kernels();
#endif
  return nullptr;
}

const Bf16Kernels* bf16_kernels() {
  for (const auto& [name, isa] : kNames) {
    if (&kernels() == kernels_for(isa)) return bf16_kernels_for(isa);
  }
  return nullptr;
}

const char* kernel_isa_name() { return kernels().name; }

}  // namespace snac::nn
