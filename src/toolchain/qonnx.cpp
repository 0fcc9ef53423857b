#include "snac/toolchain/qonnx.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/toolchain/process.hpp"

namespace snac::toolchain {
namespace {

/// Arguments: model, inputs (float32), number of inputs, outputs (float64). Constants keep their shape when the batch changes.
constexpr const char* kScript = R"py(import sys
import numpy, onnxruntime, qonnx
from importlib.metadata import version
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

path, inputs, width, outputs = sys.argv[1:]
x = numpy.fromfile(inputs, dtype=numpy.float32).reshape(-1, int(width))
model = ModelWrapper(path)
graph = model.graph
constants = {tensor.name for tensor in graph.initializer}
for node in graph.node:
    if node.input and all(name in constants for name in node.input if name):
        constants.update(node.output)
for info in [*graph.input, *graph.output, *graph.value_info]:
    if info.name not in constants and info.type.tensor_type.shape.dim:
        info.type.tensor_type.shape.dim[0].dim_value = len(x)
name_in = [info.name for info in graph.input if info.name not in constants]
if len(name_in) != 1 or len(graph.output) != 1:
    sys.exit("a model with %d inputs and %d outputs, not one each" % (len(name_in), len(graph.output)))
y = execute_onnx(model, {name_in[0]: x})[graph.output[0].name]
if len(y) != len(x):
    sys.exit("%d rows of outputs for %d rows of inputs" % (len(y), len(x)))
y.astype(numpy.float64).tofile(outputs)
print("SNAC_QONNX qonnx %s, onnxruntime %s" % (version("qonnx"), onnxruntime.__version__))
)py";

bool imports_qonnx(const std::string& python) {
  if (find_program(python).empty()) return false;
  return run_process({python, "-c", "import numpy, onnxruntime, qonnx.core.onnx_exec"}, {.time_limit = std::chrono::seconds(120)})
             .exit_code == 0;
}

}  // namespace

std::string find_qonnx_python() {
  const char* chosen = std::getenv("SNAC_PYTHON");
  const std::string python = chosen != nullptr && *chosen != '\0' ? chosen : "python3";
  return imports_qonnx(python) ? python : "";
}

QonnxResult run_with_qonnx(const QonnxParams& params) {
  const std::string where = params.model.string();
  const std::string python = find_qonnx_python();
  if (python.empty()) {
    throw ToolError("no Python with qonnx",
                    {.where = "SNAC_PYTHON, python3 on PATH",
                     .found = "a Python that does not import qonnx and onnxruntime, or none",
                     .expected = "the packages qonnx and onnxruntime",
                     .hint = "pip install qonnx onnxruntime in a virtual environment, and SNAC_PYTHON=<its bin>/python3"});
  }
  const TemporaryDirectory folder;
  std::string bytes(params.inputs.size() * sizeof(float), '\0');
  for (std::size_t i = 0; i < params.inputs.size(); ++i) {
    const auto value = static_cast<float>(params.inputs[i]);
    std::memcpy(bytes.data() + i * sizeof(float), &value, sizeof(float));
  }
  write_file_atomically(folder.path() / "inputs", bytes);
  write_file_atomically(folder.path() / "run.py", kScript);
  const ProcessResult run =
      run_process({python, "run.py", std::filesystem::absolute(params.model).string(), "inputs", std::to_string(params.width), "outputs"},
                  {.directory = folder.path(), .time_limit = params.time_limit});
  const std::size_t mark = run.output.rfind("SNAC_QONNX ");
  if (run.timed_out || run.exit_code != 0 || mark == std::string::npos) {
    throw ToolError(run.timed_out ? "qonnx ran out of time" : "qonnx failed",
                    {.where = where,
                     .found = "exit code " + std::to_string(run.exit_code) + ": " + log_tail(run.output),
                     .expected = "a model that qonnx executes",
                     .hint = {}});
  }
  QonnxResult result;
  result.seconds = run.seconds;
  result.tool = run.output.substr(mark + std::strlen("SNAC_QONNX "));
  result.tool.resize(std::min(result.tool.find('\n'), result.tool.size()));
  const std::string outputs = read_file(folder.path() / "outputs");
  result.outputs.resize(outputs.size() / sizeof(double));
  std::memcpy(result.outputs.data(), outputs.data(), result.outputs.size() * sizeof(double));
  const std::size_t rows = params.inputs.size() / params.width;
  if (rows == 0 || result.outputs.empty() || result.outputs.size() % rows != 0) {
    throw ToolError("qonnx gave no rows of outputs",
                    {.where = where,
                     .found = std::to_string(result.outputs.size()) + " numbers for " + std::to_string(rows) + " rows",
                     .expected = "as many for each row",
                     .hint = {}});
  }
  return result;
}

}  // namespace snac::toolchain
