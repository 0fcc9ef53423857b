// Runs a QONNX file in the qonnx package (which executes node by node through onnxruntime), in a Python that has it.
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace snac::toolchain {

struct QonnxParams {
  std::filesystem::path model;            ///< input (1, inputs), output (1, outputs); the batch is changed to all rows
  std::span<const double> inputs;         ///< (rows, inputs), exact in single precision
  std::size_t width = 1;                  ///< inputs
  std::chrono::seconds time_limit{1800};  ///< 0 = none
};

struct QonnxResult {
  std::vector<double> outputs;  ///< (rows, outputs)
  std::string tool;             ///< "qonnx 0.4.0, onnxruntime 1.20.1"
  double seconds = 0;
};

/// A Python that imports qonnx: the program that the environment variable SNAC_PYTHON names, else python3 on PATH. Empty if there is
/// none.
std::string find_qonnx_python();

/// @throws ToolError if there is no such Python, the file is no model that it executes, or the output is not one row per input row.
QonnxResult run_with_qonnx(const QonnxParams& params);

}  // namespace snac::toolchain
