// The circuit IR: a small dataflow graph over fixed-point values. Lowering, scheduling, costing, simulating and printing
// Verilog are passes over it. Values carry exact integer ranges, so no wire is wider than its values need.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "snac/fixed/fixed_type.hpp"

namespace snac::circuit {

using Id = std::int32_t;
inline constexpr Id kNone = -1;

/// Integers from low to high; the wire is just wide enough for them.
struct Range {
  std::int64_t low = 0, high = 0;
  bool operator==(const Range&) const = default;
  bool is_signed() const noexcept { return low < 0; }
  /// Bits of the wire: two's complement if low < 0, unsigned otherwise; 0 for the constant zero.
  int width() const noexcept;
};

enum class Kind : std::uint8_t {
  input,     ///< element `index` of the input bus
  constant,  ///< low == high
  add,       ///< (a << shift_a) + (b << shift_b)  or  - with `subtract`; the operands' fractions are aligned by the shifts
  negate,    ///< -a
  cast,      ///< a into `type`: rounding, then overflow (a ReLU is a saturating cast to an unsigned type)
  relu,      ///< max(a, 0)
  lookup,    ///< tables[index][a - lowest raw value of a's declared table input]
};

/// One value. value = raw * 2^-fraction_bits.
struct Node {
  Kind kind = Kind::constant;
  std::array<Id, 2> args{kNone, kNone};
  std::uint8_t shift_a = 0, shift_b = 0;  ///< left shifts of the operands of add
  bool subtract = false;
  int fraction_bits = 0;
  Range range;
  fixed::FixedType type{};  ///< cast: the target type
  std::int32_t index = 0;   ///< input: bus element; lookup: table number
  std::int32_t group = 0;   ///< which network node it came from: for reports and module boundaries
};

/// A lookup table shared by nodes: entry k is the output for the raw input low + k.
struct Table {
  std::int64_t low = 0;
  std::vector<std::int64_t> entries;
  bool operator==(const Table&) const = default;
};

/// An element of the input or output bus.
struct Port {
  Id node = kNone;
  fixed::FixedType type{};  ///< declared type: the width on the bus
};

/// Nodes stand in topological order: arguments before users. Equal nodes are one node (hash-consed).
class Circuit {
 public:
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  const Node& node(Id id) const { return nodes_[static_cast<std::size_t>(id)]; }
  const std::vector<Table>& tables() const noexcept { return tables_; }
  const std::vector<Port>& inputs() const noexcept { return inputs_; }
  const std::vector<Port>& outputs() const noexcept { return outputs_; }
  const std::vector<std::string>& group_names() const noexcept { return group_names_; }

  // Builders: compute range and fraction, fold constants, reuse an equal node.
  Id input(const fixed::FixedType& type);
  Id constant(std::int64_t raw, int fraction_bits);
  /// a * 2^power_a  +/-  b * 2^power_b as values; the result's fraction is the finer of the two.
  Id add(Id a, int power_a, Id b, int power_b, bool subtract);
  Id negate(Id a);
  Id cast(Id a, const fixed::FixedType& type);
  Id relu(Id a);
  Id lookup(Id a, const Table& table, int fraction_bits);
  void output(Id node, const fixed::FixedType& type);
  /// Nodes made from now on belong to this group.
  void begin_group(const std::string& name);
  /// Removes nodes that no output needs; ids change. Inputs stay.
  void remove_dead_nodes();

 private:
  Id intern(Node node);
  std::vector<Node> nodes_;
  std::vector<Table> tables_;
  std::vector<Port> inputs_, outputs_;
  std::vector<std::string> group_names_;
  std::int32_t group_ = 0;
  std::unordered_map<std::string, Id> known_;
};

}  // namespace snac::circuit
