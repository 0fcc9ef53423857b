// The pieces of Verilog text: literals, bit selections, names. Private to the Verilog printers.
// All wires are plain vectors without `signed`: every expression states its own sign extension and has the exact width of
// what it is assigned to, so that Verilog's context-dependent sizes and signs never decide anything.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::codegen {

/// Which bits of which wires a module reads, so that it can name those that it does not: rounding drops some, linters ask.
class BitUse {
 public:
  void mark(const std::string& wire, std::int64_t first, std::int64_t last);
  void mark_all(const std::string& wire, int width) { mark(wire, 0, width - 1); }
  /// Adds the bits of the wire that were not read to the list: "n3[1:0]".
  void add_unused(const std::string& wire, std::int64_t width, std::vector<std::string>& unused) const;
  /// A wire inside a node's logic, wider than the node's own: its unread bits are asked for with those of the node's result.
  void declare_part(const std::string& wire, int width) { parts_.emplace_back(wire, width); }
  const std::vector<std::pair<std::string, int>>& parts() const noexcept { return parts_; }
  /// A wire that reads them, or nothing if there are none.
  static std::string sink(const std::vector<std::string>& unused);

 private:
  std::map<std::string, std::vector<bool>> read_;
  std::vector<std::pair<std::string, int>> parts_;
};

/// A value as it can be read at one place: a wire, or a constant.
struct Operand {
  std::string wire;       ///< empty for a constant
  circuit::Range range;   ///< gives the value's width and sign; a constant's value is range.low
  BitUse* use = nullptr;  ///< where reading it is noted
  /// Which of the value's bits the wire holds; others must not be asked for. Default: all.
  std::optional<circuit::LiveWire> live = {};

  bool is_constant() const noexcept { return range.low == range.high; }
  circuit::LiveWire held() const noexcept { return live.value_or(circuit::LiveWire{0, range.width()}); }
};

/// The low `width` bits of a value in two's complement: "8'd3", "8'hfd" for -3, "70'd0".
std::string literal(std::int64_t value, int width);

/// The value's bits low .. high, all of them held by the operand's wire.
std::string held_bits(const Operand& operand, std::int64_t low, std::int64_t high);

/// Bits low .. low + count - 1 of the operand, read as an endless two's complement number: the sign is repeated above its
/// wire and zeros stand below it (low may be negative). A self-determined expression of exactly `count` bits, count >= 1.
std::string bits(const Operand& operand, std::int64_t low, int count);

/// "[7:0]".
std::string vector_range(int width);

/// Letters, digits and underscores, not starting with a digit, and no keyword of Verilog or SystemVerilog.
/// @throws ConfigError naming `where`.
void check_identifier(std::string_view name, const std::string& where);

/// The same for a top module, which may not be called testbench either.
void check_top(std::string_view name);

/// Any text as part of an identifier: other characters become underscores.
std::string as_identifier_part(std::string_view text);

/// Comment lines that say where each element stands on a flat bus.
std::string bus_table(const std::string& bus, std::span<const fixed::FixedType> types);

/// Any text as one comment line without control characters.
std::string as_comment(std::string_view text);

}  // namespace snac::codegen
