#include "verilog_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "snac/core/error.hpp"

namespace snac::codegen {
namespace {

constexpr std::size_t kMaxIdentifier = 200;  // file systems and tools allow more, people do not

/// IEEE 1364-2005 annex B and IEEE 1800-2017 annex B: tools read .v files as either.
constexpr std::string_view kKeywords =
    " "
    "accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins "
    "binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const "
    "constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge else "
    "end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule endpackage "
    "endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect export extends "
    "extern final first_match for force foreach forever fork forkjoin function generate genvar global highz0 highz1 if iff "
    "ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input inside instance int integer "
    "interconnect interface intersect join join_any join_none large let liblist library local localparam logic longint "
    "macromodule matches medium modport module nand negedge nettype new nexttime nmos nor noshowcancelled not notif0 notif1 "
    "null or output package packed parameter pmos posedge primitive priority program property protected pull0 pull1 pulldown "
    "pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg "
    "reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until "
    "s_until_with scalared sequence shortint shortreal showcancelled signed small soft solve specify specparam static string "
    "strong strong0 strong1 struct super supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout time "
    "timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned "
    "until until_with untyped use uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire "
    "with within wor xnor xor ";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Bits low .. low + count - 1 of a number in endless two's complement.
std::string constant_bits(std::int64_t value, std::int64_t low, int count) {
  if (low >= 0) return literal(value >> std::min<std::int64_t>(low, 63), count);
  if (-low >= count || value == 0) return literal(0, count);
  if (count > 63) {  // wider than a number of ours: the zeros apart
    return fmt::format("{{{}, {}}}", literal(value, count - static_cast<int>(-low)), literal(0, static_cast<int>(-low)));
  }
  return literal(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << -low), count);
}

}  // namespace

void BitUse::mark(const std::string& wire, std::int64_t first, std::int64_t last) {
  std::vector<bool>& bits = read_[wire];
  if (std::cmp_less_equal(bits.size(), last)) bits.resize(static_cast<std::size_t>(last) + 1, false);
  std::fill(bits.begin() + first, bits.begin() + last + 1, true);
}

void BitUse::add_unused(const std::string& wire, std::int64_t width, std::vector<std::string>& unused) const {
  const auto entry = read_.find(wire);
  const auto is_read = [&](std::int64_t bit) {
    return entry != read_.end() && std::cmp_less(bit, entry->second.size()) && entry->second[static_cast<std::size_t>(bit)];
  };
  for (std::int64_t low = 0; low < width; ++low) {
    if (is_read(low)) continue;
    std::int64_t high = low;
    while (high + 1 < width && !is_read(high + 1)) ++high;
    unused.push_back(high - low + 1 == width ? wire
                     : high == low           ? fmt::format("{}[{}]", wire, low)
                                             : fmt::format("{}[{}:{}]", wire, high, low));
    low = high;
  }
}

std::string BitUse::sink(const std::vector<std::string>& unused) {
  if (unused.empty()) return "";
  std::string text =
      "\n  // Bits that nothing reads: only their carries count, or they lie between bits that are read. Linters want to see them named.\n";
  text += "  wire unused = &{1'b0";
  std::size_t line = text.size();
  for (const std::string& bits : unused) {
    text += text.size() - line > 110 ? ",\n    " : ", ";
    if (text.back() == ' ' && text[text.size() - 2] == ' ') line = text.size();
    text += bits;
  }
  return text + "};\n";
}

std::string literal(std::int64_t value, int width) {
  if (width < 1) throw std::logic_error("verilog: a literal without bits");
  if (value >= 0 && (width >= 63 || value < (std::int64_t{1} << width))) return fmt::format("{}'d{}", width, value);
  const auto pattern = static_cast<std::uint64_t>(value);
  if (width > 64) return fmt::format("{{{{{}{{1'b1}}}}, 64'h{:x}}}", width - 64, pattern);  // negative, as a positive value returned above
  return fmt::format("{}'h{:x}", width, width == 64 ? pattern : pattern & ((std::uint64_t{1} << width) - 1));
}

