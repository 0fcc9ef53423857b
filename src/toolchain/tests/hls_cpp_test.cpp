#include "snac/toolchain/hls_cpp.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace {

class HlsCpp : public testing::Test {
 protected:
  HlsCppParams params(const std::string& body) {
    write_file_atomically(folder_ / "types" / "value.h", "const int value = 7;\n");
    write_file_atomically(folder_ / "bench.cpp", "#include <cstdio>\n#include \"value.h\"\nint main() {\n" + body + "\n}\n");
    return {.directory = folder_, .sources = {"bench.cpp"}, .include_directories = {"types"}, .time_limit = std::chrono::seconds(60)};
  }
  TemporaryDirectory temporary_;
  std::filesystem::path folder_ = temporary_.path() / "my network";  // blanks in names are usual
};

TEST_F(HlsCpp, a_test_bench_is_compiled_and_run_in_its_folder) {
  const auto result =
      run_hls_with_cpp(params("std::FILE* f = std::fopen(\"bench.cpp\", \"r\");\n"
                              "std::printf(\"SNAC_HLS_RESULT vectors=%d mismatches=0\\n\", value); return f ? 0 : 2;"));
  EXPECT_TRUE(result.passed) << result.log;
  EXPECT_EQ(result.vectors, 7);
  EXPECT_NE(result.tool.find("g++"), std::string::npos) << result.tool;
  EXPECT_GE(result.seconds, result.compile_seconds);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(HlsCpp, an_earlier_include_folder_wins) {
  auto p = params("std::printf(\"SNAC_HLS_RESULT vectors=%d mismatches=0\\n\", value); return 0;");
  write_file_atomically(temporary_.path() / "vendor" / "value.h", "const int value = 8;\n");
  p.include_directories = {temporary_.path() / "vendor", "types"};
  EXPECT_EQ(run_hls_with_cpp(p).vectors, 8);
}

TEST_F(HlsCpp, mismatches_are_a_result_that_has_not_passed) {
  const auto result = run_hls_with_cpp(params("std::puts(\"SNAC_HLS_RESULT vectors=10 mismatches=3\"); return 1;"));
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.mismatches, 3);
}

TEST_F(HlsCpp, a_bench_that_contradicts_itself_or_says_nothing_is_a_tool_error) {
  for (const char* body : {"return 0;", "std::puts(\"SNAC_HLS_RESULT vectors=10 mismatches=3\"); return 0;",
                           "std::puts(\"SNAC_HLS_RESULT vectors=10 mismatches=0\"); return 1;",
                           "std::puts(\"SNAC_HLS_RESULT vectors=0 mismatches=0\"); return 0;"}) {
    EXPECT_THROW(run_hls_with_cpp(params(body)), ToolError) << body;
  }
}

TEST_F(HlsCpp, wrong_code_missing_files_and_endless_runs_are_tool_errors) {
  try {
    run_hls_with_cpp(params("nonsense();"));
    FAIL() << "expected a ToolError";
  } catch (const ToolError& error) {
    EXPECT_NE(error.text().found.find("nonsense"), std::string::npos) << error.what();
  }
  auto endless = params("for (volatile int i = 0;; i = 1) {}");
  endless.time_limit = std::chrono::seconds(2);
  EXPECT_THROW(run_hls_with_cpp(endless), ToolError);
  auto missing = params("");
  missing.sources.push_back("missing.cpp");
  EXPECT_THROW(run_hls_with_cpp(missing), ToolError);
  missing.sources = {"-v"};
  EXPECT_THROW(run_hls_with_cpp(missing), ConfigError);
  missing = params("");
  missing.compiler = "no-such-compiler";
  EXPECT_THROW(run_hls_with_cpp(missing), ToolError);
}

TEST(HlsResultLine, the_last_well_formed_line_counts_and_anything_else_is_none) {
  const std::string good = "noise\nSNAC_HLS_RESULT vectors=5 mismatches=0\n";
  EXPECT_EQ(parse_hls_result_line(good), (HlsResultLine{5, 0}));
  EXPECT_EQ(parse_hls_result_line(good + "SNAC_HLS_RESULT vectors=6 mismatches=1\r\n"), (HlsResultLine{6, 1}));
  for (const std::string line : {"", "SNAC_HLS_RESULT", "SNAC_HLS_RESULT vectors=5", "SNAC_HLS_RESULT vectors=5 mismatches=-1",
                                 "SNAC_HLS_RESULT vectors=5 mismatches=0 more", "SNAC_RESULT vectors=5 mismatches=0"}) {
    EXPECT_FALSE(parse_hls_result_line(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace snac::toolchain
