// Seeded random numbers that are the same on every platform and compiler.
// Generator: xoshiro256** (Blackman and Vigna 2018, doi:10.1145/3460772), seeded by splitmix64.
// The distributions are ours as well: those of <random> differ between standard libraries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace snac {

class Rng {
 public:
  explicit Rng(std::uint64_t seed = 0);

  /// An independent generator for one purpose: same seed, name and index, same numbers.
  /// Every random choice of a run flows from one seed through such named streams.
  static Rng stream(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

  std::uint64_t next();
  /// Uniform in [0, bound); bound >= 1. Unbiased (rejection).
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// True with the given probability.
  bool chance(double probability) { return uniform() < probability; }
  /// Standard normal by the polar method (Marsaglia and Bray 1964).
  double normal();

  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      using std::swap;
      swap(values[i - 1], values[static_cast<std::size_t>(below(i))]);
    }
  }

  /// The state, for checkpoints: restoring it continues the same sequence.
  struct State {
    std::array<std::uint64_t, 4> words{};
    double spare_normal = 0;
    bool has_spare = false;
    bool operator==(const State&) const = default;
  };
  const State& state() const noexcept { return state_; }
  void restore(const State& state) noexcept { state_ = state; }

 private:
  State state_;
};

/// A seed derived from a seed and a name; the basis of Rng::stream.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

}  // namespace snac
