// One network, several engines, zero differences.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snac/fixed/fixed_net.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/hls.hpp"
#include "snac/flow/vendor.hpp"
#include "snac/toolchain/verilator.hpp"

namespace snac::flow {

struct EngineResult {
  std::string engine;  ///< "QAT forward pass", "FixedNet interpreter", "circuit interpreter", "folded interpreter", "Verilog in
                       ///< Verilator 5.006", "HLS C++ by g++ 12.2.0"
  std::int64_t vectors = 0, mismatches = 0;
};

struct Verification {
  std::vector<EngineResult> engines;  ///< each compared with the FixedNet interpreter
  std::optional<toolchain::SimulationResult> simulation;
  std::int64_t vectors = 0;
  bool bit_exact() const;
  /// "bit-exact: 10000/10000": vectors on which all engines agree / vectors.
  std::string summary() const;
};

struct VerifyParams {
  std::string simulator = "verilator";  ///< verilator, icarus, or "" for none
  std::string directory;                ///< where the Verilog project is written and simulated
  int threads = 1;
  ScriptTarget target = {};
  std::optional<HlsJob> hls = {};  ///< also run the HLS project, written to <directory>/hls
};

/// Compares all engines on the raw inputs (rows, inputs). `qat` gives raw logits of the training-side network, if there is one.
Verification verify(const fixed::FixedNet& net, const Design& design, std::span<const std::int64_t> inputs, const VerifyParams& params,
                    const std::function<std::vector<std::int64_t>()>& qat = nullptr);

/// Random and corner raw inputs for a network without data: all low, all high, zero, then uniform.
std::vector<std::int64_t> random_inputs(const fixed::FixedNet& net, int rows, std::uint64_t seed);

}  // namespace snac::flow
