#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "snac/codegen/verilog.hpp"
#include "snac/fixed/fixed_type.hpp"
#include "testbench.hpp"
#include "verilog_text.hpp"

namespace snac::codegen {
namespace {

constexpr std::size_t kGapVectors = 1000;  ///< of the second pass

/// Verilog-2001. {0} top, {1} input bits, {2} output bits, {3} vectors, {4} vectors of the second pass, {5} latency, {6} interval,
/// {7} mean gap of the second pass, {8} declaration of in_ready, {9} its port.
/// Everything happens at rising edges with non-blocking assignments, so that no simulator's event order matters.
constexpr const char* kBench = R"(// Self-checking test bench for {0}: inputs.hex in, expected.hex out.
// What is wrong goes to found.hex: the number of the vector and what came instead.
// Pass 1 feeds a vector whenever one is taken, pass 2 the first {4} with random gaps; inputs are unknown in the gaps.
module testbench;
  localparam VECTORS = {3};
  localparam GAP_VECTORS = {4};
  localparam GAP = {7};
  localparam PATIENCE = {5} + {6} + 63;  // clocks after the last input that end a pass, whatever came

  reg clk = 1'b0;
  initial forever #5 clk = ~clk;

  reg [{1}-1:0] inputs [0:VECTORS-1];
  reg [{2}-1:0] expected [0:VECTORS-1];
  reg wrong [0:VECTORS-1];

  reg rst = 1'b1;
  reg in_valid = 1'b0;
  reg [{1}-1:0] in_data;
  {8};
  wire out_valid;
  wire [{2}-1:0] out_data;
  wire taken = in_valid && in_ready;
  {0} dut (.clk(clk), .rst(rst), .in_valid(in_valid),{9} .in_data(in_data), .out_valid(out_valid), .out_data(out_data));

  integer i;
  integer cycle = 0;
  integer pass = 0;           // 0: reset
  integer to_send = 0;        // vectors of this pass
  integer sent = 0;
  integer received = 0;
  integer sending = 0;        // vector number of the next input
  integer checking = 0;       // vector number of the next result
  integer idle = 0;           // clocks since the last input
  integer mismatches = 0;
  integer printed = 0;
  integer found;
  integer first_input = -1;
  integer last_result = -1;
  integer latency = 0;
  integer interval = 0;
  reg [31:0] random = 32'h2545f491;  // xorshift32

  initial begin
    $readmemh("inputs.hex", inputs);
    $readmemh("expected.hex", expected);
    for (i = 0; i < VECTORS; i = i + 1) wrong[i] = 1'b0;
    found = $fopen("found.hex", "w");
  end

