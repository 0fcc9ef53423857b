#include "fma_peak.hpp"

#include <cstdint>
#include <string_view>

#include "clock.hpp"
#include "snac/nn/kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace snac::bench {
namespace {

// Two units with a latency of four cycles need eight independent sums; twelve leave room and stay in registers. Named
// variables, not an array: GCC 12 keeps arrays of vectors that meet inline assembly in memory.
#define SNAC_FOR_TWELVE(DO) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h) DO(i) DO(j) DO(k) DO(l)
constexpr int kSums = 12;

/// Repeats body(iterations) until the time is over. @returns GFLOP/s.
template <class Body>
double rate(double milliseconds, double flops_per_iteration, Body body) {
  constexpr std::int64_t kIterations = 200000;
  body(kIterations);
  std::int64_t done = 0;
  const double start = thread_cpu_seconds();
  double elapsed = 0;
  while (elapsed < 1e-3 * milliseconds) {
    body(kIterations);
    done += kIterations;
    elapsed = thread_cpu_seconds() - start;
  }
  return 1e-9 * flops_per_iteration * static_cast<double>(done) / elapsed;
}

#if defined(__x86_64__)
[[gnu::target("avx512f"), gnu::noinline]] float fma_avx512(std::int64_t iterations) {
  const __m512 x = _mm512_set1_ps(0.999F), y = _mm512_set1_ps(0.001F);
#define SNAC_DECLARE(v) __m512 v = x;
#define SNAC_STEP(v) v = _mm512_fmadd_ps(v, x, y);
#define SNAC_KEEP(v) asm volatile("" : "+v"(v));
#define SNAC_SUM(v) sum = _mm512_add_ps(sum, v);
  SNAC_FOR_TWELVE(SNAC_DECLARE)
  for (std::int64_t n = 0; n < iterations; ++n) {
    SNAC_FOR_TWELVE(SNAC_STEP)
    SNAC_FOR_TWELVE(SNAC_KEEP)
  }
  __m512 sum = _mm512_setzero_ps();
  SNAC_FOR_TWELVE(SNAC_SUM)
#undef SNAC_DECLARE
#undef SNAC_STEP
#undef SNAC_SUM
  return _mm512_cvtss_f32(sum);
}

[[gnu::target("avx512f,avx512bw,avx512bf16"), gnu::noinline]] float dot_bf16(std::int64_t iterations) {
  const __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5F), _mm512_set1_ps(0.25F));
#define SNAC_DECLARE(v) __m512 v = _mm512_set1_ps(0.5F);
#define SNAC_STEP(v) v = _mm512_dpbf16_ps(v, x, x);
#define SNAC_SUM(v) sum = _mm512_add_ps(sum, v);
  SNAC_FOR_TWELVE(SNAC_DECLARE)
  for (std::int64_t n = 0; n < iterations; ++n) {
    SNAC_FOR_TWELVE(SNAC_STEP)
    SNAC_FOR_TWELVE(SNAC_KEEP)
  }
  __m512 sum = _mm512_setzero_ps();
  SNAC_FOR_TWELVE(SNAC_SUM)
#undef SNAC_DECLARE
#undef SNAC_STEP
#undef SNAC_SUM
  return _mm512_cvtss_f32(sum);
}

[[gnu::target("avx2,fma"), gnu::noinline]] float fma_avx2(std::int64_t iterations) {
  const __m256 x = _mm256_set1_ps(0.999F), y = _mm256_set1_ps(0.001F);
#define SNAC_DECLARE(v) __m256 v = x;
#define SNAC_STEP(v) v = _mm256_fmadd_ps(v, x, y);
#define SNAC_SUM(v) sum = _mm256_add_ps(sum, v);
  SNAC_FOR_TWELVE(SNAC_DECLARE)
  for (std::int64_t n = 0; n < iterations; ++n) {
    SNAC_FOR_TWELVE(SNAC_STEP)
    SNAC_FOR_TWELVE(SNAC_KEEP)
  }
  __m256 sum = _mm256_setzero_ps();
  SNAC_FOR_TWELVE(SNAC_SUM)
#undef SNAC_DECLARE
#undef SNAC_STEP
#undef SNAC_SUM
#undef SNAC_KEEP
  return _mm256_cvtss_f32(sum);
}
#endif

}  // namespace

std::optional<double> fma_peak([[maybe_unused]] double milliseconds) {
#if defined(__x86_64__)
  const std::string_view isa = nn::kernel_isa_name();
  volatile float sink = 0;
  if (isa == "avx512") return rate(milliseconds, 2.0 * 16 * kSums, [&](std::int64_t n) { sink = fma_avx512(n); });
  if (isa == "avx2") return rate(milliseconds, 2.0 * 8 * kSums, [&](std::int64_t n) { sink = fma_avx2(n); });
#endif
  return std::nullopt;
}

std::optional<double> bf16_peak([[maybe_unused]] double milliseconds) {
#if defined(__x86_64__)
  volatile float sink = 0;
  if (std::string_view(nn::kernel_isa_name()) == "avx512" && __builtin_cpu_supports("avx512bf16")) {
    return rate(milliseconds, 4.0 * 16 * kSums, [&](std::int64_t n) { sink = dot_bf16(n); });
  }
#endif
  return std::nullopt;
}

}  // namespace snac::bench
