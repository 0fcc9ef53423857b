#include "bit_roots.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "live_bits.hpp"

// Follows what Yosys 0.23 does with our Verilog under the recipe of toolchain/yosys.cpp: `opt_merge` makes equal logic of a stage
// and registers of equal bits one; `opt_clean` removes what nothing reads; the low bits of an adder that meet zeros are wires
// (`opt_expr -fine`); a carry chain takes one LUT for each pair of bits (S = a ^ b; sign extensions repeat a pair), none where one
// bit is constant but for an inverter; values of at most two bits need no chain.
namespace snac::circuit {
namespace {

using Root = std::int32_t;
constexpr Root kZero = 0, kOne = 1;  ///< the constants; other roots are logic or inputs

bool is_constant(Root root) noexcept { return root <= kOne; }

/// Logic of one bit. Equal gates of a stage are one.
struct Gate {
  enum class Operation : std::uint8_t { exclusive_or, exclusive_nor, inverse, relu } operation;
  Root a, b;
  std::int32_t stage;
  bool operator==(const Gate&) const = default;
};
struct GateHash {
  std::size_t operator()(const Gate& gate) const noexcept {
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL * (static_cast<std::uint64_t>(gate.operation) + 1);
    for (const std::int32_t word : {gate.a, gate.b, gate.stage}) {
      hash = (hash ^ static_cast<std::uint32_t>(word)) * 0xff51afd7ed558ccdULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
};

/// LUTs of one output bit of a table: its distinct blocks of 64 entries (what one LUT6 holds; constant blocks are free), each
/// counted once per argument and table, and 4:1 multiplexers that join the blocks. Entries that cannot occur count as zeros.
class TableColumns {
 public:
  explicit TableColumns(const Table& table) {
    const Range inputs{table.low, table.low + static_cast<std::int64_t>(table.entries.size()) - 1};
    const int width = inputs.width();
    const std::size_t blocks = width > 6 ? std::size_t{1} << (width - 6) : 1;
    const std::uint64_t address_mask = low_bits(width);
    columns_.resize(64, std::vector<std::uint64_t>(blocks, 0));
    block_mask_ = low_bits(1 << std::min(width, 6));
    for (std::size_t k = 0; k < table.entries.size(); ++k) {
      const std::uint64_t address = static_cast<std::uint64_t>(table.low + static_cast<std::int64_t>(k)) & address_mask;
      for (std::uint64_t bits = static_cast<std::uint64_t>(table.entries[k]); bits != 0; bits &= bits - 1) {
        columns_[static_cast<std::size_t>(std::countr_zero(bits))][static_cast<std::size_t>(address >> 6)] |= std::uint64_t{1}
                                                                                                              << (address & 63);
      }
    }
  }
  const std::vector<std::uint64_t>& column(int bit) const { return columns_[static_cast<std::size_t>(bit)]; }
  /// The bit if it never changes.
  bool is_constant(int bit, Root& value) const {
    const auto all = [&](std::uint64_t want) {
      return std::all_of(column(bit).begin(), column(bit).end(), [&](std::uint64_t block) { return block == want; });
    };
    value = all(block_mask_) ? kOne : kZero;
    return value == kOne || all(0);
  }
  double lookup_luts(int bit, std::set<std::uint64_t>& known_blocks) const {
    const std::set<std::uint64_t> distinct(column(bit).begin(), column(bit).end());
    double luts = static_cast<double>(distinct.size() - 1) / 3;
    for (const std::uint64_t block : distinct) luts += block != 0 && block != block_mask_ && known_blocks.insert(block).second ? 1 : 0;
    return luts;
  }

 private:
  std::vector<std::vector<std::uint64_t>> columns_;  ///< (64, blocks)
  std::uint64_t block_mask_ = 0;
};

class Tracer {
 public:
  Tracer(const Circuit& circuit, const std::vector<std::int32_t>& stage)
      : circuit_(circuit), node_stage_(stage), live_(live_bits(circuit)), first_bit_(circuit.size() + 1, 0) {
    for (std::size_t i = 0; i < circuit.size(); ++i) {
      first_bit_[i + 1] = first_bit_[i] + static_cast<std::size_t>(circuit.nodes()[i].range.width());
    }
    bits_.assign(first_bit_.back(), kZero);
    result_.roots.resize(2);
    result_.luts.resize(circuit.group_names().size());
  }

  BitRoots run() {
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      if (live_[i] != 0 || circuit_.nodes()[i].kind == Kind::constant) map_node(static_cast<Id>(i));
    }
    node_ = kNone;
    for (const Port& port : circuit_.outputs()) {
      for (int bit = 0; bit < circuit_.node(port.node).range.width(); ++bit) read(at(port.node, bit));
    }
    for (BitRoot& root : result_.roots) {
      std::sort(root.readers.begin(), root.readers.end());
      root.readers.erase(std::unique(root.readers.begin(), root.readers.end()), root.readers.end());
    }
    return std::move(result_);
  }

 private:
  Root& at(Id id, int bit) { return bits_[first_bit_[static_cast<std::size_t>(id)] + static_cast<std::size_t>(bit)]; }
  /// Bits above the wire repeat the sign or are zero, below it they are zero.
  Root bit_of(Id id, std::int64_t position) {
    const Range& range = circuit_.node(id).range;
    const int width = range.width();
    if (position < 0 || width == 0 || (position >= width && !range.is_signed())) return kZero;
    return at(id, static_cast<int>(std::min<std::int64_t>(position, width - 1)));
  }
  Root sign_of(Id id) { return circuit_.node(id).range.is_signed() ? at(id, circuit_.node(id).range.width() - 1) : kZero; }

  Root new_root() {
    result_.roots.push_back({.node = node_});
    return static_cast<Root>(result_.roots.size()) - 1;
  }
  /// The node in hand (or an output) looks at the bit.
  void read(Root root) {
    compare(root);
    result_.roots[static_cast<std::size_t>(root)].only_compared = false;
  }
  void compare(Root root) {
    if (!is_constant(root)) result_.roots[static_cast<std::size_t>(root)].readers.push_back(node_);
  }
  void count(LutSort sort, double luts) {
    result_.luts[static_cast<std::size_t>(circuit_.node(node_).group)][static_cast<std::size_t>(sort)] += luts;
  }

  /// The root of a gate; `is_new` tells whether this is the first of its kind in the stage.
  Root gate(Gate::Operation operation, Root a, Root b, bool& is_new) {
    const auto [entry, inserted] = gates_.try_emplace(Gate{operation, a, b, stage_}, static_cast<Root>(result_.roots.size()));
    is_new = inserted;
    if (inserted) new_root();
    return entry->second;
  }

  /// a XOR b, or NOT(a XOR b), as a gate of this stage.
  Root exclusive_or(Root a, Root b, bool inverted) {
    if (is_constant(a)) std::swap(a, b);
    if (is_constant(a)) return (a != b) != inverted ? kOne : kZero;
    if (a == b) return inverted ? kOne : kZero;
    bool is_new = false;
    if (!is_constant(b)) {
      const auto operation = inverted ? Gate::Operation::exclusive_nor : Gate::Operation::exclusive_or;
      const Root result = gate(operation, std::min(a, b), std::max(a, b), is_new);
      if (is_new) count(LutSort::sum, 1);
      return result;
    }
    if ((b == kOne) == inverted) return a;
    const Root result = gate(Gate::Operation::inverse, a, kZero, is_new);
    if (is_new) count(LutSort::inverter, 1);
    return result;
  }

  void map_node(Id id) {
    const Node& node = circuit_.node(id);
    node_ = id;
    stage_ = node_stage_[static_cast<std::size_t>(id)];
    const BitMask live = live_[static_cast<std::size_t>(id)];
    switch (node.kind) {
      case Kind::constant:
        for (int bit = 0; bit < node.range.width(); ++bit) at(id, bit) = (node.range.low >> bit & 1) != 0 ? kOne : kZero;
        return;
      case Kind::input:
        for (int bit = 0; bit < node.range.width(); ++bit) at(id, bit) = new_root();
        return;
      case Kind::shift:
        for (int bit = 0; bit < node.range.width(); ++bit) at(id, bit) = at(node.args[0], bit);
        return;
      case Kind::add:
        map_add(id, node, live);
        return;
      case Kind::negate: {
        std::vector<std::pair<Root, Root>> pairs;
        for (int bit = 0; bit <= highest(live); ++bit) pairs.emplace_back(kZero, bit_of(node.args[0], bit));
        carry_chain(id, 0, pairs, true);
        return;
      }
      case Kind::relu:
        map_relu(id, node, live);
        return;
      case Kind::cast:
        map_cast(id, node, live);
        return;
      case Kind::lookup:
        map_lookup(id, node, live);
        return;
      case Kind::maximum:
        map_maximum(id, node, live);
        return;
      case Kind::multiply:
        map_multiply(id, node, live);
        return;
    }
  }

  static int highest(BitMask mask) noexcept { return static_cast<int>(std::bit_width(mask)) - 1; }

  /// The bits of `id` from `first` on as the sum or difference of the pairs, lowest first.
  void carry_chain(Id id, int first, const std::vector<std::pair<Root, Root>>& pairs, bool subtract) {
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      const auto [a, b] = pairs[k];
      read(a);
      read(b);
      Root result = exclusive_or(a, b, subtract);
      if (pairs.size() == 2 && k == 1) count(LutSort::sum, 1);
      // The lowest of one or two bits is the gate itself; a difference's lowest bit has no inversion, the borrow has.
      if (pairs.size() > 2 || k > 0) result = new_root();
      at(id, first + static_cast<int>(k)) = result;
    }
  }