std::string held_bits(const Operand& operand, std::int64_t low, std::int64_t high) {
  const circuit::LiveWire held = operand.held();
  if (low < held.first || high >= held.end()) {
    throw std::logic_error(
        fmt::format("verilog: bits {}..{} of {}, which holds {}..{}", low, high, operand.wire, held.first, held.end() - 1));
  }
  low -= held.first;
  high -= held.first;
  if (operand.use) operand.use->mark(operand.wire, low, high);
  if (low == 0 && high + 1 == held.count) return operand.wire;
  if (low == high) return fmt::format("{}[{}]", operand.wire, low);
  return fmt::format("{}[{}:{}]", operand.wire, high, low);
}

std::string bits(const Operand& operand, std::int64_t low, int count) {
  if (count < 1) throw std::logic_error("verilog: a selection without bits");
  if (operand.is_constant()) return constant_bits(operand.range.low, low, count);
  const int width = operand.range.width();
  const std::int64_t end = low + count;
  const std::int64_t first = std::clamp<std::int64_t>(low, 0, width), last = std::clamp<std::int64_t>(end, 0, width);
  const auto zeros = static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(-low, 0), count));
  const auto above = static_cast<int>(count - zeros - (last - first));
  std::string text;
  int parts = 0;
  const auto part = [&](const std::string& piece) { text += (parts++ > 0 ? ", " : "") + piece; };
  if (above > 0) {
    if (!operand.range.is_signed()) {
      part(literal(0, above));
    } else {
      const std::string sign = held_bits(operand, width - 1, width - 1);
      part(above == 1 ? sign : fmt::format("{{{}{{{}}}}}", above, sign));
    }
  }
  if (last > first) part(held_bits(operand, first, last - 1));
  if (zeros > 0) part(literal(0, zeros));
  return parts == 1 ? text : "{" + text + "}";
}

std::string vector_range(int width) { return fmt::format("[{}:0]", width - 1); }

void check_identifier(std::string_view name, const std::string& where) {
  const bool legal = !name.empty() && name.size() <= kMaxIdentifier && is_letter(name.front()) &&
                     std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
  if (!legal) {
    throw ConfigError("not a name for a Verilog module",
                      {.where = where,
                       .found = "'" + as_comment(name.substr(0, 60)) + "'",
                       .expected = fmt::format("letters, digits and underscores, no digit first, at most {} characters", kMaxIdentifier),
                       .hint = "for instance snac_top"});
  }
  if (kKeywords.find(fmt::format(" {} ", name)) != std::string_view::npos) {
    throw ConfigError("not a name for a Verilog module", {.where = where,
                                                          .found = "'" + std::string(name) + "', a keyword of the language",
                                                          .expected = "a free name",
                                                          .hint = std::string(name) + "_top"});
  }
}

void check_top(std::string_view name) {
  check_identifier(name, "top module");
  if (name == "testbench") {
    throw ConfigError("not a name for a top module",
                      {.where = "top module", .found = "'testbench'", .expected = "a name of its own", .hint = "for instance snac_top"});
  }
}

std::string as_identifier_part(std::string_view text) {
  std::string result(text.substr(0, 60));
  for (char& c : result) {
    if (!is_letter(c) && !is_digit(c)) c = '_';
  }
  return result.empty() ? "group" : result;
}

std::string bus_table(const std::string& bus, std::span<const fixed::FixedType> types) {
  std::int64_t offset = 0;
  std::string lines;
  for (std::size_t k = 0; k < types.size(); ++k) {
    lines += fmt::format("//   {:4}: [{} +: {}] {}\n", k, offset, types[k].width, fixed::to_string(types[k]));
    offset += types[k].width;
  }
  return fmt::format("//\n// {}: {} bits, {} elements (element: bits, type)\n", bus, offset, types.size()) + lines;
}

std::string as_comment(std::string_view text) {
  std::string result(text);
  // A backslash at the end of a comment would join the next line to it in some tools.
  std::replace_if(
      result.begin(), result.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '\\'; }, ' ');
  return result;
}

}  // namespace snac::codegen
