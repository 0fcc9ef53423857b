// Circuit -> Verilog-2001: a pure function to {file name -> text}.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snac/circuit/circuit.hpp"
#include "snac/circuit/schedule.hpp"

namespace snac::codegen {

using Files = std::map<std::string, std::string>;

struct VerilogParams {
  std::string top = "snac_top";  ///< a legal Verilog identifier: letters, digits, underscores; no keyword, not "testbench"
  std::string title = {};        ///< one line for the header comment
  int max_module_nodes = 500;    ///< larger groups become several modules, of a size that editors and tools handle well
};

/// Files: <top>.v, one module per group or part of a large group, and one per lookup table, each in <module>.v.
/// Ports: clk, rst (synchronous, clears valid bits only), in_valid, in_data (flat: element k at bits [offset_k +: width_k],
/// element 0 lowest), out_valid, out_data (the same for the logits). The header comment of <top>.v lists every element's
/// offset, width and fixed-point type, latency and initiation interval.
/// A value is named after its node: n12 in the stage that computes it, n12_s3 in stage 3; registers of a value stand in the
/// module that computes it.
/// @throws ConfigError for an unusable name; std::invalid_argument for a circuit without ports or another circuit's schedule.
Files verilog(const circuit::Circuit& circuit, const circuit::Schedule& schedule, const VerilogParams& params = {});

/// A self-checking test bench `testbench.v` and its vectors in hexadecimal `inputs.hex`, `expected.hex`: feeds one vector per
/// clock (with idle gaps in between on a second pass over the first 1,000), compares every output bit, measures latency and
/// initiation interval, and prints "SNAC_RESULT vectors=V mismatches=M latency=L ii=I". M counts vectors that came out wrong in
/// either pass, results that never came and results without an input. A wrong vector's number and what came instead are a line of
/// `found.hex`. Works with Verilator (--binary --timing) and Icarus.
/// inputs: raw (rows, inputs), expected: raw (rows, outputs).
/// @throws std::invalid_argument if there are no rows, sizes do not fit, or a value is outside its type.
Files verilog_testbench(const circuit::Circuit& circuit, const circuit::Schedule& schedule, const VerilogParams& params,
                        std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);

/// A bus vector as the hexadecimal text that $readmemh reads: element 0 in the lowest bits.
/// @throws std::invalid_argument if there is not one value per port or one is outside its type.
std::string bus_hex(std::span<const std::int64_t> raw, std::span<const circuit::Port> ports);

/// The other way round, for what a simulator printed: raw values of elements of these types. Nothing if a digit is unknown (x, z) or
/// the width does not fit.
std::optional<std::vector<std::int64_t>> bus_values(std::string_view hex, std::span<const fixed::FixedType> types);

/// Bits of a flat bus.
std::int64_t bus_width(std::span<const circuit::Port> ports);

/// The Verilog sources among the files, for the command line of a tool.
std::vector<std::string> source_names(const Files& files);

}  // namespace snac::codegen