  void map_add(Id id, const Node& node, BitMask live) {
    const AdderSplit split = split_of(circuit_, node);
    for (int bit = 0; bit < std::min(split.split, node.range.width()); ++bit) {
      const int k = split.through(bit);
      at(id, bit) = bit_of(node.args[static_cast<std::size_t>(k)], operand_bit(node, k, bit));
    }
    std::vector<std::pair<Root, Root>> pairs;
    for (int bit = split.split; bit <= highest(live); ++bit) {
      pairs.emplace_back(bit_of(node.args[0], operand_bit(node, 0, bit)), bit_of(node.args[1], operand_bit(node, 1, bit)));
    }
    carry_chain(id, split.split, pairs, node.subtract);
  }

  void map_relu(Id id, const Node& node, BitMask live) {
    const Root sign = sign_of(node.args[0]);
    for (int bit = 0; bit <= highest(live); ++bit) {
      const Root kept = bit_of(node.args[0], bit);
      if (is_constant(kept) || (live >> bit & 1) == 0) continue;
      read(kept);
      read(sign);
      bool is_new = false;
      const Root result = gate(Gate::Operation::relu, kept, sign, is_new);
      if (is_new) resettable(result, LutSort::relu);
      at(id, bit) = result;
    }
  }

  void resettable(Root root, LutSort sort) {
    result_.roots[static_cast<std::size_t>(root)].may_reset = true;
    result_.roots[static_cast<std::size_t>(root)].sort = sort;
  }

