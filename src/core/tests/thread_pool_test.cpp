#include "snac/core/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace snac {
namespace {

TEST(ParallelFor, every_index_runs_once) {
  std::vector<std::atomic<int>> runs(1000);
  parallel_for(runs.size(), 4, [&](std::size_t i, int worker) {
    EXPECT_GE(worker, 0);
    EXPECT_LT(worker, 4);
    ++runs[i];
  });
  for (const auto& count : runs) EXPECT_EQ(count, 1);
}

TEST(ParallelFor, first_error_stops_the_hand_out_and_is_rethrown) {
  std::atomic<int> started{0};
  EXPECT_THROW(parallel_for(1000000, 3,
                            [&](std::size_t i, int) {
                              ++started;
                              if (i == 10) throw std::runtime_error("ten");
                            }),
               std::runtime_error);
  EXPECT_LT(started, 1000000);
}

TEST(ParallelFor, nothing_to_do_is_fine) {
  parallel_for(0, 4, [](std::size_t, int) { FAIL(); });
}

}  // namespace
}  // namespace snac
