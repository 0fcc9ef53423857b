// The driver of qonnx. Where no Python has qonnx a shell script stands in for it: it tests the exchange of files and failures.
#include "snac/toolchain/qonnx.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace {

class Qonnx : public testing::Test {
 protected:
  void TearDown() override { ::unsetenv("SNAC_PYTHON"); }
  /// A Python that imports everything and runs `body` with the script's arguments.
  void python(const std::string& body) {
    const auto file = folder_.path() / "python";
    write_file_atomically(file, "#!/bin/sh\n[ \"$1\" = -c ] && exit 0\n" + body + "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    ::setenv("SNAC_PYTHON", file.c_str(), 1);
  }
  std::string failure() {
    try {
      run_with_qonnx(params_);
    } catch (const ToolError& error) {
      return error.what();
    }
    return "no error";
  }
  TemporaryDirectory folder_;
  std::vector<double> inputs_{0.5, -1, 2, 3};
  QonnxParams params_{.model = "model.onnx", .inputs = inputs_, .width = 2};
};

TEST_F(Qonnx, inputs_go_as_single_and_outputs_come_as_double_precision) {
  // Two rows of one number each: the first input of a row, 0.5 and 2, as doubles.
  python(
      "[ \"$(od -An -tf4 \"$3\" | tr -s ' \\n' ' ')\" = ' 0.5 -1 2 3 ' ] || exit 9\n"
      "printf '\\000\\000\\000\\000\\000\\000\\340\\077\\000\\000\\000\\000\\000\\000\\000\\100' > \"$5\"\necho noise\necho 'SNAC_QONNX "
      "qonnx 1.0, onnxruntime 2.0'");
  const QonnxResult result = run_with_qonnx(params_);
  EXPECT_EQ(result.outputs, (std::vector<double>{0.5, 2}));
  EXPECT_EQ(result.tool, "qonnx 1.0, onnxruntime 2.0");
}

TEST_F(Qonnx, a_missing_python_and_failures_have_their_reasons) {
  ::setenv("SNAC_PYTHON", "/no/such/python", 1);
  EXPECT_EQ(find_qonnx_python(), "");
  EXPECT_NE(failure().find("SNAC_PYTHON"), std::string::npos);
  python("echo 'KeyError: Quant'; exit 1");
  EXPECT_NE(failure().find("KeyError: Quant"), std::string::npos);
  python("printf '12345678' > \"$5\"; echo SNAC_QONNX x");
  EXPECT_NE(failure().find("1 numbers for 2 rows"), std::string::npos) << failure();
}

}  // namespace
}  // namespace snac::toolchain