  /// LUTs that combine so many bits into one.
  void test(std::int64_t bits) {
    if (bits > 1) count(LutSort::test, static_cast<double>((bits + 3) / 5));
  }

  void map_cast(Id id, const Node& node, BitMask live) {
    const Id arg = node.args[0];
    const std::int64_t offset = cast_offset(circuit_, node);
    const int top = highest(live), arg_width = circuit_.node(arg).range.width();
    if (node.type.rounding != fixed::Rounding::trn && offset > 0) {
      for (int bit = 0; bit < arg_width && bit <= offset + top; ++bit) read(at(arg, bit));
      read(sign_of(arg));
      test(std::min<std::int64_t>(offset, arg_width) + 1);
      // An incrementer: the first bit meets the condition, the carry chain above needs no LUT.
      std::vector<std::pair<Root, Root>> pairs;
      for (int bit = 0; bit <= top; ++bit) pairs.emplace_back(bit_of(arg, bit + offset), bit == 0 ? new_root() : kZero);
      carry_chain(id, 0, pairs, false);
      return;
    }
    const Clips clips = clips_of(circuit_, node);
    if (!clips.over && !clips.under) {
      for (int bit = 0; bit < node.range.width(); ++bit) at(id, bit) = bit_of(arg, bit + offset);
      return;
    }
    const int magnitude = node.type.is_signed ? node.type.width - 1 : node.type.width;
    std::int64_t upper = 0;
    for (std::int64_t position = std::max<std::int64_t>(magnitude + offset, 0); position < arg_width; ++position, ++upper) {
      read(at(arg, static_cast<int>(position)));
    }
    if (clips.over) test(upper);
    if (clips.under && node.type.is_signed) test(upper);
    for (int bit = 0; bit <= top; ++bit) {
      if ((live >> bit & 1) == 0) continue;
      read(bit_of(arg, bit + offset));
      at(id, bit) = new_root();
      resettable(at(id, bit), LutSort::clip);
    }
  }

