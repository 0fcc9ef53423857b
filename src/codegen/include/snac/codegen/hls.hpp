// FixedNet -> a project for Vitis HLS or Vivado HLS in C++: a pure function to {file name -> text}.
// The same integers as the interpreter, also when compiled by a plain C++ compiler.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "snac/circuit/reuse_factor.hpp"
#include "snac/codegen/verilog.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::codegen {

/// How the network is reached. parallel: arrays with every element at its own pins; stream: one vector per word of an hls::stream.
enum class HlsInterface { parallel, stream };
/// latency: one multiplier per weight, a new input every cycle; resource: `reuse_factor` cycles share a multiplier.
enum class HlsStrategy { latency, resource };

struct HlsParams {
  std::string top = "snac_hls";  ///< a legal C++ and Verilog identifier of its own
  std::string title = {};        ///< one line for comments
  HlsInterface interface = HlsInterface::parallel;
  HlsStrategy strategy = HlsStrategy::latency;
  int reuse_factor = 1;                       ///< resource only; a layer takes the nearest legal one (nearest_legal_reuse_factor)
  std::string part = "xcvu13p-flga2577-2-e";  ///< as the vendor's tools want it
  double clock_ns = 5;                        ///< period
  double clock_uncertainty_percent = 12.5;    ///< of the period
};

/// What became of a dense layer.
struct HlsDenseLayer {
  std::string node;
  int inputs = 0, outputs = 0;
  int reuse_factor = 1;          ///< used
  std::int64_t multipliers = 0;  ///< in the source; the tool removes those of zero weights (latency strategy)
  int accumulator_bits = 0;
};

struct HlsProject {
  Files files;
  std::vector<HlsDenseLayer> dense_layers;
  std::vector<std::string> sources;              ///< C++ files to compile for the test bench
  std::vector<std::string> include_directories;  ///< ours; folders of the vendor's headers go in front of them
};

/// Files, paths relative to the project's folder:
///   firmware/<top>.cpp .h   the function to synthesise
///   firmware/types.h        types of all values, casts, weights and accumulators
///   firmware/layers.h       one function per node
///   firmware/weights/layer<k>.h   weights and biases, or a table's values, of node k - 1
///   firmware/snac_kernels.h the arithmetic, the same in every project
///   ap_types/               ap_fixed.h, ap_int.h, hls_stream.h of our own, for machines without the vendor's
///   <top>_test.cpp, tb_data/inputs.dat, expected.dat   test bench: raw integers in, raw integers compared; see below
///   project.tcl build_hls.tcl vivado_synth.tcl clock.xdc build.sh README.md
/// The test bench prints "SNAC_HLS_RESULT vectors=V mismatches=M" and returns 0 if M = 0, 1 if not, 2 if it cannot read its vectors; wrong
/// vectors go to found.dat: their number and what came instead.
/// Values that do not reach the output are left out.
/// inputs: raw (rows, inputs), expected: raw (rows, outputs).
/// @throws DataError for a network that does not validate or cannot be written: a kind of node without a kernel here, elements of
///         one value whose types need more than 64 bits together, numbers that no double holds.
/// @throws ConfigError for an unusable name, part, clock or reuse factor. @throws std::invalid_argument for vectors that do not fit.
HlsProject hls_project(const fixed::FixedNet& net, const HlsParams& params, std::span<const std::int64_t> inputs,
                       std::span<const std::int64_t> expected);

using circuit::is_legal_reuse_factor;
using circuit::nearest_legal_reuse_factor;

}  // namespace snac::codegen
