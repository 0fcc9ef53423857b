// Circuit -> Verilog-2001: a pure function to {file name -> text}.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/schedule.hpp"

namespace snac::codegen {

using Files = std::map<std::string, std::string>;

struct VerilogParams {
  std::string top = "snac_top";  ///< a legal Verilog identifier
  std::string title;             ///< one line for the header comment
};

/// Files: <top>.v and one module per group of moderate size (simulation compile time grows with module size).
/// Ports: clk, rst (synchronous, clears valid bits only), in_valid, in_data (flat: element k at bits [offset_k +: width_k],
/// element 0 lowest), out_valid, out_data (the same for the logits). The header comment of <top>.v lists every element's
/// offset, width and fixed-point type, latency and initiation interval.
Files verilog(const circuit::Circuit& circuit, const circuit::Schedule& schedule, const VerilogParams& params);

/// A self-checking test bench `testbench.v` and its vectors in hexadecimal `inputs.hex`, `expected.hex`: feeds one vector per
/// clock (with idle gaps in between on a second pass), compares every output bit, measures latency and initiation interval, and
/// prints "SNAC_RESULT vectors=V mismatches=M latency=L ii=I". Works with Verilator (--binary --timing) and Icarus.
/// inputs: raw (rows, inputs), expected: raw (rows, outputs).
Files verilog_testbench(const circuit::Circuit& circuit, const circuit::Schedule& schedule, const VerilogParams& params,
                        std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);

/// A bus vector as the hexadecimal text that $readmemh reads: element 0 in the lowest bits.
std::string bus_hex(std::span<const std::int64_t> raw, std::span<const circuit::Port> ports);

}  // namespace snac::codegen
