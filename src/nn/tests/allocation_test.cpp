// A training step allocates nothing: all of its memory is there from the start. Counted by replacing operator new; kept out of
// line, since GCC takes a free() that it sees next to a new for a mistake.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "../training_step.hpp"
#include "nn_fixtures.hpp"

#if !defined(__SANITIZE_ADDRESS__)

namespace {
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* p = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment + (size == 0 ? alignment : 0));
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return counted(size, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace snac::nn {
namespace {

TEST(TrainingStep, allocates_nothing) {
  const data::Dataset data = noise(64, 7, 3);
  const std::vector<std::uint32_t> rows = all_rows(data);
  for (const Isa isa : available_isas()) {
    const IsaGuard guard(isa);
    for (const bool grids : {false, true}) {
      const Mlp mlp = random_mlp(space::mlp(7, {20, 9}, 3, grids ? space::Activation::tanh : space::Activation::relu, !grids, 0.1));
      const NetQuantizer quantizer = grids ? eight_bit_grids(mlp) : NetQuantizer{};
      const std::vector<std::uint8_t> mask(mlp.parameters.size(), 1);
      for (const Precision precision : {Precision::fp32, Precision::bf16}) {
        if (precision == Precision::bf16 && (grids || bf16_kernels() == nullptr)) continue;
        TrainingStep step(mlp, 64, {.precision = precision}, {.quantizer = grids ? &quantizer : nullptr, .mask = &mask});
        const std::size_t before = allocations;
        step.run(data, rows, 1e-3);
        step.run(data, std::span(rows).first(13), 1e-3);
        EXPECT_EQ(allocations, before) << kernel_isa_name();
      }
    }
  }
}

}  // namespace
}  // namespace snac::nn

#endif
