// One network, several engines, zero differences.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snac/core/progress.hpp"
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

/// An engine that did not run, and why.
struct AbsentEngine {
  std::string engine, reason;
};

struct Verification {
  std::vector<EngineResult> engines;  ///< each compared with the FixedNet interpreter
  /// Vectors on which two engines differ, [i][j] as in `engines`; symmetric, 0 in the diagonal. A vector that an engine gave no result
  /// for, and a fault that belongs to no vector (a result nobody asked for), differs from every other engine.
  std::vector<std::vector<std::int64_t>> matrix;
  std::vector<AbsentEngine> absent;
  std::optional<toolchain::SimulationResult> simulation;  ///< of the first simulator
  bool timing_as_scheduled = true;                        ///< every simulator measured the latency and interval that the design has
  std::int64_t vectors = 0;
  bool bit_exact() const;
  /// "bit-exact: 10000/10000": vectors on which all engines agree / vectors.
  std::string summary() const;
};

/// An engine outside of this library, such as an exported model in its own runtime: raw inputs (rows, inputs) -> raw outputs
/// (rows, outputs). May throw ToolError.
struct ExternalEngine {
  std::string name;
  std::function<std::vector<std::int64_t>(std::span<const std::int64_t> inputs)> run;
};

/// A QONNX file of the network, executed by the qonnx package. An output off its element's grid differs from everything.
ExternalEngine qonnx_engine(const fixed::FixedNet& net, const std::string& file);

struct VerifyParams {
  std::vector<std::string> simulators = {"verilator"};  ///< of verilator, icarus
  std::string directory;                                ///< where the Verilog project is written and simulated
  int threads = 1;
  ScriptTarget target = {};
  std::optional<HlsJob> hls = {};             ///< also run the HLS project, written to <directory>/hls
  std::vector<ExternalEngine> external = {};  ///< compared as well
  std::vector<AbsentEngine> absent = {};      ///< what the caller knows not to be there, for the result
  Progress* progress = nullptr;               ///< shows the engine that runs
};

/// Compares all engines on the raw inputs (rows, inputs). `qat` gives raw logits of the training-side network, if there is one; the
/// output stage follows them.
Verification verify(const fixed::FixedNet& net, const Design& design, std::span<const std::int64_t> inputs, const VerifyParams& params,
                    const std::function<std::vector<std::int64_t>()>& qat = nullptr);

/// Random and corner raw inputs for a network without data: all low, all high, zero, then uniform.
std::vector<std::int64_t> random_inputs(const fixed::FixedNet& net, int rows, std::uint64_t seed);

/// The matrix for people: a line per engine, a column per engine by its number, the engines that are absent with their reasons.
std::string matrix_text(const Verification& verification);
/// `vectors`, `bit_exact`, `summary`, `engines`, `matrix`, and `absent` if there are any.
Json verification_json(const Verification& verification);

}  // namespace snac::flow