  // What is wrong in this clock.
  wire result = pass != 0 && out_valid === 1'b1;
  wire not_asked_for = result && received >= to_send;
  wire bad = result && !not_asked_for && out_data !== expected[checking];
  wire unknown = pass != 0 && out_valid !== 1'b1 && out_valid !== 1'b0;
  wire in_reset = pass == 0 && cycle > 1 && out_valid !== 1'b0;
  wire ready_unknown = pass != 0 && in_ready !== 1'b1 && in_ready !== 1'b0;
  wire at_end = pass != 0 && idle == PATIENCE;
  wire [31:0] missing = at_end && received < to_send ? to_send - received : 0;
  wire new_fault = not_asked_for || unknown || ready_unknown || in_reset || (bad && !wrong[checking]);
  wire [31:0] mismatches_now = mismatches + missing + {{31'd0, new_fault}};

  always @(posedge clk) begin
    cycle <= cycle + 1;
    random <= xorshift(random);
    mismatches <= mismatches_now;
    if (bad) wrong[checking] <= 1'b1;
    if (bad && !wrong[checking]) $fdisplay(found, "%0d %h", checking, out_data);
    if (bad || not_asked_for || unknown || ready_unknown || in_reset) begin
      if (printed < 5) begin
        printed <= printed + 1;
        if (bad) $display("mismatch: pass %0d, vector %0d: input %h, expected %h, found %h", pass, checking, inputs[checking], expected[checking], out_data);
        if (not_asked_for) $display("fault: pass %0d, clock %0d: a result without an input", pass, cycle);
        if (unknown) $display("fault: pass %0d, clock %0d: out_valid is unknown", pass, cycle);
        if (ready_unknown) $display("fault: pass %0d, clock %0d: in_ready is unknown", pass, cycle);
        if (in_reset) $display("fault: pass %0d, clock %0d: valid after reset", pass, cycle);
      end
    end
    if (pass == 0) begin
      // A vector offered during reset must not come out.
      in_valid <= cycle < PATIENCE / 2;
      in_data <= inputs[0];
      rst <= cycle < PATIENCE / 2;
      if (cycle == 2 * PATIENCE) start(1, VECTORS < 2 ? 2 : VECTORS);
    end else begin
      if (taken || !in_valid) begin
        if (sent < to_send && (pass == 1 || random % GAP == 0)) begin
          in_valid <= 1'b1;
          in_data <= inputs[sending];
          sent <= sent + 1;
          sending <= sending + 1 == VECTORS ? 0 : sending + 1;
        end else begin
          in_valid <= 1'b0;
          in_data <= {{{1}{{1'bx}}}};
        end
      end
      if (taken && first_input < 0) first_input <= cycle;
      idle <= (in_valid || sent < to_send) ? 0 : idle + 1;
      if (result) begin
        if (pass == 1 && received == 0) latency <= cycle - first_input;
        if (pass == 1 && received > 0 && cycle - last_result > interval) interval <= cycle - last_result;
        last_result <= cycle;
        received <= received + 1;
        checking <= checking + 1 == VECTORS ? 0 : checking + 1;
      end
      if (at_end) begin
        if (missing != 0) $display("missing: pass %0d: %0d of %0d results never came", pass, missing, to_send);
        if (pass == 1) start(2, GAP_VECTORS);
        else begin
          $display("SNAC_RESULT vectors=%0d mismatches=%0d latency=%0d ii=%0d", VECTORS, mismatches_now, latency, interval);
          $fclose(found);
          $finish;
        end
      end
    end
  end

  function [31:0] xorshift(input [31:0] state);
    reg [31:0] x;
    begin
      x = state ^ {{state[18:0], 13'd0}};
      x = x ^ {{17'd0, x[31:17]}};
      xorshift = x ^ {{x[26:0], 5'd0}};
    end
  endfunction

  task start(input integer number, input integer vectors);
    begin
      pass <= number;
      to_send <= vectors;
      sent <= 0;
      received <= 0;
      sending <= 0;
      checking <= 0;
      idle <= 0;
    end
  endtask

endmodule
)";

void append_value(std::string& digits, int& filled, unsigned& digit, std::uint64_t pattern, int width) {
  for (int bit = 0; bit < width; ++bit) {
    digit |= static_cast<unsigned>((pattern >> bit) & 1) << filled;
    if (++filled == 4) {
      digits += "0123456789abcdef"[digit];
      filled = 0;
      digit = 0;
    }
  }
}

std::string vectors_hex(std::span<const std::int64_t> values, std::span<const circuit::Port> ports) {
  std::string text;
  for (std::size_t row = 0; row < values.size() / ports.size(); ++row) {
    text += bus_hex(values.subspan(row * ports.size(), ports.size()), ports) + "\n";
  }
  return text;
}

int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

}  // namespace

std::optional<std::vector<std::int64_t>> bus_values(std::string_view hex, std::span<const fixed::FixedType> types) {
  std::vector<std::int64_t> values;
  std::size_t at = 0;  // bit, from the lowest
  for (const fixed::FixedType& type : types) {
    std::uint64_t pattern = 0;
    for (int bit = 0; bit < type.width; ++bit, ++at) {
      if (at / 4 >= hex.size()) return {};
      const int digit = hex_digit(hex[hex.size() - 1 - at / 4]);
      if (digit < 0) return {};
      pattern |= static_cast<std::uint64_t>((digit >> (at % 4)) & 1) << bit;
    }
    const int unused = 64 - type.width;
    values.push_back(type.is_signed ? static_cast<std::int64_t>(pattern << unused) >> unused : static_cast<std::int64_t>(pattern));
  }
  if ((at + 3) / 4 != hex.size()) return {};
  return values;
}

std::string bus_hex(std::span<const std::int64_t> raw, std::span<const circuit::Port> ports) {
  if (raw.size() != ports.size() || ports.empty()) {
    throw std::invalid_argument(fmt::format("verilog: {} values for a bus of {} elements", raw.size(), ports.size()));
  }
  std::string digits;  // lowest first
  int filled = 0;
  unsigned digit = 0;
  for (std::size_t k = 0; k < raw.size(); ++k) {
    const fixed::FixedType& type = ports[k].type;
    if (raw[k] < type.min_raw() || raw[k] > type.max_raw()) {
      throw std::invalid_argument(fmt::format("verilog: element {}: {} is not an integer of {}", k, raw[k], fixed::to_string(type)));
    }
    append_value(digits, filled, digit, static_cast<std::uint64_t>(raw[k]), type.width);
  }
  if (filled > 0) digits += "0123456789abcdef"[digit];
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Files testbench(const BenchParams& params, std::span<const circuit::Port> inputs_bus, std::span<const circuit::Port> outputs_bus,
                std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  check_identifier(params.top, "top module");
  const std::size_t ins = inputs_bus.size(), outs = outputs_bus.size();
  if (ins == 0 || outs == 0) throw std::invalid_argument("verilog: a circuit without ports");
  const std::size_t rows = inputs.size() / ins;
  constexpr std::size_t kMaxRows = std::size_t{1} << 30;  // the bench counts in 32-bit integers
  if (rows == 0 || rows > kMaxRows || inputs.size() % ins != 0 || expected.size() != rows * outs) {
    throw std::invalid_argument(
        fmt::format("verilog: {} inputs and {} outputs do not make rows of {} and {}", inputs.size(), expected.size(), ins, outs));
  }
  Files files;
  files["inputs.hex"] = vectors_hex(inputs, inputs_bus);
  files["expected.hex"] = vectors_hex(expected, outputs_bus);
  files["testbench.v"] =
      fmt::format(kBench, params.top, bus_width(inputs_bus), bus_width(outputs_bus), rows, std::min(rows, kGapVectors), params.latency,
                  params.interval, params.interval == 1 ? 4 : 2 * params.interval,
                  params.has_ready ? "wire in_ready" : "wire in_ready = 1'b1", params.has_ready ? " .in_ready(in_ready)," : "");
  return files;
}

Files verilog_testbench(const circuit::Circuit& circuit, const circuit::Schedule& schedule, const VerilogParams& params,
                        std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected) {
  return testbench({.top = params.top, .latency = schedule.latency, .interval = schedule.initiation_interval, .has_ready = false},
                   circuit.inputs(), circuit.outputs(), inputs, expected);
}

}  // namespace snac::codegen
