// Sums to be built, as rows of signed digits over values; rows beside the outputs define values that other rows read.
// Sharing moves digits into new rows; dissolving puts them back.
#pragma once

#include <cstdint>
#include <vector>

#include "adder_graph.hpp"

namespace snac::circuit {

/// Levels that a row may have, so far that nothing is excluded.
inline constexpr int kNoLimit = 1 << 28;

/// Which levels fit under a limit. Operands of levels l can be summed within L levels exactly if sum 2^l <= 2^L (Kraft;
/// merging the two shallowest first does it: Golumbic 1976). In units that make the capacity 2^40: a row of millions still adds up.
inline constexpr int kCapacityBits = 40;
inline constexpr std::int64_t kCapacity = std::int64_t{1} << kCapacityBits;
inline std::int64_t room_for(int level, int limit) {
  if (level > limit) return 2 * kCapacity;
  return limit - level >= kCapacityBits ? 1 : kCapacity >> (limit - level);
}

struct Row {
  std::vector<Ref> digits;  ///< distinct in (value, power)
  int limit = kNoLimit;     ///< levels that the sum may have
};

/// Values 0 .. num_leaves-1 are given; value num_leaves + k is the sum of row num_outputs + k.
struct SumSystem {
  std::vector<Wire> values;
  std::vector<Row> rows;
  std::size_t num_leaves = 0, num_outputs = 0;

  bool is_leaf(std::int32_t value) const { return static_cast<std::size_t>(value) < num_leaves; }
  Row& row_of(std::int32_t value) { return rows[static_cast<std::size_t>(value) - num_leaves + num_outputs]; }
  const Row& row_of(std::int32_t value) const { return rows[static_cast<std::size_t>(value) - num_leaves + num_outputs]; }
  const Wire& wire(std::int32_t value) const { return values[static_cast<std::size_t>(value)]; }
};

/// Adds a digit; equal ones carry or cancel.
void add_digit(std::vector<Ref>& digits, Ref digit);

/// Puts the row of each marked value in place of it, and removes its row and those that nobody reads.
/// Values that are only another one, scaled, and values read once go as well.
void dissolve(SumSystem& system, const std::vector<char>& marked);

/// Levels of a balanced sum of operands, given theirs; and of a row's digits.
int balanced_depth(const std::vector<int>& operand_levels);
int balanced_depth(const SumSystem& system, const std::vector<Ref>& digits);

/// Builds all rows as adders. `balanced`: fewest levels, operands of like weight first; else the cheapest adder that the row's
/// limit allows, again and again.
struct Draft {
  AdderGraph graph{{}};
  std::vector<Ref> outputs;         ///< value -1: zero
  std::vector<std::int32_t> built;  ///< per value of the system: its graph value's level
  std::int64_t cost() const { return graph.cost(); }
};
enum class TreeKind : std::uint8_t { balanced, cheapest };
Draft build(const SumSystem& system, TreeKind kind);

}  // namespace snac::circuit
