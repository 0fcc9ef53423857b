// The circuit IR: a small dataflow graph over fixed-point values. Lowering, scheduling, costing, simulating and printing
// Verilog are passes over it. Values carry exact integer ranges, so no wire is wider than its values need.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "snac/fixed/fixed_type.hpp"

namespace snac::circuit {

using Id = std::int32_t;
inline constexpr Id kNone = -1;
/// Widest wire: sums of two such values still fit into 64-bit integers.
inline constexpr int kMaxWireWidth = 62;

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
  constant,  ///< low == high; the raw value is odd or zero
  add,       ///< (a << shift_a) + (b << shift_b)  or  - with `subtract`; one of the shifts is 0
  negate,    ///< -a
  shift,     ///< a's wire read under another fraction: times a power of two. Only output ports read such nodes
  cast,      ///< a into `type`. One node truncates and then either wraps, saturates, or (no overflow then) rounds; see `cast`
  relu,      ///< max(a, 0)
  lookup,    ///< tables[index].entries[raw of a - tables[index].low]
  maximum,   ///< max(a << shift_a, b << shift_b); one of the shifts is 0
  multiply,  ///< a * b
};

/// One value. value = raw * 2^-fraction_bits. No wire carries low bits that are always zero, as far as the builders see.
struct Node {
  Kind kind = Kind::constant;
  std::array<Id, 2> args{kNone, kNone};
  std::uint8_t shift_a = 0, shift_b = 0;  ///< left shifts of the operands of add and maximum
  bool subtract = false;
  int fraction_bits = 0;
  Range range;
  fixed::FixedType type{};  ///< cast: the target type; result raw = fixed::cast_raw(raw of a, fraction of a, type)
  std::int32_t index = 0;   ///< input: bus element; lookup: table number
  std::int32_t group = 0;   ///< which network node it came from first: for reports and module boundaries

  int num_args() const noexcept { return args[0] == kNone ? 0 : args[1] == kNone ? 1 : 2; }
};

/// +-node * 2^power: how sums name their operands, so that scaling and sign cost nothing.
struct Term {
  Id node = kNone;
  int power = 0;
  bool negative = false;
  bool operator==(const Term&) const = default;
};

/// A lookup table shared by nodes: entry k is the output for the raw input low + k.
struct Table {
  std::int64_t low = 0;
  std::vector<std::int64_t> entries;
  bool operator==(const Table&) const = default;
};

/// An element of the input or output bus. The bus carries the raw value of the declared type:
/// raw of the node << (fraction bits of the type - fraction bits of the node).
struct Port {
  Id node = kNone;
  fixed::FixedType type{};  ///< declared type: the width on the bus
};

/// Nodes stand in topological order: arguments before users. Equal nodes are one node (hash-consed).
/// Builders throw DataError if a value would be wider than kMaxWireWidth, std::invalid_argument on misuse.
class Circuit {
 public:
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  const Node& node(Id id) const { return nodes_[static_cast<std::size_t>(id)]; }
  std::size_t size() const noexcept { return nodes_.size(); }
  const std::vector<Table>& tables() const noexcept { return tables_; }
  const std::vector<Port>& inputs() const noexcept { return inputs_; }
  const std::vector<Port>& outputs() const noexcept { return outputs_; }
  /// Group 0, "input", holds the input ports.
  const std::vector<std::string>& group_names() const noexcept { return group_names_; }

  // Builders: compute range and fraction, fold constants, reuse an equal node.
  Id input(const fixed::FixedType& type);
  /// An input that is known to stay within `range`, which holds more than one value of the type.
  Id input(const fixed::FixedType& type, const Range& range);
  Id constant(std::int64_t raw, int fraction_bits);
  /// a * 2^power_a  +/-  b * 2^power_b as values; the result's fraction is the finer of the two.
  Id add(Id a, int power_a, Id b, int power_b, bool subtract);
  Id negate(Id a);
  /// a * 2^power: wiring.
  Id shift(Id a, int power);
  /// Rounding, then overflow. Becomes the fewest simple nodes: nothing if no value changes; a constant adder for RND and
  /// RND_MIN_INF; a ReLU if only negative values overflow; else a node that rounds, a node that truncates and overflows, or both.
  Id cast(Id a, const fixed::FixedType& type);
  Id relu(Id a);
  /// The table must cover the range of a's raw values; it is trimmed to it.
  Id lookup(Id a, const Table& table, int fraction_bits);
  /// The larger value. No node if one of them always is; a ReLU if one is zero.
  Id maximum(Id a, Id b);
  /// a * b as values: signs and scales are factored out, a constant becomes shifts and adders.
  Id multiply(Id a, Id b);
  /// @throws std::invalid_argument if a value of the node does not fit the type.
  void output(Id node, const fixed::FixedType& type);

