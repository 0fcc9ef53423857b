// A draft of adders over given leaves: cheap to build, cost and throw away, so that variants can be compared before the
// cheapest becomes circuit nodes.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace snac::circuit {

/// +-value * 2^power.
struct Ref {
  std::int32_t value = 0;
  std::int32_t power = 0;
  bool negative = false;
  bool operator==(const Ref&) const = default;
};

/// What an adder's cost depends on. The interval is in real units; the lowest bit has weight 2^lsb.
/// Doubles: exact up to 53 bits, and beyond that only the choice of adders could suffer, never their values.
struct Wire {
  double low = 0, high = 0;
  int lsb = 0;
  int level = 0;  ///< levels of logic from the inputs
  bool constant = false;
  int msb = 0;  ///< bits of the magnitude end below 2^msb; set by finish()
  bool is_signed = false;
  bool exact = false;  ///< both ends are taken, and no double was rounded on the way to them
  void finish();
};

/// The wire of a + b.
Wire sum_of(const Wire& a, int power_a, bool negative_a, const Wire& b, int power_b, bool negative_b);

/// Costs in hundredths of a LUT, as in logic_cost.cpp: 100 per bit of an adder, 33 with a constant operand, 0 if bits only join.
inline constexpr std::int64_t kCostPerBit = 100, kCostPerConstantBit = 33;
std::int64_t adder_cost(const Wire& a, int power_a, bool negative_a, const Wire& b, int power_b, bool negative_b);

inline constexpr std::int32_t kZero = -1;

/// Leaves are taken as independent of each other. A value's interval is that of its linear form over the leaves, which both its ends
/// are taken by: 8x - x never leaves 0 .. 7 max(x), whatever the intervals of the operands allow.
class AdderGraph {
 public:
  struct Adder {
    Ref a, b;  ///< value = a + b
  };

  explicit AdderGraph(std::vector<Wire> leaves);
  const Wire& wire(std::int32_t value) const { return wires_[static_cast<std::size_t>(value)]; }
  std::size_t num_leaves() const { return num_leaves_; }
  /// Adder k makes value num_leaves() + k.
  const std::vector<Adder>& adders() const { return adders_; }
  std::int64_t cost() const { return cost_; }
  /// Reuses an equal adder; a power of two of one value needs none. Value kZero if the operands cancel.
  Ref sum(Ref a, Ref b);

 private:
  /// factor * leaf.
  struct Product {
    std::int32_t leaf = 0;
    double factor = 0;
  };
  /// Appends the linear form of a + b as that of the next value and puts its interval into the wire if it is exact.
  void append_form(const Ref& a, const Ref& b, Wire& sum);

  std::vector<Wire> wires_;
  std::size_t num_leaves_;
  std::vector<Product> products_;  ///< of all values' forms, ascending by leaf
  std::vector<std::size_t> form_;  ///< per value: first product; one more at the end
  std::vector<Adder> adders_;
  std::int64_t cost_ = 0;
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> known_;  ///< by hash: candidates to compare
};

}  // namespace snac::circuit
