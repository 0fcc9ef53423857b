// The self-checking test bench of any design with the ports of our back-ends. Private to the Verilog printers.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "snac/codegen/verilog.hpp"

namespace snac::codegen {

struct BenchParams {
  std::string top;
  int latency = 1, interval = 1;
  bool has_ready = false;  ///< the design has a port in_ready
};

/// See verilog_testbench. Only the types of the ports matter.
Files testbench(const BenchParams& params, std::span<const circuit::Port> inputs_bus, std::span<const circuit::Port> outputs_bus,
                std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);

}  // namespace snac::codegen