  /// The node behind scaling and negation, with both.
  Term term(Id id) const;
  /// The sum as a term: the adder is normalised, so that x+4y and -8x-32y are one node. Operands as `term` gives them.
  Term sum(Term a, Term b);
  /// The node that holds a term's value.
  Id value(Term term);
  /// States that an adder's raw values stay within `range`, which the ranges of its operands may not tell: the operands of 8x - x are
  /// not independent. Nodes made from it later see the narrower range. No effect on other nodes, nor where `range` is not narrower.
  /// @throws std::invalid_argument if the ranges have less than two values in common: such a sum is a constant.
  void narrow(Id adder, const Range& range);

  /// Nodes made from now on belong to this group.
  void begin_group(const std::string& name);
  /// Removes nodes and tables that no output needs; ids change. Inputs stay.
  void remove_dead_nodes();

 private:
  /// What makes two nodes equal: everything but range and group, which follow.
  struct Key {
    std::array<std::int64_t, 5> words{};
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  static Key key_of(const Node& node);

  Id intern(Node node);
  /// The node of `kind` over `a` with the given raw range, or a constant if the range is one value.
  Id unary(Kind kind, Id a, int fraction_bits, Range range, const fixed::FixedType& type = {});
  Id round(Id a, const fixed::FixedType& type);
  Id truncate_and_overflow(Id a, const fixed::FixedType& type);
  Id truncate(Id a, int fraction_bits);
  const std::string& group_name() const { return group_names_[static_cast<std::size_t>(group_)]; }

  std::vector<Node> nodes_;
  std::vector<Table> tables_;
  std::vector<Port> inputs_, outputs_;
  std::vector<std::string> group_names_{"input"};
  std::int32_t group_ = 0;
  std::unordered_map<Key, Id, KeyHash> known_;
};

/// The part of a node's wire that has to be there: from the lowest to the highest bit that an output or another live wire depends on.
/// Bits above are cut off by wrapping or repeat nothing that is read, bits below are rounded away and no carry needs them: such a wire
/// holds its node's raw value shifted right by `first`, modulo 2^count. (Low bits that only an adder's own carry needs are not part
/// of the wire.)
struct LiveWire {
  int first = 0, count = 0;  ///< count 0: nothing reads it
  int end() const noexcept { return first + count; }
  bool operator==(const LiveWire&) const = default;
};

/// Per node. Verilog declares these bits and registers carry them, no others.
std::vector<LiveWire> live_wires(const Circuit& circuit);

/// One bit per bit of a node's wire, lowest first; wires have at most kMaxWireWidth bits.
using BitMask = std::uint64_t;

/// The low bits of a sum that need no adder: as long as one operand has only zeros, the other one's bits pass through.
struct AdderSplit {
  int split = 0;       ///< first bit that is computed
  BitMask second = 0;  ///< which bits below come from the second operand; the others from the first
  int through(int bit) const noexcept { return static_cast<int>(second >> bit & 1); }
};
AdderSplit split_of(const Circuit& circuit, const Node& adder);

/// Operand k of an adder or a maximum as a term.
Term operand(const Circuit& circuit, Id adder, int k);

/// True for an adder that only joins bits: one operand's bits all lie below the other's lowest and are never negative.
bool is_concatenation(const Circuit& circuit, Id id);

/// RND_INF, RND_ZERO and TRN_ZERO as the cheaper mode that agrees with them where negative values do not matter.
fixed::Rounding rounding_of_non_negative(fixed::Rounding rounding) noexcept;

}  // namespace snac::circuit