  /// A carry chain that subtracts to compare, then a choice for each bit that differs. Where both bits are constant (tags of an
  /// argmax) the comparison's result, or its inverse, is the bit.
  void map_maximum(Id id, const Node& node, BitMask live) {
    const auto bit_at = [&](int k, int bit) { return bit_of(node.args[static_cast<std::size_t>(k)], operand_bit(node, k, bit)); };
    const auto top_of = [&](int k) {
      return circuit_.node(node.args[static_cast<std::size_t>(k)]).range.width() - operand_bit(node, k, 0);
    };
    for (int bit = 0; bit < std::max(top_of(0), top_of(1)); ++bit) {
      compare(bit_at(0, bit));
      compare(bit_at(1, bit));
      exclusive_or(bit_at(0, bit), bit_at(1, bit), true);
    }
    Root result_of_comparison = kZero;
    for (int bit = 0; bit <= highest(live); ++bit) {
      if ((live >> bit & 1) == 0) continue;
      const Root a = bit_at(0, bit), b = bit_at(1, bit);
      if (a == b) {
        at(id, bit) = a;
        continue;
      }
      const bool is_tag = is_constant(a) && is_constant(b);
      if (is_tag && result_of_comparison != kZero) {
        at(id, bit) = result_of_comparison;
        continue;
      }
      read(a);
      read(b);
      const Root chosen = new_root();
      result_.roots[static_cast<std::size_t>(chosen)].is_choice = true;
      at(id, bit) = chosen;
      if (is_tag) result_of_comparison = chosen;
    }
  }

  /// Rows of partial products: each beyond the second goes through full adders of two LUTs per bit, the last two through a carry chain.
  void map_multiply(Id id, const Node& node, BitMask live) {
    const int top = highest(live);
    const auto used = [&](std::size_t k) { return std::min(circuit_.node(node.args[k]).range.width(), top + 1); };
    for (std::size_t k = 0; k < 2; ++k) {
      for (int bit = 0; bit < used(k); ++bit) read(at(node.args[k], bit));
    }
    const auto [rows, columns] = std::minmax({used(0), used(1)});
    count(LutSort::product, 2.0 * std::max(0, rows - 2) * columns + rows + columns);
    for (int bit = 0; bit <= top; ++bit) at(id, bit) = new_root();
  }

  void map_lookup(Id id, const Node& node, BitMask live) {
    const Id arg = node.args[0];
    const auto [entry, is_new] = tables_.try_emplace(node.index, circuit_.tables()[static_cast<std::size_t>(node.index)]);
    const TableColumns& table = entry->second;
    std::set<std::uint64_t> blocks;
    std::map<std::vector<std::uint64_t>, Root> known;  // equal columns are one
    for (int bit = 0; bit < circuit_.node(arg).range.width(); ++bit) read(at(arg, bit));
    for (int bit = 0; bit <= highest(live); ++bit) {
      Root& result = at(id, bit);
      if ((live >> bit & 1) == 0 || table.is_constant(bit, result)) continue;
      const auto [column, first] = known.try_emplace(table.column(bit), static_cast<Root>(result_.roots.size()));
      if (first) {
        new_root();
        count(LutSort::lookup, table.lookup_luts(bit, blocks));
      }
      result = column->second;
    }
  }

  const Circuit& circuit_;
  const std::vector<std::int32_t>& node_stage_;
  std::vector<BitMask> live_;
  std::vector<std::size_t> first_bit_;
  std::vector<Root> bits_;  ///< of all nodes
  BitRoots result_;
  std::unordered_map<Gate, Root, GateHash> gates_;
  std::map<std::int32_t, TableColumns> tables_;
  Id node_ = kNone;         ///< in hand
  std::int32_t stage_ = 0;  ///< of the node in hand
};

}  // namespace

BitRoots trace_bits(const Circuit& circuit, const std::vector<std::int32_t>& stage) { return Tracer(circuit, stage).run(); }

}  // namespace snac::circuit
